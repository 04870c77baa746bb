"""Block simulated: equal judges who err by lot, with and without a shared error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ranking_parts.lines import RHO, TAU, TOP, Line, Plan, by_setting
from ranking_parts.panels import Noise, Panel, Simulated
from ranking_parts.scored import lines_of
from w2s_judge.ranking.cycles import cycle_rates

BLOCK = "simulated"
SKILL: dict[Noise, float] = {"flips": 0.68, "bradley-terry": 0.73}  # both right on about 68 %
SHARED = 0.5
SIZES, JUDGES = (8, 10), (3, 5)
KINDS: tuple[tuple[Noise, float], ...] = (
    ("flips", 0.0), ("flips", SHARED), ("bradley-terry", 0.0), ("bradley-terry", SHARED),
)  # fmt: skip


def report(plan: Plan) -> Iterator[tuple[str, list[Line]]]:
    """Three tables a kind of noise, and those of the unequal judges."""
    for noise, shared in KINDS:
        lines: list[Line] = []
        said = []
        for n in SIZES[:1] if plan.quick else SIZES:
            for k in JUDGES:
                panel = Panel(n, (SKILL[noise],) * k, noise, shared, 30 if plan.quick else 200)
                drawn = panel.drawn(plan.seed)
                setting = f"n={n}, k={k}"
                lines += lines_of(BLOCK, setting, drawn.comparisons, drawn.truth)
                said.append(f"{setting}: {cycles_of(drawn)}")
        title = f"## {noise}" + (f", {shared:.0%} of the answers shared" if shared else "")
        shown = [title, *(by_setting(lines, name) for name in (TAU, TOP, RHO))]
        shown.append("Standard errors are over questions. " + "; ".join(said) + ".")
        kind = f"{noise}, shared {shared}"
        yield "\n\n".join(shown), [replace(x, setting=f"{kind}, {x.setting}") for x in lines]


def cycles_of(drawn: Simulated) -> str:
    """How often the judges are right, and how often they and all together go round."""
    rates = cycle_rates(drawn.comparisons)
    judges = float(np.mean([rate for rate in rates.rate if rate is not None]))
    return (
        f"{drawn.right:.3f} of the answers are right; cycles in {judges:.2f} of the questions of a "
        f"judge, in {rates.ensemble_rate:.2f} of the ensemble's"
    )
