"""Judge-weighted Bradley-Terry where judges are of one mind, contradict all, or never decide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_judge.comparisons import Comparisons
from w2s_judge.ranking.davidson_normal import averages, named
from w2s_judge.ranking.judge_weighted import JudgeWeighted


def compared(left, right, rater, outcome, objects=None, question=None, raters=None, **more):
    left, right = np.asarray(left, dtype=np.int32), np.asarray(right, dtype=np.int32)
    rater = np.asarray(rater, dtype=np.int32)
    if objects is None:
        objects = int(max(left.max(), right.max())) + 1
    if raters is None:
        raters = int(rater.max()) + 1
    question = np.zeros(objects, np.int32) if question is None else question.astype(np.int32)
    questions = int(question.max(initial=0)) + 1
    return Comparisons(
        tuple(f"o{k}" for k in range(objects)), question, tuple(f"q{k}" for k in range(questions)),
        tuple(f"j{k}" for k in range(raters)), left, right, rater,
        np.asarray(outcome, dtype=np.float64).reshape(-1, 3), np.arange(len(left), dtype=np.int32),
        **more,
    )  # fmt: skip


def test_judges_who_tie_below_a_threshold_settle():
    """The order of strengths is theirs alone, and their ties fit any discrimination."""
    rng = np.random.default_rng(11)
    mark = rng.normal(size=(4, 12)) * 0.6 + rng.normal(size=12)
    i, j = np.triu_indices(12, 1)
    gap = mark[:, i] - mark[:, j]
    near = np.abs(gap) < np.array([0.05, 0.2, 0.6, 1.5])[:, None]
    outcome = np.stack([~near & (gap > 0), near, ~near & (gap < 0)], axis=-1)
    data = compared(np.tile(i, 4), np.tile(j, 4), np.repeat(np.arange(4), 66), outcome)
    found = JudgeWeighted()(data)
    assert found.fit.converged
    assert found.weight.max() < 4


def test_two_who_agree_beside_poor_ones_settle():
    """Two responses a question, one order: with too few nodes these weights ran away."""
    rng = np.random.default_rng(12)
    better = rng.random(400) < 0.5
    right = rng.random((5, 400)) < np.array([0.95, 0.95, 0.6, 0.5, 0.5])[:, None]
    first = ((better == right) | (rng.random((5, 400)) < 0.2 * np.eye(5)[4][:, None])).ravel()
    left = np.tile(2 * np.arange(400), 5)
    data = compared(
        left, left + 1, np.repeat(np.arange(5), 400),
        np.stack([first, 0 * first, ~first], axis=-1), question=np.repeat(np.arange(400), 2),
    )  # fmt: skip
    found = JudgeWeighted()(data)
    assert found.fit.converged
    assert found.weight[:2].min() > 3 * found.weight[2:].max()
    assert ((found.score[::2] > 0) == better).mean() > 0.93


KINDS = {
    "perfect": lambda gap, rng: gap > 0,
    "reversed": lambda gap, rng: gap < 0,
    "left": lambda gap, rng: gap == gap,
    "random": lambda gap, rng: rng.random(len(gap)) < 0.5,
}


@given(
    st.integers(0, 2**32 - 1), st.lists(st.sampled_from([*KINDS, "tie", "soft"]), min_size=1,
    max_size=6), st.integers(1, 20), st.integers(2, 6), st.sampled_from([None, 1e-300, 1e4, 1e200]),
)  # fmt: skip
@settings(max_examples=25, deadline=None, derandomize=True)
def test_whatever_judges_say_there_is_a_fit(seed, kinds, questions, n, weight):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=questions * n)
    i, j = np.nonzero((rng.random((n, n)) < 0.7) & ~np.eye(n, dtype=bool))
    left, right = ((np.arange(questions)[:, None] * n + side).ravel() for side in (i, j))
    outcome = np.empty((len(kinds), len(left), 3))
    for one, kind in zip(outcome, kinds, strict=True):
        if kind == "soft":
            one[:] = rng.dirichlet(np.full(3, 0.3), len(left))
        else:
            first = KINDS.get(kind, KINDS["left"])(truth[left] - truth[right], rng)
            one[:] = np.stack([first, 0 * first, ~first], axis=-1)
            if kind == "tie":
                one[:] = [0, 1, 0]
    data = compared(
        np.tile(left, len(kinds)), np.tile(right, len(kinds)),
        np.repeat(np.arange(len(kinds)), len(left)), outcome, n * questions,
        np.repeat(np.arange(questions), n), len(kinds),
    )  # fmt: skip
    found = JudgeWeighted(max_iterations=60)(
        data if weight is None else replace(data, weight=np.full(data.M, weight))
    )
    for column in (found.score, found.weight, found.tie, 0 if found.lean is None else found.lean):
        assert np.isfinite(column).all()
    assert (found.weight >= 0).all()
    assert found.fit.converged or any("not converged" in note for note in found.notes)


@pytest.mark.parametrize("spread", [0.0, 0.6, 0.7, 1.1, 2.0, 4.0, 9.0, 15.0, 60.0])
@pytest.mark.parametrize("centre", [0.0, 0.4, -3.0, 8.0])
def test_averages_hold_however_wide_the_logit(spread, centre):
    e = np.linspace(-8, 8, 40_001)
    share = np.exp(-(e**2) / 2) / np.exp(-(e**2) / 2).sum()
    p = 1 / (1 + np.exp(-(centre + spread * e)))
    got = named(np.array([centre]), np.array([spread]))
    near = 3e-6 if spread <= 10 else 2e-3
    for one, exact in (
        (got.slope, p - 0.5), (got.turn, p * (1 - p)), (got.tilt, p * (1 - p) * e),
        (got.bend, p * (1 - p) * e * e),
    ):  # fmt: skip
        assert one[0] == pytest.approx(exact @ share, abs=near)
    davidson = averages(np.array([centre]), np.array([spread]), np.zeros(1))
    assert davidson.slope[0] == pytest.approx(got.slope[0], abs=1e-12)
