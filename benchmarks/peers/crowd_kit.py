"""crowd-kit's label aggregators with their own defaults."""

from __future__ import annotations

from typing import Any

import pandas as pd
from aggregate_job import Fit, Votes, run
from crowdkit.aggregation import (
    GLAD,
    MACE,
    DawidSkene,
    MajorityVote,
    OneCoinDawidSkene,
    Wawa,
    ZeroBasedSkill,
)

METHODS = (MajorityVote, Wawa, ZeroBasedSkill, DawidSkene, OneCoinDawidSkene, GLAD, MACE)


def fit(method: Any) -> Fit:
    def with_defaults(votes: Votes) -> Any:
        table = pd.DataFrame({"task": votes.item, "worker": votes.rater, "label": votes.label})
        found = method().fit_predict_proba(table)
        # A label that nobody gave has no column, an item without a vote no row.
        return found.reindex(index=range(votes.I), columns=range(votes.L), fill_value=0.0)

    return with_defaults


if __name__ == "__main__":
    run({method.__name__: fit(method) for method in METHODS})
