"""What a run says of itself: `manifest.json`, and the same kept in `run.db`. It holds no secret."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from w2s_judge.store import folder as folders


def load(db: sqlite3.Connection) -> dict[str, Any]:
    """The manifest as last written, or an empty one."""
    found = fact(db, "manifest")
    return dict(json.loads(found)) if found else {}


def save(db: sqlite3.Connection, folder: Path, manifest: Mapping[str, Any]) -> None:
    """Keep the manifest in the database and beside it."""
    set_fact(db, "manifest", json.dumps(manifest, ensure_ascii=False))
    folders.write_json(folder / folders.MANIFEST, manifest)


def fact(db: sqlite3.Connection, name: str) -> str | None:
    """One fact of the run by name."""
    found = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return None if found is None else str(found[0])


def set_fact(db: sqlite3.Connection, name: str, value: str) -> None:
    """Set one fact of the run."""
    db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))
