"""How long an endpoint asks to be left alone, by its headers: in seconds, or None."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_UNIT = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_EPOCH = 1e9  # a "reset" beyond 31 years is a point in time, in seconds
_EPOCH_MS = 1e11
_RESETS = ("requests", "tokens")


def retry_after(headers: Mapping[str, str], clock: Callable[[], float] = time.time) -> float | None:
    """Seconds >= 0 by Retry-After (a number or an HTTP date), retry-after-ms or x-ratelimit-reset.

    `headers` have lower-case names; `clock` gives seconds since 1970 and serves where the response
    has no Date of its own to measure a point in time by. What cannot be read counts as not there.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    given = headers.get("retry-after")
    if given is not None:
        seconds = _number(given)
        if seconds is not None:
            return seconds
        until = _date(given)
        if until is not None:
            return max(0.0, until - _now(headers, clock))
    return _reset(headers, clock)


def _reset(headers: Mapping[str, str], clock: Callable[[], float]) -> float | None:
    """The longest reset among the limits that are used up, as far as the headers tell."""
    waits = []
    for what in _RESETS:
        wait = _span(headers.get(f"x-ratelimit-reset-{what}"), headers, clock)
        used_up = headers.get(f"x-ratelimit-remaining-{what}", "0").strip() == "0"
        if wait is not None and used_up:
            waits.append(wait)
    if waits:
        return max(waits)
    return _span(headers.get("x-ratelimit-reset"), headers, clock)


def _span(
    given: str | None, headers: Mapping[str, str], clock: Callable[[], float]
) -> float | None:
    """Read "6m0s", "20ms", "1.5", or a point in time in seconds or milliseconds since 1970."""
    if given is None:
        return None
    number = _number(given)
    if number is not None:
        point = number / 1000 if number > _EPOCH_MS else number
        return max(0.0, point - _now(headers, clock)) if point > _EPOCH else number
    parts = _SPAN.findall(given)
    if not parts or "".join(a + b for a, b in parts) != given.strip():
        return None
    return sum(float(amount) * _UNIT[unit] for amount, unit in parts)


def _number(given: str | None) -> float | None:
    try:
        number = float(given or "")
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None


def _date(given: str | None) -> float | None:
    try:
        date = parsedate_to_datetime(given or "")
    except (ValueError, OverflowError):
        return None
    # An HTTP date is in GMT whether it says so or not.
    aware = date if date.tzinfo else date.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()


def _now(headers: Mapping[str, str], clock: Callable[[], float]) -> float:
    date = _date(headers.get("date"))
    return clock() if date is None else date
