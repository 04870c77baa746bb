"""How a cell of a table is written: numbers by the kind of their column, reasons as footnotes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from w2s_judge.audit.part import Cell, Figure, Kind
from w2s_judge.audit.report.plain import SENTENCE, cut, kept, name
from w2s_judge.audit.spoken import of_kind, plural

NOTHING, DIGITS = "—", 3


@dataclass(frozen=True, slots=True)
class ShownCell:
    """`key` is the number to sort by, "" where there is none; `note` a footnote, 0 for none."""

    text: str
    interval: str = ""
    key: str = ""
    note: int = 0
    tip: str = ""


@dataclass(slots=True)
class Footnotes:
    """The reasons under a table, each once, numbered from 1."""

    texts: list[str] = field(default_factory=list)

    def number(self, why: str) -> int:
        """The footnote that says so, 0 for no reason."""
        if not why:
            return 0
        text = cut(why, SENTENCE)
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text) + 1


def shown(cell: Cell, kind: Kind, notes: Footnotes) -> ShownCell:
    """The cell as it is written in a column of this kind; a reason goes to the notes."""
    if isinstance(cell, Figure):
        return _figure(cell, kind, notes)
    if cell is None:
        return ShownCell(NOTHING)
    if isinstance(cell, str):
        return ShownCell(name(cell) if cell else NOTHING)
    if not math.isfinite(cell):
        return ShownCell(NOTHING)
    return ShownCell(kept(number(cell, kind)), key=f"{cell:.8g}")


def _figure(figure: Figure, kind: Kind, notes: Footnotes) -> ShownCell:
    note = notes.number(figure.why)
    tip = f"from {figure.n:,} in {plural(figure.prompts, 'prompt')}" if figure.n else ""
    value = finite(figure.value)
    if value is None:
        return ShownCell(NOTHING, note=note, tip=tip)
    low, high = finite(figure.low), finite(figure.high)
    interval = "" if low is None or high is None else f"[{number(low, kind)}, {number(high, kind)}]"
    return ShownCell(kept(number(value, kind)), interval, f"{value:.8g}", note, tip)


def finite(value: float | None) -> float | None:
    """The value, None where it is not a number."""
    return value if value is not None and math.isfinite(value) else None


def number(value: float, kind: Kind) -> str:
    """A number as a column of this kind writes it: a share as .862, a difference as +.031."""
    return of_kind(value, kind, DIGITS)


def tick(value: float) -> str:
    """A number beside an axis, as short as it can be: .5, 0, 1.2."""
    size = f"{abs(value):.3f}".rstrip("0").rstrip(".")
    size = size.removeprefix("0") or "0"
    return f"−{size}" if value < 0 and size != "0" else size
