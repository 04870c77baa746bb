"""Bradley-Terry: parity with choix, evalica and scipy, closed forms, and what has no answer."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from w2s_judge.comparisons import FIRST, SECOND, TIE, Comparisons
from w2s_judge.errors import ConfigurationError
from w2s_judge.ranking.bradley_terry import RANKER, BradleyTerry

Numbers = npt.NDArray[np.float64]

# Wins of one over another, and what choix 0.4.1 (ilsr_pairwise, opt_pairwise) and evalica 0.4.2
# (bradley_terry) make of them at a tolerance of 1e-13, as centred log-strengths.
WINS = {
    (0, 1): 3, (1, 0): 2, (1, 2): 4, (2, 1): 1, (2, 3): 2, (3, 2): 3, (3, 4): 1, (4, 3): 5,
    (0, 4): 2, (4, 0): 2, (0, 3): 4, (3, 0): 1, (1, 3): 2,
}  # fmt: skip
CHOIX = [0.7562883635, 0.5168939123, -1.1310708527, -0.8842891631, 0.7421777400]
# The same with three ties of 0 and 2 and two of 1 and 4 (evalica 0.4.2, tie_weight 0.5).
DRAWN = {(0, 2): 3, (1, 4): 2}
EVALICA = [0.4527239615, 0.5148493138, -0.7136738631, -0.8380578383, 0.5841584261]

PLAIN = BradleyTerry(prior=None, ties="half", position=False, tol=1e-10)


def asked(
    records: list[tuple[int, int, int]],
    objects: int,
    questions: Numbers | None = None,
    ordered: bool = True,
) -> Comparisons:
    """Hard records (left, right, outcome), one rater; questions (N,), by default one."""
    table = np.array(records, dtype=np.int32).reshape(-1, 3)
    question = np.zeros(objects) if questions is None else questions
    return Comparisons(
        objects=tuple(f"o{n}" for n in range(objects)),
        question=question.astype(np.int32),
        questions=tuple(f"q{n}" for n in range(int(question.max(initial=0)) + 1)),
        raters=("judge",),
        left=table[:, 0],
        right=table[:, 1],
        rater=np.zeros(len(table), dtype=np.int32),
        outcome=np.eye(3)[table[:, 2]],
        group=np.zeros(len(table), dtype=np.int32),
        ordered=ordered,
    )


def simulated(seed: int, objects: int = 6, records: int = 300, soft: bool = False) -> Comparisons:
    """Records of Davidson's model with nu .6 and a position term of .4."""
    rng = np.random.default_rng(seed)
    strength = rng.normal(size=objects)
    left = rng.integers(0, objects, records)
    right = (left + rng.integers(1, objects, records)) % objects
    ahead = (strength[left] - strength[right] + 0.4) / 2
    mass = np.stack([np.exp(ahead), np.full(records, 0.6), np.exp(-ahead)], axis=1)
    mass /= mass.sum(axis=1, keepdims=True)
    drawn = (mass.cumsum(axis=1) < rng.random((records, 1))).sum(axis=1)
    found = asked([*zip(left, right, drawn, strict=True)], objects)
    return replace(found, outcome=0.7 * found.outcome + 0.3 * mass) if soft else found


def likelihood(data: Comparisons, score: Numbers, position: float, nu: float) -> float:
    """Sum of log-probabilities in Davidson's own notation, record by record."""
    first, second = np.exp(score[data.left] + position), np.exp(score[data.right])
    tie = nu * np.sqrt(first * second)
    whole = first + second + tie
    parts = [np.log(first / whole), np.log(second / whole)]
    height = data.outcome[:, FIRST] * parts[0] + data.outcome[:, SECOND] * parts[1]
    if nu:
        height += data.outcome[:, TIE] * np.log(tie / whole)
    return float(data.weights @ height)


@pytest.mark.parametrize("ordered", [True, False])
def test_choix_and_evalica_without_ties(ordered: bool) -> None:
    records = [(i, j, FIRST) for (i, j), times in WINS.items() for _ in range(times)]
    found = PLAIN(asked(records, 5, ordered=ordered))
    np.testing.assert_allclose(found.score, CHOIX, atol=1e-9)
    davidson = BradleyTerry(prior=0, position=False, tol=1e-10)(asked(records, 5))
    np.testing.assert_allclose(davidson.score, CHOIX, atol=1e-9)
    assert davidson.tie == 0
    assert found.fit is not None
    assert found.fit.converged


def test_evalica_with_ties_as_halves() -> None:
    records = [(i, j, FIRST) for (i, j), times in WINS.items() for _ in range(times)]
    records += [(i, j, TIE) for (i, j), times in DRAWN.items() for _ in range(times)]
    np.testing.assert_allclose(PLAIN(asked(records, 5)).score, EVALICA, atol=1e-9)


@pytest.mark.parametrize("prior", [None, 0.25, 3.0])
@pytest.mark.parametrize("soft", [False, True])
def test_scipy_finds_the_same_maximum(prior: float | None, soft: bool) -> None:
    data = simulated(1, soft=soft)
    data = replace(data, weight=np.random.default_rng(2).uniform(0.2, 3, data.M))
    found = BradleyTerry(prior=prior, tol=1e-11)(data)

    def loss(at: Numbers) -> float:
        score, position, nu = at[:6], at[6], np.exp(at[7])
        spread = (score - score.mean()) @ (score - score.mean()) + position**2 / 2
        return -likelihood(data, score, position, nu) + (prior or 0.0) / 4 * spread

    best = minimize(loss, np.zeros(8), method="BFGS", options={"gtol": 1e-4})
    np.testing.assert_allclose(found.score, best.x[:6] - best.x[:6].mean(), atol=1e-4)
    assert found.position == pytest.approx(best.x[6], abs=1e-4)
    assert found.tie == pytest.approx(np.exp(best.x[7]), abs=1e-4)
    assert found.position is not None
    assert found.tie is not None
    assert found.fit is not None
    ours = np.r_[found.score, found.position, np.log(found.tie)]
    assert loss(ours) <= best.fun + 1e-9
    assert found.fit.objective == pytest.approx(-loss(ours) / data.weights.sum(), abs=1e-10)


def test_two_objects_have_davidsons_closed_form() -> None:
    records = [(0, 1, FIRST)] * 8 + [(1, 0, FIRST)] * 2 + [(0, 1, TIE)] * 3
    found = BradleyTerry(prior=None, position=False, tol=1e-12)(asked(records, 2))
    np.testing.assert_allclose(found.score, [np.log(4) / 2, -np.log(4) / 2], atol=1e-10)
    assert found.tie == pytest.approx(3 / np.sqrt(8 * 2))


def test_a_held_tie_parameter_is_held() -> None:
    data = simulated(3)
    free = BradleyTerry(prior=None, tol=1e-11)(data)
    held = BradleyTerry(prior=None, nu=free.tie, tol=1e-11)(data)
    np.testing.assert_allclose(held.score, free.score, atol=1e-8)
    assert held.tie == free.tie
    assert BradleyTerry(nu=4.0)(data).tie == 4.0


def test_an_unseen_object_leaves_the_others_as_they_are() -> None:
    records = [(0, 1, FIRST), (1, 2, FIRST), (2, 0, FIRST), (0, 2, FIRST), (1, 0, FIRST)] * 3
    for ranker in (BradleyTerry(position=False), PLAIN):
        three, four = ranker(asked(records, 3)), ranker(asked(records, 4))
        np.testing.assert_allclose(four.score[:3], three.score, atol=1e-9)
        assert four.score[3] == 0
        assert four.rank.tolist() == [*three.rank.tolist(), 1]
        assert four.component.tolist() == [0, 0, 0, 1]
        assert any("nothing connects" in note for note in four.notes)


def test_a_tie_is_no_object() -> None:
    found = BradleyTerry()(asked([(0, 1, FIRST), (0, 1, TIE), (1, 2, TIE), (1, 2, FIRST)], 3))
    assert found.score.shape == (3,)
    assert np.isfinite(found.score).all()
    assert found.rank.tolist() == [1, 2, 3]


@pytest.mark.parametrize("objects", [2, 5, 30, 150])
def test_perfect_data_keep_their_order(objects: int) -> None:
    records = [(i, j, FIRST if i < j else SECOND) for i, j in permutations(range(objects), 2)]
    found = BradleyTerry()(asked(records, objects))
    assert found.rank.tolist() == list(range(1, objects + 1))
    assert found.position == pytest.approx(0, abs=1e-9)
    assert np.abs(found.score).max() < 40
    assert any("never lost" in note for note in found.notes)


def test_without_a_prior_perfect_data_have_no_answer() -> None:
    data = asked([(0, 1, FIRST), (1, 0, SECOND), (1, 2, FIRST), (2, 1, FIRST)], 3)
    with pytest.raises(ConfigurationError, match="never lost to or tied"):
        BradleyTerry(prior=None)(data)
    one_of_two = asked(
        [(0, 1, FIRST), (2, 3, FIRST), (3, 2, FIRST)], 4, np.array([0, 0, 1, 1], dtype=np.float64)
    )
    with pytest.raises(ConfigurationError, match=r"1 of 2 questions \(q0\)"):
        BradleyTerry(prior=None)(one_of_two)


@pytest.mark.parametrize(
    "records",
    [
        # 1 never wins but ties with 0: nu and the difference of the two grow together.
        [(0, 1, FIRST), (0, 1, TIE), (1, 0, SECOND)] * 4,
        # The first always wins.
        [(0, 1, FIRST), (1, 0, FIRST)] * 4,
    ],
)
def test_without_a_prior_shared_terms_that_run_away_are_said(
    records: list[tuple[int, int, int]],
) -> None:
    with pytest.raises(ConfigurationError, match="no maximum"):
        BradleyTerry(prior=None)(asked(records, 2))
    found = BradleyTerry()(asked(records, 2))
    assert found.fit is not None
    assert found.fit.converged


def test_one_order_only_tells_no_position() -> None:
    records = [(0, 1, FIRST)] * 7 + [(0, 1, SECOND)] * 3
    found = BradleyTerry(prior=None)(asked(records, 2))
    assert found.position is None
    assert found.score[0] - found.score[1] == pytest.approx(np.log(7 / 3))
    assert any("no position term" in note for note in found.notes)
    around = [(0, 1, FIRST), (1, 2, FIRST), (2, 0, FIRST), (0, 1, SECOND)] * 3
    assert BradleyTerry()(asked(around, 3)).position is None  # by way of others is too little
    both = [*around, (1, 0, FIRST)]
    assert BradleyTerry()(asked(both, 3)).position is not None
    assert BradleyTerry()(asked(around, 3, ordered=False)).position is None


@pytest.mark.parametrize("ranker", [BradleyTerry(), BradleyTerry(prior=None), PLAIN])
def test_nothing_but_ties_and_nothing_at_all(ranker: BradleyTerry) -> None:
    tied = ranker(asked([(0, 1, TIE), (1, 2, TIE)], 3))
    assert tied.score.tolist() == [0, 0, 0]
    assert tied.rank.tolist() == [1, 1, 1]
    assert tied.tie is None
    assert any("every comparison is a tie" in note for note in tied.notes)
    for objects in (0, 1, 2):
        nothing = ranker(asked([], objects))
        assert nothing.score.tolist() == [0.0] * objects
        assert nothing.rank.tolist() == [1] * objects


def test_questions_are_fitted_as_if_alone_but_for_the_shared_terms() -> None:
    rng = np.random.default_rng(4)
    sizes = [2, 30, 5, 1, 30, 2]  # small ones in a stack, larger ones by factors
    question = np.repeat(np.arange(len(sizes)), sizes)
    records: list[tuple[int, int, int]] = []
    for q in range(len(sizes)):
        own = np.flatnonzero(question == q)
        pairs = list(permutations(own, 2))
        records += [(int(i), int(j), int(rng.integers(0, 3))) for i, j in pairs * 2]
    data = asked(records, len(question), question.astype(np.float64))
    ranker = BradleyTerry(nu=0.8, position=False, tol=1e-11)
    together = ranker(data)
    for q in range(len(sizes)):
        own = np.flatnonzero(question == q)
        alone = ranker(data.only(question[data.left] == q))
        np.testing.assert_allclose(together.score[own], alone.score[own], atol=1e-9)
        assert abs(together.score[own].sum()) < 1e-9
    shared = BradleyTerry(tol=1e-11)(data)
    assert shared.tie is not None
    assert shared.position is not None
    np.testing.assert_allclose(
        BradleyTerry(nu=shared.tie, tol=1e-11)(data).score, shared.score, atol=1e-8
    )


def test_a_start_saves_steps_and_moves_nothing() -> None:
    data = simulated(7, records=3000)
    other = replace(data, weight=np.random.default_rng(8).uniform(0.8, 1.2, data.M))
    first = BradleyTerry(tol=1e-10)(data)
    cold = BradleyTerry(tol=1e-10)(other)
    warm = BradleyTerry(tol=1e-10).fit(other, first)
    np.testing.assert_allclose(warm.score, cold.score, atol=1e-9)
    assert warm.fit is not None
    assert cold.fit is not None
    assert warm.fit.iterations < cold.fit.iterations
    with pytest.raises(ValueError, match="other objects"):
        BradleyTerry().fit(asked([(0, 1, FIRST)], 2), first)


def test_what_has_not_converged_is_said() -> None:
    found = BradleyTerry(max_iterations=1)(simulated(9))
    assert found.fit is not None
    assert not found.fit.converged
    assert any("had not converged" in note for note in found.notes)


def test_mass_that_is_no_probability_is_said() -> None:
    data = replace(simulated(10, soft=True), uncalibrated=np.array([True]))
    assert any("judge" in note for note in BradleyTerry()(data).notes)


def test_settings_that_make_no_sense() -> None:
    for build in (
        lambda: BradleyTerry(prior=-1),
        lambda: BradleyTerry(nu=0.0),
        lambda: BradleyTerry(nu=1.0, ties="half"),
    ):
        with pytest.raises(ValueError):
            build()


@st.composite
def any_comparisons(draw: st.DrawFn) -> Comparisons:
    objects = draw(st.integers(2, 6))
    pair = st.tuples(st.integers(0, objects - 1), st.integers(0, objects - 1), st.integers(0, 2))
    records = draw(st.lists(pair.filter(lambda r: r[0] != r[1]), min_size=1, max_size=25))
    data = asked(records, objects)
    weight = draw(st.lists(st.floats(0.1, 4), min_size=data.M, max_size=data.M))
    return replace(data, weight=np.array(weight))


EXACT = BradleyTerry(tol=1e-11)


@settings(max_examples=100, deadline=None)
@given(any_comparisons(), st.floats(-5, 5), st.sampled_from([0.05, 0.25, 10.0]))
def test_with_a_prior_it_always_converges(data: Comparisons, power: float, prior: float) -> None:
    heavy = replace(data, weight=data.weights ** abs(power) * 10**power)
    for ranker in (BradleyTerry(prior=prior), BradleyTerry(prior=prior, ties="half")):
        found = ranker(heavy)
        assert found.fit is not None
        assert found.fit.converged
        assert np.isfinite(found.score).all()


@settings(max_examples=60, deadline=None)
@given(any_comparisons())
def test_exchanged_and_reversed(data: Comparisons) -> None:
    found = EXACT(data)
    flipped = data.outcome[:, ::-1].copy()
    exchanged = EXACT(replace(data, left=data.right, right=data.left, outcome=flipped))
    reversed_ = EXACT(replace(data, outcome=flipped))
    np.testing.assert_allclose(exchanged.score, found.score, atol=1e-8)
    np.testing.assert_allclose(reversed_.score, -found.score, atol=1e-8)
    for other in (exchanged, reversed_):
        assert (other.position is None) == (found.position is None)
        assert (other.position or 0) == pytest.approx(-(found.position or 0), abs=1e-8)
    assert EXACT(data).score.tobytes() == found.score.tobytes()


@settings(max_examples=60, deadline=None)
@given(any_comparisons(), st.floats(0.05, 5), st.floats(0.1, 5))
def test_a_tie_never_widens_the_gap(data: Comparisons, nu: float, heavy: float) -> None:
    more = data.only(np.r_[np.arange(data.M), 0])
    more.outcome[-1] = [0, 1, 0]
    more = replace(more, weight=np.r_[data.weights, heavy])
    i, j = data.left[0], data.right[0]
    halves = BradleyTerry(ties="half", position=False, tol=1e-11)
    for ranker in (replace(EXACT, nu=nu, position=False), halves):
        before, after = ranker(data).score, ranker(more).score
        assert abs(after[i] - after[j]) <= abs(before[i] - before[j]) + 1e-8


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(1e-3, 1e3))
def test_without_a_prior_a_common_weight_changes_nothing(seed: int, weight: float) -> None:
    assert RANKER.bare is not None
    data = simulated(seed, objects=4, records=60, soft=True)
    found = RANKER.bare()(data)
    heavy = RANKER.bare()(replace(data, weight=np.full(data.M, weight)))
    np.testing.assert_allclose(heavy.score, found.score, atol=1e-7)
    assert heavy.tie == pytest.approx(found.tie, abs=1e-7)
