"""`w2s-judge votes`: every vote and abstention of a run, as JSONL, CSV or Parquet."""

from __future__ import annotations

import csv
import itertools
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from w2s_judge.errors import MissingExtra, RunFolderError
from w2s_judge.store.run import Run

BATCH = 10_000  # rows of a Parquet row group
COLUMNS = {
    "item": "string", "responses": "string", "order": "string", "variant": "string",
    "rubric": "string", "rubric_hash": "string", "judge": "string", "family": "string",
    "model": "string", "read": "string", "stage": "int32", "outside": "float64",
    "bounded": "string", "categories": "string", "uncalibrated": "bool_", "abstained": "string",
    "raw": "string", "reasoning": "string", "prompt_tokens": "int64",
    "completion_tokens": "int64", "cost_usd": "float64", "attempts": "int32",
    "latency_s": "float64", "at": "string",
}  # fmt: skip


def export_votes(run: str | Path, rubric: str | None, kind: str, out: Path | None) -> int:
    """Write the votes as `kind` ("jsonl", "csv" or "parquet") to `out`; gives their number.

    None is standard output. CSV and Parquet have a column `mass:LABEL` for each label; in CSV a
    cell that a spreadsheet would take for a formula starts with an apostrophe.
    """
    with ExitStack() as stack:
        opened = stack.enter_context(closing(Run(run)))
        lines = opened.vote_lines(rubric)
        names = (rubric,) if rubric else opened.rubrics
        labels = list(dict.fromkeys(one for name in names for one in opened.asked(name).labels))
        if kind == "parquet":
            require_parquet()
            binary = (
                sys.stdout.buffer if out is None else stack.enter_context(opened_for(out, "wb"))
            )
            return _parquet(lines, labels, binary)
        file = sys.stdout if out is None else stack.enter_context(opened_for(out, "w"))
        return _csv(lines, labels, file) if kind == "csv" else _jsonl(lines, file)


def require_parquet() -> None:
    """Raise `MissingExtra` before a file is touched."""
    if find_spec("pyarrow") is None:
        raise MissingExtra("parquet", "Parquet")


def opened_for(out: Path, mode: str) -> IO[Any]:
    """A file to write to, UTF-8 where it is text."""
    try:
        return out.open(mode) if "b" in mode else out.open(mode, encoding="utf-8", newline="")
    except OSError as error:
        raise RunFolderError(f"{out} cannot be written: {error.strerror}") from error


def _jsonl(lines: Iterable[Mapping[str, Any]], file: IO[str]) -> int:
    count = 0
    for count, line in enumerate(lines, 1):
        file.write(json.dumps(line, ensure_ascii=file.isatty()) + "\n")
    return count


def _csv(lines: Iterable[Mapping[str, Any]], labels: list[str], file: IO[str]) -> int:
    writer = None
    count = 0
    for count, line in enumerate(lines, 1):
        row = flat(line, labels)
        if writer is None:
            # Quoted throughout: a lone carriage return in a reply would else tear the row.
            writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
            csv.writer(file, lineterminator="\n").writerow([inert(name) for name in row])
        writer.writerow([inert(value, shown=file.isatty()) for value in row.values()])
    return count


def _parquet(lines: Iterator[Mapping[str, Any]], labels: list[str], target: IO[bytes]) -> int:
    import pyarrow
    from pyarrow import parquet

    schema = pyarrow.schema(
        [(name, getattr(pyarrow, kind)()) for name, kind in COLUMNS.items()]
        + [(f"mass:{label}", pyarrow.float64()) for label in labels]
    )
    count = 0
    with ExitStack() as stack:
        writer = stack.enter_context(parquet.ParquetWriter(target, schema))
        for batch in batches(lines):
            rows = [flat(line, labels) for line in batch]
            writer.write_table(pyarrow.Table.from_pylist(rows, schema=schema))
            count += len(rows)
    return count


def batches(lines: Iterator[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """The lines in lists of `BATCH`."""
    while batch := list(itertools.islice(lines, BATCH)):
        yield batch


def flat(line: Mapping[str, Any], labels: list[str]) -> dict[str, Any]:
    """A vote with one column a label; lists are JSON text."""
    row = {
        name: json.dumps(value) if isinstance(value := line[name], list) else value
        for name in COLUMNS
    }
    mass = line["mass"] or {}
    return row | {f"mass:{label}": mass.get(label) for label in labels}


def inert(value: object, *, shown: bool = False) -> object:
    """A CSV cell that no spreadsheet runs, and where it is `shown` no terminal acts on."""
    if shown and isinstance(value, str):
        value = "".join(one if one.isprintable() or one == "\n" else "�" for one in value)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value
