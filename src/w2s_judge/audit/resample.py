"""Bootstrap over prompts by multinomial weights: every figure comes from sums over blocks.

Whatever is a function of sums over items (shares, coefficients, slopes, correlations) is computed
once from the sums of each block of prompts, and again for each draw from the weighted sums of the
blocks: a draw costs a row of a matrix product, not a pass over the votes. Items that answer one
prompt are drawn together. Above `MOST` prompts, prompts are put into that many blocks at random:
sums of randomly formed blocks vary just as those of single prompts do, and a variance from 4,096
of them is known to about 2 %.

Where a few prompts have most of the items, a figure and its variance hang on those few. Intervals
and p therefore go by how many prompts of equal size they are worth (Kish 1965), not by the count.

Letters: B draws, n blocks, I items.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse, special

from w2s_judge.arrays import Floats, Ints
from w2s_judge.audit.part import Figure
from w2s_judge.calibration.estimates import estimated_share
from w2s_judge.ranking.percentiles import FEWEST, percentile_intervals

DRAWS = 999
MOST = 4096  # blocks
FEWEST_TO_TEST = 30  # prompts under which nothing is tested: normal tails are not to be trusted
NOTHING = "there is nothing to go on"
TOO_FEW = f"no interval from fewer than {FEWEST} prompts"
UNEQUAL = f"no interval: most of it lies in fewer than {FEWEST} prompts"
TAIL = 0.025  # beyond either end of an interval
EXACT = 1e-9  # prompts of equal size are worth their number, but for rounding

Items = npt.NDArray[Any]


@dataclass(frozen=True, eq=False, slots=True)
class Resample:
    """Which block each item is in, and how often each block is drawn.

    group   : (I,) the prompt of each item, numbered from 0 without gaps
    block   : (I,) its block
    weights : (B, n) float64, times that a block is drawn; rows sum to n
    """

    group: Ints
    block: Ints
    weights: Floats

    @classmethod
    def of(cls, group: Ints, *, draws: int = DRAWS, seed: int = 0, most: int = MOST) -> Resample:
        """Lay out the draws for items whose prompts are `group` (I,)."""
        prompts, member = np.unique(group, return_inverse=True)
        random = np.random.default_rng(seed)
        n = max(1, min(len(prompts), most))
        place = np.arange(len(prompts)) if len(prompts) <= most else _dealt(len(prompts), n, random)
        weights = random.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)
        block = place[member] if len(prompts) else np.zeros(0)
        return cls(member.astype(np.int32), block.astype(np.int32), weights)

    def sums(self, item: Items, values: Floats) -> Floats:
        """(1 + B, m) sums over rows of `values` (k, m) or (k,); row 0 is that of the data.

        item : (k,) the item that each row belongs to
        """
        rows = values[:, None] if values.ndim == 1 else values
        n = self.weights.shape[1]
        where = (self.block[item], np.arange(len(item)))
        gather = sparse.csr_array((np.ones(len(item)), where), shape=(n, len(item)))
        of_block = np.asarray(gather @ rows, dtype=np.float64)
        return np.concatenate([of_block.sum(axis=0)[None], self.weights @ of_block])

    def narrowed(self, item: Items) -> Resample:
        """The same draws without the blocks that have none of these items: sums cost less.

        Only for sums over `item`.
        """
        size = self.weights.shape[1]
        used = np.flatnonzero(np.bincount(self.block[item], minlength=size))
        if 2 * len(used) > size:
            return self
        place = np.zeros(size, dtype=np.int32)
        place[used] = np.arange(len(used))
        return Resample(self.group, place[self.block], self.weights[:, used])

    def prompts(self, item: Items) -> int:
        """How many prompts these items answer."""
        seen = np.zeros(int(self.group.max(initial=-1)) + 1, dtype=np.bool_)
        seen[self.group[item]] = True
        return int(np.count_nonzero(seen))

    def worth(self, item: Items, weight: Floats | None = None) -> float:
        """How many prompts of equal size theirs are worth: (sum n_g)^2 / sum of n_g^2 (Kish 1965).

        n_g is the number of the items (k,) in prompt g, or the sum of their weights (k,), at least
        0. It is the number of prompts where all have the same, and 0 where there is nothing.
        """
        return Sizes.of(self.group[item], weight).worth

    def figure(self, found: Floats, item: Items, n: int | None = None, why: str = "") -> Figure:
        """The figure `found` (1 + B,): its value, then its draws, NaN where it does not exist.

        item : (k,) the items that it rests on (with repetitions); n is k unless given
        why  : the reason to give where there is no value
        """
        size, prompts = len(item) if n is None else n, self.prompts(item)
        if not np.isfinite(found[0]):
            return Figure(None, n=size, prompts=prompts, why=why or NOTHING)
        value = float(found[0])
        if prompts < FEWEST:
            return Figure(value, n=size, prompts=prompts, why=TOO_FEW)
        sizes = Sizes.of(self.group[item])
        if round(sizes.worth) < FEWEST:
            return Figure(value, n=size, prompts=prompts, why=UNEQUAL)
        few = np.array([round(sizes.freedom + 1)], dtype=np.int64)
        low, high = percentile_intervals(found[1:, None], few)
        if not np.isfinite(low[0]) or high[0] <= low[0]:
            told = (
                "no interval: all draws of prompts give the same"
                if np.isfinite(low[0])
                else "no interval: it does not exist in most draws of prompts"
            )
            return Figure(value, n=size, prompts=prompts, why=told)
        return Figure(value, float(low[0]), float(high[0]), size, prompts)

    def share(self, item: Items, hit: Floats, weight: Floats | None = None) -> Figure:
        """The (weighted) mean of `hit` (k,) in [0, 1]: Wilson's interval, clustered by prompt."""
        if not len(item):
            return Figure(None, why=NOTHING)
        found = estimated_share(hit, weight, self.group[item])
        if found.groups < FEWEST:
            return Figure(found.value, n=found.n, prompts=found.groups, why=TOO_FEW)
        told = Figure(found.value, found.low, found.high, found.n, found.groups)
        sizes = Sizes.of(self.group[item], weight)
        return told if sizes.worth >= found.groups - EXACT else _widened(told, found.groups, sizes)

    def p_value(
        self, found: Floats, item: Items, null: float = 0.0, weight: Floats | None = None
    ) -> float:
        """Two-sided p of `found` (1 + B,) being `null`: t of the bootstrap's standard error.

        1 where it cannot be tested: no value, draws that do not vary, or prompts that are worth
        fewer than 30 of equal size. Their sizes are also behind the t and the standard error.

        weight : (k,) of the items in `found`, where they do not count alike
        """
        sizes = Sizes.of(self.group[item], weight)
        drawn = found[1:][np.isfinite(found[1:])]
        if not np.isfinite(found[0]) or 2 * len(drawn) < len(found):
            return 1.0
        if sizes.worth < FEWEST_TO_TEST - EXACT:
            return 1.0
        spread = float(drawn.std(ddof=1)) / np.sqrt(sizes.left)
        if spread <= 0:
            return 1.0
        return float(2 * special.stdtr(sizes.freedom, -abs(float(found[0]) - null) / spread))


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the sizes n_g of prompts, as shares h_g of their sum, do to a mean over items.

    Where all of a prompt's items are alike, the mean's variance is that of sum h_g e_g, and it is
    estimated by sum h_g^2 e_g^2 of what is left of e_g once the mean is taken off.

    worth   : 1 / sum h^2, the prompts of equal size that they are worth (Kish 1965)
    freedom : degrees of freedom of that estimate, (sum h^2)^2 / sum h^4 - 1 (Satterthwaite 1946)
    left    : share of the variance that it has on average, 1 - 2 sum h^3 / sum h^2 + sum h^2 (what
              Bell and McCaffrey 2002 correct)

    Of G equal ones these are G, G - 1 and (G - 1) / G.
    """

    worth: float
    freedom: float
    left: float

    @classmethod
    def of(cls, group: Ints, weight: Floats | None = None) -> Sizes:
        """Of items (k,) in these prompts, which count alike or by weight, at least 0."""
        size = np.bincount(group, weights=weight).astype(np.float64)
        if not size.any():
            return cls(0.0, 0.0, 0.0)
        h = size / size.sum()
        two, three, four = (float((h**power).sum()) for power in (2, 3, 4))
        return cls(1 / two, two**2 / four - 1, 1 - 2 * three / two + two)


def _widened(share: Figure, groups: int, sizes: Sizes) -> Figure:
    """A share's Wilson interval that takes `groups` prompts to be equal, for their true sizes.

    With c = z^2 / n the width w of Wilson's interval is that of w^2 (1 + c)^2 = 4 c p (1 - p) +
    c^2: c is solved for, and grows by the squared ratio of the two t times standard error.
    """
    if share.value is None or share.low is None or share.high is None:
        return share
    p, w = share.value, share.high - share.low
    if not 0 < w < 1:
        return share
    above = w * w - 2 * p * (1 - p)  # (1 - w^2) c^2 - 2 above c - w^2 = 0
    c = (above + np.sqrt(above**2 + (1 - w * w) * w * w)) / (1 - w * w)
    few, many = (special.stdtrit(max(size, 1.0), TAIL) for size in (sizes.freedom, groups - 1))
    c *= (few / many) ** 2 * (groups - 1) / groups / max(sizes.left, EXACT)
    middle, half = (p + c / 2) / (1 + c), np.sqrt(c * p * (1 - p) + c * c / 4) / (1 + c)
    return replace(share, low=max(0.0, float(middle - half)), high=min(1.0, float(middle + half)))


def _dealt(prompts: int, n: int, random: np.random.Generator) -> npt.NDArray[np.int64]:
    """(prompts,) a block for each: blocks of equal size, but for one."""
    return np.asarray(random.permutation(prompts) % n, dtype=np.int64)


def ratio(above: Floats, below: Floats) -> Floats:
    """Element by element, NaN where `below` is not above 0."""
    below = np.broadcast_to(below, np.shape(above))
    out = np.full(np.shape(above), np.nan)
    return np.asarray(np.divide(above, below, out=out, where=below > 0))
