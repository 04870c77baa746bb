"""Rows to one file, JSON lines or Parquet, a small part of it in memory.

A sink writes to a file of another name and takes its place only when told to (`keep`), so that
nothing half-written is ever read; without a row there is no file.
"""

from __future__ import annotations

import contextlib
import json
import os
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol, TypeAlias

from w2s_judge.errors import ConfigurationError, MissingExtra
from w2s_judge.preferences.contract import Row

FileKind: TypeAlias = Literal["jsonl", "parquet"]
FILE_KINDS: tuple[FileKind, ...] = ("jsonl", "parquet")

GROUP_ROWS, GROUP_CHARS = 10_000, 1 << 24
"""A row group of a Parquet file: whichever comes first."""

# JSON leaves these as they are, and readers that split text with str.splitlines break there.
_BREAKS = {ord(char): f"\\u{ord(char):04x}" for char in "\x85\u2028\u2029"}
_encoded = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


class Sink(Protocol):
    """Where rows of one file go."""

    @property
    def digest(self) -> str:
        """A hash of the rows so far, hexadecimal."""

    def write(self, row: Row, /) -> None:
        """Add a row; every row of a file has the same columns."""

    def finish(self) -> None:
        """Put everything on the disk, under the temporary name."""

    def keep(self) -> None:
        """Take the place of the file."""

    def discard(self) -> None:
        """Leave nothing behind; after `keep` nothing happens."""


def open_sink(path: Path, kind: FileKind) -> Sink:
    """A sink for `path` (mode 0600). `MissingExtra` where Parquet is asked for without pyarrow."""
    return JsonLines(path) if kind == "jsonl" else ParquetRows(path)


class JsonLines:
    """One JSON object a line, in UTF-8. No line holds a character that some reader breaks at."""

    def __init__(self, path: Path) -> None:
        self._path, self._part = path, _part_of(path)
        self._file = _opened(self._part)
        self._hash = blake2b(digest_size=8)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def write(self, row: Row, /) -> None:
        line = _encoded(row if isinstance(row, dict) else dict(row))
        if not line.isascii():
            line = _whole(line)
            if _breaks(line):
                line = line.translate(_BREAKS)
        told = line.encode() + b"\n"
        self._hash.update(told)
        self._file.write(told)

    def finish(self) -> None:
        _settled(self._file)

    def keep(self) -> None:
        self._part.replace(self._path)

    def discard(self) -> None:
        with contextlib.suppress(OSError):  # what is left in the buffer may not fit the disk
            self._file.close()
        self._part.unlink(missing_ok=True)


class ParquetRows:
    """Row groups of at most `GROUP_ROWS` rows and about `GROUP_CHARS` characters.

    The types are those of the first row group; what is null in all of it counts as text.
    """

    def __init__(self, path: Path) -> None:
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError as error:
            raise MissingExtra("parquet", "writing a Parquet file") from error
        self._arrow: Any = pyarrow
        self._path, self._part = path, _part_of(path)
        self._file = _opened(self._part)
        self._schema: Any = None
        self._writer: Any = None
        self._columns: tuple[str, ...] = ()
        self._rows: list[dict[str, Any]] = []
        self._chars = 0
        self._hash = blake2b(digest_size=8)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def write(self, row: Row, /) -> None:
        mended = {key: _mended(value) for key, value in row.items()}
        columns = tuple(mended)
        self._columns = self._columns or columns
        if columns != self._columns:
            raise ConfigurationError(
                f"{self._path}: a row with the columns {', '.join(columns)} follows rows with "
                f"{', '.join(self._columns)}\n  the writer of a format must give every row the same"
            )
        self._hash.update(_encoded(mended).encode())
        self._rows.append(mended)
        self._chars += sum(_size(value) for value in mended.values())
        if len(self._rows) >= GROUP_ROWS or self._chars >= GROUP_CHARS:
            self._flush()

    def finish(self) -> None:
        if self._rows:
            self._flush()
        if self._writer is not None:
            self._writer.close()
        _settled(self._file)

    def keep(self) -> None:
        self._part.replace(self._path)

    def discard(self) -> None:
        self._rows = []
        with contextlib.suppress(OSError):
            if self._writer is not None and not self._file.closed:
                self._writer.close()
        with contextlib.suppress(OSError):
            self._file.close()
        self._part.unlink(missing_ok=True)

    def _flush(self) -> None:
        table = self._arrow.Table.from_pylist(self._rows, schema=self._schema)
        if self._writer is None:
            self._schema = self._arrow.schema(
                [(field.name, self._type(field.type)) for field in table.schema]
            )
            table = table.cast(self._schema)
            self._writer = self._arrow.parquet.ParquetWriter(
                self._file, self._schema, compression="zstd"
            )
        self._writer.write_table(table)
        self._rows, self._chars = [], 0

    def _type(self, found: Any) -> Any:
        """The type that a column has for good."""
        if self._arrow.types.is_null(found):
            return self._arrow.string()
        if self._arrow.types.is_list(found):
            return self._arrow.list_(self._type(found.value_type))
        return found


def _part_of(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _opened(part: Path) -> BinaryIO:
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    return os.fdopen(handle, "wb", buffering=1 << 18)


def _settled(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()


def _breaks(line: str) -> bool:
    return "\u2028" in line or "\u2029" in line or "\x85" in line


def _whole(text: str) -> str:
    """Text that UTF-8 can hold: half of a surrogate pair, which is no character, becomes '?'."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def _mended(value: Any) -> Any:
    match value:
        case str():
            return value if value.isascii() else _whole(value)
        case list():
            return [_mended(one) for one in value]
        case dict():
            return {key: _mended(one) for key, one in value.items()}
        case _:
            return value


def _size(value: Any) -> int:
    match value:
        case str():
            return len(value)
        case list():
            return sum(_size(one) for one in value)
        case dict():
            return sum(_size(one) for one in value.values())
        case _:
            return 8
