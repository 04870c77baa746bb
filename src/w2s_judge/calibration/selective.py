"""Which labels may be exported so that few of them are wrong, with a guarantee.

Thresholds on the top class's probability are tried from the strictest down. Each is tested on gold
that nothing in the fit or the map saw: the exact upper bound (Clopper and Pearson 1934) on the
share of errors among accepted items must be at most `max_error`. The walk ends at the first that
fails, and the last that passed is taken: fixed-sequence testing, which needs no correction for the
number of thresholds (Angelopoulos et al. 2021, "Learn then Test"; Jung et al. 2024 for judges).
Over draws of the gold, the true share of errors among accepted items is above `max_error` with
probability at most 1 - `confidence`. Nothing is exported where no threshold passes.

What the guarantee needs, and how it is got:
- The sequence is fixed before a label is seen: it comes from confidences alone.
- Labelled items are a uniform sample: unequal sampling is thinned, an item kept with probability
  min(p) / p.
- Their errors are independent: of a group one item is kept, by lot. Each group then counts once;
  where groups differ much in size the promise is about prompts rather than items.
- The fit and the map are those that the exported posterior comes from: after the test, no refit.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.calibration.metrics import top
from w2s_judge.gold import Gold

STEPS = 20  # thresholds, at equal steps of coverage
FEWEST, MOST = 30, 10**9  # labels above the first threshold, at least and at most


@dataclass(frozen=True, slots=True)
class Selection:
    """A threshold that holds what it promises, or none; `reason` says why, in words.

    value    : items whose top class has at least this probability are exported; None: no item
    coverage : share of the `labels` tested that lie above the threshold of the figures below
    errors   : of the `n` labels above it
    upper    : bound on the share of errors above it, at the confidence asked for
    labels   : labels tested, after thinning and one a group
    The figures are those of the threshold taken, or of the strictest where none passed.
    """

    value: float | None
    coverage: float
    errors: int
    n: int
    upper: float
    labels: int
    reason: str

    def accepts(self, posterior: Floats, /) -> Bools:
        """(I,) which rows of posterior (I, C) may be exported; a tie on top never is."""
        sure = _sure(posterior)
        if self.value is None:
            return np.zeros(len(sure), dtype=np.bool_)
        return np.asarray(sure >= self.value)


def threshold(
    held_out: Floats,
    label: Ints,
    max_error: float,
    confidence: float,
    *,
    among: Floats | None = None,
    smallest: int | None = None,
    chosen: Floats | None = None,
    group: Ints | None = None,
    seed: int = 0,
) -> Selection:
    """The lowest threshold that passes; the posterior held_out (n, C) did not see label (n,).

    among    : (I, C) posteriors of all items whose label is not known, whose confidences the
               thresholds are taken from whatever items were held back; None: held_out itself
    smallest : labels above the first threshold, at least; None: `first_test`
    chosen   : (n,) probability by which each item came to be labelled; None: all alike
    group    : (n,) items with one number answer the same prompt; None: each its own
    `max_error` and `confidence` lie between 0 and 1, else `ValueError`.
    """
    if not 0 < max_error < 1 or not 0 < confidence < 1:
        raise ValueError("max_error and confidence lie between 0 and 1")
    kept = uniform_sample(len(label), chosen, group, seed)
    first = first_test(max_error, confidence) if smallest is None else smallest
    sure = _sure(held_out[kept])
    wrong = np.asarray(held_out[kept].argmax(axis=1) != label[kept])
    pool = sure if among is None else _sure(among)
    # fewer labels than the first test is to have are tested once, all together
    wanted, first = first, min(first, max(len(kept), FEWEST))
    value = _thresholds(pool, first / max(len(kept), 1))
    value = value[(sure >= value[:, None]).sum(axis=1) >= first]
    if not len(value):
        short = (
            f"too few labels to test on: {len(kept)}, and to show at most {max_error:g} of errors "
            f"at confidence {confidence:g} takes {wanted}"
        )
        return Selection(None, 0.0, 0, 0, 1.0, len(kept), short)
    found = _walked(sure, wrong, value, max_error, confidence)
    aside = len(label) - len(kept)
    said = f"; {aside} labels set aside for a uniform sample" if aside else ""
    return replace(found, reason=found.reason + said)


def _walked(
    sure: Floats, wrong: Bools, value: Floats, max_error: float, confidence: float
) -> Selection:
    """Test thresholds value (T,), descending, on confidences and errors (n,) until one fails."""
    above = sure >= value[:, None]
    size, errors = above.sum(axis=1), (above & wrong).sum(axis=1)
    upper = upper_bound(errors, size, confidence)
    passed = int(np.cumprod(upper <= max_error).sum())
    at = max(passed - 1, 0)
    reason = f"{errors[at]} errors in {size[at]} labels, at most {upper[at]:.3f} of all items there"
    if not passed:
        reason = f"no threshold keeps errors to {max_error:g}; the strictest: {reason}"
    return Selection(
        float(value[at]) if passed else None,
        float(size[at] / len(sure)),
        int(errors[at]),
        int(size[at]),
        float(upper[at]),
        len(sure),
        f"{reason}, at confidence {confidence:g}",
    )


def upper_bound(errors: npt.NDArray[Any], size: npt.NDArray[Any], confidence: float) -> Floats:
    """Clopper and Pearson's (1934) one-sided bound on a share, from errors of size labels."""
    beyond = np.maximum(size - errors, 1)
    bound = special.betaincinv(errors + 1, beyond, confidence)
    return np.asarray(np.where(errors >= size, 1.0, bound))


@cache
def first_test(max_error: float, confidence: float) -> int:
    """Labels above the first threshold: at least `FEWEST`, and so many that one error passes.

    Where the first threshold has room for none, a single error ends the walk before it began; with
    more room than one, few labels are left to walk on. In simulations of calibrated forecasts this
    start exported most among no room, one error, and half of `max_error`.
    """
    enough = range(FEWEST, MOST)
    return enough[bisect_left(enough, True, key=lambda n: _one_passes(n, max_error, confidence))]


def _one_passes(n: int, max_error: float, confidence: float) -> bool:
    return float(upper_bound(np.array([1]), np.array([n]), confidence)[0]) <= max_error


def uniform_sample(n: int, chosen: Floats | None, group: Ints | None, seed: int) -> Ints:
    """Positions, ascending, of a uniform sample without two of a group, of n labelled items.

    An item stays with probability min(chosen) / chosen; then one of each group, by lot.
    """
    random = np.random.default_rng(seed)
    order = random.permutation(n)
    if chosen is not None and n:
        order = order[random.random(n) * chosen[order] < chosen.min()]
    if group is not None:
        order = order[np.unique(group[order], return_index=True)[1]]
    return np.asarray(np.sort(order), dtype=np.int32)


def held_back(gold: Gold, group: Ints, share: float = 0.5, seed: int = 0) -> tuple[Gold, Gold]:
    """Gold to fit and calibrate with, and gold to test on: about `share` of the labels.

    group is (I,), of all items; a group goes to one side whole. By lot, whatever the labels, so
    that the part held back is as fair a sample as gold itself.
    """
    if not 0 < share < 1:
        raise ValueError("share lies between 0 and 1")
    _, member = np.unique(group[gold.item], return_inverse=True)
    sizes = np.bincount(member) if gold.G else np.zeros(0, dtype=np.int64)
    order = np.random.default_rng(seed).permutation(len(sizes))
    before = np.cumsum(sizes[order]) - sizes[order] / 2  # half a group over is nearer than under
    back = np.zeros(len(sizes), dtype=np.bool_)
    back[order[before < share * gold.G]] = True
    return gold.only(~back[member]), gold.only(back[member])


def _sure(posterior: Floats) -> Floats:
    """(n,) confidence in the label that would be exported; -1 where there is none, for a tie."""
    confidence, level = top(posterior)
    return np.where(level.sum(axis=1) == 1, confidence, -1.0)


def _thresholds(sure: Floats, start: float) -> Floats:
    """Descending, at equal steps of coverage of sure (m,) from the share `start` to all of it.

    From confidences alone. Equal confidences are accepted or refused together.
    """
    m, tied = len(sure), int((sure < 0).sum())
    first = int(np.ceil(start * m))
    if first > m - tied or m == tied:
        return np.zeros(0)
    rank = np.unique(np.linspace(max(first, 1), m - tied, STEPS).astype(np.int64))
    return np.unique(np.sort(-sure)[rank - 1]) * -1
