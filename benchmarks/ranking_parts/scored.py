"""Rows scored against a truth: single judges, and what is made of all of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

import numpy as np

from ranking_parts.agreement import Agreement, agreement, mean_and_error, over_objects
from ranking_parts.lines import RHO, TAU, TOP, Line
from ranking_parts.rows import ALONE, TOGETHER, Scorer, singles
from w2s_judge.comparisons import Comparisons
from w2s_judge.errors import W2SJudgeError

FEWEST = 30  # comparisons below which a real judge is not ranked on its own


def lines_of(
    block: str, setting: str, comparisons: Comparisons, truth: np.ndarray, *,
    fewest: int = 0, rows: Mapping[str, Scorer] = TOGETHER,
) -> Iterator[Line]:  # fmt: skip
    """Single judges first (means over those with `fewest` comparisons), then the others.

    Standard errors are over questions; where there is one question, over judges for the single
    judges and over objects (bootstrap) for the others.
    """
    for name, scorer in ALONE.items():
        yield _alone(block, setting, name, scorer, comparisons, truth, fewest)
    for name, scorer in rows.items():
        yield line_of(block, setting, name, scorer, comparisons, truth)


def line_of(
    block: str, setting: str, name: str, scorer: Scorer, comparisons: Comparisons,
    truth: np.ndarray,
) -> Line:  # fmt: skip
    """One row: its agreement with the truth, or what it says where it refuses."""
    begun = time.process_time()
    score = tried(scorer, comparisons)
    if isinstance(score, str):
        return Line(block, setting, name, note=score)
    spent = time.process_time() - begun
    found = agreement(score, truth, comparisons.question)
    figures = means(found, found.question)
    if comparisons.Q == 1:
        tau, rho = over_objects(score, truth)
        figures = {TAU: (figures[TAU][0], tau), RHO: (figures[RHO][0], rho)}
    return Line(block, setting, name, figures, cpu_s=spent)


def tried(scorer: Scorer, comparisons: Comparisons) -> np.ndarray | str:
    """Its scores, or one line where it refuses or breaks: the other rows go on."""
    try:
        return scorer(comparisons)
    except (W2SJudgeError, np.linalg.LinAlgError) as no:
        return str(no).splitlines()[0]


def means(found: Agreement, cluster: np.ndarray) -> dict[str, tuple[float, float]]:
    """Means over questions and their standard errors, with clusters."""
    columns = {TAU: found.tau, TOP: found.top, RHO: found.rho}
    return {name: mean_and_error(values, cluster) for name, values in columns.items()}


def _alone(
    block: str, setting: str, name: str, scorer: Scorer, comparisons: Comparisons,
    truth: np.ndarray, fewest: int,
) -> Line:  # fmt: skip
    heard = np.bincount(comparisons.rater, minlength=comparisons.J)
    many = heard >= fewest
    if not many.any():
        return Line(block, setting, name, note=f"no judge made {fewest} comparisons")
    kept = comparisons.only(many[comparisons.rater])
    found = [agreement(score, truth, kept.question) for _, score in singles(kept, scorer)]
    joined = Agreement(
        *(np.concatenate([getattr(one, column) for one in found]) for column in Agreement.__slots__)
    )
    judge = np.repeat(np.arange(len(found)), [len(one.tau) for one in found])
    several = len(np.unique(joined.question)) > 1
    figures = means(joined, joined.question if several else judge)
    best = max(float(one.tau.mean()) for one in found if len(one.tau))
    note = f"mean of {len(found)} judges, the best by tau {best:.3f}"
    return Line(block, setting, name, figures, note)
