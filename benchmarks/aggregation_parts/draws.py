"""Random draws of gold items, the same for every method."""

from __future__ import annotations

import numpy as np

from w2s_judge.gold import Gold

MOST_TRIES = 1000


def draws(gold: Gold, size: int, count: int, *, seed: int = 0) -> tuple[list[np.ndarray], int]:
    """`count` sorted draws of `size` gold labels by position, and how many were drawn anew.

    A draw is random, without strata; where a class that the gold has is missing it is drawn anew.
    Raises ValueError where the gold is too small for it.
    """
    classes = len(np.unique(gold.label))
    if not classes <= size < gold.G:
        raise ValueError(f"{size} of {gold.G} gold labels, all {classes} classes among them?")
    rng = np.random.default_rng([seed, size])
    kept: list[np.ndarray] = []
    for tries in range(1, MOST_TRIES * count + 1):
        drawn = np.sort(rng.choice(gold.G, size, replace=False))
        if len(np.unique(gold.label[drawn])) == classes:
            kept.append(drawn)
        if len(kept) == count:
            return kept, tries - count
    raise ValueError(f"{size} gold labels hardly ever hold all {classes} classes")
