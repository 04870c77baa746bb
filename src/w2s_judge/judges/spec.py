"""One `[[judge]]` of a panel as it was written: plain values, no client, no secret."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from w2s_judge.errors import ConfigurationError
from w2s_judge.judges.forms import Api
from w2s_judge.types import Way

_ANSWERS_DEPEND_ON = (
    *("name", "kind", "model", "read", "api", "temperature", "max_tokens", "extra_body"),
    *("method", "content", "entry_point", "import_"),
)
_HASH_LENGTH = 32


@dataclass(frozen=True)
class JudgeSpec:
    """The fields are the keys of `[[judge]]` (`import_` is `import`); None means: not given.

    `content` is a hash of the file that `path` or `exemplars` names, filled in once it is read.
    Rates are per minute, `timeout` is in seconds, prices are in US dollars.
    """

    name: str
    kind: str
    model: str | None = None
    base_url: str | None = None
    api_key_env: str | None = None
    api_version: str | None = None
    family: str | None = None
    read: Way | None = None
    api: Api | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    concurrency: int | None = None
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    timeout: float | None = None
    usd_per_1m_in: float | None = None
    usd_per_1m_out: float | None = None
    usd_per_call: float | None = None
    repeats: int = 1
    rubrics: tuple[str, ...] | None = None
    path: str | None = None
    entry_point: str | None = None
    import_: str | None = None
    method: str | None = None
    exemplars: str | None = None
    extra_body: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    content: str | None = None

    @property
    def identity(self) -> str:
        """Hex hash of the name and of what alters answers.

        Where a judge is served, its key, family, prices, limits, repeats and rubrics do not enter:
        after a change of these its votes are still the same judge's.
        """
        parts = {name: getattr(self, name) for name in _ANSWERS_DEPEND_ON}
        canonical = json.dumps(
            {name: value for name, value in parts.items() if value not in (None, {})},
            sort_keys=True,
            separators=(",", ":"),
            default=str,
        )
        return hashlib.sha256(canonical.encode()).hexdigest()[:_HASH_LENGTH]

    def public(self) -> dict[str, Any]:
        """For the manifest: what was given, and `identity`. No secret: reading refuses these."""
        given = {
            field.name.rstrip("_"): getattr(self, field.name)
            for field in dataclasses.fields(self)
            if getattr(self, field.name) not in (None, {})
        }
        if self.rubrics is not None:
            given["rubrics"] = list(self.rubrics)
        if self.extra_body:
            given["extra_body"] = dict(self.extra_body)
        return given | {"identity": self.identity}

    def with_content(self, folder: Path) -> JudgeSpec:
        """With `content` from the named file, relative to `folder`; `ConfigurationError` if none.

        Without `path` and `exemplars` it is unchanged.
        """
        named = self.path or self.exemplars
        if named is None or self.content is not None:
            return self
        file = folder / named
        digest = hashlib.sha256()
        try:
            with file.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
        except OSError as error:
            key = "path" if self.path else "exemplars"
            raise ConfigurationError(
                f"judge '{self.name}', {key}: {file} cannot be read: {error.strerror or error}\n"
                "  Paths are relative to the panel's folder."
            ) from error
        return dataclasses.replace(self, content=digest.hexdigest()[:_HASH_LENGTH])
