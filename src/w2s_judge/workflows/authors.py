"""Which model wrote each of a run's responses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from w2s_judge.workflows.verdict_rows import CHANGED, stale


@dataclass(frozen=True, slots=True)
class Authors:
    """The models behind the responses of the run in `folder`, by item; None where unknown."""

    folder: Path
    models: Mapping[str, tuple[str | None, ...]]

    def of(self, item: str, place: int) -> str | None:
        """Who wrote the response at `place`; `RunFolderError` where the run has no such one."""
        written = self.models.get(item, ())
        if place >= len(written):
            raise stale(self.folder, CHANGED)
        return written[place]
