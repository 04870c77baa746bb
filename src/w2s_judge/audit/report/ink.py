"""The colours of a plot: stand-ins while it is drawn, classes of the style sheet on the page.

A plot is drawn once and shown in light and in dark, so that its colours cannot stand in it. Each
stand-in colour becomes a class: `f-NAME` where it fills, `s-NAME` where it draws a line.
"""

from __future__ import annotations

STEPS = 11
"""Steps of a colour scale: the sequential one runs over h0..h10, the diverging one over d0..d10."""

NAMES = (
    "ink", "muted", "line", "accent", "soft", "second", "surface", "on-pale", "on-deep",
    *(f"h{step}" for step in range(STEPS)), *(f"d{step}" for step in range(STEPS)),
)  # fmt: skip
_COLOUR = {name: f"#{number + 1:02x}01fe" for number, name in enumerate(NAMES)}
_NAME = {colour: name for name, colour in _COLOUR.items()}


def ink(name: str) -> str:
    """The colour to draw with; `KeyError` for a name that the style sheet has not."""
    return _COLOUR[name]


def named(colour: str) -> str | None:
    """The name of a stand-in, None for "none" and for every other colour."""
    return _NAME.get(colour.lower())


def sequential(share: float) -> int:
    """The step of a value in [0, 1]; what is outside is at the end."""
    return round(min(max(share, 0.0), 1.0) * (STEPS - 1))


def diverging(value: float, most: float) -> int:
    """The step of a value in [-most, most]; 0 is in the middle."""
    return sequential(0.5 + value / (2 * most))
