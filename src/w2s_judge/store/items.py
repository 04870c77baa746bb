"""Items in the run folder: staged from the input once, read back block by block in asking order."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from w2s_judge.families import family_of
from w2s_judge.types import Item, Message, Response


def to_body(item: Item) -> str:
    """An item as the JSON text that is stored."""
    prompt = (
        item.prompt
        if isinstance(item.prompt, str)
        else [{"role": turn.role, "content": turn.content} for turn in item.prompt]
    )
    body = {
        "prompt": prompt,
        "responses": [
            {"text": one.text, "model": one.model, "family": one.family} for one in item.responses
        ],
        "reference": item.reference,
        "meta": dict(item.meta),
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=str)


def from_body(name: str, task: str | None, body: str) -> Item:
    """The item that `to_body` stored."""
    value = json.loads(body)
    prompt = value["prompt"]
    if not isinstance(prompt, str):
        prompt = tuple(Message(turn["role"], turn["content"]) for turn in prompt)
    responses = tuple(
        Response(one["text"], one["model"], one["family"]) for one in value["responses"]
    )
    return Item(name, prompt, responses, value["reference"], task, value["meta"])


def shuffle_key(seed: int, name: str) -> int:
    """A place in the seeded random order of asking, 63 bits, from the seed and the id alone."""
    digest = hashlib.blake2b(f"{seed}\n{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1


@dataclass(eq=False)
class Misfit(Exception):
    """A row that does not go with those before it: a second use of an id, mostly."""

    item: Item
    line: int
    what: str
    remedy: str


def stage(
    db: sqlite3.Connection,
    rows: Iterable[tuple[Item, bool, int]],
    *,
    seed: int,
    merge: Callable[[Item, Item], Item],
    misfit: Callable[[Misfit], None],
) -> int:
    """Put the input's items into the run, in one transaction: a failure leaves all as it was.

    `rows` are (item, grouped, line). Grouped rows with one id are responses to one prompt and are
    put together by `merge`, whose ValueError says why they cannot be; any other second use of an
    id is a misfit. `misfit` may raise, or set the row aside. Gives the number of items.
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute("DROP TABLE IF EXISTS temp.before")
        db.execute("CREATE TEMP TABLE before AS SELECT position, id, body FROM items")
        db.execute("DELETE FROM items")
        for item, grouped, line in rows:
            try:
                _insert(db, _with_families(item), grouped, line, seed, merge)
            except Misfit as one:
                misfit(one)
        _keep_questions(db)
        count = int(db.execute("SELECT COUNT(*) FROM items").fetchone()[0])
        db.execute("COMMIT" if count else "ROLLBACK")
        return count
    except BaseException:
        db.execute("ROLLBACK")
        raise


def _keep_questions(db: sqlite3.Connection) -> None:
    """Questions about items that are as they were stay, so that their votes stay in sight."""
    columns = "rubric, responses, ord, variant, rubric_hash, key"
    db.execute("CREATE UNIQUE INDEX temp.before_by_position ON before (position)")
    db.execute("DROP TABLE IF EXISTS temp.kept")
    db.execute(
        f"CREATE TEMP TABLE kept AS SELECT n.position AS item, {columns} FROM questions q "  # noqa: S608 (our own names)
        "JOIN before b ON b.position = q.item JOIN items n ON n.id = b.id AND n.body = b.body"
    )
    db.execute("DELETE FROM questions")
    db.execute(f"INSERT INTO questions (item, {columns}) SELECT item, {columns} FROM kept")  # noqa: S608 (our own names)
    db.execute("DROP TABLE temp.kept")
    db.execute("DROP TABLE temp.before")


def _with_families(item: Item) -> Item:
    responses = tuple(
        one if one.family or not one.model else replace(one, family=family_of(one.model))
        for one in item.responses
    )
    return replace(item, responses=responses)


def _families(item: Item) -> str:
    return json.dumps([one.family for one in item.responses])


def _models(item: Item) -> str:
    return json.dumps([one.model for one in item.responses])


def _insert(
    db: sqlite3.Connection,
    item: Item,
    grouped: bool,
    line: int,
    seed: int,
    merge: Callable[[Item, Item], Item],
) -> None:
    row = (
        item.id, shuffle_key(seed, item.id), item.task, _families(item), _models(item), grouped,
        line, to_body(item),
    )  # fmt: skip
    try:
        db.execute(
            "INSERT INTO items (id, shuffle, task, families, models, grouped, line, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
    except sqlite3.IntegrityError:
        both = _joined(db, item, grouped, line, merge)
        db.execute(
            "UPDATE items SET body = ?, families = ?, models = ? WHERE id = ?",
            (to_body(both), _families(both), _models(both), item.id),
        )


def _joined(
    db: sqlite3.Connection,
    item: Item,
    grouped: bool,
    line: int,
    merge: Callable[[Item, Item], Item],
) -> Item:
    was_grouped, first, task, body = db.execute(
        "SELECT grouped, line, task, body FROM items WHERE id = ?", (item.id,)
    ).fetchone()
    if not (grouped and was_grouped):
        raise Misfit(
            item, line, f"the id {item.id[:80]!r} was used before, on line {first}",
            "give each row its own id; responses to one prompt share a `prompt_id` instead",
        )  # fmt: skip
    try:
        return merge(from_body(item.id, task, body), item)
    except ValueError as error:
        raise Misfit(
            item, line, f"it does not go with line {first}, which has the same prompt id: {error}",
            "rows that share a prompt id must share prompt, reference and task",
        ) from error  # fmt: skip


def stretches(db: sqlite3.Connection, size: int) -> Iterator[tuple[int, int]]:
    """The first and the last place of `size` prompts after the other, in the order of the input."""
    end = db.execute("SELECT MAX(position) FROM items").fetchone()[0]
    start = db.execute("SELECT MIN(position) FROM items").fetchone()[0]
    while start is not None and start <= end:
        yield start, min(start + size - 1, end)
        start += size


def between(db: sqlite3.Connection, stretch: tuple[int, int]) -> dict[str, Item]:
    """The items of a stretch of the input, by their ids, in order."""
    rows = db.execute(
        "SELECT id, task, body FROM items WHERE position BETWEEN ? AND ? ORDER BY position", stretch
    )
    return {name: from_body(name, task, body) for name, task, body in rows}


def places(db: sqlite3.Connection, names: Iterable[str]) -> list[int]:
    """Places in the input of the items of these ids, ascending; unknown ids are left out."""
    found = (
        db.execute("SELECT position FROM items WHERE id = ?", (name,)).fetchone() for name in names
    )
    return sorted(row[0] for row in found if row is not None)


def models(db: sqlite3.Connection) -> dict[str, tuple[str | None, ...]]:
    """Who wrote each item's responses, by the item's id."""
    found = db.execute("SELECT id, models FROM items ORDER BY position")
    return {name: tuple(json.loads(text)) for name, text in found}


def blocks(db: sqlite3.Connection, size: int) -> Iterator[list[tuple[int, Item]]]:
    """(position, item) in the seeded order of asking, `size` at a time; no query stays open."""
    last = (-1, -1)
    while True:
        rows = db.execute(
            "SELECT shuffle, position, id, task, body FROM items "
            "WHERE (shuffle, position) > (?, ?) ORDER BY shuffle, position LIMIT ?",
            (*last, size),
        ).fetchall()
        if not rows:
            return
        last = rows[-1][:2]
        yield [(position, from_body(name, task, body)) for _, position, name, task, body in rows]
