"""JSON Lines: the lines of a stream of bytes, each whole, however long."""

from __future__ import annotations

from collections.abc import Iterator

from w2s_judge.datasets.rows import DamageError

LONGEST = 1 << 28  # bytes of one record; a file without line ends is not read into memory whole


def lines(pieces: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield each line that is not blank, with its 1-based number. Time is linear in the bytes."""
    number, parts, size = 1, list[bytes](), 0
    for piece in pieces:
        first, *others = piece.split(b"\n")
        parts.append(first)
        size += len(first)
        if size > LONGEST:
            raise too_long("line", number)
        if not others:
            continue
        whole = b"".join(parts)
        for line in (whole, *others[:-1]):
            if line and not line.isspace():
                yield number, line
            number += 1
        parts, size = [others[-1]], len(others[-1])
    last = b"".join(parts)
    if last and not last.isspace():
        yield number, last


def too_long(unit: str, number: int) -> DamageError:
    """Say that a record is longer than anything that could be judged."""
    return DamageError(
        f"{unit} {number} is longer than {LONGEST >> 20} MiB",
        "write one record a line, or a JSON list",
    )
