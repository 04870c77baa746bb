"""What the majority reaches on gold, and what it would if the same judges erred each on its own.

Each judge keeps P(verdict | true class) as gold has it, and each item the judges who voted on it;
verdicts are then drawn independently, many times over, and the majority of them is marked. Level
classes earn their share, as they do for the majority itself.

The interval of what would be reached has two parts: which labelled items there are, and the
judges' shares, which come from the same items. The second enters to first order. With T the mean
credit and D(j, t, s) its derivative by judge j's P(s | t), which the draws give, too (the mean of
credit where j says s), an item moves T by w_i / W(j, t) [D(j, t, s_ij) - sum_s P(s | t) D(j, t, s)]
for each judge who voted on it.

Letters: V votes (with a verdict, on gold items), G gold items, J judges, C classes, B draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.audit.resample import Resample, ratio
from w2s_judge.audit.top_label import NONE
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

VERDICTS, FEWEST, MOST = 20_000_000, 8, 1000  # drawn verdicts in all; times that items are drawn
AT_ONCE = 1_000_000
HAIR = 1e-9


@dataclass(frozen=True, eq=False, slots=True)
class Reached:
    """Accuracy on gold, weighted by its sampling, (1 + B,) each; `item` are the gold items.

    majority    : of the most frequent verdict
    independent : the same if the judges erred independently
    """

    item: Ints
    majority: Floats
    independent: Floats


@dataclass(frozen=True, eq=False, slots=True)
class _Marked:
    """Verdicts (V,) on labelled items: row (0 .. G-1), cell (judge and true class), said."""

    row: Ints
    cell: Ints
    said: Ints
    label: Ints
    weight: Floats
    cells: int
    C: int

    def credit(self, counts: Floats) -> Floats:
        """(n, G) credit of counts (n, G, C): 1 / how many classes are on top, if truth is."""
        top = counts >= counts.max(axis=-1, keepdims=True) - HAIR
        hit = np.take_along_axis(top, self.label[None, :, None], axis=-1)[..., 0]
        return np.asarray(hit / top.sum(axis=-1))

    def counts(self, said: Ints) -> Floats:
        """(n, G, C) verdicts of each class, from said (n, V)."""
        n, G = len(said), len(self.label)  # noqa: N806
        place = (np.arange(n)[:, None] * G + self.row) * self.C + said
        found = np.bincount(place.ravel(), minlength=n * G * self.C)
        return found.reshape(n, G, self.C).astype(np.float64)


def if_independent(
    votes: VoteMatrix, verdict: Ints, gold: Gold, resample: Resample, seed: int = 0
) -> Reached | None:
    """Votes with one rater a judge, and verdicts (V,) over gold's classes, -1 for none.

    None where no gold item has verdicts of two judges.
    """
    marked, item = _marked(votes, verdict, gold)
    if marked is None:
        return None
    credit = marked.credit(marked.counts(marked.said[None]))[0]
    W = np.bincount(marked.cell, weights=marked.weight[marked.row], minlength=marked.cells)  # noqa: N806
    place = marked.cell * marked.C + marked.said
    said = np.bincount(
        place, weights=marked.weight[marked.row], minlength=marked.cells * marked.C
    ).reshape(marked.cells, marked.C)
    share = said / np.maximum(W, 1e-12)[:, None]
    reached, gain = _drawn(marked, share, seed)
    slope = gain[marked.cell, marked.said] - (share * gain).sum(axis=1)[marked.cell]
    each = marked.weight[marked.row] / W[marked.cell] * slope
    moved = np.bincount(marked.row, weights=each, minlength=len(item)) / marked.weight.sum()
    w = marked.weight
    sums = resample.sums(item, np.stack([w, w * credit, w * reached, moved], axis=1))
    return Reached(item, ratio(sums[:, 1], sums[:, 0]), ratio(sums[:, 2], sums[:, 0]) + sums[:, 3])


def _marked(votes: VoteMatrix, verdict: Ints, gold: Gold) -> tuple[_Marked | None, Ints]:
    """Verdicts on gold items with at least two of them, and these items."""
    C = len(gold.classes)  # noqa: N806
    spoken = verdict != NONE
    count = np.bincount(votes.item[spoken], minlength=votes.I)
    kept = count[gold.item] >= 2
    if not kept.any():
        return None, gold.item[kept]
    item, label = gold.item[kept], gold.label[kept]
    row_of = np.full(votes.I, -1)
    row_of[item] = np.arange(len(item))
    mine = spoken & (row_of[votes.item] >= 0)
    row = row_of[votes.item[mine]]
    cell = votes.rater[mine].astype(np.int64) * C + label[row]
    said = verdict[mine]
    return _Marked(row, cell, said, label, gold.weight[kept], votes.J * C, C), item


def _drawn(marked: _Marked, share: Floats, seed: int) -> tuple[Floats, Floats]:
    """(G,) mean credit, and (cells, C) derivative of the sum of w credit by each share."""
    rng = np.random.default_rng(seed)
    V, C = len(marked.row), marked.C  # noqa: N806
    times = int(np.clip(VERDICTS // V, FEWEST, MOST))
    upto = np.cumsum(share, axis=1)[marked.cell, : C - 1]
    reached, gain = np.zeros(len(marked.label)), np.zeros(marked.cells * C)
    step = max(1, AT_ONCE // V)
    for start in range(0, times, step):
        u = rng.random((min(step, times - start), V))
        said = np.zeros(u.shape, dtype=np.int32)
        for c in range(C - 1):
            said += u > upto[:, c]
        credit = marked.credit(marked.counts(said))
        reached += credit.sum(axis=0)
        earned = (marked.weight * credit)[:, marked.row]
        place = marked.cell * C + said
        gain += np.bincount(place.ravel(), weights=earned.ravel(), minlength=len(gain))
    gain = gain.reshape(-1, C) / times
    return reached / times, np.divide(gain, share, out=np.zeros_like(gain), where=share > 0)
