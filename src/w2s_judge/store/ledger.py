"""What asking took, out of a run: abstentions one by one, calls and costs by judge and task.

Probes do not count: they are asked for another purpose.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import numpy as np

from w2s_judge.arrays import Ints
from w2s_judge.ledger import Calls, Ledger
from w2s_judge.store.reading import NO_PROBE, Asked, rater_name, votes_query
from w2s_judge.votes import VoteMatrix

# Equal questions share an answer: it counts for the first item that asks them. The order of the
# join is ours, since SQLite would go through all attempts for each question.
_ASKED = """
CROSS JOIN questions q ON q.id = (
    SELECT MIN(o.id) FROM questions o WHERE o.key = x.key AND o.rubric = ? AND o.rubric_hash = ?
    AND o.variant NOT LIKE 'probe:%')
JOIN items i ON i.position = q.item
"""
_ANSWERS = f"SELECT x.judge, i.task, COUNT(*), AVG(x.latency_s) FROM votes x {_ASKED} GROUP BY 1, 2"  # noqa: S608 (our own words)
_CALLS = f"""
SELECT x.judge, i.task, COUNT(*), SUM(x.cost_usd), SUM(x.error IS NULL AND x.cost_usd IS NULL),
    SUM(x.prompt_tokens), SUM(x.completion_tokens)
FROM attempts x {_ASKED} GROUP BY 1, 2
"""  # noqa: S608 (our own words)
_FAILURES = f"""
SELECT x.judge, i.task, substr(x.error, 1, instr(x.error || ':', ':') - 1), COUNT(*)
FROM attempts x {_ASKED} WHERE x.error IS NOT NULL GROUP BY 1, 2, 3
"""  # noqa: S608 (our own words)
_NONE = (0, None, 0, None, None)  # calls of a judge that makes none, as a replay


def ledger_of(db: sqlite3.Connection, asked: Asked, votes: VoteMatrix) -> Ledger:
    """The ledger of a rubric; `votes` are its votes as `matrices.whole` gives them."""
    item, rater, reason, reasons = _silences(db, asked, votes)
    return Ledger(item, rater, reason, reasons, _calls(db, asked), _models(db, asked))


def _silences(
    db: sqlite3.Connection, asked: Asked, votes: VoteMatrix
) -> tuple[Ints, Ints, Ints, tuple[str, ...]]:
    """Who answered on what and never voted on it; of several reasons the first."""
    rows = db.execute(
        votes_query(
            "SELECT i.id, q.responses, q.ord, j.name, v.abstained", asked.judges,
            f"AND v.abstained IS NOT NULL {NO_PROBE}",
        ),
        (asked.name, asked.hash, *asked.judges),
    ).fetchall()  # fmt: skip
    none = np.zeros(0, dtype=np.int32)
    if not rows:
        return none, none, none, ()
    number = {name: j for j, name in enumerate(votes.raters)}
    place = _places(votes, {row[0] for row in rows})
    found: dict[tuple[int, int], str] = {}
    for name, responses, order, judge, why in rows:
        found.setdefault((place[name, responses], number[rater_name(judge, order)]), why)
    cells = np.array(list(found), dtype=np.int64)
    # Of two repeats one may be a vote: then the rater was not silent.
    spoken = votes.item.astype(np.int64) * votes.J + votes.rater
    silent = ~np.isin(cells[:, 0] * votes.J + cells[:, 1], spoken)
    reasons = tuple(dict.fromkeys(found.values()))
    reason = np.array([reasons.index(why) for why in found.values()], dtype=np.int32)
    return (
        cells[silent, 0].astype(np.int32), cells[silent, 1].astype(np.int32), reason[silent],
        reasons,
    )  # fmt: skip


def _places(votes: VoteMatrix, names: set[str]) -> Mapping[tuple[str, str], int]:
    """(item, its responses as text) -> index, for these items."""
    if votes.positions is None:
        return {(name, ""): i for i, name in enumerate(votes.items)}
    rows = votes.positions
    return {
        (name, ",".join(map(str, rows[i].tolist()))): i
        for i, name in enumerate(votes.items)
        if name in names
    }


def _calls(db: sqlite3.Connection, asked: Asked) -> tuple[Calls, ...]:
    named = (asked.name, asked.hash)
    names = dict(db.execute("SELECT id, name FROM judges"))
    answers = {tuple(row[:2]): row[2:] for row in db.execute(_ANSWERS, named)}
    calls = {tuple(row[:2]): row[2:] for row in db.execute(_CALLS, named)}
    failures: dict[tuple[Any, ...], dict[str, int]] = {}
    for judge, task, kind, count in db.execute(_FAILURES, named):
        failures.setdefault((judge, task), {})[kind] = count
    place = {judge: k for k, judge in enumerate(asked.judges)}
    cells = [cell for cell in {**answers, **calls} if cell[0] in place]
    rows = []
    for cell in sorted(cells, key=lambda one: (place[one[0]], one[1] or "")):
        answered, latency = answers.get(cell, (0, None))
        made, cost, unpriced, prompt, completion = calls.get(cell, _NONE)
        rows.append(
            Calls(
                names[cell[0]], cell[1], answered, made, failures.get(cell, {}),
                None if unpriced else cost, prompt, completion, latency,
            )
        )  # fmt: skip
    return tuple(rows)


def _models(db: sqlite3.Connection, asked: Asked) -> dict[str, str]:
    found = db.execute("SELECT id, name, model FROM judges")
    return {name: model for number, name, model in found if model and number in asked.judges}
