"""Are the chosen responses simply the longer ones? A trainer would learn that first.

Lengths are in characters: no tokenizer is at hand, and between two responses to one prompt the
ratio is nearly that of tokens. One pass, a handful of numbers in memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from scipy.special import stdtrit

LEAST_EFFECT = 0.1
"""A set is called length-biased from here on: among pairs of unequal length the longer response is
chosen in 60 % or more, or 40 % or less. "Take the longer one" then predicts the data ten points
better than a coin."""

CERTAINTY = 0.95
"""... and an interval of this certainty does not hold one half."""


@dataclass(frozen=True, slots=True)
class LengthBalance:
    """What the lengths of chosen and rejected say.

    `longer`, `shorter`, `equal` count pairs by the chosen response's length against the rejected
    one's. `share` = longer / (longer + shorter), None where all are equal, with the interval
    [`low`, `high`] of certainty `CERTAINTY`; `ratio` is the geometric mean of length chosen /
    length rejected (both + 1). `chosen`, `rejected` are mean lengths in characters.
    """

    pairs: int
    longer: int
    shorter: int
    equal: int
    share: float | None
    low: float
    high: float
    ratio: float
    chosen: float
    rejected: float

    @property
    def biased(self) -> bool:
        """Whether the set is to be warned about: a large effect, and a certain one."""
        if self.share is None or abs(self.share - 0.5) < LEAST_EFFECT:
            return False
        return not self.low <= 0.5 <= self.high

    @property
    def warning(self) -> str | None:
        """The warning in words, or None."""
        if not self.biased or self.share is None:
            return None
        which, part = ("longer", self.share) if self.share > 0.5 else ("shorter", 1 - self.share)
        ends = (self.low, self.high) if self.share > 0.5 else (1 - self.high, 1 - self.low)
        return (
            f"length-biased: the {which} response is chosen in {part:.0%} of the pairs of unequal "
            f"length ({CERTAINTY:.0%} interval {ends[0]:.0%} to {ends[1]:.0%}); a model trained on "
            f"them can learn to be {which} and nothing else"
        )


@dataclass(slots=True)
class Lengths:
    """Accumulates the balance. Pairs of one prompt must come one after the other.

    They are one cluster of the interval: a prompt whose answers are long is no new evidence each
    time that it is paired.
    """

    pairs: int = 0
    longer: int = 0
    shorter: int = 0
    log_ratios: float = 0.0
    chosen: int = 0
    rejected: int = 0
    _prompt: object = None
    _cluster: list[int] = field(default_factory=lambda: [0, 0])
    _clusters: int = 0
    _squares: list[int] = field(default_factory=lambda: [0, 0, 0])

    def add(self, chosen: str, rejected: str, prompt: object) -> None:
        """Count a pair of texts; `prompt` is what tells prompts apart, an item's id say."""
        first, second = len(chosen), len(rejected)
        self.pairs += 1
        self.chosen += first
        self.rejected += second
        self.log_ratios += math.log((first + 1) / (second + 1))
        if prompt != self._prompt:
            self._close()
            self._prompt = prompt
        if first == second:
            return
        self._cluster[1] += 1
        if first > second:
            self._cluster[0] += 1
            self.longer += 1
        else:
            self.shorter += 1

    def _close(self) -> None:
        """Take the cluster at hand into the sums of squares."""
        hits, size = self._cluster
        if size:
            self._clusters += 1
            self._squares[0] += hits * hits
            self._squares[1] += hits * size
            self._squares[2] += size * size
        self._cluster = [0, 0]

    def balance(self) -> LengthBalance:
        """The balance of all that was added; asked for at the end."""
        self._close()
        untied = self.longer + self.shorter
        share = self.longer / untied if untied else None
        low, high = (0.0, 1.0) if share is None else self._interval(share, untied)
        count = max(self.pairs, 1)
        return LengthBalance(
            pairs=self.pairs,
            longer=self.longer,
            shorter=self.shorter,
            equal=self.pairs - untied,
            share=share,
            low=low,
            high=high,
            ratio=math.exp(self.log_ratios / count),
            chosen=self.chosen / count,
            rejected=self.rejected / count,
        )

    def _interval(self, share: float, untied: int) -> tuple[float, float]:
        """Wilson's interval (1927) on the effective number of pairs, with t for few prompts.

        The effective number is the number of pairs over Kish's design effect (1965): that at which
        a binomial share has the variance of the ratio estimator over prompts. It lies between all
        pairs of a prompt saying the same and each saying something new; where nothing varies it
        is the former.
        """
        if self._clusters < 2:
            return 0.0, 1.0
        hits, mixed, sizes = self._squares
        least = untied**2 / sizes
        spread = hits - 2 * share * mixed + share * share * sizes
        variance = spread * self._clusters / (self._clusters - 1) / untied**2
        binomial = share * (1 - share)
        effective = binomial / variance if variance > 0 and binomial > 0 else least
        effective = min(max(effective, least), untied)
        t = float(stdtrit(self._clusters - 1, 0.5 + CERTAINTY / 2))
        middle = (share + t * t / (2 * effective)) / (1 + t * t / effective)
        half = t / (1 + t * t / effective)
        half *= math.sqrt(binomial / effective + t * t / (4 * effective**2))
        return max(middle - half, 0.0), min(middle + half, 1.0)
