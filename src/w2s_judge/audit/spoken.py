"""Figures within a sentence."""

from __future__ import annotations

from w2s_judge.audit.part import Figure


def percent(figure: Figure) -> str:
    """A share: "34.4% (95% interval 32.9% to 36.0%)"; "unknown" where there is none."""
    if figure.value is None:
        return "unknown"
    value = f"{figure.value:.1%}"
    if figure.low is None or figure.high is None:
        return value
    return f"{value} (95% interval {figure.low:.1%} to {figure.high:.1%})"


def number(figure: Figure, sign: str = "") -> str:
    """A number: "0.12 (95% interval 0.08 to 0.16)", with `sign` "+" always with its sign."""
    if figure.value is None:
        return "unknown"
    value = f"{figure.value:{sign}.2f}"
    if figure.low is None or figure.high is None:
        return value
    return f"{value} (95% interval {figure.low:{sign}.2f} to {figure.high:{sign}.2f})"


def plural(count: int, one: str, many: str = "") -> str:
    """A number of things: "1 judge", "1,200 votes"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
