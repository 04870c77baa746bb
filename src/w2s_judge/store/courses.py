"""How far each thing judged has come in a cascade, so that no decision is taken twice.

A row belongs to the key of the thing's first question, a hash of its texts: what is worded
differently now begins anew. Things with the same texts share their votes, and share a row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from w2s_judge.store.journal import Spent
from w2s_judge.store.reading import NO_PROBE, Asked

Place = tuple[int, str]
"""An item's place in the input, and the positions of the responses as they are stored."""


class Course(NamedTuple):
    """`stage` is the last that was decided for a thing; `open` that it goes on to the next.

    `rank` is its turn among those that go on, 0 first.
    """

    item: int
    responses: str
    stage: int
    open: bool
    rank: int


def courses(db: sqlite3.Connection, asked: Asked) -> Iterator[Course]:
    """What was decided under a rubric, of the things that are as they were."""
    rows = db.execute(
        "SELECT DISTINCT q.item, q.responses, c.stage, c.open, c.rank FROM courses c "
        "JOIN questions q ON q.key = c.key WHERE c.rubric = ?1 AND q.rubric = ?1 "
        "AND q.rubric_hash = ?2 AND q.variant = 'base'",
        (asked.name, asked.hash),
    )
    for item, responses, stage, open_, rank in rows:
        yield Course(item, responses, stage, bool(open_), rank)


def keep_courses(
    db: sqlite3.Connection, rubric: str, decided: Iterable[tuple[Course, str]]
) -> None:
    """Keep what a stage decided, each with the order of its first question: all of it or nothing.

    A thing that no judge was asked about yet has no question, and is not kept.
    """
    db.execute("BEGIN")
    db.executemany(
        "INSERT OR REPLACE INTO courses (rubric, key, stage, open, rank) "
        "SELECT rubric, key, ?, ?, ? FROM questions "
        "WHERE item = ? AND rubric = ? AND responses = ? AND ord = ? AND variant = 'base'",
        (
            (one.stage, one.open, one.rank, one.item, rubric, one.responses, order)
            for one, order in decided
        ),
    )
    db.execute("COMMIT")


def forget_courses(db: sqlite3.Connection, rubric: str) -> None:
    """Forget what was decided under a rubric; its votes stay."""
    db.execute("DELETE FROM courses WHERE rubric = ?", (rubric,))


def answers_by(db: sqlite3.Connection, asked: Asked, judge: int) -> dict[Place, int]:
    """How many questions about each thing have an answer by the judge of this number."""
    rows = db.execute(
        "SELECT q.item, q.responses, COUNT(*) FROM questions q "  # noqa: S608 (our own words)
        "JOIN votes v ON v.key = q.key AND v.judge = ? "
        f"WHERE q.rubric = ? AND q.rubric_hash = ? {NO_PROBE} GROUP BY q.item, q.responses",
        (judge, asked.name, asked.hash),
    )
    return {(item, responses): count for item, responses, count in rows}


def paid(
    db: sqlite3.Connection, asked: Asked, among: Sequence[Place] | None = None
) -> dict[int, Spent]:
    """By judge, the calls that asked under a rubric and their dollars; `among` some things alone.

    Dollars that are unknown are bounded, and said to be.
    """
    _wanted_keys(db, asked, among)
    rows = db.execute(
        "SELECT judge, COUNT(*), TOTAL(counted_usd), TOTAL(cost_usd IS NULL AND counted_usd > 0) "
        "FROM attempts WHERE key IN (SELECT key FROM temp.wanted) GROUP BY judge"
    ).fetchall()
    db.execute("DROP TABLE temp.wanted")
    return {judge: Spent(calls, usd, bool(unsure)) for judge, calls, usd, unsure in rows}


class Used(NamedTuple):
    """The calls of a judge that are paid for: how many, and their tokens in and out.

    `uncounted` says that a call's tokens of either kind are not known.
    """

    calls: int
    asked: int
    answered: int
    uncounted: bool


def used(
    db: sqlite3.Connection, asked: Asked, among: Sequence[Place] | None = None
) -> dict[int, Used]:
    """By judge, what calls under a rubric took, whatever a call cost then."""
    _wanted_keys(db, asked, among)
    rows = db.execute(
        "SELECT judge, COUNT(*), COALESCE(SUM(prompt_tokens), 0), "
        "COALESCE(SUM(completion_tokens), 0), "
        "TOTAL(prompt_tokens IS NULL OR completion_tokens IS NULL) FROM attempts "
        "WHERE key IN (SELECT key FROM temp.wanted) AND (error IS NULL OR counted_usd > 0) "
        "GROUP BY judge"
    ).fetchall()
    db.execute("DROP TABLE temp.wanted")
    return {
        judge: Used(calls, asked_, answered, bool(unsure))
        for judge, calls, asked_, answered, unsure in rows
    }


def _wanted_keys(db: sqlite3.Connection, asked: Asked, among: Sequence[Place] | None) -> None:
    db.execute("DROP TABLE IF EXISTS temp.wanted")
    db.execute("CREATE TEMP TABLE wanted (key BLOB PRIMARY KEY) WITHOUT ROWID")
    insert = (
        "INSERT OR IGNORE INTO temp.wanted SELECT key FROM questions q "  # noqa: S608 (our own words)
        f"WHERE q.rubric = ? AND q.rubric_hash = ? {NO_PROBE}"
    )
    named = (asked.name, asked.hash)
    if among is None:
        db.execute(insert, named)
        return
    db.executemany(
        f"{insert} AND q.item = ? AND q.responses = ?", [(*named, *place) for place in among]
    )
