"""Cells of the parts' tables by name: what the first screen is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from w2s_judge.audit.part import Cell, Figure, Part, Table

Row: TypeAlias = dict[str, Cell]


def rows(parts: Sequence[Part], part: str, table: str) -> list[Row]:
    """The rows of a table by column; [] where there is none."""
    found = table_of(parts, part, table)
    if found is None:
        return []
    names = [column.name for column in found.columns]
    return [dict(zip(names, row, strict=True)) for row in found.rows]


def table_of(parts: Sequence[Part], part: str, table: str) -> Table | None:
    """A table of a part; None where there is none."""
    return next((one.table(table) for one in parts if one.name == part), None)


def value(cell: Cell, otherwise: float) -> float:
    """A figure's value, or a number; `otherwise` where there is none."""
    if isinstance(cell, Figure):
        return otherwise if cell.value is None else cell.value
    return float(cell) if isinstance(cell, (int, float)) else otherwise
