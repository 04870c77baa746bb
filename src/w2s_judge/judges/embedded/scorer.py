"""What every embedded method offers, and how a score becomes the share q of the last label."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was asked and what was answered, whole; each method cuts off what it reads."""

    asked: str
    answered: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One judgement: `score` ranks, higher is nearer to the rubric's last label.

    `q` in (0, 1) is a fixed increasing function of it; `parts` are the numbers that made it;
    `near` says that what was read is a near-copy of an exemplar.
    """

    score: float
    q: float
    parts: Mapping[str, float] = field(default_factory=dict)
    near: bool = False


class Scorer(Protocol):
    """A method with its models loaded."""

    def scores(self, rubric: str, exchanges: Sequence[Exchange], /) -> list[Reading]:
        """Judge each exchange, in order."""

    def close(self) -> None:
        """Free the models."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A logistic curve: `centre` goes to 1/2, and each `width` above it adds 1 to the log-odds."""

    centre: float
    width: float

    def q(self, score: float) -> float:
        """Map a score increasingly into (0, 1).

        Log-odds are held within +-30, so that neither q nor 1 - q ever rounds to 0 or 1.
        """
        odds = max(-30.0, min(30.0, (score - self.centre) / self.width))
        return 1.0 / (1.0 + math.exp(-odds))
