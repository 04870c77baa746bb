"""Which rows of a file of votes count: those under one rubric, without probes; votes, abstentions.

Letter: R rows of the file.
"""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Bools
from w2s_judge.datasets.rows import names, quoted
from w2s_judge.datasets.suggestions import did_you_mean
from w2s_judge.datasets.vote_columns import Coded, VoteColumns
from w2s_judge.datasets.vote_raters import PROBE

FALSE = ("false", "0", "no", "")


def under(
    columns: VoteColumns, rubric: str | None
) -> tuple[VoteColumns, str | None, tuple[str, ...]]:
    """The rows under one rubric, its name, and what is to be said of it."""
    column = columns.texts.get("rubric")
    there = [] if column is None else [column.values[k] for k in np.unique(column.codes)]
    if column is None or there == [""]:
        said = f"the file names no rubric; all of it is taken as {quoted(rubric or '')}"
        return columns, rubric, (said,) if rubric is not None else ()
    if "" in there:
        line = int(columns.lines[np.flatnonzero(~column.filled)[0]])
        raise columns.place.error(
            "'rubric' is empty here and filled elsewhere", line, "name the rubric of each vote"
        )
    if rubric is None and len(there) > 1:
        raise columns.place.error(
            f"has votes under {len(there)} rubrics: {names(there)}",
            remedy=f"pick one: --rubric {there[0][:40]}",
        )
    chosen = there[0] if rubric is None else rubric
    if chosen not in there:
        raise columns.place.error(
            f"has no votes under the rubric {quoted(chosen)}", remedy=did_you_mean(chosen, there)
        )
    kept = columns.only(column.codes == column.values.index(chosen))
    return kept, chosen, _wordings(kept)


def _wordings(columns: VoteColumns) -> tuple[str, ...]:
    column = columns.texts.get("rubric_hash")
    count = 1 if column is None else len(np.unique(column.codes))
    return (f"the rubric was asked in {count} wordings",) if count > 1 else ()


def without_probes(columns: VoteColumns) -> tuple[VoteColumns, tuple[str, ...]]:
    """The rows without answers to probes, and how many these are."""
    column = columns.texts.get("variant")
    if column is None:
        return columns, ()
    probe = np.array([one.startswith(PROBE) for one in column.values], dtype=np.bool_)[column.codes]
    if not probe.any():
        return columns, ()
    if probe.all():
        raise columns.place.error(
            "all votes are answers to probes", remedy="write votes whose variant is base"
        )
    return columns.only(~probe), (f"{int(probe.sum()):,} votes on probes stay out",)


def voting_and_silent(columns: VoteColumns) -> tuple[Bools, Bools]:
    """(R,) which rows vote and which abstain; each row does one of the two."""
    votes = _voting(columns)
    silent = said(columns.texts.get("abstained"), columns.R)
    both, neither = np.flatnonzero(votes & silent), np.flatnonzero(~votes & ~silent)
    if len(both):
        raise columns.place.error(
            "a vote and an abstention in one row",
            int(columns.lines[both[0]]),
            "empty the label or 'abstained'",
        )
    if len(neither):
        raise columns.place.error(
            "neither a vote nor an abstention: the label is empty",
            int(columns.lines[neither[0]]),
            "leave the row out, or write the reason into a column 'abstained'",
        )
    if not votes.any():
        raise columns.place.error(
            f"has {int(silent.sum()):,} abstentions and no vote",
            remedy="there is nothing to aggregate; ask other judges, or ask otherwise",
        )
    return votes, silent


def said(column: Coded | None, size: int) -> Bools:
    """(R,) where a column says something but no, false or 0: abstentions and their reasons."""
    if column is None:
        return np.zeros(size, dtype=np.bool_)
    said = [one.strip().lower() not in FALSE for one in column.values]
    return np.array(said, dtype=np.bool_)[column.codes]


def _voting(columns: VoteColumns) -> Bools:
    """(R,) which rows have a label, a score or mass on a label; `InputError` for two at once."""
    found = [name for name in ("label", "score") if name in columns.texts]
    found += ["mass"] if columns.mass else []
    if len(found) > 1:
        raise columns.place.error(
            f"the votes stand in several columns: {' and '.join(found)}",
            remedy="leave one of them, or rename the others",
        )
    if not found:
        return np.zeros(columns.R, dtype=np.bool_)
    if found[0] != "mass":
        return columns.texts[found[0]].filled
    given = [~np.isnan(one) for one in columns.mass.values()]
    return np.asarray(np.logical_or.reduce(given), dtype=np.bool_)
