"""Which pairs are written, and why the others are not: the first reason, in the order of `Reason`.

SAME_TEXT, then what the votes lack (NEVER_COMPARED, NO_VOTE, RANKS_ONLY, ONE_ORDER), LEVEL, EVEN,
TIED, AGAINST, UNPROMISED, BELOW.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Bools
from w2s_judge.errors import UsageError
from w2s_judge.preferences.pair_mass import PairMass
from w2s_judge.preferences.reasons import Codes, Reason

SAME = 1e-9  # a p that is no further from .5 is .5
DIGITS = 12  # to which p is compared with a bar, as selective thresholds are


@dataclass(frozen=True, slots=True)
class Bars:
    """What a pair must pass: p at least `min_p`, mass on a tie at most `max_tie`.

    `min_p` lies in [.5, 1]; None: no bar keeps what `--max-error` asks, and no pair passes.
    `max_tie` lies in [0, 1]; by default a tie must not be likelier than not.
    """

    min_p: float | None
    max_tie: float = 0.5

    def __post_init__(self) -> None:
        if self.min_p is not None and not 0.5 <= self.min_p <= 1:
            raise UsageError(f"--min-p {self.min_p!r} must lie between 0.5 and 1")
        if not 0 <= self.max_tie <= 1:
            raise UsageError(f"--max-tie {self.max_tie!r} must lie between 0 and 1")


def screen(
    pairs: PairMass, bars: Bars, level: Bools | None = None, same: Bools | None = None
) -> Codes:
    """(P,) why each pair is not written, `Reason.KEPT` for those that are.

    pairs : mapped, in their final direction
    level : (P,) True where the utilities that gave the direction are level
    same  : (P,) True where the two texts are the same
    """
    p = np.round(pairs.p, DIGITS)
    none = np.zeros(pairs.P, dtype=np.bool_)
    tests: Sequence[tuple[Reason, Bools]] = (
        (Reason.LEVEL, none if level is None else level),
        (Reason.EVEN, np.abs(p - 0.5) <= SAME),
        (Reason.TIED, np.round(pairs.tie, DIGITS) > bars.max_tie),
        (Reason.AGAINST, p < 0.5),
        (Reason.UNPROMISED, none | (bars.min_p is None)),
        (Reason.BELOW, none if bars.min_p is None else p < bars.min_p),
    )
    found = np.select(
        [none if same is None else same, pairs.lack != Reason.KEPT, *(test for _, test in tests)],
        [np.int8(Reason.SAME_TEXT), pairs.lack, *(np.int8(reason) for reason, _ in tests)],
        np.int8(Reason.KEPT),
    )
    return found.astype(np.int8)
