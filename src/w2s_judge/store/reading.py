"""Votes out of a run: one at a time as users script against them, or as arrays."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np

from w2s_judge.votes import VoteMatrix


@dataclass(frozen=True, slots=True)
class Asked:
    """A rubric as a run asked it: its labels, and the judges (numbers in `run.db`) that count."""

    name: str
    hash: str
    labels: tuple[str, ...]
    ordered: bool
    arity: int
    judges: tuple[int, ...]

    @classmethod
    def recorded(cls, name: str, record: Mapping[str, Any]) -> Asked:
        """From the manifest's record of the rubric."""
        judges = tuple(judge["number"] for judge in record["judges"])
        labels = tuple(record["labels"])
        return cls(name, record["hash"], labels, record["ordered"], record["arity"], judges)


_FROM = (
    " FROM questions q JOIN items i ON i.position = q.item JOIN votes v ON v.key = q.key "
    "JOIN judges j ON j.id = v.judge "
    "WHERE q.rubric = ? AND q.rubric_hash = ? AND j.id IN ({marks}) "
    "ORDER BY q.item, q.rubric, q.responses, q.ord, q.variant, v.judge"
)
_LINE = (
    "SELECT i.id, q.responses, q.ord, q.variant, q.rubric, q.rubric_hash, j.name, j.family, "
    "j.model, v.way, v.mass, v.outside, v.bounded, v.categories, v.uncalibrated, v.abstained, "
    "v.raw, v.reasoning, v.prompt_tokens, v.completion_tokens, v.cost_usd, v.attempts, "
    "v.latency_s, v.at"
)
_CELL = (
    "SELECT q.item, q.responses, i.id, q.ord, v.judge, v.mass, v.abstained, v.uncalibrated, "
    "q.variant, i.models"
)


def _query(select: str, judges: Sequence[int]) -> str:
    return select + _FROM.format(marks=",".join("?" * len(judges)))


def vote_lines(db: sqlite3.Connection, asked: Asked) -> Iterator[dict[str, Any]]:
    """One vote or abstention as the mapping that `w2s-judge votes` prints; unknown is None."""
    for row in db.execute(_query(_LINE, asked.judges), (asked.name, asked.hash, *asked.judges)):
        (
            item, responses, order, variant, rubric, rubric_hash, judge, family, model, way, mass,
            outside, bounded, categories, uncalibrated, abstained, raw, reasoning, prompt_tokens,
            completion_tokens, cost, attempts, latency, at,
        ) = row  # fmt: skip
        yield {
            "item": item,
            "responses": [int(one) for one in responses.split(",")],
            "order": order or None,
            "variant": variant,
            "rubric": rubric,
            "rubric_hash": rubric_hash,
            "judge": judge,
            "family": family,
            "model": model,
            "read": way,
            "stage": 0,
            "mass": dict(zip(asked.labels, json.loads(mass), strict=True)) if mass else None,
            "outside": outside,
            "bounded": json.loads(bounded) if bounded else None,
            "categories": json.loads(categories) if categories else None,
            "uncalibrated": bool(uncalibrated),
            "abstained": abstained,
            "raw": raw,
            "reasoning": reasoning,
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "cost_usd": cost,
            "attempts": attempts,
            "latency_s": latency,
            "at": at,
        }


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
    mass: list[list[float]] = field(default_factory=list)
    uncalibrated: set[tuple[int, str]] = field(default_factory=set)


@dataclass(frozen=True, eq=False, slots=True)
class Block:
    """Votes on a stretch of items; `abstained` counts the abstentions on each item, (I,).

    `models` are JSON lists: the models of all responses of the item, in the item's order.
    """

    votes: VoteMatrix
    abstained: tuple[int, ...]
    models: tuple[str, ...]


def blocks(db: sqlite3.Connection, asked: Asked, size: int) -> Iterator[Block]:
    """The votes under a rubric, `size` items at a time in the order of the input.

    The repeats of a judge enter as one vote, their mean mass; probes do not enter.
    """
    if not asked.judges:
        return
    names = dict(db.execute("SELECT id, name FROM judges"))
    families = dict(db.execute("SELECT id, family FROM judges"))
    columns = _Columns()
    rows = db.execute(_query(_CELL, asked.judges), (asked.name, asked.hash, *asked.judges))
    for (item, responses), cells in groupby(rows, key=lambda row: (row[0], row[1])):
        _add(columns, item, responses, list(cells))
        if len(columns.items) >= size:
            yield _block(columns, asked, names, families)
            columns = _Columns()
    if columns.items:
        yield _block(columns, asked, names, families)


def _add(columns: _Columns, item: int, responses: str, cells: list[tuple[Any, ...]]) -> None:
    ways: dict[tuple[int, str], list[list[float]]] = {}
    silent: set[tuple[int, str]] = set()
    for _, _, _, order, judge, mass, abstained, uncalibrated, variant, _ in cells:
        if variant.startswith("probe:"):
            continue
        if abstained is not None:
            silent.add((judge, order))
        if mass is not None:
            ways.setdefault((judge, order), []).append(json.loads(mass))
            if uncalibrated:
                columns.uncalibrated.add((judge, order))
    if not ways and not silent:
        return
    index = len(columns.items)
    columns.items.append(cells[0][2])
    columns.groups.append(item)
    columns.positions.append([int(one) for one in responses.split(",")])
    columns.models.append(cells[0][9])
    columns.abstained.append(len(silent - ways.keys()))
    for rater, masses in ways.items():
        columns.item.append(index)
        columns.rater.append(rater)
        columns.mass.append([sum(one) / len(masses) for one in zip(*masses, strict=True)])


def _block(
    columns: _Columns, asked: Asked, names: dict[int, str], families: dict[int, str | None]
) -> Block:
    orders = ("",) if asked.arity == 1 else ("ab", "ba")
    raters = [(judge, order) for judge in asked.judges for order in orders]
    number = {rater: j for j, rater in enumerate(raters)}
    groups = {item: g for g, item in enumerate(dict.fromkeys(columns.groups))}
    size = len(columns.item)
    votes = VoteMatrix(
        items=tuple(columns.items),
        raters=tuple(rater_name(names[judge], order) for judge, order in raters),
        labels=asked.labels,
        item=np.array(columns.item, dtype=np.int32),
        rater=np.array([number[rater] for rater in columns.rater], dtype=np.int32),
        mass=np.array(columns.mass, dtype=np.float64).reshape(size, len(asked.labels)),
        group=np.array([groups[item] for item in columns.groups], dtype=np.int32),
        family=tuple(families[judge] for judge, _ in raters),
        ordered=asked.ordered,
        positions=np.array(columns.positions, dtype=np.int32).reshape(-1, asked.arity),
        uncalibrated=np.array([rater in columns.uncalibrated for rater in raters], dtype=np.bool_),
    )
    return Block(votes, tuple(columns.abstained), tuple(columns.models))


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


def answered(db: sqlite3.Connection, judge: int, rubrics: Iterable[tuple[str, str]]) -> int:
    """How many questions of these rubrics (name, hash) have an answer by a judge."""
    count = 0
    for name, hash_ in rubrics:
        found = db.execute(
            "SELECT COUNT(*) FROM questions q JOIN votes v ON v.key = q.key AND v.judge = ? "
            "WHERE q.rubric = ? AND q.rubric_hash = ?",
            (judge, name, hash_),
        ).fetchone()
        count += int(found[0])
    return count


def rater_name(judge: str, order: str) -> str:
    """A judge is a rater; for comparisons a judge in one order is."""
    return f"{judge}/{order}" if order else judge
