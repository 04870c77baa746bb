"""A JSON list, element by element: only the one at hand is in memory.

The scan looks at brackets, commas and quotes alone, and goes over each byte once. It works on
bytes, since none of these can be part of a longer UTF-8 character; so an element that is not
UTF-8 or not JSON inside its brackets is one bad row, and the next can still be read.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator

from w2s_judge.datasets.jsonlines import LONGEST, too_long
from w2s_judge.datasets.rows import DamageError, quoted

_AT_TOP = re.compile(rb'["\[\]{},]')
_INSIDE = re.compile(rb'["\[\]{}]')
_IN_TEXT = re.compile(rb'["\\]')


def elements(pieces: Iterator[bytes]) -> Iterator[tuple[int, bytes, int]]:
    """Yield (row, bytes, line) for each element: its 1-based row, the line on which it starts."""
    row, line = 1, 1
    for element, end in _split(pieces):
        lead = len(element) - len(element.lstrip())
        line += element.count(b"\n", 0, lead)
        if end == b"":
            raise DamageError(
                f"the list is not closed: it breaks off in row {row}, which starts on line {line}; "
                "the file was cut short, or a quote or bracket there is not closed",
                "write the file again, or as one record a line",
            )
        if row > 1 or end == b"," or lead < len(element):  # else the list is empty
            yield row, element[lead:], line
        line += element.count(b"\n", lead)
        row += 1


def _split(pieces: Iterator[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield what stands before each comma of the outermost list, and its end: ",", "]" or nothing.

    The first has the line ends that stand before the list in front, so that they are counted.
    """
    buffer = _opened(pieces)
    row, end = 1, b","
    while end == b",":
        at = _end(buffer, pieces, row)
        end = bytes(buffer[at : at + 1])
        yield bytes(buffer[:at]), end
        del buffer[: at + 1]
        row += 1
    if end == b"]":
        _nothing_follows(buffer, pieces)


def _end(buffer: bytearray, pieces: Iterator[bytes], row: int) -> int:
    """Find where the element that `buffer` begins with ends, reading on for as long as needed.

    The result is the place of the comma or bracket after it, or the length of the buffer where the
    file ends first.
    """
    at, depth, in_text = 0, 1, False
    while True:
        found = (_IN_TEXT if in_text else _AT_TOP if depth == 1 else _INSIDE).search(buffer, at)
        if found is None:
            # `at` may lie beyond the buffer: an escaped character that is still to come.
            at = max(at, len(buffer))
            if not _grow(buffer, pieces, row):
                return len(buffer)
            continue
        mark, at = found[0], found.end()
        if mark == b"\\":
            at += 1
        elif mark == b'"':
            in_text = not in_text
        elif mark in b"[{":
            depth += 1
        elif depth > 1 and mark in b"]}":
            depth -= 1
        elif mark in b"],":
            return at - 1


def _grow(buffer: bytearray, pieces: Iterator[bytes], row: int) -> bool:
    piece = next(pieces, None)
    if piece is None:
        return False
    if len(buffer) > LONGEST:
        raise too_long("row", row)
    buffer += piece
    return True


def _opened(pieces: Iterator[bytes]) -> bytearray:
    """Read up to the opening bracket: the line ends before it, then what follows it."""
    before = bytearray()
    for piece in pieces:
        before += piece
        opening = before.find(b"[")
        if opening >= 0:
            blank = bytes(before[:opening]).removeprefix(BOM_UTF8)
            return bytearray(b"\n" * blank.count(b"\n")) + before[opening + 1 :]
    return before


def _nothing_follows(rest: bytearray, pieces: Iterator[bytes]) -> None:
    for piece in (bytes(rest), *pieces):
        after = piece.strip()
        if after:
            raise DamageError(
                f"something follows the end of the list: {quoted(after[:40].decode('latin-1'))}",
                "remove it; lists that follow one another go in files of their own",
            )
