"""How strong a ridge an Ising model gets: by held-out pseudo-likelihood, cautiously.

Held-out pseudo-likelihood is the fitted one less the effective number of parameters (M. Stone,
JRSS B 39 (1977) 44), under the class probabilities that the fit starts from. Of the ridges on the
grid the strongest is taken that has `GAIN` of what the best gains over independent votes: the last
of the fit is where classes give way to couplings. `GAIN` was chosen on simulated panels (Ising, a
factor, pairs of copies, independent votes): .9 and .99 do as well there.

Letters: n rows, A coupled raters.
"""

from __future__ import annotations

import numpy as np

from w2s_judge.aggregation.couplings import Couplings, Regressions, Rows
from w2s_judge.arrays import Floats

GRID = (1000.0, 300.0, 100.0, 30.0, 10.0, 3.0)
GAIN = 0.95
ITEMS = 3000.0  # from so many on ridges grow with the items: what they guard against is no chance
STEPS = 20  # at each ridge, from where the stronger one ended
LEAST_GAIN = 2.0  # of log-likelihood; below it, nothing speaks against independent votes


def chosen_ridge(rows: Rows, begun: Couplings, second: Floats) -> float:
    """The ridge; `second` (n,) is P(second class) at the start, `begun` has no couplings."""
    grid = np.array(GRID) * max(1.0, float(rows.items.sum()) / ITEMS)
    gain = np.zeros(len(grid))
    for y, share in enumerate((1 - second, second)):
        features, weights = rows.centred(begun.means[y]), begun.weights[y]
        for number, ridge in enumerate(grid):
            regressions = Regressions.of(rows, features, share, ridge)
            if not number:
                gain -= regressions.height(weights, share)
            weights = regressions.after(weights, share, STEPS)
            gain[number] += regressions.height(weights, share) - regressions.free
    gain += 2 * rows.value.shape[1]  # the intercepts are there without couplings, too
    if gain.max() < LEAST_GAIN:
        return float(grid[0])
    return float(grid[np.argmax(gain >= GAIN * gain.max())])
