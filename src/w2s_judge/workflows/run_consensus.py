"""A rubric's consensus in a run folder, and what the run remembers of how it was made."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from w2s_judge.aggregation.readings import Assumption
from w2s_judge.errors import UsageError
from w2s_judge.store import manifest as manifests
from w2s_judge.store.reading import Asked
from w2s_judge.workflows.after_cascade import caution, check_promise
from w2s_judge.workflows.aggregated import Aggregated, concluded
from w2s_judge.workflows.ballots import Ballot, Wanted, ballots
from w2s_judge.workflows.conclude import Aim
from w2s_judge.workflows.gold import GoldFile, path_of
from w2s_judge.workflows.scores import RUN_KEYS, consensus_path, with_details, write_consensus


@dataclass(frozen=True, slots=True)
class Remembered:
    """How a rubric was last aggregated; `file` in the run folder has the rows.

    `gold` is the path of the labels' file, `prior` maps every class; None where there was none.
    `state` is that of the votes then, "" where an earlier version did not keep it; `sources` as in
    `Aim`.
    """

    file: str = ""
    method: str = "auto"
    max_error: float | None = None
    confidence: float = 0.9
    seed: int = 0
    gold: str | None = None
    prior: dict[str, float] | None = None
    state: str = ""
    sources: Assumption | None = None

    @classmethod
    def of(cls, record: dict[str, Any] | None) -> Remembered:
        """From the manifest; `auto` alone where the rubric was never aggregated."""
        return cls(**record) if record else cls()

    @property
    def aim(self) -> Aim:
        """What was asked of it."""
        return Aim(self.method, self.max_error, self.confidence, self.seed, self.sources)


def into_run(
    db: sqlite3.Connection,
    folder: Path,
    done: Aggregated,
    labels: GoldFile | None,
    aim: Aim,
    *,
    called: str | None = None,
    stages: Sequence[int] | None = None,
) -> Aggregated:
    """Write the consensus of a rubric and its fit into the folder.

    Where `--max-error` cannot be kept the rows are written without labels. `called` names the file
    where that is not the method; `stages` are those at which the rows of a cascade stopped.
    """
    name = done.rubric or ""
    asked = Asked.recorded(name, manifests.load(db)["rubrics"][name])
    path = consensus_path(folder, name, called or aim.method)
    rows = with_details(done.rows(), db, asked, stages)
    counts = write_consensus(path, rows, RUN_KEYS, done.record)
    truth = done.votes.truth
    prior = None if truth is None or truth.prior is None else truth
    kept = Remembered(
        str(path.relative_to(folder)), aim.method, aim.max_error, aim.confidence, aim.seed,
        None if labels is None else str(labels.path.resolve()),
        None if prior is None else dict(zip(prior.classes, prior.prior or (), strict=True)),
        sources=aim.sources,
    )  # fmt: skip
    return replace(done, path=path, kept=asdict(kept), counts=counts.told(done.consensus.classes))


def again(
    db: sqlite3.Connection,
    folder: Path,
    name: str,
    before: Remembered,
    method: str | None,
    labels: GoldFile | None,
) -> Aggregated:
    """Aggregate a rubric as it was last, but for the method and the labels that are given.

    `UsageError` where a promise was to be kept, and the votes are a cascade's.
    """
    aim = before.aim
    check_promise(db, folder, name, aim.max_error)
    if method not in (None, aim.method):
        aim = replace(aim, method=method, sources=None)  # the assumption was the other method's
    if labels is None and before.gold is not None:
        path = Path(before.gold)
        if not path.is_file():
            raise UsageError(f"the gold labels of the last aggregation, {path}, are not there")
        labels = GoldFile.read(path)
    ballot = _ballot(db, folder, name, before.prior, gold=labels is not None)
    done = concluded(ballot, labels, aim, label_command(folder, name, path_of(labels)))
    return into_run(db, folder, done, labels, aim)


def plainly(
    db: sqlite3.Connection, folder: Path, name: str, before: Remembered, *, keep_prior: bool = True
) -> Aggregated:
    """Aggregate a rubric by `auto`, without gold; without labels where a promise was to be kept."""
    ballot = _ballot(db, folder, name, before.prior if keep_prior else None, gold=False)
    done = concluded(ballot, None, Aim(), label_command(folder, name, None))
    if before.max_error is not None:
        none = np.zeros(done.votes.I, dtype=np.bool_)
        done = replace(done, consensus=replace(done.consensus, decided=none))
    return into_run(db, folder, done, None, Aim())


def _ballot(
    db: sqlite3.Connection, folder: Path, name: str, prior: dict[str, float] | None, *, gold: bool
) -> Ballot:
    """The votes under a rubric; what is to be said of a cascade's stands first in the notes."""
    (ballot,) = ballots(Wanted(folder, name, tuple((prior or {}).items())))
    return replace(ballot, notes=(*caution(db, folder, name, gold=gold), *ballot.notes))


def label_command(folder: Path, rubric: str, labels: Path | None) -> str:
    """The command that draws more labels beside those of a file, to be printed."""
    gold = "" if labels is None else f" --gold {shlex.quote(str(labels))}"
    return f"w2s-judge label {shlex.quote(str(folder))} --rubric {shlex.quote(rubric)}{gold}"
