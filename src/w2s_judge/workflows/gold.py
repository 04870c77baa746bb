"""Human labels for a ballot: read from a file, matched to its items."""

from __future__ import annotations

from pathlib import Path

from w2s_judge.datasets.gold_files import GoldMatch, gold_for, read_gold
from w2s_judge.errors import InputError
from w2s_judge.gold import Truth
from w2s_judge.workflows.ballots import Ballot


def matched(path: Path, ballot: Ballot) -> GoldMatch:
    """The labels that are about this ballot's items; raises `InputError` where none is."""
    if not path.exists():
        raise InputError("there is no such file of gold labels", path=str(path))
    return gold_for(read_gold(path), ballot.votes, ballot.votes.truth, rubric=ballot.rubric)


def classes_of(truth: Truth | None, match: GoldMatch | None) -> tuple[str, ...] | None:
    """The truth classes that are named by anybody, None where nobody names any."""
    if truth is not None:
        return truth.classes
    return None if match is None else match.gold.classes
