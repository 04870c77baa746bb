"""From the user's file to staged items, before any call is paid."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from w2s_judge.datasets import Row, Source, merge, read, recognise
from w2s_judge.errors import InputError
from w2s_judge.store import folder as folders
from w2s_judge.store import manifest
from w2s_judge.store.items import Misfit, stage, to_body
from w2s_judge.types import Item

SUFFIXES = {".jsonl", ".json", ".ndjson", ".gz", ".zst", ".parquet"}


def run_folder(path: Path) -> Path:
    """`outputs.w2s` beside `outputs.jsonl`, whatever is packed around it."""
    stem = path
    while stem.suffix.lower() in SUFFIXES and stem.stem:
        stem = stem.with_suffix("")
    return stem.with_name(stem.name + ".w2s")


def sha256(path: Path) -> str:
    """The file's hash, read in pieces."""
    if not path.is_file():
        what = "it is a folder, not a file" if path.is_dir() else "there is no such file"
        raise InputError(what, path=str(path), remedy="name a file with the outputs to score")
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def stage_file(
    db: sqlite3.Connection,
    path: Path,
    *,
    reader: str | None,
    skip_bad: bool,
    seed: int,
    rejected: Path | None,
) -> tuple[Source, str, int]:
    """Stage the items of a file, unless the run already holds just these.

    Gives what the file was recognised as, its sha256, and how many rows were set aside in
    `rejected` (a path; None keeps no copy of them).
    """
    digest = sha256(path)
    source = recognise(path, reader)
    print_of = json.dumps([digest, source.reader, skip_bad, seed])
    if manifest.fact(db, "staged") == print_of:
        return source, digest, int(manifest.fact(db, "rejected") or 0)
    aside = Aside(source, skip_bad=skip_bad)
    with contextlib.ExitStack() as stack:
        if rejected is not None:
            aside.file = stack.enter_context(folders.replaced(rejected))
        rows = stage(db, aside.rows(), seed=seed, merge=merge, misfit=aside.misfit)
    if rejected is not None and not aside.count:
        rejected.unlink()
    if not rows:
        raise InputError("no row of it can be judged", path=str(path), remedy="see rejected.jsonl")
    manifest.set_fact(db, "staged", print_of)
    manifest.set_fact(db, "rejected", str(aside.count))
    return source, digest, aside.count


class Aside:
    """The rows of a source. Bad ones stop the reading, or are counted and set aside in `file`."""

    def __init__(self, source: Source, *, skip_bad: bool) -> None:
        self.source, self.skip_bad, self.count = source, skip_bad, 0
        self.file: TextIO | None = None

    def rows(self) -> Iterator[tuple[Item, bool, int]]:
        """(item, grouped, line) of the good rows."""
        for row in read(self.source, skip_bad=self.skip_bad):
            if isinstance(row, Row):
                yield row.item, row.grouped, row.line
            else:
                self._set_aside(row.unit, row.line, row.what, row.remedy, row.raw)

    def misfit(self, one: Misfit) -> None:
        """A row that is good by itself and does not go with those before it."""
        unit = "line" if self.source.container == "jsonl" else "row"
        if not self.skip_bad:
            raise InputError(
                one.what, path=str(self.source.path), line=one.line, unit=unit, remedy=one.remedy
            )
        self._set_aside(unit, one.line, one.what, one.remedy, to_body(one.item))

    def _set_aside(self, unit: str, line: int, what: str, remedy: str, raw: str) -> None:
        self.count += 1
        if self.file is not None:
            value = {unit: line, "what": what, "remedy": remedy, "raw": raw}
            self.file.write(json.dumps(value) + "\n")
