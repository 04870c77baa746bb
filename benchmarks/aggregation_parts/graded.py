"""Block civil: graded votes of language models and their cuts, without gold and with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from aggregation_parts.baselines import BEST, MAJORITY, RIDGE, majority
from aggregation_parts.fits import (
    Fitted,
    Plan,
    applying,
    estimator,
    fork,
    lines_of,
    of_peers,
    with_gold,
    without_gold,
)
from aggregation_parts.foot import GOLD, foot
from aggregation_parts.lines import Line, table
from aggregation_parts.sets import CIVIL, CUT, VoteSet, cut, cut_at_medians, load
from w2s_judge.aggregation.contract import Method

BLOCK = "civil"
SIZES, QUICK_SIZES = (20, 50, 100), (100,)
ON_CUT, ON_MEDIANS = f", cut at {CUT}", ", cut at medians"
BESIDE = ("majority", "dawid-skene")  # at medians, beside the methods of two classes only
CHOSEN = (
    f"Truth classes 0 and 1 with prior .5 / .5 given. Rows that end in '{ON_CUT[2:]}' and all "
    f"peers have the scores cut at 5, rows that end in '{ON_MEDIANS[2:]}' each judge's own where "
    "nearest to half of them are above (which needs the prior), the others the scores 0 to 9."
)


def report(plan: Plan) -> Iterator[tuple[str, list[Line]]]:
    """One table without gold, one for each number of gold labels."""
    graded = load(CIVIL, plan.data)
    binary, even = cut(graded), cut_at_medians(graded)
    fitted = without_gold(graded, replace(plan, bench=None))
    fitted += _fits(binary, applying(binary.votes, gold=False), ON_CUT)
    fitted.append(Fitted(MAJORITY + ON_MEDIANS, fork(majority, even.votes), "counted here"))
    fitted += _fits(even, at_medians(even), ON_MEDIANS)
    lines = lines_of(BLOCK, graded, [*fitted, *of_peers(binary, plan)])
    shown = table(lines, against=(MAJORITY,))
    yield f"## {CIVIL}, no gold\n\n{shown}\n\n{foot(lines, plan, CHOSEN)}", lines
    for size in QUICK_SIZES if plan.quick else SIZES:
        lines, anew = with_gold(BLOCK, graded, size, plan)
        shown = table(lines, against=(MAJORITY, RIDGE, BEST))
        said = GOLD.format(draws=plan.draws, anew=anew)
        yield f"## {CIVIL}, {size} gold labels\n\n{shown}\n\n{foot(lines, plan, said)}", lines


def at_medians(even: VoteSet) -> list[Method]:
    """The methods of two classes only, and those beside which they stand."""
    every = applying(even.votes, gold=False)
    return [method for method in every if method.binary or method.name in BESIDE]


def _fits(voted: VoteSet, methods: Sequence[Method], ending: str) -> list[Fitted]:
    done = {one.name + ending: fork(estimator(one), voted.votes) for one in methods}
    return [Fitted(name, one) for name, one in done.items() if not one.refused]
