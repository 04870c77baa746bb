"""What a theme of the audit gives: figures in tables, sentences, and tests for the findings.

Everything that is shown, in the terminal, on the page, as JSON or as a frame, is made of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

DIGITS = 6

Kind: TypeAlias = Literal["text", "count", "share", "number", "signed", "usd", "seconds"]
"""How a column is written: a share lies in [0, 1], a signed number is a difference or a slope."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its 95 % interval, or the reason why it has none.

    `n` is how many votes, items or pairs it rests on, `prompts` in how many prompts they are.
    `why` says why there is no value, or no interval; "" where there are both.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    prompts: int = 0
    why: str = ""

    def turned(self, whole: float) -> Figure:
        """`whole` less it: a share's complement, of 1; a difference the other way round, of 0."""
        value, low, high = (
            None if end is None else whole - end for end in (self.value, self.high, self.low)
        )
        return Figure(value, low, high, self.n, self.prompts, self.why)

    def told(self) -> dict[str, Any]:
        """As `audit.json` has it."""
        ends = {
            name: None if end is None else round(end, DIGITS)
            for name, end in (("value", self.value), ("low", self.low), ("high", self.high))
        }
        return {**ends, "n": self.n, "prompts": self.prompts, "why": self.why or None}


Cell: TypeAlias = str | int | float | Figure | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its name for machines, its title for people, and how it is written."""

    name: str
    title: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of figures; `meaning` is what a row says, in a plain sentence. Names are snake_case."""

    name: str
    title: str
    meaning: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"table {self.name}: a row has one cell a column")

    def records(self) -> list[dict[str, Any]]:
        """The rows as `audit.json` has them: a figure is a mapping."""
        return [
            {column.name: _told(cell) for column, cell in zip(self.columns, row, strict=True)}
            for row in self.rows
        ]

    def flat(self) -> list[dict[str, Any]]:
        """The rows for a frame: a figure is its value, with columns NAME_low and NAME_high."""
        rows = []
        for row in self.rows:
            record: dict[str, Any] = {}
            for column, cell in zip(self.columns, row, strict=True):
                if isinstance(cell, Figure):
                    record[column.name] = cell.value
                    record[f"{column.name}_low"] = cell.low
                    record[f"{column.name}_high"] = cell.high
                else:
                    record[column.name] = cell
            rows.append(record)
        return rows


def _told(cell: Cell) -> Any:
    if isinstance(cell, Figure):
        return cell.told()
    return round(cell, DIGITS) if isinstance(cell, float) else cell


@dataclass(frozen=True, slots=True)
class Test:
    """Something that may be found. It is stated only if it is large enough and beyond chance.

    kind     : such as "copy" or "position"
    about    : the judges that it is about, and a slice where there is one
    sentence : what is then said, in two short sentences at most: the judge, the figure, what it
               means; no word of p
    advice   : what to do about it, in one sentence
    effect   : how large, in the direction that matters (0 or below: nothing of the kind)
    minimum  : the effect below which nothing is stated, above 0, in the same unit
    unit     : what effect and minimum are measured in, in words: "accuracy below chance"
    p        : two-sided p of an effect of 0
    """

    __test__ = False  # no test of pytest's

    kind: str
    about: tuple[str, ...]
    sentence: str
    advice: str
    effect: float
    minimum: float
    unit: str
    p: float


@dataclass(frozen=True, slots=True)
class Part:
    """One theme for one rubric; `sentences` say in plain words what its figures mean."""

    name: str
    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    tests: tuple[Test, ...] = ()
    notes: tuple[str, ...] = ()

    def table(self, name: str) -> Table | None:
        """The table of this name, if there is one."""
        return next((table for table in self.tables if table.name == name), None)

    def told(self) -> dict[str, Any]:
        """As `audit.json` has it."""
        return {
            "title": self.title,
            "sentences": list(self.sentences),
            "notes": list(self.notes),
            "tables": {table.name: table.records() for table in self.tables},
        }
