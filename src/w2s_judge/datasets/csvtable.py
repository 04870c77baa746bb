"""CSV: the header, then the rows in batches of columns, each row with the line that it starts on.

Cells may hold commas, quotes and line ends in quotes (RFC 4180). A header without a comma may be
parted by tabs or semicolons instead, as spreadsheets of some countries write it.
"""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from w2s_judge.datasets.jsonlines import LONGEST, too_long
from w2s_judge.datasets.places import Place
from w2s_judge.datasets.rows import quoted

if TYPE_CHECKING:
    from _csv import Reader

BATCH = 4096  # rows in memory as text: enough for speed, few where a cell has a whole reply
_SEPARATORS = (",", "\t", ";")


@dataclass(frozen=True, eq=False, slots=True)
class CsvBatch:
    """Some rows: the line that each starts on, (n,), and for each column of the header n cells."""

    lines: npt.NDArray[np.int64]
    columns: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A header and its rows, which can be gone through once."""

    header: tuple[str, ...]
    batches: Iterator[CsvBatch]


def csv_table(pieces: Iterator[bytes], place: Place) -> CsvTable:
    """Read the header; the rows are read as they are asked for. `InputError` names the line."""
    chunks = _texts(pieces, place)
    first = next(chunks, "")
    filled = next((line for line in first.splitlines() if line.strip()), "")
    separator = next((one for one in _SEPARATORS if one in filled), ",")
    reader = csv.reader(_lines(first, chunks), delimiter=separator, strict=True)
    before = 0
    while True:
        found, lines = _parsed(reader, 1, before, place)
        if not found:
            raise place.error("is empty: it has no rows", remedy="write it again")
        before = reader.line_num
        if found[0]:
            break
    header = tuple(found[0])
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise place.error(
            f"two columns are called {quoted(twice)}", int(lines[0]), "rename one of them"
        )
    return CsvTable(header, _batches(reader, header, before, place))


def _batches(
    reader: Reader, header: tuple[str, ...], before: int, place: Place
) -> Iterator[CsvBatch]:
    while True:
        rows, lines = _parsed(reader, BATCH, before, place)
        if not rows:
            return
        before = reader.line_num
        if not all(rows):  # blank lines
            kept = [k for k, row in enumerate(rows) if row]
            rows, lines = [rows[k] for k in kept], lines[kept]
        widths = list(map(len, rows))
        if widths.count(len(header)) != len(widths):
            at = next(k for k, width in enumerate(widths) if width != len(header))
            raise place.error(
                f"has {widths[at]} cells where the header has {len(header)}",
                int(lines[at]),
                "put cells with a comma, a quote or a line end in them in double quotes",
            )
        if rows:
            yield CsvBatch(lines, tuple(zip(*rows, strict=True)))


def _parsed(
    reader: Reader, count: int, before: int, place: Place
) -> tuple[list[list[str]], npt.NDArray[np.int64]]:
    """Up to `count` rows after line `before`, and the line that each starts on."""
    rows: list[list[str]] = []
    limit = csv.field_size_limit(LONGEST)  # the module's own is 128 KiB: less than a long reply
    try:
        rows.extend(islice(reader, count))
    except csv.Error as error:
        raise _broken(error, _end(rows, before) + 1, place) from error
    finally:
        csv.field_size_limit(limit)
    if reader.line_num - before == len(rows):
        return rows, np.arange(before + 1, before + len(rows) + 1, dtype=np.int64)
    heights = [1 + sum(cell.count("\n") for cell in row) for row in rows]
    ends = before + np.cumsum(heights, dtype=np.int64)
    return rows, ends - np.array(heights, dtype=np.int64) + 1


def _end(rows: list[list[str]], before: int) -> int:
    return before + sum(1 + sum(cell.count("\n") for cell in row) for row in rows)


def _broken(error: csv.Error, line: int, place: Place) -> Exception:
    said = str(error)
    if "unexpected end" in said:
        what = "a double quote is opened here and never closed"
    elif "new-line character" in said:
        what = "a carriage return stands in a cell without quotes"
    elif "field limit" in said:
        what = f"a cell is longer than {LONGEST >> 20} MiB: a double quote may not be closed"
    else:
        what = f"is no CSV: {said}"
    return place.error(
        what, line, "a cell with quotes in it stands in double quotes, its own quotes doubled"
    )


def _lines(first: str, chunks: Iterator[str]) -> Iterator[str]:
    # Lines end at "\n" alone, so that they are counted as editors count them.
    yield from io.StringIO(first, newline="\n")
    for chunk in chunks:
        yield from io.StringIO(chunk, newline="\n")


def _texts(pieces: Iterator[bytes], place: Place) -> Iterator[str]:
    """The file as text, in pieces that end where a line ends."""
    parts, size, line = list[bytes](), 0, 1
    for piece in pieces:
        cut = piece.rfind(b"\n") + 1
        size += len(piece)
        if not cut:
            parts.append(piece)
            if size > LONGEST:
                raise too_long("line", line)
            continue
        whole = b"".join([*parts, piece[:cut]])
        yield _text(whole, line, place)
        line += whole.count(b"\n")
        parts, size = [piece[cut:]], len(piece) - cut
    last = b"".join(parts)
    if last:
        yield _text(last, line, place)


def _text(raw: bytes, line: int, place: Place) -> str:
    if line == 1:
        raw = raw.removeprefix(BOM_UTF8)
    nul = raw.find(b"\0")
    if nul >= 0:
        raise place.error(
            "a NUL byte: the file was damaged, or is no text",
            line + raw.count(b"\n", 0, nul),
            "write the file again",
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise place.error(
            f"byte 0x{raw[error.start]:02x} is not UTF-8",
            line + raw.count(b"\n", 0, error.start),
            "convert the file, for example: iconv -f WINDOWS-1252 -t UTF-8",
        ) from None
