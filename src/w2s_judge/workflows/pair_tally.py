"""What `pairs` counts while it writes, and what gold that was held back says of the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.calibration.estimates import Estimate, estimated_share
from w2s_judge.preferences.lengths import Lengths
from w2s_judge.preferences.pair_map import outcomes
from w2s_judge.preferences.pair_mass import BETTER, TIE, WORSE
from w2s_judge.preferences.reasons import Reason
from w2s_judge.preferences.split import Side
from w2s_judge.types import Preference, Rated
from w2s_judge.workflows.pair_verdicts import Key


@dataclass(slots=True)
class Tally:
    """What was seen and what became of it.

    kept     : rows written; by_gold of them are what human labels say; turned by `--resample flip`
    dropped  : by reason, and by whether it was a whole prompt that was left out
    total    : (3,) sum of the mass of the rows that passed the bars and are no gold; passed of them
    prompts_of : prompts by side
    """

    prompts: int = 0
    candidates: int = 0
    kept: int = 0
    by_gold: int = 0
    turned: int = 0
    passed: int = 0
    dropped: Counter[tuple[Reason, bool]] = field(default_factory=Counter)
    total: Floats = field(default_factory=lambda: np.zeros(3))
    lengths: Lengths = field(default_factory=Lengths)
    prompts_of: Counter[Side] = field(default_factory=Counter)
    _last: dict[Side, str] = field(default_factory=dict)

    def wrote(self, side: Side, item: str, *, by_gold: bool) -> None:
        """Count a row; the rows of a prompt come one after the other."""
        self.kept += 1
        self.by_gold += by_gold
        if self._last.get(side) != item:
            self._last[side] = item
            self.prompts_of[side] += 1

    def reasons(self) -> Iterator[tuple[str, int]]:
        """Why what was left out was, most frequent first."""
        whole = (Reason.ALONE, Reason.UNASKED)
        ordered = sorted(self.dropped.items(), key=lambda one: (-one[1], one[0]))
        for (reason, prompt), count in ordered:
            aside = " (whole prompt)" if prompt and reason not in whole else ""
            yield f"{reason.text}{aside}", count


@dataclass(frozen=True, slots=True)
class Checked:
    """Rows against labels that nothing was fitted to.

    `right` is the share that is right, None where none can be told; `level` rows have two responses
    of one gold class, and do not count; `used` labels were fitted to, and were not looked at.
    """

    right: Estimate | None
    level: int
    used: int


@dataclass(slots=True)
class Check:
    """Labels that were held back, by item and positions, set against rows as they are written."""

    gold: Mapping[Key, float]
    used: int = 0
    ties_tell: bool = True
    _told: list[tuple[int, str]] = field(default_factory=list)

    def pair(self, pair: Preference) -> None:
        """Note what the labels say of a pair."""
        if not self.gold:
            return
        low, high = sorted(pair.places)
        whole = self.gold.get((pair.item, (low, high)))
        one, other = (self.gold.get((pair.item, (place,))) for place in pair.places)
        if whole is not None:
            one = whole if pair.places[0] == low else 1 - whole
            other = 1 - one
        if one is not None and other is not None:
            outcome = outcomes(np.array([one]), np.array([other]))[0]
            self._told.append((int(outcome), pair.item))

    def rated(self, one: Rated) -> None:
        """Note what the labels say of a single response; a label in the middle says neither."""
        known = self.gold.get((one.item, (one.place,)))
        if known is None:
            return
        right = known > 0.5 if one.desirable else known < 0.5
        self._told.append((TIE if known == 0.5 else BETTER if right else WORSE, one.item))

    def result(self) -> Checked:
        """The share that is right, clustered by prompt."""
        outcome = np.array([told for told, _ in self._told], dtype=np.int32)
        counts = np.ones(len(outcome), dtype=np.bool_) if self.ties_tell else outcome != TIE
        right = None
        if counts.any():
            prompt = np.unique([name for _, name in self._told], return_inverse=True)[1]
            group = prompt[counts].astype(np.int32)
            hits: Floats = (outcome[counts] == BETTER).astype(np.float64)
            right = estimated_share(hits, None, group)
        return Checked(right, int((outcome == TIE).sum()), self.used)
