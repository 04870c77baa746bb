"""Numbers as people read them."""

from __future__ import annotations

from dataclasses import dataclass

from w2s_judge.scoring.tally import Tally


def tokens(count: float) -> str:
    """Tokens: 950, 12.3k, 4.5M."""
    if count < 1000:
        return f"{count:.0f}"
    return f"{count / 1000:.1f}k" if count < 1e6 else f"{count / 1e6:.1f}M"


def dollars(usd: float | None) -> str:
    """US dollars; '?' where the price is unknown, and as many digits as it takes."""
    if usd is None:
        return "?"
    return f"${usd:.2f}" if usd >= 0.1 or usd == 0 else f"${usd:.2g}"


def duration(seconds: float | None) -> str:
    """Seconds as 45 s, 3 min, 2 h 05; '–' where unknown."""
    if seconds is None or seconds == float("inf"):
        return "–"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02}"


@dataclass(frozen=True, slots=True)
class Pace:
    """How a judge is doing, as a display shows it."""

    done: int
    total: int
    per_second: float
    tokens: int
    cost: str
    left: str


def pace(tally: Tally, seconds: float) -> Pace:
    """A judge's pace after so many seconds of asking."""
    answered = tally.done - tally.before
    rate = answered / seconds if seconds > 0 else 0.0
    remaining = max(0, tally.planned - tally.done)
    return Pace(
        done=tally.done,
        total=max(tally.planned, tally.done),
        per_second=tally.calls / seconds if seconds > 0 else 0.0,
        tokens=tally.prompt_tokens + tally.completion_tokens,
        cost="?" if tally.unpriced else dollars(tally.cost_usd),
        left=duration(remaining / rate if rate else None) if remaining else "done",
    )
