"""What kind of file it is, by its first bytes and not by its ending, and its rows as they lie."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from w2s_judge.datasets.jsonlines import lines
from w2s_judge.datasets.jsonlist import elements
from w2s_judge.datasets.rows import Compression, Container, DamageError, Source
from w2s_judge.datasets.unpacking import compression_of, pieces
from w2s_judge.errors import InputError

Payload: TypeAlias = bytes | dict[str, object]
"""A row as it lies in the file: the bytes of its JSON, or its columns where they come ready."""

_OTHER_PACKERS = {
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"PK\x03\x04": "zip",
    b"\x04\x22\x4d\x18": "lz4",
}
_WIDE_STARTS = (b"\xff\xfe", b"\xfe\xff", b"{\0", b"[\0", b"\0{", b"\0[")


def sniff(path: Path) -> tuple[Container, Compression | None]:
    """Find a file's container and compression; `InputError` for what cannot be read here."""
    head = _head(path)
    compression = compression_of(head)
    if head[:4] == b"PAR1":
        return "parquet", None
    _refuse(path, head)
    try:
        for number, piece in enumerate(pieces(path, compression)):
            if compression and number == 0:
                _refuse(path, piece[:8], packed=True)
            content = piece.removeprefix(BOM_UTF8).lstrip()
            if content:
                return ("json-list" if content[:1] == b"[" else "jsonl"), compression
    except DamageError as error:
        raise InputError(error.what, path=str(path), remedy=error.remedy) from error
    raise no_rows(path)


def raw_rows(source: Source) -> Iterator[tuple[int, Payload, int | None]]:
    """Yield (number, content, line) of each row, its text not yet read.

    `number` counts in the source's unit; `line` is the line of the file where that is another.
    """
    if source.container == "parquet":
        from w2s_judge.datasets.parquet import rows

        for number, values in rows(source.path):
            yield number, values, None
        return
    stream = pieces(source.path, source.compression)
    if source.container == "json-list":
        yield from elements(stream)
        return
    for number, line in lines(stream):
        yield number, line, None


def no_rows(path: Path) -> InputError:
    """Say that there is nothing in a file."""
    return InputError(
        "is empty: it has no rows",
        path=str(path),
        remedy="what was to write it may have failed; write it again",
    )


def _head(path: Path) -> bytes:
    """Read the first bytes of a regular file."""
    named = str(path)
    try:
        if path.is_dir():
            raise InputError("is a directory", path=named, remedy="name one file in it")
        if path.exists() and not path.is_file():
            raise InputError(
                "is a pipe or a device, and the file is read more than once",
                path=named,
                remedy="write it to a file first",
            )
        with path.open("rb") as file:
            return file.read(8)
    except FileNotFoundError as error:
        raise InputError("there is no such file", path=named) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"cannot be read: {reason}", path=named) from error


def _refuse(path: Path, head: bytes, *, packed: bool = False) -> None:
    """Refuse what is recognised and not read: other packers, packed twice, UTF-16."""
    packer = next((name for magic, name in _OTHER_PACKERS.items() if head.startswith(magic)), None)
    if packed and compression_of(head):
        packer = "one compression inside another"
    if packed and head[:4] == b"PAR1":
        packer = "Parquet inside a compression"
    if packer:
        raise InputError(
            f"is packed in a way that is not read here ({packer})",
            path=str(path),
            remedy="unpack it first; gzip and zstd are read as they are, and plain Parquet",
        )
    if head.startswith(_WIDE_STARTS):
        raise InputError(
            "is UTF-16, not UTF-8",
            path=str(path),
            remedy="convert it: iconv -f UTF-16 -t UTF-8 OLD > NEW",
        )
