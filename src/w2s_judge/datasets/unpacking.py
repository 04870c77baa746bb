"""A file's bytes in pieces of bounded size, unpacked where the file is compressed."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

from w2s_judge.datasets.rows import Compression, DamageError

_PIECE = 1 << 20
# zstandard gives all that a piece unpacks to at once, up to 32,000 times as much: small pieces.
_ZSTD_PIECE = 1 << 12


def compression_of(head: bytes) -> Compression | None:
    """Tell the compression by a file's first bytes, whatever its ending says."""
    if head[:2] == b"\x1f\x8b":
        return "gzip"
    # A zstd frame, or a skippable one, with which parallel writers begin.
    if head[:4] == b"\x28\xb5\x2f\xfd" or (head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5):
        return "zstd"
    return None


def pieces(path: Path, compression: Compression | None) -> Iterator[bytes]:
    """Yield a file's unpacked bytes by the piece; `DamageError` where it breaks off."""
    size = _ZSTD_PIECE if compression == "zstd" else _PIECE
    raw = _read(path, size)
    if compression == "gzip":
        return _gzip(raw)
    return _zstd(raw) if compression == "zstd" else raw


def _read(path: Path, size: int) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := file.read(size):
                yield piece
    except OSError as error:
        raise DamageError(f"cannot be read: {error.strerror}") from error


def _gzip(raw: Iterator[bytes]) -> Iterator[bytes]:
    member = zlib.decompressobj(wbits=31)
    for piece in raw:
        rest = piece
        while rest:
            if member.eof:  # members may follow one another, with zeros as padding
                rest = rest.lstrip(b"\0")
                if not rest:
                    break
                member = zlib.decompressobj(wbits=31)
            try:
                out = member.decompress(rest, _PIECE)
            except zlib.error as error:
                raise _damaged("gzip", str(error)) from error
            rest = member.unused_data if member.eof else member.unconsumed_tail
            if out:
                yield out
    while not member.eof:
        out = member.decompress(b"", _PIECE)
        if not out:
            raise _cut_off("gzip")
        yield out


def _zstd(raw: Iterator[bytes]) -> Iterator[bytes]:
    import zstandard  # a C library: loaded only for such a file

    unpacker = zstandard.ZstdDecompressor()
    frame = unpacker.decompressobj()
    for piece in raw:
        rest = piece
        while rest:
            if frame.eof:
                frame = unpacker.decompressobj()
            try:
                out = frame.decompress(rest)
            except zstandard.ZstdError as error:
                raise _damaged("zstd", str(error)) from error
            rest = frame.unused_data if frame.eof else b""
            if out:
                yield out
    if not frame.eof:
        raise _cut_off("zstd")


def _cut_off(name: str) -> DamageError:
    return DamageError(
        f"the {name} data breaks off: the file was cut short", "copy or write the file again"
    )


def _damaged(name: str, reason: str) -> DamageError:
    return DamageError(f"the {name} data is damaged ({reason})", "copy or write the file again")
