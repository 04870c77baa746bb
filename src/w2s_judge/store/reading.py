"""Votes out of a run, one at a time, as users script against them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    """A rubric as a run asked it: its labels, and the judges (numbers in `run.db`) that count.

    `utilities` are those of the labels; `classes` are the truth classes, `of_label` the class of
    each label or None where it is learned; `worth` is the utility in [0, 1] of each class.
    """

    name: str
    hash: str
    labels: tuple[str, ...]
    ordered: bool
    arity: int
    judges: tuple[int, ...]
    classes: tuple[str, ...]
    of_label: tuple[int, ...] | None
    worth: tuple[float, ...]
    utilities: tuple[float, ...]

    @classmethod
    def recorded(cls, name: str, record: Mapping[str, Any]) -> Asked:
        """From the manifest's record of the rubric."""
        judges = tuple(judge["number"] for judge in record["judges"])
        labels = tuple(record["labels"])
        map_ = record["of_label"]
        return cls(
            name, record["hash"], labels, record["ordered"], record["arity"], judges,
            tuple(record["classes"]), None if map_ is None else tuple(map_),
            worth_of_classes(record["utilities"], map_, len(record["classes"])),
            tuple(record["utilities"]),
        )  # fmt: skip


def evenly(count: int) -> tuple[float, ...]:
    """Utilities of ascending classes, spread evenly over [0, 1]."""
    return tuple(c / (count - 1) if count > 1 else 1.0 for c in range(count))


def worth_of_classes(
    utilities: Sequence[float], of_label: Sequence[int] | None, count: int
) -> tuple[float, ...]:
    """The utility of each truth class: its label's where each label is a class.

    Otherwise the classes are spread evenly over [0, 1], in the direction of the labels' utilities.
    """
    if of_label is not None and list(of_label) == list(range(count)):
        return tuple(utilities)
    rising = evenly(count)
    return rising if utilities[-1] >= utilities[0] else rising[::-1]


_FROM = (
    " FROM questions q JOIN items i ON i.position = q.item JOIN votes v ON v.key = q.key "
    "JOIN judges j ON j.id = v.judge "
    "WHERE q.rubric = ? AND q.rubric_hash = ? AND j.id IN ({marks}) {where}"
    "ORDER BY q.item, q.rubric, q.responses, q.ord, q.variant, v.judge"
)
_LINE = (
    "SELECT i.id, q.responses, q.ord, q.variant, q.rubric, q.rubric_hash, j.name, j.family, "
    "j.model, v.way, v.mass, v.outside, v.bounded, v.categories, v.uncalibrated, v.abstained, "
    "v.raw, v.reasoning, v.prompt_tokens, v.completion_tokens, v.cost_usd, v.attempts, "
    "v.latency_s, v.at"
)


NO_PROBE = "AND q.variant NOT LIKE 'probe:%'"
"""The condition that keeps answers to probes out of what is counted: they are no votes."""


def votes_query(select: str, judges: Sequence[int], where: str = "") -> str:
    """The votes of these judges under a rubric (its name and hash come first), in input order.

    `where` is a further condition of our own, such as "AND q.item = ?"; its values come last.
    """
    return select + _FROM.format(marks=",".join("?" * len(judges)), where=where and f"{where} ")


def vote_lines(
    db: sqlite3.Connection, asked: Asked, place: int | None = None
) -> Iterator[dict[str, Any]]:
    """One vote or abstention as the mapping that `w2s-judge votes` prints; unknown is None.

    `place` in the input of the item wanted; None: all.
    """
    where, value = ("", ()) if place is None else ("AND q.item = ?", (place,))
    for row in db.execute(
        votes_query(_LINE, asked.judges, where), (asked.name, asked.hash, *asked.judges, *value)
    ):
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


def answered(db: sqlite3.Connection, judge: int, rubrics: Iterable[tuple[str, str]]) -> int:
    """How many questions of these rubrics (name, hash) have an answer by a judge; no probes."""
    count = 0
    for name, hash_ in rubrics:
        found = db.execute(
            "SELECT COUNT(*) FROM questions q JOIN votes v ON v.key = q.key AND v.judge = ? "  # noqa: S608 (our own words)
            f"WHERE q.rubric = ? AND q.rubric_hash = ? {NO_PROBE}",
            (judge, name, hash_),
        ).fetchone()
        count += int(found[0])
    return count


def rater_name(judge: str, order: str) -> str:
    """A judge is a rater; for comparisons a judge in one order is."""
    return f"{judge}/{order}" if order else judge
