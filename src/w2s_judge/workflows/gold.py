"""Human labels for a ballot: read from a file, matched to its items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from w2s_judge.datasets.gold_files import GoldMatch, GoldRow, gold_for, read_gold
from w2s_judge.errors import InputError
from w2s_judge.workflows.ballots import Ballot


@dataclass(frozen=True, slots=True)
class GoldFile:
    """A file of human labels, read once."""

    path: Path
    rows: tuple[GoldRow, ...]

    @classmethod
    def read(cls, path: Path) -> GoldFile:
        """Read it; `InputError` where there is no such file, or no such rows."""
        if not path.exists():
            raise InputError("there is no such file of gold labels", path=str(path))
        return cls(path, read_gold(path))


def path_of(labels: GoldFile | None) -> Path | None:
    """Where labels were read, None where there are none."""
    return None if labels is None else labels.path


def matched(labels: GoldFile, ballot: Ballot) -> GoldMatch:
    """The labels that are about this ballot's items; raises `InputError` where none is."""
    return gold_for(labels.rows, ballot.votes, ballot.votes.truth, rubric=ballot.rubric)


def rubrics_with_gold(labels: GoldFile, rubrics: Sequence[str]) -> frozenset[str]:
    """Which of a run's rubrics the file has labels for.

    Raises `InputError` where it has none for any, or where it does not say for which of several:
    a vote label such as 5 is safe under one rubric and toxic under another.
    """
    rows, path = labels.rows, labels.path
    nameless = next((row for row in rows if row.rubric is None), None)
    if nameless is not None and len(rubrics) > 1:
        raise InputError(
            f"this row names no rubric, and the run has {', '.join(rubrics)}", path=str(path),
            line=nameless.line, remedy="add a column rubric, or pick one: --rubric NAME",
        )  # fmt: skip
    named = {row.rubric for row in rows}
    found = frozenset(name for name in rubrics if name in named or None in named)
    if not found:
        raise InputError(
            f"it has labels under {', '.join(sorted(str(one) for one in named))}, and none under "
            f"{', '.join(rubrics)}", path=str(path), remedy="name the rubric with --rubric",
        )  # fmt: skip
    return found
