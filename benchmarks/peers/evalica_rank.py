"""evalica's rankers with their own defaults, on the objects that were compared.

An object of its index without a comparison makes all scores of `bradley_terry` the same, so that
none is given; it has no score here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import evalica
import numpy as np
from evalica import Winner
from rank_job import FIRST, TIE, Fit, Pairs, run

METHODS = (
    evalica.bradley_terry, evalica.newman, evalica.elo, evalica.pagerank, evalica.eigen,
    evalica.average_win_rate,
)  # fmt: skip
SAID = {FIRST: Winner.X, TIE: Winner.Draw}


def fit(method: Callable[..., Any]) -> Fit:
    def with_defaults(pairs: Pairs) -> Any:
        winners = [SAID.get(said, Winner.Y) for said in pairs.said.tolist()]
        found = method(pairs.left.tolist(), pairs.right.tolist(), winners).scores
        score = np.full(pairs.N, np.nan)
        score[found.index.to_numpy()] = found.to_numpy()
        return score

    return with_defaults


def turned(method: Fit) -> Fit:
    return lambda pairs: -method(pairs)


if __name__ == "__main__":
    fits = {method.__name__: fit(method) for method in METHODS}
    run({**fits, "eigen, turned round": turned(fits["eigen"])})
