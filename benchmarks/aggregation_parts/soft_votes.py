"""Made-up soft votes of judges who see the same truth and use the scale each in its own way."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from aggregation_parts.sets import HALF, VoteSet
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

ITEMS, JUDGES = 2000, 8
SIGNAL, LEAN_SD, STRETCH_SD = 0.5, 1.2, 0.7  # shares of a level, and of its logarithm
WIDTH = 0.8  # of a vote over neighbouring levels


def made_up(levels: int, *, items: int = ITEMS, judges: int = JUDGES, seed: int = 0) -> VoteSet:
    """Two balanced classes; a judge's evidence is normal about ±.5, then shifted and stretched.

    With 2 labels the vote is the evidence's logistic, with more a bell over the levels about it.
    """
    rng = np.random.default_rng(seed)
    label = rng.integers(2, size=items)
    evidence = SIGNAL * (2 * label - 1)[:, None] + rng.normal(size=(items, judges))
    lean = rng.normal(scale=LEAN_SD, size=judges)
    view = (lean + np.exp(rng.normal(scale=STRETCH_SD, size=judges)) * evidence).ravel()
    if levels > 2:
        centre = (levels - 1) / 2 + view
        mass = np.exp(-0.5 * ((np.arange(levels) - centre[:, None]) / WIDTH) ** 2) + 1e-9
        mass /= mass.sum(axis=1, keepdims=True)
    else:
        mass = np.column_stack([expit(-view), expit(view)])
    names = tuple(str(level) for level in range(levels))
    votes = VoteMatrix(
        tuple(f"item-{i:05d}" for i in range(items)),
        tuple(f"judge-{j}" for j in range(judges)),
        names,
        np.repeat(np.arange(items, dtype=np.int32), judges),
        np.tile(np.arange(judges, dtype=np.int32), items),
        np.arange(items, dtype=np.int32),
        (None,) * judges,
        mass=mass,
        truth=Truth(("0", "1"), (0, 1) if levels == 2 else None, HALF),
    )
    gold = Gold(np.arange(items, dtype=np.int32), label.astype(np.int32), ("0", "1"))
    return VoteSet(f"made-up soft votes, {levels} labels", votes, gold)
