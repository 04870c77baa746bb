"""Block models: models ranked over many questions, by rankings merged or comparisons pooled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import get_args

import numpy as np

from ranking_parts.agreement import agreement, mean_and_error
from ranking_parts.lines import RHO, TAU, Line, Plan, by_setting
from ranking_parts.panels import Models
from ranking_parts.rows import PAPER, PLAIN, TOGETHER, WEIGHTED, Scorer
from w2s_judge.comparisons import Comparisons, Ranking
from w2s_judge.ranking.borda import Borda
from w2s_judge.ranking.ged import GED, ged_as_released
from w2s_judge.ranking.kemeny import Kemeny
from w2s_judge.ranking.rank_ensembles import How, merged
from w2s_judge.ranking.rank_lists import rank_lists

BLOCK = "models"
SPARSE = 45  # pairs of a question: each of 30 models meets three others
FOOLED = 0.5
SETTINGS: Mapping[str, Models] = {
    "all pairs": Models(),
    "all pairs, shared error": Models(fooled=FOOLED),
    f"{SPARSE} pairs a question": Models(pairs=SPARSE),
    f"{SPARSE} pairs, shared error": Models(pairs=SPARSE, fooled=FOOLED),
}
REPLICATIONS, QUICK = 10, 2
FEW = Models(models=8, questions=6)
Names = tuple[str, ...]
Rank = Callable[[Comparisons, Names], np.ndarray]


def report(plan: Plan) -> Iterator[tuple[str, list[Line]]]:
    """One table of Spearman, one of tau, over replications."""
    lines: list[Line] = []
    for setting, models in {"small": FEW}.items() if plan.quick else SETTINGS.items():
        lines += _lines(setting, models, plan)
    said = (
        "30 models, 40 questions, 4 judges; Spearman and tau of the order of the models against "
        f"their true strengths, standard errors over {REPLICATIONS} replications."
    )
    yield "\n\n".join(["## Models over questions", by_setting(lines, RHO),
                       by_setting(lines, TAU), said]), lines  # fmt: skip


def _lines(setting: str, models: Models, plan: Plan) -> list[Line]:
    rows = list(all_rows())
    found: dict[str, list[tuple[float, float]]] = {name: [] for name, _ in rows}
    for r in range(QUICK if plan.quick else REPLICATIONS):
        drawn = models.drawn(plan.seed + r)
        for name, rank in rows:
            score = rank(drawn.comparisons, models.names())
            one = agreement(score, drawn.truth, np.zeros(models.models, dtype=np.int32))
            found[name].append((float(one.tau[0]), float(one.rho[0])))
    lines = []
    for name, figures in found.items():
        tau, rho = np.array(figures).T
        each = np.arange(len(tau))
        both = {TAU: mean_and_error(tau, each), RHO: mean_and_error(rho, each)}
        lines.append(Line(BLOCK, setting, name, both))
    return lines


def all_rows() -> Iterator[tuple[str, Rank]]:
    """Single judges, GED's rank ensembles, other rankings merged, and what is pooled."""
    yield "single judge, GED, borda over questions", _first_judge
    for how in get_args(How):
        yield f"{PAPER}, {how} over questions", _by_question(GED(), how)
    yield (
        "GED without denoising, borda over questions",
        _by_question(GED(denoise="none", netted=True), "borda"),
    )
    yield "GED without ensemble, borda over questions", _by_judge
    yield "GED as released, borda over questions", _by_question(ged_as_released(), "borda")
    yield (
        "GED, exact, read by order, borda over questions",
        _by_question(GED(solver="exact", read="order"), "borda"),
    )
    yield "borda, borda over questions", _by_question(Borda(), "borda")
    yield "kemeny, borda over questions", _by_question(Kemeny(), "borda")
    for name in ("borda", "rank-centrality", PLAIN, WEIGHTED):
        yield f"{name}, pooled", _pooled(TOGETHER[name])


def _by_question(rank: Callable[[Comparisons], Ranking], how: How) -> Rank:
    return lambda found, names: merged(rank_lists(found, rank(found), names), how).score


def _by_judge(found: Comparisons, names: Names) -> np.ndarray:
    rankings = [GED()(found.only(found.rater == j)) for j in range(found.J)]
    return merged(rank_lists(found, rankings, names), "borda").score


def _first_judge(found: Comparisons, names: Names) -> np.ndarray:
    mine = found.only(found.rater == 0)  # judges are alike
    return merged(rank_lists(mine, GED()(mine), names), "borda").score


def _pooled(scorer: Scorer) -> Rank:
    return lambda found, names: scorer(found.pooled(names))
