"""statsmodels' Fleiss' kappa of complete votes, and Cohen's kappas of the first two judges."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from agreement_job import Figure, run
from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa, fleiss_kappa


def figures(table: Any) -> dict[str, Figure]:
    complete = table[~np.isnan(table).any(axis=1)].astype(np.int64)
    labels = int(complete.max()) + 1
    counts = aggregate_raters(complete, labels)[0]
    cross = np.zeros((labels, labels))
    np.add.at(cross, (complete[:, 0], complete[:, 1]), 1)
    found: dict[str, Figure] = {
        "Fleiss' kappa, complete items": partial(whole, complete, labels),
        "Fleiss' kappa, complete items, counts given": partial(fleiss_kappa, counts),
    }
    for name, form in (("", None), (", linear weights", "linear"), (", quadratic weights", "fc")):
        found[f"Cohen's kappa{name}"] = partial(cohen, cross, form)
    return found


def whole(votes: Any, labels: int) -> float:
    return float(fleiss_kappa(aggregate_raters(votes, labels)[0]))


def cohen(cross: Any, form: str | None) -> float:
    return float(cohens_kappa(cross, wt=form, return_results=False))


if __name__ == "__main__":
    run(figures)
