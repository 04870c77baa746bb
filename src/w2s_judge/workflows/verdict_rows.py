"""A rubric's consensus in a run, row by row: that of `scores.jsonl`, or another method's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from w2s_judge.errors import ConfigurationError, RunFolderError
from w2s_judge.store.reading import Asked
from w2s_judge.store.run import Run
from w2s_judge.workflows.aggregate import aggregate
from w2s_judge.workflows.run_consensus import Remembered

Rows = Callable[[], Iterator[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class VerdictRows:
    """`rows()` begins anew: the rows of `consensus/RUBRIC.METHOD.jsonl`, in the input's order.

    `before` is how the run's own consensus was made; `method` the one whose rows these are.
    """

    asked: Asked
    method: str
    before: Remembered
    rows: Rows


def verdict_rows(folder: Path, rubric: str, method: str | None = None) -> VerdictRows:
    """The consensus under a rubric: of `scores.jsonl`, or by another method, made now in memory.

    The other method sees the gold labels and the prior that the run's own did. Raises
    `ConfigurationError` where the rubric was not asked or has no scores.
    """
    with closing(Run(folder)) as run:
        asked = run.asked(rubric)
        record = run.manifest.get("consensus", {}).get(rubric)
    if record is None:
        raise ConfigurationError(
            f"there are no scores under {rubric!r} yet: `w2s-judge aggregate {folder}` makes them"
        )
    before = Remembered.of(record)
    if method is None or method == before.method:
        path = folder / before.file
        if not path.is_file():
            raise RunFolderError(f"{path} is missing: `w2s-judge aggregate {folder}` makes it anew")
        return VerdictRows(asked, before.method, before, lambda: _lines(path))
    (other,) = aggregate(
        folder, method=method, rubric=rubric, gold=before.gold, prior=before.prior, write=False
    )
    return VerdictRows(asked, method, before, other.rows)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
