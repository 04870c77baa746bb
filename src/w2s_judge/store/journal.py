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
        self.before = _spent_before(db)
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
        wanted = list(keys)
        found: set[tuple[bytes, int]] = set()
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            marks = ",".join("?" * len(part))
            found.update(
                self._db.execute(f"SELECT key, judge FROM votes WHERE key IN ({marks})", part)  # noqa: S608 (only question marks)
            )
        return found

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
        self._db.execute("BEGIN")
        self._db.executemany(_VOTE, self._votes)
        self._db.executemany(_ATTEMPT, self._attempts)
        self._db.execute(
            "UPDATE sessions SET calls = ?, usd = ? WHERE id = ?",
            (self._calls, self._usd, self._session),
        )
        self._db.execute("COMMIT")
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
        return Spent(self.before.calls + self._calls, self.before.usd + self._usd)


def _spent_before(db: sqlite3.Connection) -> Spent:
    """A session that did not end counts its whole lease: its last calls may have been made."""
    calls, usd = db.execute(
        "SELECT TOTAL(MAX(calls, leased_calls)), TOTAL(MAX(usd, leased_usd)) FROM sessions"
    ).fetchone()
    return Spent(int(calls), float(usd))


def storable(text: str | None) -> str | None:
    """Text as SQLite can keep it: a lone surrogate, which is no character, becomes '?'."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")
