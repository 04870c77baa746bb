"""Where a judge is served, and the key that opens it: read when it is used, never kept."""

from __future__ import annotations

import os
from dataclasses import dataclass

from w2s_judge.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A base URL such as `http://127.0.0.1:8000/v1`, and the *name* of the key's variable."""

    base_url: str
    key_env: str | None = None

    def headers(self) -> dict[str, str]:
        """Headers of a call. The key exists here and on the wire only."""
        headers = {"Content-Type": "application/json"}
        if self.key_env is not None:
            key = os.environ.get(self.key_env, "").strip()
            if not key:
                raise ConfigurationError(
                    f"the environment variable {self.key_env} is not set: it must hold the key "
                    f"for {self.base_url}"
                )
            headers["Authorization"] = f"Bearer {key}"
        return headers
