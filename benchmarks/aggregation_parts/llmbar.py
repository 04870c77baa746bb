"""Block llmbar: verdicts of language models on pairs, in both orders and in one."""

from __future__ import annotations

from collections.abc import Iterator

from aggregation_parts.baselines import BEST, MAJORITY, RIDGE
from aggregation_parts.fits import Plan, lines_of, with_gold, without_gold
from aggregation_parts.foot import GOLD, foot
from aggregation_parts.lines import Line, table
from aggregation_parts.sets import ORDERS, VANILLA, load

BLOCK = "llmbar"
SIZES = (20, 50, 100)
SPLIT = (
    "Rater names model/prompt/order are split by the loader: the judge is model/prompt, the order "
    "ab or ba; the baselines and the peers take every rater for itself."
)


def report(plan: Plan) -> Iterator[tuple[str, list[Line]]]:
    """For each of the two sets one table without gold, and one for each number of gold labels."""
    for name in (ORDERS, VANILLA):
        voted = load(name, plan.data)
        lines = lines_of(BLOCK, voted, without_gold(voted, plan))
        shown = table(lines, against=(MAJORITY,))
        yield f"## {name}, no gold\n\n{shown}\n\n{foot(lines, plan, SPLIT)}", lines
        for size in SIZES:
            lines, anew = with_gold(BLOCK, voted, size, plan)
            shown = table(lines, against=(MAJORITY, RIDGE, BEST))
            said = GOLD.format(draws=plan.draws, anew=anew)
            yield (
                f"## {name}, {size} gold labels\n\n{shown}\n\n{foot(lines, plan, SPLIT, said)}",
                lines,
            )
