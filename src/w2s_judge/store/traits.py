"""What is known of the judged responses beside their votes, out of a run's items."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

import numpy as np

from w2s_judge.arrays import Ints
from w2s_judge.traits import Slice, Traits
from w2s_judge.votes import VoteMatrix

TASK, UNKNOWN = "task", "(unknown)"
MOST_VALUES = 20  # a column with more values is no division of the items
MOST_COLUMNS = 40


class _Column:
    """A column of meta as it grows: a code for each value, none any more once there are many."""

    def __init__(self, size: int) -> None:
        self.codes: dict[str, int] = {UNKNOWN: 0}
        self.part = np.zeros(size, dtype=np.int32)
        self.open = True

    def put(self, rows: list[int], value: object) -> None:
        if not self.open or value is None:
            return
        if not isinstance(value, (str, bool, int)):
            self.open = False
            return
        self.part[rows] = self.codes.setdefault(str(value), len(self.codes))
        self.open = len(self.codes) <= MOST_VALUES + 1

    def slice(self) -> Slice | None:
        """None where it divides nothing."""
        if not self.open:
            return None
        seen = np.unique(self.part)
        names = tuple(self.codes)
        if len(seen) < 2:
            return None
        return Slice(
            np.searchsorted(seen, self.part).astype(np.int32), tuple(names[k] for k in seen)
        )


def traits_of(db: sqlite3.Connection, votes: VoteMatrix) -> Traits:
    """Lengths, authors' families, tasks and columns of meta of the items that votes are about.

    Columns whose values are texts, whole numbers or truth values, at most 20 different ones, divide
    the items; the others do not.
    """
    if votes.positions is None:
        return Traits()
    rows_of: dict[str, list[int]] = {}
    for i, name in enumerate(votes.items):
        rows_of.setdefault(name, []).append(i)
    length = np.zeros(votes.positions.shape, dtype=np.int32)
    family: list[tuple[str | None, ...]] = [()] * votes.I
    columns: dict[str, _Column] = {TASK: _Column(votes.I)}
    for name, task, families, body in db.execute("SELECT id, task, families, body FROM items"):
        rows = rows_of.get(name)
        if rows is None:
            continue
        item = json.loads(body)
        _texts(rows, votes.positions, [len(one["text"]) for one in item["responses"]], length)
        by = json.loads(families)
        for i in rows:
            family[i] = tuple(by[k] for k in votes.positions[i].tolist())
        columns[TASK].put(rows, task)
        _meta(columns, rows, item["meta"], votes.I)
    known = any(one is not None for row in family for one in row)
    slices = {name: found for name, one in columns.items() if (found := one.slice()) is not None}
    return Traits(length, tuple(family) if known else (), slices)


def _texts(rows: list[int], positions: Ints, sizes: list[int], length: Ints) -> None:
    for i in rows:
        length[i] = [sizes[k] for k in positions[i].tolist()]


def _meta(
    columns: dict[str, _Column], rows: list[int], meta: Mapping[str, object], size: int
) -> None:
    for key, value in meta.items():
        column = columns.get(key)
        if column is None:
            if len(columns) > MOST_COLUMNS or key == TASK:
                continue
            column = columns[key] = _Column(size)
        column.put(rows, value)
