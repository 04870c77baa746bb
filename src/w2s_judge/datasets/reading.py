"""The rows of a recognised file, as a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator

from w2s_judge.datasets.containers import Payload, no_rows, raw_rows
from w2s_judge.datasets.jsontext import decode
from w2s_judge.datasets.rows import DamageError, Reader, Record, Rejected, Row, RowError, Source
from w2s_judge.errors import InputError
from w2s_judge.registry import Registry

READERS = Registry(
    noun="reader",
    kind=Reader,
    package="w2s_judge.datasets.shapes",
    attribute="READER",
    group="w2s_judge.readers",
)


def readers() -> list[tuple[str, str]]:
    """List (name, one line about it) of every reader that a file can be read by."""
    return [(reader.name, reader.summary) for reader in READERS.all()]


def read(source: Source, *, skip_bad: bool = False) -> Iterator[Row | Rejected]:
    """Yield the rows of a file, one at a time.

    Raises `InputError` on the first bad row; with `skip_bad` that row comes as `Rejected` and
    reading goes on. Damage after which nothing can be read (cut-off compression, a list that is
    not closed) is raised in both cases, after the rows before it. Ids are not compared with one
    another: memory does not grow with the file.
    """
    reader = READERS.get(source.reader)
    last = 0
    try:
        for number, payload, line in raw_rows(source):
            last = number
            try:
                row = reader.parse(record_of(payload, number))
            except RowError as error:
                bad = rejected(source, number, payload, line, error)
                if not skip_bad:
                    raise as_input_error(source, bad) from error
                yield bad
            else:
                yield row
    except DamageError as error:
        raise after(source, last, error) from error
    if not last:
        raise no_rows(source.path)


def record_of(payload: Payload, number: int) -> Record:
    """Make a Record of a row as it lies in the file; `RowError` where it is none."""
    return Record(decode(payload) if isinstance(payload, bytes) else payload, number)


def rejected(
    source: Source, number: int, payload: Payload, line: int | None, error: RowError
) -> Rejected:
    """Set aside the row that `error` is about."""
    if isinstance(payload, bytes):
        raw = payload.rstrip(b"\r").decode("utf-8", "backslashreplace")
    else:
        raw = json.dumps(payload, ensure_ascii=False)
    where = f" (line {line} of the file)" if line is not None else ""
    return Rejected(number, source.unit, error.what + where, error.remedy, raw)


def as_input_error(source: Source, bad: Rejected) -> InputError:
    """Stop at a row, naming the other way out."""
    remedy = "; ".join(part for part in (bad.remedy, "--skip-bad sets such rows aside") if part)
    return InputError(bad.what, path=str(source.path), line=bad.line, unit=bad.unit, remedy=remedy)


def after(source: Source, last: int, error: DamageError) -> InputError:
    """Stop at damage to the file, naming the last row before it."""
    where = f" (after {source.unit} {last})" if last else ""
    return InputError(error.what + where, path=str(source.path), remedy=error.remedy)
