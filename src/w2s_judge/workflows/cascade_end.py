"""The consensus at the end of a cascade, written where every other consensus of a run is.

It is made of all votes on all things judged; the rows are those of the things that have votes. The
run remembers the method and the labels as after `aggregate`, so that what comes later goes on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from w2s_judge.arrays import Bools, Ints
from w2s_judge.calibration.dependence import dependence
from w2s_judge.calibration.selective import Selection
from w2s_judge.cascade.finish import Finished, finished
from w2s_judge.cascade.learn import Cascade
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.advice import beside_others, orientation
from w2s_judge.workflows.aggregated import Aggregated, concluded
from w2s_judge.workflows.ballots import Ballot, Wanted, ballots
from w2s_judge.workflows.cascade_standing import Standing
from w2s_judge.workflows.cascade_unseen import rivals
from w2s_judge.workflows.conclude import Aim, Conclusion
from w2s_judge.workflows.fit_record import fit_record
from w2s_judge.workflows.gold import GoldFile, matched
from w2s_judge.workflows.run_consensus import into_run, label_command

NAME = "cascade"
UNPLANNED = "the pilot of the cascade is not complete: this is what there is so far, without a plan"
UNLEARNED = "the pilot taught no plan: this is what there is so far"
UNKEPT = "no label is claimed beside gold's, for the promise of few errors cannot be checked yet"


@dataclass(frozen=True, eq=False, slots=True)
class CascadeEnd:
    """How one rubric ends. `settings` name their method; `why` a complete pilot gave no plan.

    `full` is what `Standing.in_full` found.
    """

    standing: Standing
    settings: Cascade
    labels: GoldFile
    full: tuple[Ints, Bools]
    why: str | None = None

    def into_run(self, db: sqlite3.Connection, folder: Path) -> Aggregated:
        """Aggregate what there is, and write it into the run."""
        name = self.standing.things.rubric.name
        (ballot,) = ballots(Wanted(folder, name))
        if self.standing.planned is None:
            command = label_command(folder, name, self.labels.path)
            plain = concluded(ballot, self.labels, self._plain, command)
            words = [UNPLANNED] if self.why is None else [UNLEARNED, self.why]
            done = _unplanned(plain, self.settings, words)
            return into_run(db, folder, done, self.labels, self._aim)
        done, stages = self._finished(ballot)
        return into_run(db, folder, done, self.labels, self._aim, called=NAME, stages=stages)

    @property
    def _plain(self) -> Aim:
        return Aim(str(self.settings.method), seed=self.settings.seed)

    @property
    def _aim(self) -> Aim:
        given = self.settings
        return Aim(str(given.method), given.max_error, given.confidence, given.seed)

    def _finished(self, ballot: Ballot) -> tuple[Aggregated, Sequence[int]]:
        """The consensus over the rows of a ballot, and the stage of each: 0 for the pilot."""
        standing, planned = self.standing, self.standing.planned
        if planned is None:
            raise ValueError("a cascade ends by its plan")
        things, (full, unasked) = standing.things, self.full
        if self.settings.max_error is None:  # no promise: what has some of a stage's votes is read
            full = np.maximum(full, standing.reached).astype(np.int32)
        found = finished(
            planned.learned, things.framed(ballot.votes), standing.gold,
            planned.settings(self.settings), full, unasked,
        )  # fmt: skip
        keys = zip(ballot.votes.items, _positions(ballot.votes), strict=True)
        at = np.array([things.number.get(key, -1) for key in keys], dtype=np.int32)
        match = matched(self.labels, ballot)
        consensus = _rows(found.consensus, at, f"{self.settings.method}:{NAME}")
        beside = rivals(
            planned.learned, things.framed(ballot.votes), standing.gold,
            planned.settings(self.settings), self._aim,
        )  # fmt: skip
        together = _together(ballot.votes, match.gold, consensus)
        conclusion = Conclusion(consensus, beside, together, None)
        record = fit_record(ballot, conclusion, match, self._aim, None)
        record |= {
            "selection": _selection(found, self.settings),
            "advice": _advice(ballot.votes, match.gold, conclusion),
        }
        done = Aggregated(ballot.rubric, ballot.votes, match.gold, consensus, record, ballot.worth)
        stage = np.where(at >= 0, found.stage[at] + 1, 0)
        stage[match.gold.item] = 0
        return done, stage.tolist()


def _positions(votes: VoteMatrix) -> list[tuple[int, ...]]:
    if votes.positions is None:
        raise ValueError("votes of a run have positions")
    return [tuple(one) for one in votes.positions.tolist()]


def _advice(votes: VoteMatrix, gold: Gold, conclusion: Conclusion) -> list[str]:
    """Where labels may be turned round, and where guessing, majority or one judge does better."""
    line = orientation(votes, gold)
    told = [] if line is None else [line]
    if conclusion.rivals and len(np.unique(gold.label)) > 1:
        told += beside_others(gold, conclusion)
    return told


def _rows(whole: Consensus, at: Ints, method: str) -> Consensus:
    """The rows of these things; what was voted on and is judged no more has no label."""
    known = at >= 0
    support = np.where(known, whole.support[at], 0).astype(np.int32)
    decided = None if whole.decided is None else known & whole.decided[at]
    return replace(
        whole, posterior=whole.posterior[at], support=support, decided=decided, method=method,
        confusion=None, weight=None, score=None,
    )  # fmt: skip


def _together(votes: VoteMatrix, gold: Gold, consensus: Consensus) -> Any:
    """How far judges err together, on the pilot: elsewhere who was asked depends on the votes."""
    pilot = np.zeros(votes.I, dtype=np.bool_)
    pilot[gold.item] = True
    among = votes.only(pilot[votes.item])
    return dependence(among, consensus.posterior, gold) if votes.J > 1 and among.V else None


def _selection(found: Finished, settings: Cascade) -> dict[str, Any] | None:
    """What `--max-error` came to: over all stages, and stage by stage."""
    if settings.max_error is None:
        return None
    passed = [one for one in found.selections if one.value is not None]
    tests = passed or list(found.selections[:1])
    held = max((one.labels for one in found.selections), default=0)
    return {
        "max_error": settings.max_error,
        "confidence": settings.confidence,
        "threshold": min((one.value for one in passed if one.value is not None), default=None),
        "coverage": round(sum(one.n for one in passed) / max(held, 1), 6),
        "errors": sum(one.errors for one in tests),
        "accepted": sum(one.n for one in tests),
        "held_back": held,
        "upper_bound": round(max((one.upper for one in tests), default=1.0), 6),
        "why": "; ".join(f"stage {s}: {one.reason}" for s, one in enumerate(found.selections, 1)),
        "stages": [_test(one) for one in found.selections],
    }


def _test(one: Selection) -> dict[str, Any]:
    return {
        "threshold": one.value, "errors": one.errors, "accepted": one.n, "held_back": one.labels,
        "upper_bound": round(one.upper, 6), "why": one.reason,
    }  # fmt: skip


def _unplanned(done: Aggregated, settings: Cascade, words: Sequence[str]) -> Aggregated:
    """Before there is a plan: what was voted on, without labels where a promise was asked for."""
    notes, consensus = [*done.record["notes"], *words], done.consensus
    if settings.max_error is not None:
        notes.append(UNKEPT)
        consensus = replace(consensus, decided=np.zeros(done.votes.I, dtype=np.bool_))
    return replace(done, consensus=consensus, record={**done.record, "notes": notes})
