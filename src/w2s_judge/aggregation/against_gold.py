"""Whether a panel votes against gold together: reported, never followed silently."""

from __future__ import annotations

import numpy as np

from w2s_judge.aggregation.factor_structure import Structure
from w2s_judge.gold import Gold

CLEARLY = 2.0  # standard errors from which it is no longer taken for chance
AGAINST = (
    "on the {n} gold items the judges' mean vote goes against the truth (correlation {r:.2f}, "
    "{how}): together they are worse than chance there"
)
TURNED = (
    "gold contradicts the orientation of the labels, and the posterior follows gold: votes count "
    "the wrong way round; check which label means which class"
)


def against_gold(found: Structure, gold: Gold) -> tuple[str, ...]:
    """A note where the mean vote falls as gold's classes rise."""
    mean = found.grid.some(gold.item).sum(axis=1)
    weight = gold.weight
    x = mean - np.average(mean, weights=weight)
    y = gold.label - np.average(gold.label, weights=weight)
    norm = np.sqrt((weight @ x**2) * (weight @ y**2))
    if not norm > 1e-12:
        return ()
    r = float(weight @ (x * y) / norm)
    if r >= 0:
        return ()
    how = "clearly" if -r * np.sqrt(gold.G) > CLEARLY else "which so few labels leave to chance"
    return (AGAINST.format(n=gold.G, r=r, how=how),)
