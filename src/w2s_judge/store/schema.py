"""The tables of `run.db`.

An item's questions point to votes by key, a hash of what is asked: two items with the same words
share a vote, and a changed rubric or item asks anew while the old votes stay for ever.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from w2s_judge.errors import RunFolderError

SCHEMA = 1

TABLES = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS items (
    position INTEGER PRIMARY KEY,      -- order of the input
    id TEXT NOT NULL UNIQUE,
    shuffle INTEGER NOT NULL,          -- seeded hash of the id: the order of asking
    task TEXT,
    families TEXT NOT NULL,            -- JSON list: family of each response, null where unknown
    models TEXT NOT NULL,              -- JSON list: model of each response, null where unknown
    grouped INTEGER NOT NULL,          -- 1: rows that share this prompt id are merged
    line INTEGER NOT NULL,
    body TEXT NOT NULL                 -- JSON: prompt, responses, reference, meta
);
CREATE INDEX IF NOT EXISTS items_by_shuffle ON items (shuffle, position);
CREATE TABLE IF NOT EXISTS questions (
    id INTEGER PRIMARY KEY,
    item INTEGER NOT NULL,
    rubric TEXT NOT NULL,
    responses TEXT NOT NULL,           -- "0" or "0,1"
    ord TEXT NOT NULL,                 -- "", "ab", "ba"
    variant TEXT NOT NULL,
    rubric_hash TEXT NOT NULL,
    key BLOB NOT NULL,
    UNIQUE (item, rubric, responses, ord, variant)
);
CREATE INDEX IF NOT EXISTS questions_by_key ON questions (key);
CREATE TABLE IF NOT EXISTS judges (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    identity TEXT NOT NULL,            -- hash of model, settings, way of reading
    kind TEXT NOT NULL,
    model TEXT,
    family TEXT,
    form TEXT,                         -- the form of asking that its endpoint was found to offer
    UNIQUE (name, identity)
);
CREATE TABLE IF NOT EXISTS votes (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    judge INTEGER NOT NULL,
    way TEXT NOT NULL,
    mass TEXT,                         -- JSON list over the rubric's labels, in the item's frame
    outside REAL,
    bounded TEXT,
    categories TEXT,
    uncalibrated INTEGER NOT NULL,
    abstained TEXT,
    raw TEXT,
    reasoning TEXT,
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    cost_usd REAL,
    attempts INTEGER NOT NULL,
    latency_s REAL,
    at TEXT NOT NULL,
    UNIQUE (key, judge)
);
CREATE TABLE IF NOT EXISTS attempts (  -- every call that was made, failed ones too
    id INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    key BLOB NOT NULL,
    judge INTEGER NOT NULL,
    at TEXT NOT NULL,
    latency_s REAL,
    error TEXT,                        -- null: it gave a reply
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    cost_usd REAL,                     -- null: unknown
    counted_usd REAL NOT NULL          -- what the budget counts: the cost, or its upper bound
);
CREATE TABLE IF NOT EXISTS sessions (  -- leased: granted before calls are made, for kill -9
    id INTEGER PRIMARY KEY,
    began TEXT NOT NULL,
    ended TEXT,
    calls INTEGER NOT NULL DEFAULT 0,
    usd REAL NOT NULL DEFAULT 0,
    leased_calls INTEGER NOT NULL DEFAULT 0,
    leased_usd REAL NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS courses (   -- how far things judged have come in a cascade
    rubric TEXT NOT NULL,
    key BLOB NOT NULL,                 -- of the first question about the thing
    stage INTEGER NOT NULL,            -- the last stage that was decided for it
    open INTEGER NOT NULL,             -- 1: it goes on to the next stage
    rank INTEGER NOT NULL,             -- its turn among those that go on
    PRIMARY KEY (rubric, key)
) WITHOUT ROWID;
"""


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open `run.db`; refuses a database of another schema or one that is none.

    In write-ahead mode with synchronous=NORMAL a killed process loses nothing that was committed.
    """
    try:
        if read_only:
            address = path.absolute().as_uri() + "?mode=ro"
            db = sqlite3.connect(address, uri=True, check_same_thread=False, timeout=30)
            if not path.with_name(path.name + "-wal").exists() and not os.access(
                path.parent, os.W_OK
            ):
                db.close()  # SQLite would want to make its side files; nobody can write here
                db = sqlite3.connect(address + "&immutable=1", uri=True, check_same_thread=False)
        else:
            db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
            tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
            if tables and "facts" not in tables:
                raise RunFolderError(f"{path} is a database of something else: name another --out")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.executescript(TABLES)
            db.execute("INSERT OR IGNORE INTO facts VALUES ('schema', ?)", (str(SCHEMA),))
        db.execute("PRAGMA cache_size = -8000")
        found = db.execute("SELECT value FROM facts WHERE name = 'schema'").fetchone()
    except sqlite3.DatabaseError as error:
        raise RunFolderError(f"{path} cannot be read as a run ({error})") from error
    if found is None or found[0] != str(SCHEMA):
        db.close()
        version = "unknown" if found is None else found[0]
        raise RunFolderError(
            f"{path} has schema {version}, this w2s-judge reads schema {SCHEMA}: "
            "use the version that wrote it, or another --out"
        )
    return db
