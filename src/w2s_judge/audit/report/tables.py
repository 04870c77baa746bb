"""A table of the audit as the page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from w2s_judge.audit.part import Cell, Figure, Table
from w2s_judge.audit.report.cells import Footnotes, ShownCell, finite, shown
from w2s_judge.audit.report.plain import SENTENCE, begun, cut, name
from w2s_judge.audit.spoken import plural

FILTERED_FROM = 9
"""Rows from which a table has a box to filter it."""
SHORT, LONG = 14, 60
"""Letters of a text that stands on one line of its column, and on a few lines."""
FOLDED_FROM = 17
"""Rows from which a table is folded up."""
STEPS = (1_000, 500, 250, 120, 60, 30, 15, 8)
"""How many rows of a table are shown at most: the largest with which the page keeps its size."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column: numbers are written to the right.

    `size` of a text is "" where it stands on one line, "long" where it breaks into several, and
    "wide" where it would break into many.
    """

    title: str
    numeric: bool
    size: str


@dataclass(frozen=True, slots=True)
class ShownTable:
    """`id` is of the page; `left_out` how many rows are not shown.

    `empty` are the columns without anything in any row, which are not shown, each with its reason.
    """

    id: str
    title: str
    meaning: str
    head: tuple[Head, ...]
    rows: tuple[tuple[ShownCell, ...], ...]
    notes: tuple[str, ...]
    empty: tuple[str, ...]
    total: str
    left_out: str
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
    blank = {place for place in range(1, len(table.columns)) if _blank(table, place)}
    kept = [place for place in range(len(table.columns)) if place not in blank]
    rows = tuple(
        tuple(shown(row[place], table.columns[place].kind, notes) for place in kept)
        for row in table.rows[:most]
    )
    head = tuple(
        Head(
            title=begun(name(table.columns[place].title)),
            numeric=table.columns[place].kind != "text",
            size=_size(max((len(row[at].text) for row in rows), default=0)),
        )
        for at, place in enumerate(kept)
    )
    more = max(0, len(table.rows) - most)
    return ShownTable(
        id=id,
        title=begun(name(table.title)),
        meaning=begun(cut(table.meaning, SENTENCE)),
        head=head,
        rows=rows,
        notes=tuple(notes.texts),
        empty=tuple(_told(table, place) for place in sorted(blank)),
        total=plural(len(table.rows), "row"),
        left_out=plural(more, "more row is", "more rows are") if more else "",
        filtered=len(rows) >= FILTERED_FROM,
        folded=len(rows) >= FOLDED_FROM,
    )


def _size(letters: int) -> str:
    return "" if letters <= SHORT else "long" if letters <= LONG else "wide"


def _blank(table: Table, place: int) -> bool:
    """Whether there are rows, and nothing in this column of any."""
    return bool(table.rows) and all(_nothing(row[place]) for row in table.rows)


def _nothing(cell: Cell) -> bool:
    if isinstance(cell, Figure):
        return finite(cell.value) is None
    return cell is None or cell == "" or (isinstance(cell, float) and finite(cell) is None)


def _told(table: Table, place: int) -> str:
    """The title of an empty column, and the first reason that is given for it."""
    cells = (row[place] for row in table.rows)
    why = next((one.why for one in cells if isinstance(one, Figure) and one.why), "")
    title = name(table.columns[place].title)
    return f"{title} ({cut(why, SENTENCE)})" if why else title
