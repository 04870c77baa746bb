"""Block scales: methods that map each rater's scale, with the map and without."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from aggregation_parts.baselines import MAJORITY, Estimator, majority
from aggregation_parts.fits import Fitted, Plan, fork, lines_of, tried_with_gold
from aggregation_parts.foot import GOLD, foot
from aggregation_parts.lines import Line, table
from aggregation_parts.sets import CIVIL, load
from aggregation_parts.soft_votes import made_up
from w2s_judge.aggregation.contract import METHODS
from w2s_judge.calibration.platt_map import PlattMap
from w2s_judge.calibration.quantile_map import QuantileMap

BLOCK = "scales"
SIZES = (20, 100)
FIELD = "scale"
WITHOUT: Mapping[str, Any] = {"no map": None, "quantile map": QuantileMap()}
WITH: Mapping[str, Any] = {**WITHOUT, "Platt map": PlattMap()}
SAID = (
    "A method's first row has its default; the others have the map that they name. No set here has "
    "answers to content-free input, so that map has no row. The made-up votes: 2,000 items, 8 "
    "judges with evidence of the same strength, each with a lean and a stretch of its own (seed 0)."
)


def report(plan: Plan) -> Iterator[tuple[str, list[Line]]]:
    """For graded votes and made-up soft ones a table without gold and one a number of labels."""
    for voted in (load(CIVIL, plan.data), made_up(6), made_up(2)):
        fitted = [Fitted(MAJORITY, fork(majority, voted.votes), "counted here")]
        fitted += [Fitted(name, fork(one, voted.votes)) for name, one in _variants(WITHOUT).items()]
        lines = lines_of(BLOCK, voted, fitted)
        shown = table(lines, against=(MAJORITY,))
        yield f"## Scale maps, {voted.name}, no gold\n\n{shown}\n\n{foot(lines, plan, SAID)}", lines
        for size in SIZES:
            lines, anew = tried_with_gold(BLOCK, voted, size, plan, _variants(WITH))
            said = GOLD.format(draws=plan.draws, anew=anew)
            shown = f"{table(lines)}\n\n{foot(lines, plan, SAID, said)}"
            yield f"## Scale maps, {voted.name}, {size} gold labels\n\n{shown}", lines


def _variants(maps: Mapping[str, Any]) -> dict[str, Estimator]:
    """Every method with a scale map: at its default, and with each of these."""
    found: dict[str, Estimator] = {}
    for method in METHODS.all():
        made: Any = method.make()
        if FIELD not in {one.name for one in dataclasses.fields(made)}:
            continue
        found[method.name] = _posterior(made)
        for name, scale in maps.items():
            found[f"{method.name}, {name}"] = _posterior(dataclasses.replace(made, scale=scale))
    return found


def _posterior(aggregate: Any) -> Estimator:
    return lambda votes, gold: aggregate(votes, gold).posterior
