"""What a file is, from its first rows: container, reader, and which column means what."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from w2s_judge.datasets.containers import raw_rows, sniff
from w2s_judge.datasets.reading import READERS, after, as_input_error, record_of, rejected
from w2s_judge.datasets.rows import DamageError, Reader, Record, RowError, Source, names
from w2s_judge.errors import InputError

_SHOWING = 20  # records whose columns are told to the user
_LOOKED_AT = 1000  # rows among which these are sought, should the first be bad ones


def recognise(path: str | Path, reader: str | None = None) -> Source:
    """Find out what the file at `path` is, from its first rows.

    With `reader` the rows are taken to have that shape, otherwise it is the one whose columns the
    first understandable row has. Raises `InputError` for a file that cannot be read, is empty, or
    has rows that fit no reader or two; `UsageError` for a reader that does not exist.
    """
    named = READERS.get(reader) if reader is not None else None
    file = Path(path)
    container, compression = sniff(file)
    draft = Source(file, container, compression, reader or "")
    records = _first_records(draft)
    chosen = named or _choose(draft, records)
    return Source(file, container, compression, chosen.name, _understood(chosen, records))


def _first_records(source: Source) -> list[Record]:
    found: list[Record] = []
    problem: InputError | None = None
    last = 0
    try:
        for number, payload, line in islice(raw_rows(source), _LOOKED_AT):
            last = number
            try:
                found.append(record_of(payload, number))
            except RowError as error:
                bad = rejected(source, number, payload, line, error)
                problem = problem or as_input_error(source, bad)
            if len(found) == _SHOWING:
                break
    except DamageError as error:
        problem = problem or after(source, last, error)
    if not found:
        raise problem or InputError("is empty: it has no rows", path=str(source.path))
    return found


def _choose(source: Source, records: Sequence[Record]) -> Reader:
    known = READERS.all()
    for record in records:
        fitting = [reader for reader in known if reader.matches(record.values)]
        fitting = [reader for reader in fitting if reader.specific] or fitting
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise InputError(
                f"the columns fit more than one reader: {names(record.values)}",
                path=str(source.path),
                line=record.line,
                unit=source.unit,
                remedy=f"say which: {' or '.join(f'--reader {r.name}' for r in fitting)}",
            )
    first = records[0]
    raise InputError(
        f"no reader knows these columns: {names(first.values) or 'none at all'}",
        path=str(source.path),
        line=first.line,
        unit=source.unit,
        remedy="name them 'prompt' and 'response'; or name a reader with --reader "
        f"({', '.join(reader.name for reader in known)})",
    )


def _understood(reader: Reader, records: Sequence[Record]) -> dict[str, tuple[str, ...]]:
    """Role -> columns, over the first records that can be read; bad ones come up when read."""
    roles: dict[str, str] = {}
    for record in records:
        try:
            reader.parse(record)
        except RowError:
            continue
        roles |= dict.fromkeys(record.values, "meta") | record.roles | roles
    columns: dict[str, tuple[str, ...]] = {}
    for column, role in roles.items():
        columns[role] = (*columns.get(role, ()), column)
    return columns
