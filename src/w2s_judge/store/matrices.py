"""Votes out of a run as arrays: in blocks of items, or whole."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.gold import Truth
from w2s_judge.store.reading import NO_PROBE, Asked, rater_name, votes_query
from w2s_judge.votes import VoteMatrix

CHUNK = 8192  # items that are lists for a moment before they are arrays

_CELL = (
    "SELECT q.item, q.responses, i.id, q.ord, v.judge, v.mass, v.abstained, v.uncalibrated, "
    "i.models"
)


@dataclass(slots=True)
class _Columns:
    """A vote matrix as it grows, row by row."""

    items: list[str] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    positions: list[list[int]] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    abstained: list[int] = field(default_factory=list)
    item: list[int] = field(default_factory=list)
    rater: list[tuple[int, str]] = field(default_factory=list)
    mass: list[str] = field(default_factory=list)  # JSON lists: parsed all at once
    uncalibrated: set[tuple[int, str]] = field(default_factory=set)


@dataclass(frozen=True, eq=False, slots=True)
class Block:
    """Votes on a stretch of items; `abstained` counts the abstentions on each item, (I,).

    `models` are JSON lists: the models of all responses of the item, in the item's order.
    """

    votes: VoteMatrix
    abstained: tuple[int, ...]
    models: tuple[str, ...]


def blocks(
    db: sqlite3.Connection, asked: Asked, size: int, stretch: tuple[int, int] | None = None
) -> Iterator[Block]:
    """The votes under a rubric, `size` items at a time in the order of the input.

    The repeats of a judge enter as one vote, their mean mass; probes do not enter. `stretch` is
    the first and last place in the input of the prompts wanted; None: all.
    """
    if not asked.judges:
        return
    where = NO_PROBE if stretch is None else f"{NO_PROBE} AND q.item BETWEEN ? AND ?"
    names = dict(db.execute("SELECT id, name FROM judges"))
    families = dict(db.execute("SELECT id, family FROM judges"))
    columns = _Columns()
    rows = db.execute(
        votes_query(_CELL, asked.judges, where),
        (asked.name, asked.hash, *asked.judges, *(stretch or ())),
    )
    for (item, responses), cells in groupby(rows, key=lambda row: (row[0], row[1])):
        # The responses to one prompt stay in one block, since blocks number their prompts anew.
        if len(columns.items) >= size and item != columns.groups[-1]:
            yield _block(columns, asked, names, families)
            columns = _Columns()
        _add(columns, item, responses, cells)
    if columns.items:
        yield _block(columns, asked, names, families)


def _add(columns: _Columns, item: int, responses: str, cells: Iterable[tuple[Any, ...]]) -> None:
    index, before = len(columns.items), len(columns.item)
    silent: set[tuple[int, str]] = set()
    cell: tuple[Any, ...] = ()
    for cell in cells:
        _, _, _, order, judge, mass, abstained, uncalibrated, _ = cell
        rater = (judge, order)
        if abstained is not None:
            silent.add(rater)
        if mass is not None:
            columns.item.append(index)
            columns.rater.append(rater)
            columns.mass.append(mass)
            if uncalibrated:
                columns.uncalibrated.add(rater)
    voted = columns.rater[before:]
    if not voted and not silent:
        return
    columns.items.append(cell[2])
    columns.groups.append(item)
    columns.positions.append([int(one) for one in responses.split(",")])
    columns.models.append(cell[8])
    columns.abstained.append(len(silent.difference(voted)) if silent else 0)


def _once(item: Ints, rater: Ints, mass: Floats) -> tuple[Ints, Ints, Floats]:
    """Each rater once on each item, in order of its first vote: repeats are their mean mass."""
    key = item.astype(np.int64) * (int(rater.max(initial=0)) + 1) + rater
    _, first, cell, many = np.unique(
        key, return_index=True, return_inverse=True, return_counts=True
    )
    if len(first) == len(key):
        return item, rater, mass
    total = np.zeros((len(first), mass.shape[1]))
    np.add.at(total, cell, mass)
    kept = np.argsort(first)
    return item[first[kept]], rater[first[kept]], (total / many[:, None])[kept]


def _block(
    columns: _Columns, asked: Asked, names: dict[int, str], families: dict[int, str | None]
) -> Block:
    orders = ("",) if asked.arity == 1 else ("ab", "ba")
    raters = [(judge, order) for judge in asked.judges for order in orders]
    number = {rater: j for j, rater in enumerate(raters)}
    groups = {item: g for g, item in enumerate(dict.fromkeys(columns.groups))}
    parsed = json.loads(f"[{','.join(columns.mass)}]")
    item, rater, mass = _once(
        np.array(columns.item, dtype=np.int32),
        np.array([number[rater] for rater in columns.rater], dtype=np.int32),
        np.array(parsed, dtype=np.float64).reshape(-1, len(asked.labels)),
    )
    votes = VoteMatrix(
        items=tuple(columns.items),
        raters=tuple(rater_name(names[judge], order) for judge, order in raters),
        labels=asked.labels,
        item=item,
        rater=rater,
        mass=mass,
        group=np.array([groups[item] for item in columns.groups], dtype=np.int32),
        family=tuple(families[judge] for judge, _ in raters),
        ordered=asked.ordered,
        positions=np.array(columns.positions, dtype=np.int32).reshape(-1, asked.arity),
        uncalibrated=np.array([rater in columns.uncalibrated for rater in raters], dtype=np.bool_),
        judge=tuple(names[judge] for judge, _ in raters),
        order=tuple(order or None for _, order in raters),
        truth=Truth(asked.classes, asked.of_label),
    )
    return Block(votes, tuple(columns.abstained), tuple(columns.models))


def whole(db: sqlite3.Connection, asked: Asked) -> VoteMatrix | None:
    """All votes under a rubric; None where nobody has voted or abstained yet."""
    parts: list[VoteMatrix] = []
    ranking = None
    for block in blocks(db, asked, CHUNK):
        parts.append(block.votes)
        unsure = block.votes.uncalibrated
        ranking = unsure if ranking is None or unsure is None else ranking | unsure
    if not parts:
        return None
    starts = np.cumsum([0, *(part.I for part in parts)])
    groups = np.cumsum([0, *(int(part.group.max()) + 1 for part in parts)])
    return replace(
        parts[0],
        items=tuple(name for part in parts for name in part.items),
        item=_joined([part.item + at for part, at in zip(parts, starts, strict=False)]),
        rater=_joined([part.rater for part in parts]),
        mass=np.concatenate([part.soft() for part in parts]),
        group=_joined([part.group + at for part, at in zip(parts, groups, strict=False)]),
        positions=_joined([part.positions for part in parts if part.positions is not None]),
        uncalibrated=ranking,
    )


def _joined(parts: list[Ints]) -> Ints:
    return np.concatenate(parts).astype(np.int32, copy=False)


def within(db: sqlite3.Connection, asked: Asked, stretch: tuple[int, int]) -> Block | None:
    """The votes on a stretch of the input, as one block; None where there is none."""
    return next(blocks(db, asked, sys.maxsize, stretch), None)


def asked_about(
    db: sqlite3.Connection, rubrics: Iterable[Asked], stretch: tuple[int, int]
) -> frozenset[str]:
    """The ids of the items of a stretch that were asked about under any of these rubrics."""
    query = (
        "SELECT DISTINCT i.id FROM questions q JOIN items i ON i.position = q.item "  # noqa: S608 (our own words)
        f"WHERE q.item BETWEEN ? AND ? AND q.rubric = ? AND q.rubric_hash = ? {NO_PROBE}"
    )
    found = (db.execute(query, (*stretch, one.name, one.hash)) for one in rubrics)
    return frozenset(row[0] for rows in found for row in rows)


def state_of(db: sqlite3.Connection, asked: Asked) -> str:
    """What tells whether the votes under a rubric are those of an earlier time.

    The rubric's wording, how many questions there are under it, its judges, and how many votes they
    have and which is the last; votes under other rubrics and answers to probes do not enter.
    """
    marks = ",".join("?" * len(asked.judges))
    named = (asked.name, asked.hash)
    query = f"SELECT COUNT(*) FROM questions q WHERE q.rubric = ? AND q.rubric_hash = ? {NO_PROBE}"  # noqa: S608 (our own words)
    questions = db.execute(query, named).fetchone()[0]
    votes = db.execute(
        "SELECT COUNT(*), MAX(v.id) FROM questions q JOIN votes v ON v.key = q.key "  # noqa: S608 (question marks)
        f"WHERE q.rubric = ? AND q.rubric_hash = ? AND v.judge IN ({marks}) {NO_PROBE}",
        (*named, *asked.judges),
    ).fetchone()
    judges = ",".join(map(str, sorted(asked.judges)))
    return f"{asked.hash}:{questions}:{judges}:{votes[0]}:{votes[1]}"


def any_vote(db: sqlite3.Connection, asked: Asked) -> bool:
    """Whether any judge that counts has voted or abstained under a rubric."""
    query = (
        "SELECT DISTINCT v.judge FROM questions q JOIN votes v ON v.key = q.key "  # noqa: S608 (our own words)
        f"WHERE q.rubric = ? AND q.rubric_hash = ? {NO_PROBE}"
    )
    return any(row[0] in asked.judges for row in db.execute(query, (asked.name, asked.hash)))


def judged(db: sqlite3.Connection, asked: Asked) -> int:
    """How many responses or pairs have a vote or an abstention under a rubric."""
    if not asked.judges:
        return 0
    select = "SELECT DISTINCT q.item, q.responses"
    query = f"SELECT COUNT(*) FROM ({votes_query(select, asked.judges, NO_PROBE)})"  # noqa: S608 (question marks)
    return int(db.execute(query, (asked.name, asked.hash, *asked.judges)).fetchone()[0])


def ranking_masses(db: sqlite3.Connection, asked: Asked) -> dict[str, np.ndarray[Any, Any]]:
    """For each rater whose votes only rank: the mass on the last label of all its votes, sorted."""
    found: dict[str, list[float]] = {}
    marks = ",".join("?" * len(asked.judges))
    rows = db.execute(
        "SELECT j.name, q.ord, v.mass FROM questions q JOIN votes v ON v.key = q.key "  # noqa: S608 (only question marks)
        "JOIN judges j ON j.id = v.judge "
        "WHERE q.rubric = ? AND q.rubric_hash = ? AND v.uncalibrated AND v.mass IS NOT NULL "
        "AND q.variant = 'base' "
        f"AND v.judge IN ({marks})",
        (asked.name, asked.hash, *asked.judges),
    )
    for judge, order, mass in rows:
        found.setdefault(rater_name(judge, order), []).append(json.loads(mass)[-1])
    return {rater: np.sort(np.array(values)) for rater, values in found.items()}
