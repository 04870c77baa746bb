"""Block civil: graded votes of language models, without gold and with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from aggregation_parts.baselines import BEST, MAJORITY, RIDGE
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
from aggregation_parts.sets import CIVIL, CUT, cut, load

BLOCK = "civil"
SIZES, QUICK_SIZES = (20, 50, 100), (100,)
ON_CUT = f", cut at {CUT}"
CHOSEN = (
    f"Truth classes 0 and 1 with prior .5 / .5 given. Rows that end in '{ON_CUT[2:]}' and all "
    "peers have the scores cut at 5, the others the scores 0 to 9."
)


def report(plan: Plan) -> Iterator[tuple[str, list[Line]]]:
    """One table without gold, one for each number of gold labels."""
    graded = load(CIVIL, plan.data)
    binary = cut(graded)
    fitted = without_gold(graded, replace(plan, bench=None))
    for method in applying(binary.votes, gold=False):
        done = fork(estimator(method), binary.votes)
        if not done.refused:
            fitted.append(Fitted(method.name + ON_CUT, done))
    lines = lines_of(BLOCK, graded, [*fitted, *of_peers(binary, plan)])
    shown = table(lines, against=(MAJORITY,))
    yield f"## {CIVIL}, no gold\n\n{shown}\n\n{foot(lines, plan, CHOSEN)}", lines
    for size in QUICK_SIZES if plan.quick else SIZES:
        lines, anew = with_gold(BLOCK, graded, size, plan)
        shown = table(lines, against=(MAJORITY, RIDGE, BEST))
        said = GOLD.format(draws=plan.draws, anew=anew)
        yield f"## {CIVIL}, {size} gold labels\n\n{shown}\n\n{foot(lines, plan, said)}", lines
