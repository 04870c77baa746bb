"""Files of votes or gold: which kind of table a file is, and its rows as mappings."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from w2s_judge.datasets.containers import raw_rows, sniff
from w2s_judge.datasets.csvtable import csv_table
from w2s_judge.datasets.jsontext import decode
from w2s_judge.datasets.places import Place
from w2s_judge.datasets.rows import Compression, DamageError, RowError, Source, kind_of, quoted
from w2s_judge.datasets.unpacking import pieces

Kind: TypeAlias = Literal["csv", "jsonl", "json-list", "parquet"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def kind_of_table(path: Path) -> tuple[Kind, Compression | None]:
    """Tell by its first bytes what a file is; `InputError` for what cannot be read.

    Text that begins neither with a brace nor with a bracket is CSV.
    """
    container, compression = sniff(path)
    if container != "jsonl":
        return container, compression
    for piece in pieces(path, compression):
        content = piece.removeprefix(BOM_UTF8).lstrip()
        if content:
            return ("jsonl" if content[:1] == b"{" else "csv"), compression
    return "csv", compression  # `sniff` has seen content: not reached


def place_of(path: Path, kind: Kind) -> Place:
    """The file, its rows counted in lines where it has lines."""
    return Place(str(path), "line" if kind in ("csv", "jsonl") else "row")


def json_records(
    path: Path, kind: Kind, compression: Compression | None, place: Place
) -> Iterator[tuple[int, Mapping[str, object]]]:
    """(number, columns) of each row of a file that is not CSV; `InputError` names the row."""
    if kind == "csv":
        raise ValueError("rows of CSV come from `csv_table`")
    number = 0
    try:
        for number, payload, _ in raw_rows(Source(path, kind, compression, "votes")):
            try:
                yield number, decode(payload) if isinstance(payload, bytes) else payload
            except RowError as error:
                raise place.error(error.what, number, error.remedy) from error
    except DamageError as error:
        raise damaged(error, place, number) from error


def records(path: Path) -> tuple[Place, Iterator[tuple[int, Mapping[str, object]]]]:
    """The place of a table and its rows, whatever kind it is."""
    kind, compression = kind_of_table(path)
    place = place_of(path, kind)
    if kind == "csv":
        return place, _csv_records(path, compression, place)
    return place, json_records(path, kind, compression, place)


def _csv_records(
    path: Path, compression: Compression | None, place: Place
) -> Iterator[tuple[int, Mapping[str, object]]]:
    number = 0
    try:
        table = csv_table(pieces(path, compression), place)
        for batch in table.batches:
            for number, *cells in zip(batch.lines.tolist(), *batch.columns, strict=True):
                yield number, dict(zip(table.header, cells, strict=True))
    except DamageError as error:
        raise damaged(error, place, number) from error


def damaged(error: DamageError, place: Place, last: int) -> Exception:
    """Say that nothing after row `last` can be read."""
    where = f" (after {place.unit} {last})" if last else ""
    return place.error(error.what + where, remedy=error.remedy)


def name_text(value: object, column: str) -> str:
    """A cell that names something, "" where it is empty; `RowError` for what is no name."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if type(value) is int:
        return str(value)
    raise RowError(
        f"{quoted(column)} is {kind_of(value)}, not text or an integer",
        "write names as text: a decimal number has no single spelling",
    )


def label_text(value: object, column: str) -> str:
    """A cell that is a label or a score, "" where it is empty."""
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is float:
        return repr(value)
    if value is None or type(value) in (str, int):
        return name_text(value, column)
    raise RowError(f"{quoted(column)} is {kind_of(value)}, not text or a number", "one label a row")


def bare(cell: str) -> str:
    """A cell without the apostrophe that keeps a spreadsheet from taking it for a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _FORMULA and len(cell) > 1 else cell
