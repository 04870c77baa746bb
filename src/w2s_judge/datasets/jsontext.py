"""One record's bytes to its columns, refusing what would come back different or not at all."""

from __future__ import annotations

import json
import math
from codecs import BOM_UTF8

from w2s_judge.datasets.rows import RowError, kind_of, quoted

DEEPEST = 100  # levels of nesting: far above any record, far below any recursion limit
_ESCAPED_SURROGATES = ("\\ud", "\\uD")


def decode(raw: bytes) -> dict[str, object]:
    """Read the object that these bytes are in JSON; `RowError` for anything else."""
    text = _text(raw)
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        raise _not_json(text, error) from None
    except ValueError:  # Python's own limit: an integer of more than 4,300 digits
        raise RowError("a number too long to be read", "write it as text") from None
    if text.count("[") + text.count("{") > DEEPEST and _depth(value) > DEEPEST:
        raise _too_deep()
    if not isinstance(value, dict):
        raise RowError(
            f"{kind_of(value)}, not an object", 'a record is {"prompt": ..., "response": ...}'
        )
    if any(mark in text for mark in _ESCAPED_SURROGATES):
        _refuse_lone_surrogates(value)
    return value


def _text(raw: bytes) -> str:
    if b"\0" in raw:
        raise RowError(
            f"{raw.count(0)} NUL bytes, the first at byte {raw.index(0) + 1}: the file was "
            "damaged, as after a crash",
            "write the row again, or remove it",
        )
    try:
        return raw.removeprefix(BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        raise RowError(
            f"byte {error.start + 1} (0x{raw[error.start]:02x}) is not UTF-8",
            "convert the file, for example: iconv -f WINDOWS-1252 -t UTF-8",
        ) from None


def _not_json(text: str, error: json.JSONDecodeError) -> RowError:
    if not text.strip():
        return RowError("nothing between two commas", "remove one of them")
    near = quoted(text[max(0, error.pos - 20) : error.pos + 20])
    remedy = "one JSON object a line; a file with a record over several lines must be a JSON list"
    return RowError(f"not JSON: {error.msg} at character {error.pos + 1}, near {near}", remedy)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise RowError(f"the key {quoted(twice)} stands twice", "remove one of the two")
    return found


def _no_constant(name: str) -> object:
    raise RowError(f"{name} is not JSON", "write null")


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise RowError(f"the number {quoted(digits)} is too large", "write it as text")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite
)


def _too_deep() -> RowError:
    return RowError(f"nested deeper than {DEEPEST} levels", "flatten the record")


def _depth(value: object) -> int:
    """Count the levels of nesting, without recursion."""
    level, deepest = [value], 0
    while level := [one for one in level if isinstance(one, dict | list)]:
        deepest += 1
        level = [
            inner for one in level for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return deepest


def _refuse_lone_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise RowError(
            f"half of a surrogate pair (\\u{ord(error.object[error.start]):04x}) stands alone: "
            "a text was cut in the middle of a character",
            "write the text again, or remove the row",
        ) from None
