"""A recorded vote: one line of `w2s-judge votes --format jsonl`, checked."""

from __future__ import annotations

import gzip
import json
import math
import sys
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, get_args

from w2s_judge.errors import InputError
from w2s_judge.sentences import listed
from w2s_judge.types import REASONS, Order, Reason, Reply, Usage

_ORDERS: tuple[Order, ...] = get_args(Order)
NEEDED = ("item", "responses", "variant", "rubric", "judge")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was asked, and what came of it: `mass` in the item's frame, or `abstained`."""

    item: str
    responses: tuple[int, ...]
    order: Order | None
    variant: str
    rubric: str
    rubric_hash: str | None
    judge: str
    family: str | None
    mass: Mapping[str, float] | None
    abstained: Reason | None
    raw: str | None
    reasoning: str | None
    usage: Usage
    uncalibrated: bool
    categories: tuple[str, ...] | None

    def reply(self, mass: Mapping[str, float] | None) -> Reply:
        """The reply it replays, with its mass as it was shown."""
        return Reply(
            text=self.raw or "",
            way="direct",
            mass=mass,
            abstained=self.abstained,
            reasoning=self.reasoning,
            usage=self.usage,
            raw=self.raw,
            uncalibrated=self.uncalibrated,
            categories=self.categories,
        )


class _NoVoteError(Exception):
    """What is wrong with a line."""


def recorded_votes(file: Path) -> Iterator[tuple[int, Recorded]]:
    """The votes of a JSONL file (.gz or plain) with their 1-based lines; blank lines are skipped.

    Raises `InputError` with the line.
    """
    line = 0
    try:
        with _opened(file) as stream:
            for line, text in enumerate(stream, start=1):
                if text.strip():
                    yield line, _vote(json.loads(text))
    except _NoVoteError as error:
        raise InputError(
            str(error),
            path=str(file),
            line=line,
            remedy="A recording is what `w2s-judge votes RUN --format jsonl` prints.",
        ) from error
    except (ValueError, RecursionError) as error:  # JSON and UTF-8
        raise InputError(f"not a line of JSON: {error}", path=str(file), line=line or 1) from error
    except (OSError, EOFError, zlib.error) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read: {what}", path=str(file)) from error


def _opened(file: Path) -> IO[bytes] | gzip.GzipFile:
    if file.suffix == ".gz":
        return gzip.open(file, "rb")
    return file.open("rb")


def _vote(row: Any) -> Recorded:
    if not isinstance(row, dict):
        raise _NoVoteError("not an object")
    missing = [key for key in NEEDED if key not in row]
    if missing:
        raise _NoVoteError(f"a vote without {listed(missing)}")
    mass, abstained = _mass(row.get("mass")), row.get("abstained")
    if (mass is None) == (abstained is None):
        raise _NoVoteError("a vote has either mass or abstained")
    if abstained is not None and abstained not in REASONS:
        raise _NoVoteError(f"abstained is {abstained!r}, and none of {', '.join(REASONS)}")
    order = row.get("order")
    if order is not None and order not in _ORDERS:
        raise _NoVoteError(f"order is {order!r}, and none of ab, ba, null")
    return Recorded(
        item=_text(row, "item"),
        responses=_positions(row.get("responses")),
        order=order,
        variant=_text(row, "variant"),
        rubric=sys.intern(_text(row, "rubric")),
        rubric_hash=_text_or_none(row, "rubric_hash"),
        judge=sys.intern(_text(row, "judge")),
        family=_text_or_none(row, "family"),
        mass=mass,
        abstained=abstained,
        raw=_text_or_none(row, "raw"),
        reasoning=_text_or_none(row, "reasoning"),
        usage=Usage(_count(row, "prompt_tokens"), _count(row, "completion_tokens")),
        uncalibrated=row.get("uncalibrated") is True,
        categories=_categories(row.get("categories")),
    )


def _mass(given: Any) -> dict[str, float] | None:
    if given is None:
        return None
    good = isinstance(given, dict) and all(
        isinstance(p, int | float) and not isinstance(p, bool) and 0 <= p <= 1.001
        for p in given.values()
    )
    total = math.fsum(given.values()) if good else 0.0
    # Recordings may be rounded.
    if not abs(total - 1) <= 1e-2:
        raise _NoVoteError("mass is no object of label probabilities that sum to 1")
    return {sys.intern(label): p / total for label, p in given.items()}


def _positions(given: Any) -> tuple[int, ...]:
    if (
        not isinstance(given, list)
        or not given
        or not all(isinstance(k, int) and not isinstance(k, bool) and k >= 0 for k in given)
    ):
        raise _NoVoteError("responses is no list of positions, as [0] or [0, 1]")
    return tuple(given)


def _categories(given: Any) -> tuple[str, ...] | None:
    if given is None:
        return None
    if not isinstance(given, list) or not all(isinstance(word, str) for word in given):
        raise _NoVoteError("categories is no list of words")
    return tuple(given)


def _text(row: Mapping[str, Any], key: str) -> str:
    given = row.get(key)
    if not isinstance(given, str) or not given:
        raise _NoVoteError(f"{key} is missing or no text")
    return given


def _text_or_none(row: Mapping[str, Any], key: str) -> str | None:
    return None if row.get(key) is None else _text(row, key) if row[key] != "" else ""


def _count(row: Mapping[str, Any], key: str) -> int | None:
    given = row.get(key)
    if given is None:
        return None
    if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given < 2**53:
        raise _NoVoteError(f"{key} is no count")
    return given
