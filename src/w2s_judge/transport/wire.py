"""What goes over the wire and what comes back: plain values, no client."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from w2s_judge.errors import BadReply


@dataclass(frozen=True, slots=True)
class Request:
    """One POST: `path` is appended to the judge's base URL, `body` is sent as JSON."""

    path: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What an endpoint answered: status, lower-case headers, body bytes."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """The body as JSON; `BadReply` where it is none."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise BadReply(f"the answer is not JSON ({error}): {self.body[:80]!r}") from error
