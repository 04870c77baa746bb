"""All that was said of some items of a run, with their texts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from w2s_judge.store.items import from_body
from w2s_judge.store.reading import Asked, vote_lines
from w2s_judge.types import Item


@dataclass(frozen=True, slots=True)
class Said:
    """An item with the lines of its votes and abstentions, as `w2s-judge votes` prints them."""

    item: Item
    lines: tuple[dict[str, Any], ...]


def said_of(db: sqlite3.Connection, asked: Asked, items: Iterable[str]) -> Iterator[Said]:
    """The items by their ids, each once, without answers to probes; unknown ids are left out."""
    for name in dict.fromkeys(items):
        found = db.execute(
            "SELECT position, task, body FROM items WHERE id = ?", (name,)
        ).fetchone()
        if found is None:
            continue
        place, task, body = found
        lines = vote_lines(db, asked, place) if asked.judges else ()
        kept = tuple(line for line in lines if not line["variant"].startswith("probe:"))
        yield Said(from_body(name, task, body), kept)
