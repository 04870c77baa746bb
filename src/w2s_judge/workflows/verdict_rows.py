"""A rubric's consensus in a run, row by row: that of `scores.jsonl`, or another method's."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from w2s_judge.aggregation.contract import METHODS
from w2s_judge.errors import ConfigurationError, RunFolderError, UsageError
from w2s_judge.store import folder as folders
from w2s_judge.store.matrices import state_of
from w2s_judge.store.reading import Asked
from w2s_judge.store.run import Run
from w2s_judge.store.schema import connect
from w2s_judge.workflows.aggregate import aggregate
from w2s_judge.workflows.run_consensus import Remembered

Rows = Callable[[], Iterator[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class VerdictRows:
    """`rows()` begins anew: the rows of `consensus/RUBRIC.METHOD.jsonl`, in the input's order.

    `method` is what the rows themselves are called, such as "auto:rotated-factors"; `before` is how
    the run's own consensus was asked for; `calibration` is what rows without gold say.
    """

    asked: Asked
    method: str
    calibration: str
    before: Remembered
    rows: Rows

    @property
    def aggregator(self) -> str:
        """The method's name in the registry."""
        return self.method.partition(":")[0]


def verdict_rows(
    folder: Path, rubric: str, method: str | None = None, *, current: bool = True
) -> VerdictRows:
    """The consensus under a rubric: of `scores.jsonl`, or by another method, made now in memory.

    The other method sees the gold labels and the prior that the run's own did. Raises
    `ConfigurationError` where the rubric was not asked or has no scores, `RunFolderError` where
    the scores are older than the votes, unless `current` is False.
    """
    with closing(Run(folder)) as run:
        asked = run.asked(rubric)
        record = run.manifest.get("consensus", {}).get(rubric)
    if record is None:
        raise ConfigurationError(
            f"there are no scores under {rubric!r} yet: `w2s-judge score` asks for votes and makes "
            f"them, `w2s-judge aggregate {shlex.quote(str(folder))}` of votes that are there"
        )
    before = Remembered.of(record)
    path = folder / before.file
    if not path.is_file():
        raise stale(folder, f"{path} is missing")
    if current:
        check_state(folder, asked, before)
    kept = _described(asked, before, partial(_lines, path))
    if method is None or method == kept.aggregator:
        return kept
    if METHODS.get(method).needs_gold and before.gold is None:
        raise UsageError(
            f"--method {method} learns from gold, and the scores had none: first `w2s-judge "
            f"aggregate {shlex.quote(str(folder))} --rubric {rubric} --method {method} --gold FILE`"
        )
    (other,) = aggregate(
        folder, method=method, rubric=rubric, gold=before.gold, prior=before.prior,
        write=False,
    )  # fmt: skip
    return _described(asked, before, other.rows)


def stale(folder: Path, what: str) -> RunFolderError:
    """The error that says which command brings the scores up to date."""
    return RunFolderError(
        f"{what}: `w2s-judge aggregate {shlex.quote(str(folder))}` makes the scores anew; those of "
        "a cascade, the same `w2s-judge score --cascade`"
    )


CHANGED = "the votes have changed since the scores were made"


def check_state(folder: Path, asked: Asked, before: Remembered) -> None:
    """`RunFolderError` where the votes are not those that the scores were made of."""
    if not before.state:
        return
    with closing(connect(folder / folders.DATABASE, read_only=True)) as db:
        if state_of(db, asked) != before.state:
            raise stale(folder, CHANGED)


def _described(asked: Asked, before: Remembered, rows: Rows) -> VerdictRows:
    """Named by the first rows; those of gold items do not say how the others were calibrated."""
    method, calibration = before.method, "none"
    for row in rows():
        method, calibration = row["method"], row["calibration"]
        if calibration != "gold":
            break
    return VerdictRows(asked, method, calibration, before, rows)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
