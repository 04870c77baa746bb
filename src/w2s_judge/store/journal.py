"""The writer of a run: questions, votes, attempts and what was spent, committed in groups.

A reply is in a buffer for at most `FLUSH_SECONDS` (the engine calls `flush`) before it is
committed; once committed it survives a kill. Calls are leased before they are made, so that a
killed run's calls under way still count against a ceiling that is named later.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from w2s_judge.errors import RunFolderError
from w2s_judge.types import Mass, Question, Vote

FLUSH_ROWS = 128
FLUSH_SECONDS = 0.05

_VOTE = (
    "INSERT OR IGNORE INTO votes (key, judge, way, mass, outside, bounded, categories, "
    "uncalibrated, abstained, raw, reasoning, prompt_tokens, completion_tokens, cost_usd, "
    "attempts, latency_s, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ATTEMPT = (
    "INSERT INTO attempts (session, key, judge, at, latency_s, error, prompt_tokens, "
    "completion_tokens, cost_usd, counted_usd) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_QUESTION = (
    "INSERT INTO questions (item, rubric, responses, ord, variant, rubric_hash, key) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (item, rubric, responses, ord, variant) "
    "DO UPDATE SET key = excluded.key, rubric_hash = excluded.rubric_hash "
    "WHERE key <> excluded.key"
)


@dataclass(frozen=True, slots=True)
class Spent:
    """Calls and dollars. Where a cost is unknown the dollars are an upper bound of it."""

    calls: int
    usd: float
    is_bound: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call, whatever came of it. `cost_usd` is None where unknown; `counted_usd` bounds it."""

    key: bytes
    judge: int
    at: str
    latency_s: float
    error: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    counted_usd: float


class Journal:
    """One open session of writing. `now` gives the time as ISO 8601 text."""

    def __init__(self, db: sqlite3.Connection, now: Callable[[], str]) -> None:
        self._db, self._now = db, now
        self._votes: list[tuple[object, ...]] = []
        self._attempts: list[tuple[object, ...]] = []
        self.before = spent(db)
        self._bounded = False
        cursor = db.execute("INSERT INTO sessions (began) VALUES (?)", (now(),))
        self._session = cursor.lastrowid
        self._calls, self._usd = 0, 0.0

    def judge(
        self, name: str, identity: str, kind: str, model: str | None, family: str | None
    ) -> tuple[int, str | None]:
        """The judge's number in this run, and the form in which it was found to answer."""
        self._db.execute(
            "INSERT INTO judges (name, identity, kind, model, family) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (name, identity) DO UPDATE SET family = excluded.family",
            (name, identity, kind, model, family),
        )
        found = self._db.execute(
            "SELECT id, form FROM judges WHERE name = ? AND identity = ?", (name, identity)
        ).fetchone()
        return int(found[0]), found[1]

    def found_form(self, judge: int, form: str) -> None:
        """Remember in which form the judge answered, so that a resumed run goes on with it."""
        self._db.execute("UPDATE judges SET form = ? WHERE id = ?", (form, judge))

    def plan(self, asked: Iterable[tuple[int, Question, str]]) -> None:
        """Note the (item position, question, rubric hash) that are about to be asked."""
        self._db.execute("BEGIN")
        self._db.executemany(
            _QUESTION,
            [
                (
                    position, question.rubric, ",".join(map(str, question.responses)),
                    question.order or "", question.variant, rubric_hash, question.key,
                )
                for position, question, rubric_hash in asked
            ],
        )  # fmt: skip
        self._db.execute("COMMIT")

    def answered(self, keys: Iterable[bytes]) -> set[tuple[bytes, int]]:
        """Which (key, judge) already have a vote or an abstention."""
        return answered_keys(self._db, keys)

    def vote(
        self, vote: Vote, judge: int, *, cost: float | None, attempts: int, latency: float
    ) -> None:
        """Take a vote or an abstention into the buffer."""
        outcome, reply = vote.outcome, vote.reply
        mass = bounded = abstained = None
        if isinstance(outcome, Mass):
            mass = json.dumps(outcome.p)
            bounded = json.dumps(outcome.bounded) if outcome.bounded else None
        else:
            abstained = outcome.reason
        self._votes.append(
            (
                vote.question.key, judge, reply.way, mass, outcome.outside, bounded,
                json.dumps(reply.categories) if reply.categories is not None else None,
                reply.uncalibrated, abstained,
                storable(reply.text if reply.raw is None else reply.raw),
                storable(outcome.reasoning), reply.usage.prompt_tokens,
                reply.usage.completion_tokens, cost, attempts, round(latency, 4), self._now(),
            )
        )  # fmt: skip

    def attempt(self, one: Attempt) -> None:
        """Take an attempt into the buffer; its call and cost count at once."""
        self._calls += 1
        self._usd += one.counted_usd
        self._bounded |= one.cost_usd is None and one.counted_usd > 0
        self._attempts.append(
            (
                self._session, one.key, one.judge, one.at, round(one.latency_s, 4),
                storable(one.error), one.prompt_tokens, one.completion_tokens, one.cost_usd,
                one.counted_usd,
            )
        )  # fmt: skip

    @property
    def waiting(self) -> int:
        """Rows in the buffer."""
        return len(self._votes) + len(self._attempts)

    def lease(self, calls: int, usd: float) -> None:
        """Grant this session so many calls and dollars in all, before they are made."""
        self._db.execute(
            "UPDATE sessions SET leased_calls = ?, leased_usd = ? WHERE id = ?",
            (calls, usd, self._session),
        )

    def flush(self) -> None:
        """Commit what is in the buffer, with the spending that belongs to it."""
        if not self.waiting:
            return
        try:
            self._db.execute("BEGIN")
            self._db.executemany(_VOTE, self._votes)
            self._db.executemany(_ATTEMPT, self._attempts)
            self._db.execute(
                "UPDATE sessions SET calls = ?, usd = ? WHERE id = ?",
                (self._calls, self._usd, self._session),
            )
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise RunFolderError(
                f"the run folder cannot be written ({error}): is the disk full? What was committed "
                "is safe, and the same command goes on"
            ) from error
        self._votes, self._attempts = [], []

    def close(self) -> None:
        """Commit the rest and give the lease back."""
        self.flush()
        self._db.execute(
            "UPDATE sessions SET ended = ?, leased_calls = 0, leased_usd = 0 WHERE id = ?",
            (self._now(), self._session),
        )

    def spent(self) -> Spent:
        """All that this run folder has ever called and paid, this session included."""
        return Spent(
            self.before.calls + self._calls,
            self.before.usd + self._usd,
            self.before.is_bound or self._bounded,
        )


def answered_keys(db: sqlite3.Connection, keys: Iterable[bytes]) -> set[tuple[bytes, int]]:
    """Which (key, judge) have a vote or an abstention."""
    wanted = list(keys)
    found: set[tuple[bytes, int]] = set()
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        marks = ",".join("?" * len(part))
        found.update(db.execute(f"SELECT key, judge FROM votes WHERE key IN ({marks})", part))  # noqa: S608 (only question marks)
    return found


def spent(db: sqlite3.Connection) -> Spent:
    """What all sessions called and paid.

    One that did not end counts its whole lease: its last calls may have been made.
    """
    calls, usd, open_ = db.execute(
        "SELECT TOTAL(MAX(calls, leased_calls)), TOTAL(MAX(usd, leased_usd)), "
        "TOTAL(ended IS NULL AND leased_usd > usd) FROM sessions"
    ).fetchone()
    bounded = db.execute(
        "SELECT EXISTS (SELECT 1 FROM attempts WHERE cost_usd IS NULL AND counted_usd > 0)"
    ).fetchone()[0]
    return Spent(int(calls), float(usd), bool(open_ or bounded))


def reprice(
    db: sqlite3.Connection, name: str, identity: str, usd: Callable[[int, int], float]
) -> int:
    """Count the calls of a judge that were made while its price was unknown.

    `usd` gives dollars from tokens in and out. Calls without a count of tokens count as the
    dearest that is known; gives how many cannot be counted since none is.
    """
    found = db.execute(
        "SELECT id FROM judges WHERE name = ? AND identity = ?", (name, identity)
    ).fetchone()
    if found is None:
        return 0
    judge = found[0]
    rows = db.execute(
        "SELECT id, prompt_tokens, completion_tokens FROM attempts WHERE judge = ? AND "
        "cost_usd IS NULL AND counted_usd = 0 AND prompt_tokens IS NOT NULL",
        (judge,),
    ).fetchall()
    priced = [(usd(asked, answered or 0), number) for number, asked, answered in rows]
    db.execute("BEGIN")
    db.executemany("UPDATE attempts SET cost_usd = ?1, counted_usd = ?1 WHERE id = ?2", priced)
    unknown = (
        "judge = ? AND cost_usd IS NULL AND counted_usd = 0 AND (error IS NULL OR "
        "error LIKE 'ConnectionTrouble: no answer%' OR error LIKE 'ConnectionTrouble: the conn%' "
        "OR error LIKE 'BadReply%' OR error LIKE 'CancelledError%')"
    )
    dearest = (
        db.execute(
            "SELECT TOTAL(counted_usd), MAX(counted_usd) FROM attempts WHERE judge = ?", (judge,)
        ).fetchone()[1]
        or 0.0
    )
    if dearest:
        db.execute(f"UPDATE attempts SET counted_usd = ? WHERE {unknown}", (dearest, judge))  # noqa: S608 (our own words)
    left = db.execute(f"SELECT COUNT(*) FROM attempts WHERE {unknown}", (judge,)).fetchone()[0]  # noqa: S608 (our own words)
    db.execute(
        "UPDATE sessions SET usd = (SELECT TOTAL(counted_usd) FROM attempts "
        "WHERE session = sessions.id)"
    )
    db.execute(
        "UPDATE sessions SET leased_usd = MAX(leased_usd, usd + ? * (leased_calls - calls)) "
        "WHERE ended IS NULL AND leased_calls > calls",
        (dearest,),
    )
    db.execute("COMMIT")
    return 0 if usd(1_000_000, 1_000_000) == 0 else int(left)


def storable(text: str | None) -> str | None:
    """Text as SQLite can keep it: a lone surrogate, which is no character, becomes '?'."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")
