"""A table of the audit as the page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from w2s_judge.audit.part import Table
from w2s_judge.audit.report.cells import Footnotes, ShownCell, shown
from w2s_judge.audit.report.plain import SENTENCE, cut, name

FILTERED_FROM = 9
"""Rows from which a table has a box to filter it."""
FOLDED_FROM = 17
"""Rows from which a table is folded up."""
STEPS = (1_000, 500, 250, 120, 60, 30, 15, 8)
"""How many rows of a table are shown at most: the largest with which the page keeps its size."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column; `numeric` ones are written to the right."""

    title: str
    numeric: bool


@dataclass(frozen=True, slots=True)
class ShownTable:
    """`id` is of the page; `left_out` how many rows are not shown."""

    id: str
    title: str
    meaning: str
    head: tuple[Head, ...]
    rows: tuple[tuple[ShownCell, ...], ...]
    notes: tuple[str, ...]
    total: int
    left_out: int
    filtered: bool
    folded: bool


def rows_shown(tables: Sequence[Table], cells: int) -> int:
    """How many rows of each table there may be, so that all have at most so many cells."""
    for most in STEPS:
        if sum(min(len(one.rows), most) * len(one.columns) for one in tables) <= cells:
            return most
    return STEPS[-1]


def shown_table(table: Table, id: str, most: int) -> ShownTable:  # noqa: A002
    """The first `most` rows of a table."""
    notes = Footnotes()
    rows = tuple(
        tuple(
            shown(cell, column.kind, notes) for cell, column in zip(row, table.columns, strict=True)
        )
        for row in table.rows[:most]
    )
    head = tuple(
        Head(_begun(name(column.title)), column.kind != "text") for column in table.columns
    )
    return ShownTable(
        id=id,
        title=_begun(name(table.title)),
        meaning=_begun(cut(table.meaning, SENTENCE)),
        head=head,
        rows=rows,
        notes=tuple(notes.texts),
        total=len(table.rows),
        left_out=max(0, len(table.rows) - most),
        filtered=len(rows) >= FILTERED_FROM,
        folded=len(rows) >= FOLDED_FROM,
    )


def _begun(text: str) -> str:
    """With a capital, whoever wrote it."""
    return text[:1].upper() + text[1:]
