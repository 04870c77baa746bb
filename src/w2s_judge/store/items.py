"""Items in the run folder: staged from the input once, read back block by block in asking order."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from w2s_judge.families import family_of
from w2s_judge.types import Item, Message, Response


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
