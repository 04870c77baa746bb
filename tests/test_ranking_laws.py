"""The laws that rankers declare, each a property test run for every registered one.

Comparisons are small and drawn at random: up to three questions, hard or soft outcomes, with
weights or without, in both orders, with objects that nobody compared and parts that nothing
connects, and judges who never spoke.
"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from w2s_judge.comparisons import FIRST, SECOND, TIE, Comparisons
from w2s_judge.ranking.components import components, within_question
from w2s_judge.ranking.contract import RANKERS, RankLaw

CLOSE = {"rtol": 1e-6, "atol": 1e-6}
LEVEL = 1e-6  # scores and gaps that differ by less are equal
MANY = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,  # the gate must not depend on luck
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
EVERY = RANKERS.all()


def declaring(*laws):
    chosen = [card for card in EVERY if set(laws) <= card.laws]
    return pytest.mark.parametrize("card", chosen, ids=[card.name for card in chosen])


@st.composite
def cases(draw, soft=None, questions=None):
    """Comparisons that follow a hidden order more or less."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    Q = draw(st.integers(1, 3)) if questions is None else questions  # noqa: N806
    J = draw(st.integers(1, 4))  # noqa: N806
    question = np.repeat(np.arange(Q), [draw(st.integers(1, 6)) for _ in range(Q)])
    soft = draw(st.booleans()) if soft is None else soft
    rng.shuffle(question)
    N = len(question)  # noqa: N806
    truth = rng.normal(size=N)
    one, two = np.nonzero((question[:, None] == question) & ~np.eye(N, dtype=bool))
    rows = np.repeat(np.arange(len(one)), J)
    rater = np.tile(np.arange(J), len(one))
    kept = rng.random(len(rows)) < draw(st.sampled_from([0.15, 0.4, 0.8, 1.0]))
    if draw(st.booleans()):
        kept |= rng.permutation(kept)
        kept[rater == J - 1] &= J == 1  # a rater without a comparison
    rows, rater = rows[kept], rater[kept]
    left, right = one[rows], two[rows]
    won = truth[left] > truth[right]
    won ^= rng.random(len(won)) < 0.2
    tied = rng.random(len(won)) < draw(st.sampled_from([0.0, 0.2]))
    label = np.where(tied, TIE, np.where(won, FIRST, SECOND))
    outcome = np.eye(3)[label]
    if soft:
        outcome = 0.6 * outcome + 0.4 * rng.dirichlet(np.ones(3), len(label))
    return Comparisons(
        tuple(f"o{k}" for k in range(N)), question.astype(np.int32),
        tuple(f"q{k}" for k in range(Q)), tuple(f"r{k}" for k in range(J)),
        left.astype(np.int32), right.astype(np.int32), rater.astype(np.int32), outcome,
        (np.minimum(left, right) * N + np.maximum(left, right)).astype(np.int32),
        weight=rng.uniform(0.2, 3, len(label)) if draw(st.booleans()) else None,
        ordered=draw(st.booleans()),
    )  # fmt: skip


def frozen(comparisons):
    """All arrays as bytes; they cannot be written from here on."""
    found = []
    for field in fields(comparisons):
        value = getattr(comparisons, field.name)
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
            value = value.tobytes()
        found.append(value)
    return found


def parts(comparisons):
    """(N, N) whether two objects are connected."""
    part = components(comparisons)
    return part[:, None] == part


def fit(ranker, comparisons):
    """The ranking, after what holds always was looked at."""
    before = frozen(comparisons)
    found = ranker(comparisons)
    assert frozen(comparisons) == before, "the inputs were touched"
    shape = (comparisons.N,)
    assert found.score.shape == found.rank.shape == found.component.shape == shape
    for column, length in ((found.score, shape), (found.weight, (comparisons.J,)),
                           (found.lean, (comparisons.J,))):  # fmt: skip
        assert column is None or (column.shape == length and np.isfinite(column).all())
    assert found.position is None or np.isfinite(found.position)
    assert found.tie is None or 0 <= found.tie < np.inf
    part = components(comparisons)
    expected = within_question(part, comparisons.question)
    np.testing.assert_array_equal(found.component, expected)
    for k in range(comparisons.N):
        mine = part == part[k]
        better = found.score[mine] > found.score[k] + LEVEL
        assert 1 + better.sum() <= found.rank[k] <= mine.sum()
        assert found.score[mine].sum() == pytest.approx(0, abs=1e-6), "scores are centred"
        if mine.sum() == 1:
            assert (found.score[k], found.rank[k]) == (0, 1)
    return found


def negated(one, other):
    """A term of one ranking is the other's with its sign turned, where there is one."""
    assert (one is None) == (other is None)
    if one is not None:
        np.testing.assert_allclose(other, -np.asarray(one), **CLOSE)


def mirrored(comparisons, sides=True):
    """Winners reversed; with the sides exchanged too, the same comparisons told the other way."""
    turned = replace(comparisons, outcome=comparisons.outcome[:, ::-1].copy())
    if not sides:
        return turned
    return replace(turned, left=comparisons.right, right=comparisons.left)


def shuffled(rng, comparisons):
    return comparisons.only(rng.permutation(comparisons.M))


def test_which_ranker_keeps_which_law(capsys):
    """Print the grid of methods and laws."""
    with capsys.disabled():
        print("\n" + " " * 30 + " ".join(f"{law.name:9}" for law in RankLaw))
        for card in EVERY:
            cells = (f"{'yes' if law in card.laws else '-':9}" for law in RankLaw)
            print(f"{card.name:30}" + " ".join(cells))
    for card in EVERY:
        assert {RankLaw.RATERS, RankLaw.PERFECT} <= card.laws, card.name
        assert (RankLaw.WEIGHT not in card.laws) or card.bare is not None, card.name


@declaring()
@MANY
@given(case=cases())
def test_scores_are_finite_and_centred_inputs_stay_and_bytes_repeat(card, case):
    found, again = fit(card.make(), case), fit(card.make(), case)
    assert found.score.tobytes() == again.score.tobytes()
    assert found.rank.tobytes() == again.rank.tobytes()
    assert (found.fit, found.notes, found.settings) == (again.fit, again.notes, again.settings)


@declaring()
@MANY
@given(case=cases(), seed=st.integers(0, 2**16))
def test_an_object_that_nobody_compared_changes_nothing(card, case, seed):
    q = seed % case.Q
    more = replace(
        case, objects=("unseen", *case.objects), left=case.left + 1, right=case.right + 1,
        question=np.r_[np.int32(q), case.question],
    )  # fmt: skip
    one, other = fit(card.make(), case), fit(card.make(), more)
    np.testing.assert_allclose(other.score[1:], one.score, **CLOSE)
    np.testing.assert_array_equal(other.rank[1:], one.rank)


@declaring()
@MANY
@given(case=cases())
def test_nothing_but_ties_leaves_all_level(card, case):
    outcome = np.zeros((case.M, 3))
    outcome[:, TIE] = 1
    found = fit(card.make(), replace(case, outcome=outcome))
    np.testing.assert_allclose(found.score, 0, atol=LEVEL)
    assert (found.rank == 1).all()


@declaring(RankLaw.OBJECTS)
@MANY
@given(case=cases(), seed=st.integers(0, 2**16))
def test_objects(card, case, seed):
    rng = np.random.default_rng(seed)
    order = rng.permutation(case.N)  # the new object k is the old object order[k]
    place = np.argsort(order).astype(np.int32)
    turned = replace(
        case, objects=tuple(case.objects[k] for k in order), question=case.question[order],
        left=place[case.left], right=place[case.right],
    )  # fmt: skip
    one, other = fit(card.make(), case), fit(card.make(), shuffled(rng, turned))
    np.testing.assert_allclose(other.score[place], one.score, **CLOSE)


@declaring(RankLaw.RATERS)
@MANY
@given(case=cases(), seed=st.integers(0, 2**16))
def test_raters(card, case, seed):
    rng = np.random.default_rng(seed)
    order = rng.permutation(case.J)
    place = np.argsort(order).astype(np.int32)
    turned = replace(
        case, raters=tuple(case.raters[k] for k in order), rater=place[case.rater]
    )  # fmt: skip
    one, other = fit(card.make(), case), fit(card.make(), shuffled(rng, turned))
    np.testing.assert_allclose(other.score, one.score, **CLOSE)
    for was, now in ((one.weight, other.weight), (one.lean, other.lean)):
        assert (was is None) == (now is None)
        if was is not None:
            np.testing.assert_allclose(now[place], was, rtol=1e-5, atol=1e-6)


@declaring(RankLaw.EXCHANGE)
@MANY
@given(case=cases())
def test_exchange(card, case):
    one, other = fit(card.make(), case), fit(card.make(), mirrored(case))
    np.testing.assert_allclose(other.score, one.score, **CLOSE)
    negated(one.position, other.position)
    negated(one.lean, other.lean)
    for was, now in ((one.tie, other.tie), (one.weight, other.weight)):
        if was is not None:
            np.testing.assert_allclose(now, was, **CLOSE)


@declaring(RankLaw.REVERSAL)
@MANY
@given(case=cases())
def test_reversal(card, case):
    one, other = fit(card.make(), case), fit(card.make(), mirrored(case, sides=False))
    was = np.subtract.outer(one.score, one.score)
    now = np.subtract.outer(other.score, other.score)
    assert not (parts(case) & (was > LEVEL) & (now > LEVEL)).any()


@declaring(RankLaw.TIE)
@MANY
@given(case=cases(), seed=st.integers(0, 2**16))
def test_tie(card, case, seed):
    ranker = card.make()
    known = {field.name for field in fields(ranker)}
    if "nu" in known:
        ranker = replace(ranker, nu=0.7)
    if "position" in known:
        ranker = replace(ranker, position=False)
    rng = np.random.default_rng(seed)
    one, two = np.nonzero(parts(case) & ~np.eye(case.N, dtype=bool))
    if not len(one):
        return
    k = rng.integers(len(one))
    a, b = int(one[k]), int(two[k])
    last = case.M
    more = case.only(np.r_[np.arange(last), 0])
    weight = more.weights.copy()
    weight[last] = rng.uniform(0.2, 3)
    for column, value in ((more.left, a), (more.right, b), (more.rater, rng.integers(case.J))):
        column[last] = value
    more.outcome[last] = (0, 1, 0)
    before, after = fit(ranker, case), fit(ranker, replace(more, weight=weight))
    gap, left = (abs(found.score[a] - found.score[b]) for found in (before, after))
    assert left <= gap + LEVEL


@declaring(RankLaw.PERFECT)
@MANY
@given(case=cases(), seed=st.integers(0, 2**16))
def test_perfect(card, case, seed):
    """All pairs in both orders; the order within each question comes out, without a tie."""
    truth = np.random.default_rng(seed).permutation(case.N)
    one, two = np.nonzero(
        (case.question[:, None] == case.question) & ~np.eye(case.N, dtype=bool)
    )  # fmt: skip
    left, right = (np.repeat(side, case.J).astype(np.int32) for side in (one, two))
    outcome = np.zeros((len(left), 3))
    outcome[np.arange(len(left)), np.where(truth[left] > truth[right], FIRST, SECOND)] = 1
    perfect = replace(
        case, left=left, right=right, outcome=outcome, weight=None,
        rater=np.tile(np.arange(case.J), len(one)).astype(np.int32),
        group=np.minimum(left, right) * case.N + np.maximum(left, right),
    )  # fmt: skip
    found = fit(card.make(), perfect)
    above = (case.question[:, None] == case.question) & (truth[None, :] > truth[:, None])
    np.testing.assert_array_equal(found.rank, 1 + above.sum(axis=1))


@declaring(RankLaw.WEIGHT)
@MANY
@given(case=cases(soft=True), constant=st.sampled_from([0.1, 3.0, 40.0]))
def test_weight(card, case, constant):
    more = replace(case, weight=case.weights * constant)
    one, other = fit(card.bare(), case), fit(card.bare(), more)
    np.testing.assert_allclose(other.score, one.score, rtol=1e-5, atol=1e-5)


@declaring(RankLaw.QUESTIONS)
@MANY
@given(case=cases(questions=3), seed=st.integers(0, 2**16))
def test_questions(card, case, seed):
    """One question's comparisons are lost, or end otherwise."""
    rng = np.random.default_rng(seed)
    mine = case.question[case.left] == 1
    gone = case.only(~mine | (rng.random(case.M) < 0.5))
    outcome = case.outcome.copy()
    outcome[mine] = outcome[mine][:, ::-1]
    one, rest = fit(card.make(), case), case.question != 1
    for changed in (gone, replace(case, outcome=outcome)):
        other = fit(card.make(), changed)
        np.testing.assert_allclose(other.score[rest], one.score[rest], **CLOSE)
        np.testing.assert_array_equal(other.rank[rest], one.rank[rest])
