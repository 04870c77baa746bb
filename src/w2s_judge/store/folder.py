"""The folder of a run: made for its owner only, and held by one process at a time."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from w2s_judge.errors import RunFolderError

DATABASE, MANIFEST, SCORES, REJECTED = "run.db", "manifest.json", "scores.jsonl", "rejected.jsonl"
LOCK = "run.lock"


def prepare(folder: Path) -> None:
    """Make the folder (mode 0700), or check that the one that is there is a run's or empty."""
    if folder.exists() and not folder.is_dir():
        raise RunFolderError(f"{folder} is a file: name a folder with --out")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        strangers = {entry.name for entry in folder.iterdir()} - {LOCK}
        if strangers and DATABASE not in strangers:
            raise RunFolderError(
                f"{folder} is not empty and holds no {DATABASE}: name another folder with --out"
            )
        folder.chmod(0o700)
    except OSError as error:
        raise RunFolderError(f"the run folder {folder} cannot be made: {error}") from error


def require(folder: Path) -> Path:
    """The database of an existing run; says how to make one where there is none."""
    database = folder / DATABASE
    if not database.is_file():
        raise RunFolderError(
            f"{folder} is not a run folder (it has no {DATABASE}): "
            "`w2s-judge score outputs.jsonl` makes one, by default outputs.w2s"
        )
    return database


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder for writing; a second process is refused. The lock ends with the process."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise RunFolderError(
            f"another w2s-judge is working on {folder}: wait for it or stop it, "
            "or name another folder with --out"
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[TextIO]:
    """A text file (mode 0600) that takes the place of `path` only when it is whole."""
    part = path.with_name(path.name + ".part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Write a JSON document, atomically."""
    with replaced(path) as file:
        json.dump(value, file, indent=2, ensure_ascii=False, allow_nan=False)
        file.write("\n")
