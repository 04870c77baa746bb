"""What an aggregation gives: the votes, the consensus, its record, and its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from w2s_judge.aggregation.normal_scores import NormalScores
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold, Truth
from w2s_judge.store.reading import evenly
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.ballots import Ballot
from w2s_judge.workflows.conclude import Aim, conclude
from w2s_judge.workflows.fit_record import fit_record
from w2s_judge.workflows.gold import GoldFile, matched
from w2s_judge.workflows.scores import fit_path
from w2s_judge.workflows.verdicts import verdicts


@dataclass(frozen=True, eq=False, slots=True)
class Aggregated:
    """One rubric's votes and what came of them; `record` is what `.fit.json` holds.

    `path` is the file of rows, None where none was written; `counts` are its labels; `kept` is what
    a run remembers of it. `worth` (C,) is the utility of each class, None where it is unknown.
    """

    rubric: str | None
    votes: VoteMatrix = field(repr=False)
    gold: Gold | None = field(repr=False)
    consensus: Consensus = field(repr=False)
    record: dict[str, Any]
    worth: tuple[float, ...] | None
    path: Path | None = None
    counts: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def promises(self) -> bool:
        """Whether any label may be claimed: not where no threshold keeps `--max-error`."""
        selection = self.record["selection"]
        return selection is None or selection["threshold"] is not None

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row an item, as in the files.

        An item that has only votes that rank is told by their mean normal score.
        """
        votes, ranked = self.votes, None
        if votes.uncalibrated is not None and votes.uncalibrated.any():
            among = votes.only(votes.uncalibrated[votes.rater])
            classes = Truth(self.consensus.classes)
            ranked = NormalScores()(among if votes.truth else replace(among, truth=classes))
        return verdicts(votes, self.consensus, self.worth, self.gold, ranked)

    def told(self) -> dict[str, Any]:
        """As `aggregate --json` prints it."""
        written = None if self.path is None else str(self.path)
        fit = None if self.path is None else str(fit_path(self.path))
        return {**self.counts, **self.record, "path": written, "fit_path": fit}


def concluded(ballot: Ballot, labels: GoldFile | None, aim: Aim, command: str | None) -> Aggregated:
    """Aggregate a ballot with the labels of a file; `command` draws labels, None for a file."""
    match = None if labels is None else matched(labels, ballot)
    gold = None if match is None else match.gold
    conclusion = conclude(ballot.votes, gold, aim)
    record = fit_record(ballot, conclusion, match, aim, command)
    worth, count = ballot.worth, len(conclusion.consensus.classes)
    if worth is not None and len(worth) != count:
        worth = evenly(count)
    if ballot.rubric is None and count == 1:
        worth = None  # of a lone class nobody knows whether it is good
    return Aggregated(ballot.rubric, ballot.votes, gold, conclusion.consensus, record, worth)
