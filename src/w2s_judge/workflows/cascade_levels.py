"""How sure a stage was of what it decided, and what a lower `--decided` would have stopped there.

Counted as the decisions are taken, so that it takes no further call and no further fit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from w2s_judge.arrays import Floats

LEVELS = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5)  # what a person would type
FEW = 0.1  # share of a stage's things below which it hardly stops any
SHOWN = 3  # levels in a sentence


@dataclass(frozen=True, slots=True)
class Levels:
    """Of `n` things decided at a stage, `most` the highest top probability, `counts` by level."""

    n: int
    most: float
    counts: tuple[int, ...]

    @classmethod
    def of(cls, sure: Floats) -> Levels:
        """From the top probability of each thing; n of them, at least one."""
        return cls(
            len(sure), float(sure.max()), tuple(int(np.count_nonzero(sure >= at)) for at in LEVELS)
        )

    def and_(self, more: Levels | None) -> Levels:
        """These and others of the same stage."""
        if more is None:
            return self
        counts = tuple(a + b for a, b in zip(self.counts, more.counts, strict=True))
        return Levels(self.n + more.n, max(self.most, more.most), counts)

    @classmethod
    def from_told(cls, told: Mapping[str, Any]) -> Levels:
        """As `dataclasses.asdict` gave it."""
        return cls(told["n"], told["most"], tuple(told["counts"]))

    def advice(self, stage: int, decided: float, stopped: int, unit: str) -> str | None:
        """What to say where hardly any of the things stopped; None where enough did."""
        if stopped >= FEW * self.n:
            return None
        below = math.floor(self.most * 1e4) / 1e4  # so that it does not look as if it were reached
        text = (
            f"stage {stage + 1} stopped {stopped:,} of {self.n:,} {unit}: it takes a calibrated "
            f"probability of {decided:g}, and the highest was {below:.4f}."
        )
        lower, before = [], stopped
        for at, count in zip(LEVELS, self.counts, strict=True):
            if at < decided and count > before:
                lower.append((at, count))
                before = count
        if not lower:
            return f"{text} No lower --decided would have stopped more: more gold labels may."
        first, *more = lower[:SHOWN]
        each = "".join(f", --decided {at:g} {count:,}" for at, count in more)
        return (
            f"{text} --decided {first[0]:g} would have stopped {first[1]:,} of them{each}; the "
            "lower it is, the more of their labels are wrong. It takes --relearn, and saves on "
            "what is not asked yet."
        )
