"""Votes from elsewhere, or as `w2s-judge votes` writes them: a file in, a VoteMatrix out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from w2s_judge.arrays import Bools, Ints
from w2s_judge.datasets.rows import quoted
from w2s_judge.datasets.suggestions import column_missing, meant
from w2s_judge.datasets.vote_ballots import Ballots, ballots_of
from w2s_judge.datasets.vote_columns import VOTES, WEIGHT, VoteColumns
from w2s_judge.datasets.vote_levels import parse_levels
from w2s_judge.datasets.vote_raters import Items, Raters, items_of, raters_of
from w2s_judge.datasets.vote_repeats import REPEATS, Cast, Repeats, counted_once
from w2s_judge.datasets.vote_rows import vote_columns
from w2s_judge.datasets.vote_selection import FALSE, said, under, voting_and_silent, without_probes
from w2s_judge.errors import UsageError
from w2s_judge.ledger import Ledger
from w2s_judge.votes import VoteMatrix

_TRUE = ("true", "1", "yes")
_OPTIONAL = ("order", "variant", "family", "group", WEIGHT, "abstained", "uncalibrated", "rubric")


@dataclass(frozen=True, eq=False, slots=True)
class VoteFile:
    """The votes of a file under one rubric.

    votes  : the matrix; raters who only abstain are in it, and items on which nobody votes
    ledger : who abstained on an item and did not vote on it, with the reasons
    rubric : the rubric that the file names, None where it names none
    notes  : what was assumed, in plain words
    """

    votes: VoteMatrix
    ledger: Ledger
    rubric: str | None
    notes: tuple[str, ...]

    @property
    def abstained(self) -> Ints:
        """(I,) how many raters abstained on an item and did not vote on it."""
        return np.bincount(self.ledger.item, minlength=self.votes.I).astype(np.int32)


def read_votes(
    path: str | Path,
    *,
    levels: str | None = None,
    repeats: Repeats = "refuse",
    rubric: str | None = None,
) -> VoteFile:
    """Read item, judge, and label, score or mass:LABEL from CSV, JSONL, a JSON list or Parquet.

    The file may be packed (gzip, zstd); its kind is told by its first bytes. Optional columns:
    order, variant, family, group, weight, responses, rubric, abstained, uncalibrated. `levels`
    declares the labels, ascending ("0:9", "low,high") or "unordered"; `repeats` says what happens
    to several votes of a rater on an item; `rubric` picks one of several. Raises `InputError` with
    the line, `UsageError` for arguments that make no sense, `MissingExtra` for Parquet without it.
    """
    if repeats not in REPEATS:
        raise UsageError(f"--repeats {quoted(repeats)}: choose from {', '.join(REPEATS)}")
    declared = parse_levels(levels)
    columns = vote_columns(Path(path))
    _require(columns)
    columns, chosen, notes = under(columns, rubric)
    columns, probes = without_probes(columns)
    notes += probes
    votes, silent = voting_and_silent(columns)
    items, raters = items_of(columns), raters_of(columns)
    cast_columns = columns.only(votes)
    cast = Cast(
        items.of_row[votes],
        raters.of_row[votes],
        raters.variant[votes],
        ballots_of(cast_columns, declared),
        cast_columns.checked_weight(),
    )
    once, repeated = counted_once(cast, cast_columns, raters.names, repeats)
    matrix = _matrix(items, raters, once, _uncalibrated(columns, raters, votes))
    ledger = _silences(columns, items, raters, votes, silent)
    notes += (*once.ballots.notes, *repeated, *_narrow(matrix))
    notes += meant(columns.header, VOTES.read, _OPTIONAL)
    return VoteFile(matrix, ledger, chosen, notes)


def _require(columns: VoteColumns) -> None:
    place, header = columns.place, columns.header
    need = "a file of votes has item, judge, and label (or score, or mass:LABEL columns)"
    for name in ("item", "judge"):
        if name not in columns.texts and (columns.R or name not in header):
            raise column_missing(name, header, place, need)
    if not ({"label", "score", "mass"} & set(header) or columns.mass):
        raise column_missing("label", header, place, need)
    if not columns.R:
        raise place.error(
            "has a header and no votes", remedy="what was to write it may have failed"
        )
    for name in ("item", "judge"):
        blank = np.flatnonzero(~columns.texts[name].filled)
        if len(blank):
            raise place.error(
                f"'{name}' is empty", int(columns.lines[blank[0]]), "every vote names both"
            )


def _uncalibrated(columns: VoteColumns, raters: Raters, votes: Bools) -> Bools | None:
    """(J,) whether any vote of a rater is marked; None without such a column."""
    column = columns.texts.get("uncalibrated")
    if column is None:
        return None
    for code in np.unique(column.codes).tolist():
        if column.values[code].strip().lower() not in (*_TRUE, *FALSE):
            row = int(np.flatnonzero(column.codes == code)[0])
            raise columns.place.error(
                f"'uncalibrated' is {quoted(column.values[code])}",
                int(columns.lines[row]),
                "write true or false",
            )
    marked = said(column, columns.R) & votes
    return np.bincount(raters.of_row[marked], minlength=len(raters.names)) > 0


def _silences(
    columns: VoteColumns, items: Items, raters: Raters, votes: Bools, silent: Bools
) -> Ledger:
    """Who abstained on an item and did not vote on it; of several reasons the first."""
    if not silent.any():
        return Ledger.empty(complete="abstained" in columns.texts)
    key = items.of_row.astype(np.int64) * len(raters.names) + raters.of_row
    rows = np.flatnonzero(silent & ~np.isin(key, key[votes]))
    only, first = np.unique(key[rows], return_index=True)
    item, rater = (part.astype(np.int32) for part in np.divmod(only, len(raters.names)))
    column = columns.texts["abstained"]
    said, reason = np.unique(column.codes[rows[first]], return_inverse=True)
    return Ledger(
        item, rater, reason.astype(np.int32),
        tuple(column.values[code].strip() for code in said.tolist()),
    )  # fmt: skip


def _matrix(items: Items, raters: Raters, cast: Cast, ranks: Bools | None) -> VoteMatrix:
    ballots: Ballots = cast.ballots
    return VoteMatrix(
        items=items.names, raters=raters.names, labels=ballots.labels,
        item=cast.item, rater=cast.rater, label=ballots.label, mass=ballots.mass,
        group=items.group, family=raters.family, ordered=ballots.ordered,
        positions=items.positions, uncalibrated=ranks, judge=raters.judge, order=raters.order,
        weight=cast.weight, levels=ballots.levels,
    )  # fmt: skip


def _narrow(votes: VoteMatrix) -> tuple[str, ...]:
    """What cannot be learnt from so little."""
    found: list[str] = []
    if votes.J == 1:
        found.append("one rater: nothing tells how far it can be trusted but gold")
    if votes.I == 1:
        found.append("one item: nothing can be learnt of the raters but from gold")
    if votes.L == 1:
        found.append(f"every vote says {quoted(votes.labels[0])}: no other label ever occurs")
    return tuple(found)
