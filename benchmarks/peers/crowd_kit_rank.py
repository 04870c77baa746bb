"""crowd-kit's rankers of pairs; they know no ties: they are dropped, or a win each way.

`BradleyTerry` has no default for its iterations; it stops before these by its own default `tol`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from crowdkit.aggregation import BradleyTerry, NoisyBradleyTerry
from rank_job import FIRST, TIE, Fit, Pairs, run

ITERATIONS = 1000


def bradley_terry(*, half: bool) -> Fit:
    def estimate(pairs: Pairs) -> Any:
        won = np.array(pairs.wins(half=half))
        table = pd.DataFrame({"left": won[:, 0], "right": won[:, 1], "label": won[:, 0]})
        return of(BradleyTerry(n_iter=ITERATIONS).fit_predict(table), pairs)

    return estimate


def noisy(pairs: Pairs) -> Any:
    decided = pairs.only(pairs.said != TIE)
    label = np.where(decided.said == FIRST, decided.left, decided.right)
    columns = {"worker": decided.rater, "left": decided.left, "right": decided.right}
    table = pd.DataFrame({**columns, "label": label})
    return of(NoisyBradleyTerry().fit_predict(table), pairs)


def of(found: Any, pairs: Pairs) -> Any:
    """(N,) scores of a series."""
    score = np.full(pairs.N, np.nan)
    score[found.index.to_numpy().astype(int)] = found.to_numpy()
    return score


if __name__ == "__main__":
    run(
        {
            "BradleyTerry, ties dropped": bradley_terry(half=False),
            "BradleyTerry, ties half": bradley_terry(half=True),
            "NoisyBradleyTerry, ties dropped": noisy,
        }
    )
