"""Answers to probes out of a run, each beside the same judge's vote on the text as it was.

They are kept under the variant "probe:NAME" and enter nothing else: no consensus, no count of what
is answered or open.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from w2s_judge.store.items import from_body
from w2s_judge.store.reading import Asked
from w2s_judge.types import Item

Responses = tuple[int, ...]

_VOTED = (
    " FROM questions q JOIN items i ON i.position = q.item JOIN votes v ON v.key = q.key "
    "WHERE q.rubric = ? AND q.rubric_hash = ? AND q.variant = 'base' AND v.mass IS NOT NULL "
    "AND v.judge IN ({marks}) {where}"
)
# The probes are few and the votes many: the order of the tables is the order of looking up.
_PAIRED = (
    "SELECT i.id, q.item, q.responses, q.ord, substr(q.variant, 7), v.judge, b.mass, v.mass, "
    "v.uncalibrated OR b.uncalibrated "
    "FROM questions q CROSS JOIN items i ON i.position = q.item "
    "CROSS JOIN questions p ON p.item = q.item AND p.rubric = q.rubric AND "
    "p.responses = q.responses AND p.ord = q.ord AND p.variant = 'base' "
    "CROSS JOIN votes v ON v.key = q.key CROSS JOIN votes b ON b.key = p.key AND b.judge = v.judge "
    "WHERE q.rubric = ?1 AND q.rubric_hash = ?2 AND p.rubric_hash = ?2 "
    "AND q.variant LIKE 'probe:%' AND b.mass IS NOT NULL AND v.judge IN ({marks}) "
    "ORDER BY q.item, q.responses, q.ord, q.id, v.judge"
)


class ProbeRow(NamedTuple):
    """A judge's answer to a probe: its mass before and after, after None where it abstained.

    `prompt` numbers the item, `only_ranks` is True where the mass is no probability.
    """

    item: str
    prompt: int
    responses: Responses
    order: str
    probe: str
    judge: int
    base: tuple[float, ...]
    mass: tuple[float, ...] | None
    only_ranks: bool


def probe_rows(db: sqlite3.Connection, asked: Asked) -> Iterator[ProbeRow]:
    """All answers to probes by the judges that count, in the order of the input.

    Only where the same judge has voted on the text as it was, in the same order.
    """
    marks = ",".join("?" * len(asked.judges))
    query = _PAIRED.format(marks=marks)
    for name, prompt, responses, order, probe, judge, base, mass, ranks in db.execute(
        query, (asked.name, asked.hash, *asked.judges)
    ):
        after = None if mass is None else tuple(json.loads(mass))
        yield ProbeRow(
            name, prompt, places(responses), order, probe, judge, tuple(json.loads(base)), after,
            bool(ranks),
        )  # fmt: skip


def units(
    db: sqlite3.Connection, asked: Asked, judges: Sequence[int]
) -> Iterator[tuple[int, str, Responses]]:
    """(place in the input, id, responses) of what at least one of the judges has voted on."""
    query = "SELECT DISTINCT q.item, i.id, q.responses" + _VOTED.format(
        marks=",".join("?" * len(judges)), where=""
    )
    for position, name, responses in db.execute(query, (asked.name, asked.hash, *judges)):
        yield position, name, places(responses)


def voters(
    db: sqlite3.Connection, asked: Asked, judges: Sequence[int], position: int
) -> dict[tuple[Responses, str], frozenset[int]]:
    """(responses, order) -> which of the judges have voted so on the item of this position."""
    query = "SELECT q.responses, q.ord, v.judge" + _VOTED.format(
        marks=",".join("?" * len(judges)), where="AND q.item = ?"
    )
    found: dict[tuple[Responses, str], set[int]] = {}
    for responses, order, judge in db.execute(query, (asked.name, asked.hash, *judges, position)):
        found.setdefault((places(responses), order), set()).add(judge)
    return {cell: frozenset(who) for cell, who in sorted(found.items())}


def items_at(
    db: sqlite3.Connection, positions: Sequence[int], size: int
) -> Iterator[list[tuple[int, Item]]]:
    """(position, item) of these places in the input, `size` at a time, in the order given."""
    for start in range(0, len(positions), size):
        part = positions[start : start + size]
        rows = db.execute(
            "SELECT position, id, task, body FROM items "  # noqa: S608 (only question marks)
            f"WHERE position IN ({','.join('?' * len(part))})",
            tuple(part),
        )
        found = {row[0]: from_body(*row[1:]) for row in rows}
        yield [(position, found[position]) for position in part]


def found_form(db: sqlite3.Connection, judge: int) -> str | None:
    """The form in which the judge of this number was found to answer."""
    row = db.execute("SELECT form FROM judges WHERE id = ?", (judge,)).fetchone()
    return None if row is None else row[0]


def calls_for_probes(db: sqlite3.Connection) -> int:
    """How many of the run's calls asked probes."""
    query = (
        "SELECT COUNT(*) FROM attempts WHERE key IN "
        "(SELECT key FROM questions WHERE variant LIKE 'probe:%')"
    )
    return int(db.execute(query).fetchone()[0])


def places(responses: str) -> Responses:
    """The positions that a question is about, from the text that is stored."""
    return tuple(map(int, responses.split(",")))
