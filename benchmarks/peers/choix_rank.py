"""choix's estimators of pairs; it knows no ties: they are dropped, or a win each way.

`ALPHA` is its own regularisation. 1e-6 is the default of `opt_pairwise`; the others have none by
default and then refuse comparisons in which somebody never lost, so that they get the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import choix
import numpy as np
from rank_job import Fit, Pairs, run

ALPHA = 1e-6
METHODS = (
    ("ilsr_pairwise", choix.ilsr_pairwise), ("opt_pairwise", choix.opt_pairwise),
    ("lsr_pairwise", choix.lsr_pairwise), ("rank_centrality", choix.rank_centrality),
)  # fmt: skip
STRONG = 0.1  # as in choix's own examples of regularisation


def fit(method: Callable[..., Any], *, half: bool, alpha: float) -> Fit:
    def estimate(pairs: Pairs) -> Any:
        # Objects without a comparison are left out, and have no score.
        seen, numbers = np.unique(np.concatenate([pairs.left, pairs.right]), return_inverse=True)
        left, right = np.split(numbers, 2)
        few = Pairs(left, right, pairs.rater, pairs.said, len(seen))
        score = np.full(pairs.N, np.nan)
        score[seen] = method(len(seen), few.wins(half=half), alpha=alpha)
        return score

    return estimate


if __name__ == "__main__":
    ties = {"ties dropped": False, "ties half": True}
    fits = {
        f"{name}, {said}": fit(method, half=half, alpha=ALPHA)
        for name, method in METHODS
        for said, half in ties.items()
    }
    strong = partial(fit, choix.opt_pairwise, alpha=STRONG)
    fits |= {f"opt_pairwise {STRONG}, {said}": strong(half=half) for said, half in ties.items()}
    run(fits)
