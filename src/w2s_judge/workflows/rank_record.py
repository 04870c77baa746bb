"""What stands beside a ranking: method, judges, cycles, fit, notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.comparisons import Comparisons, Ranking
from w2s_judge.ranking.cycles import CycleRates, cycle_rates

if TYPE_CHECKING:
    from w2s_judge.workflows.rank_comparisons import Draws

DIGITS = 6


def rank_record(
    rubric: str | None,
    method: str,
    asked_for: str | None,
    comparisons: Comparisons | None,
    rankings: Sequence[Ranking],
    notes: Sequence[str],
    settings: Draws,
) -> dict[str, Any]:
    """The mapping that `.fit.json` lists; everything in it is JSON.

    `rankings` are those within the items and over the run; parameters are the last one's.
    """
    rates = None if comparisons is None else cycle_rates(comparisons)
    last = rankings[-1] if rankings else None
    said = dict.fromkeys([*notes, *(note for one in rankings for note in one.notes)])
    return {
        "rubric": rubric,
        "method": method,
        "asked_for": asked_for,
        "settings": "" if last is None else last.settings,
        "draws": settings.draws,
        "seed": settings.seed,
        "merge": settings.merge,
        "items": None if comparisons is None else comparisons.Q,
        "objects": None if comparisons is None else comparisons.N,
        "comparisons": None if comparisons is None else comparisons.M,
        "ties": None if comparisons is None else _figure(comparisons.outcome[:, 1].sum()),
        "position": None if last is None else _figure(last.position),
        "tie": None if last is None else _figure(last.tie),
        "fit": None if last is None or last.fit is None else _fit(last),
        "judges": {} if comparisons is None or rates is None else _judges(comparisons, last, rates),
        "cycles": None
        if rates is None
        else {"ensemble": _figure(rates.ensemble_rate), "of": rates.ensemble_questions},
        "notes": list(said),
    }


def _fit(ranking: Ranking) -> dict[str, Any]:
    fit = ranking.fit
    return {} if fit is None else {"iterations": fit.iterations, "converged": fit.converged}


def _judges(
    comparisons: Comparisons, ranking: Ranking | None, rates: CycleRates
) -> dict[str, dict[str, Any]]:
    """Each judge's comparisons, what it counts, its lean to the first, how often it is cyclic."""
    many = np.bincount(comparisons.rater, minlength=comparisons.J)
    weight = None if ranking is None else ranking.weight
    lean = None if ranking is None else ranking.lean
    return {
        name: {
            "comparisons": int(many[j]),
            "weight": _at(weight, j),
            "lean": _at(lean, j),
            "cyclic": _figure(rates.rate[j]),
            "cyclic_of": int(rates.questions[j]),
        }
        for j, name in enumerate(comparisons.raters)
    }


def _at(values: Floats | None, j: int) -> float | None:
    return None if values is None else _figure(values[j])


def _figure(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), DIGITS)
