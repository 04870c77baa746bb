"""What a plot is made of: rows of a table, the judges that are shown, the finished drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from w2s_judge.audit.audited import RubricAudit
from w2s_judge.audit.part import Cell, Figure, Kind, Part
from w2s_judge.audit.report.canvas import Canvas
from w2s_judge.audit.report.cells import finite, number
from w2s_judge.audit.report.plain import begun, name

MOST_JUDGES = 40
"""Judges that a plot shows: with more, those with the most votes."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The judges that plots show, most votes first, and how many there are."""

    names: tuple[str, ...]
    left_out: frozenset[str]

    @classmethod
    def of(cls, rubric: RubricAudit) -> Shown:
        """The first `MOST_JUDGES` by their votes, as the audit lists them where votes are equal."""
        coverage = rubric.part("coverage")
        counted = rows(coverage, "judges", "judge", "votes") if coverage else []
        votes = {str(judge): value(count) or 0.0 for judge, count in counted}
        order = sorted(rubric.judges, key=lambda judge: -votes.get(judge, 0.0))
        return cls(tuple(order[:MOST_JUDGES]), frozenset(order[MOST_JUDGES:]))

    def has(self, judge: Cell) -> bool:
        """Whether it is shown; so is what is no judge, such as the majority."""
        return judge not in self.left_out


@dataclass(frozen=True, slots=True)
class Drawing:
    """A plot that is drawn: `caption` says how to read it, `about` what is to be seen in it.

    `note` says which judges it shows; None where they are those that every plot shows.
    """

    canvas: Canvas
    title: str
    caption: str
    about: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Undrawn:
    """A plot that would show nothing, and why."""

    title: str
    why: str


@dataclass(frozen=True, slots=True)
class Spot:
    """A number with its interval; where it has none, both ends are the number."""

    value: float
    low: float
    high: float

    @property
    def span(self) -> tuple[float, float]:
        """Both ends."""
        return self.low, self.high


def rows(part: Part, table: str, *columns: str) -> list[tuple[Cell, ...]]:
    """These columns of the table's rows; none where the table or one of them is missing."""
    found = part.table(table)
    if found is None:
        return []
    names = [column.name for column in found.columns]
    if not set(columns) <= set(names):
        return []
    places = [names.index(column) for column in columns]
    return [tuple(row[place] for place in places) for row in found.rows]


def kind(part: Part, table: str, column: str) -> Kind:
    """How a column is written; "text" where there is none."""
    found = part.table(table)
    kinds = {} if found is None else {one.name: one.kind for one in found.columns}
    return kinds.get(column, "text")


def titles(part: Part, table: str, column: str) -> tuple[str, str]:
    """What a table that is there and its column are called, each with a capital."""
    found = part.table(table)
    if found is None:
        raise KeyError(table)
    named = {one.name: one.title for one in found.columns}
    return begun(name(found.title)), begun(name(named[column]))


def spot(cell: Cell) -> Spot | None:
    """A cell with a value; None for text, for nothing and for what is not a number."""
    if isinstance(cell, Figure):
        value, low, high = finite(cell.value), finite(cell.low), finite(cell.high)
        if value is None:
            return None
        return Spot(value, value if low is None else low, value if high is None else high)
    if cell is None or isinstance(cell, str) or not math.isfinite(cell):
        return None
    return Spot(float(cell), float(cell), float(cell))


def value(cell: Cell) -> float | None:
    """The number in a cell, if there is one."""
    found = spot(cell)
    return None if found is None else found.value


def extremes(named: Sequence[tuple[str, float]], what: str) -> str:
    """The lowest and the highest, in a sentence."""
    low, high = min(named, key=lambda one: one[1]), max(named, key=lambda one: one[1])
    lowest, highest = number(low[1], "number"), number(high[1], "number")
    return f"{what}: lowest {lowest} ({low[0]}), highest {highest} ({high[0]})."
