"""Block unequal: one good judge among four poor ones, beside what knowing them would be worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from ranking_parts.agreement import agreement
from ranking_parts.lines import Line, Plan, by_figure
from ranking_parts.panels import Panel
from ranking_parts.rows import ORACLE, PAPER, PLAIN, TOGETHER, WEIGHTED, Scorer, oracle
from ranking_parts.scored import lines_of
from ranking_parts.simulated import cycles_of
from w2s_judge.comparisons import Comparisons

BLOCK = "unequal"
GOOD, POOR = 0.85, 0.55
PANEL = Panel(8, (GOOD, POOR, POOR, POOR, POOR), "flips")
COUNTED = (PAPER, "GED read by borda", "borda", "kemeny, exact")  # rankers that weights go into
MANY, LONE, QUICK = 20, 200, 2  # replications with many questions and with one
NEAR_ORACLE, NEAR_PLAIN = 0.03, 0.02
APART = 1000  # seeds of replications are that far from those of the tables


def report(plan: Plan) -> Iterator[tuple[str, list[Line]]]:
    """Tables of 200 questions, and two promises over replications."""
    panel = replace(PANEL, questions=30) if plan.quick else PANEL
    known = log_odds(panel.skills)
    told = {f"{name}, weights known": counting(TOGETHER[name], known) for name in COUNTED}
    rows = {**TOGETHER, ORACLE: oracle(known), **told}
    setting = f"one judge of {GOOD}, four of {POOR}"
    drawn = panel.drawn(plan.seed)
    lines = list(lines_of(BLOCK, setting, drawn.comparisons, drawn.truth, rows=rows))
    shown = [f"## {setting}, n=8, flips", by_figure(lines), cycles_of(drawn) + "."]
    yield "\n\n".join([*shown, *promises(panel, plan)]), lines


def log_odds(skills: tuple[float, ...]) -> dict[str, float]:
    """What a judge's word is worth who is right that often."""
    return {f"j{j}": float(np.log(p / (1 - p))) for j, p in enumerate(skills)}


def counting(scorer: Scorer, known: Mapping[str, float]) -> Scorer:
    """The ranker on comparisons that count what their judge's word is worth."""

    def counted(comparisons: Comparisons) -> np.ndarray:
        each = np.array([known[name] for name in comparisons.raters])
        return scorer(replace(comparisons, weight=each[comparisons.rater]))

    return counted


def promises(panel: Panel, plan: Plan) -> tuple[str, str]:
    """Judge-weighted beside the oracle over all questions, and beside plain with one question."""
    weighted = TOGETHER[WEIGHTED]
    rows = {WEIGHTED: weighted, ORACLE: oracle(log_odds(panel.skills))}
    many = taus(panel, rows, QUICK if plan.quick else MANY, plan.seed)
    rows = {WEIGHTED: weighted, PLAIN: TOGETHER[PLAIN]}
    lone = taus(replace(panel, questions=1), rows, QUICK if plan.quick else LONE, plan.seed)
    return (
        _said(many, WEIGHTED, ORACLE, NEAR_ORACLE, f"{panel.questions} questions"),
        _said(lone, WEIGHTED, PLAIN, NEAR_PLAIN, "one question"),
    )


def taus(panel: Panel, rows: Mapping[str, Scorer], count: int, seed: int) -> dict[str, np.ndarray]:
    """(count,) mean tau of each replication."""
    found: dict[str, list[float]] = {name: [] for name in rows}
    for r in range(count):
        drawn = panel.drawn(seed + APART + r)
        for name, scorer in rows.items():
            score = scorer(drawn.comparisons)
            tau = agreement(score, drawn.truth, drawn.comparisons.question).tau
            found[name].append(float(tau.mean()))
    return {name: np.array(values) for name, values in found.items()}


def _said(found: Mapping[str, np.ndarray], ours: str, beside: str, near: float, what: str) -> str:
    gap = found[ours] - found[beside]
    error = gap.std(ddof=1) / np.sqrt(len(gap))
    kept = "yes" if gap.mean() >= -near else "no"
    return (
        f"Mean tau over {len(gap)} replications with {what}: {ours} {found[ours].mean():.3f}, "
        f"{beside} {found[beside].mean():.3f}, difference {gap.mean():+.3f} ± {error:.3f}; "
        f"at most {near} lower: {kept}."
    )
