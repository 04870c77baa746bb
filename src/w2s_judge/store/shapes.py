"""What is staged, as counts: enough to plan the questions without reading a text."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Staged:
    """What is to be judged: counts of items and responses, and how many have no known family."""

    items: int
    responses: int
    unknown_family: int


@dataclass(frozen=True, slots=True)
class Shape:
    """Items that are alike for planning: the same task and the same families of responses.

    `name` is the item's id where each item is told apart.
    """

    task: str | None
    families: tuple[str | None, ...]
    items: int
    name: str = ""


def staged(db: sqlite3.Connection) -> Staged:
    """Counts over the staged items."""
    items = responses = unknown = 0
    for shape in shapes(db):
        items += shape.items
        responses += shape.items * len(shape.families)
        unknown += shape.items * shape.families.count(None)
    return Staged(items, responses, unknown)


def shapes(db: sqlite3.Connection) -> list[Shape]:
    """The kinds of items that there are, with counts: enough to plan without reading the texts."""
    found = db.execute("SELECT task, families, COUNT(*) FROM items GROUP BY task, families")
    return [Shape(task, tuple(json.loads(families)), n) for task, families, n in found]


def each_shape(db: sqlite3.Connection) -> Iterator[Shape]:
    """The shape of every single item, for plans that differ between items that are alike."""
    for name, task, families in db.execute("SELECT id, task, families FROM items"):
        yield Shape(task, tuple(json.loads(families)), 1, name)


@dataclass(frozen=True, slots=True)
class Placed:
    """A staged item without its texts: its place in the input, and its lot, the order of asking."""

    position: int
    lot: int
    shape: Shape


def each_placed(db: sqlite3.Connection) -> Iterator[Placed]:
    """Every staged item, in the order of the input."""
    rows = db.execute("SELECT position, shuffle, id, task, families FROM items ORDER BY position")
    for position, lot, name, task, families in rows:
        yield Placed(position, lot, Shape(task, tuple(json.loads(families)), 1, name))
