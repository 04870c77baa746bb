"""Near copies in votes alone: found where they are, silent where they are not, honest between."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from w2s_judge.aggregation.copies import MOST, Copies
from w2s_judge.aggregation.judge_views import JudgeViews
from w2s_judge.aggregation.pair_sums import Pairs, correlations, pair_sums, squared
from w2s_judge.votes import VoteMatrix


def matrix(label, labels=2, kept=None, **more):
    """Votes (I, J) as a matrix, where `kept`."""
    items, raters = label.shape
    pairs = np.argwhere(np.ones(label.shape, dtype=bool) if kept is None else kept)
    return VoteMatrix(
        items=tuple(f"i{k}" for k in range(items)),
        raters=tuple(f"r{k}" for k in range(raters)),
        labels=tuple("abcdefghij"[:labels]),
        item=pairs[:, 0].astype(np.int32),
        rater=pairs[:, 1].astype(np.int32),
        label=label[pairs[:, 0], pairs[:, 1]].astype(np.int32),
        **{"family": (None,) * raters, "group": np.arange(items, dtype=np.int32), **more},
    )


def panel(seed, items, right, clusters=(), shared=0.0):
    """Labels (I, J) of two classes; errors within a cluster correlate at about `shared`."""
    rng = np.random.default_rng(seed)
    u = rng.random((items, len(right)))
    for members in clusters:
        common = rng.random(items)
        for j in members:
            u[:, j] = np.where(rng.random(items) < np.sqrt(shared), common, u[:, j])
    truth = rng.integers(0, 2, (items, 1))
    return np.where(u < np.array(right), truth, 1 - truth)


def merged(found):
    return sorted(one.members for one in found.clusters if one.merges)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shared", [0.5, 0.9])
def test_copies_are_found(seed, shared):
    pairs = ((0, 1), (2, 3))
    found = Copies()(matrix(panel(seed, 600, [0.75] * 8, pairs, shared)))
    assert merged(found) == [(0, 1), (2, 3)]
    assert found.accepted
    for one in found.clusters[:2]:
        assert one.excess == pytest.approx(shared, abs=0.2)
        assert one.low < one.excess < one.high
        assert one.z > one.needed
        assert one.second == ()  # the other pair is another fact, no other reading


def test_a_panel_of_independent_judges_is_left_alone():
    """Even where small panels of few items are not protected by `fewest_items`."""
    rule = Copies(fewest_items=0)
    for right in ([0.95, 0.9, 0.6, 0.6, 0.55], [0.7] * 8, np.linspace(0.55, 0.9, 12)):
        for seed in range(12):
            for items in (150, 500):
                found = rule(matrix(panel(seed, items, right)))
                assert not merged(found)
                assert not found.accepted


def test_a_few_hundred_items_are_not_enough():
    votes = matrix(panel(0, 400, [0.75] * 8, ((0, 1),), 0.9))
    found = Copies()(votes)
    assert found.clusters[0].members == (0, 1)
    assert found.clusters[0].z > found.clusters[0].needed
    assert not merged(found)
    assert not found.accepted


def test_what_is_asked_of_z_grows_with_what_could_have_been_chosen():
    needed = [
        Copies()(matrix(panel(3, 600, [0.7] * count, ((0, 1),), 0.9))).clusters[0].needed
        for count in (5, 8, 14, 20)
    ]
    assert needed == sorted(needed)
    assert needed[0] > 3
    assert needed[-1] > 5


def test_two_readings_are_told():
    """Two copies and three good judges have the covariances of three copies and two good ones."""
    good = Copies()(matrix(panel(1, 5000, [0.62, 0.62, 0.87, 0.87, 0.87], ((0, 1),), 0.32)))
    assert good.clusters[0].members == (2, 3, 4)
    assert good.clusters[0].second == (0, 1)
    poor = Copies()(matrix(panel(1, 5000, [0.65, 0.65, 0.65, 0.8, 0.8], ((0, 1, 2),), 0.5)))
    assert poor.clusters[0].members == (0, 1, 2)
    assert poor.clusters[0].second == (3, 4)


def test_the_excess_is_the_formula():
    label = panel(5, 700, [0.8, 0.8, 0.7, 0.7, 0.6, 0.7], ((0, 1, 2),), 0.8)
    one = Copies()(matrix(label)).clusters[0]
    R = np.corrcoef(label.T)  # noqa: N806
    inside, outside = list(one.members), [j for j in range(6) if j not in one.members]
    within = np.mean([R[a, b] for a in inside for b in inside if a < b])
    across = R[np.ix_(inside, outside)].mean()
    others = np.median([R[a, b] for a in outside for b in outside if a < b])
    q = across**2 / others
    assert one.inside == pytest.approx(within)
    assert one.across == pytest.approx(across)
    assert one.outside == pytest.approx(others)
    assert one.explained == pytest.approx(q)
    assert one.excess == pytest.approx((within - q) / (1 - q))


@pytest.mark.parametrize("kind", ["soft", "nominal", "missing", "graded"])
def test_votes_of_any_kind(kind):
    rng = np.random.default_rng(0)
    items, raters, labels = 900, 7, {"nominal": 4, "graded": 5}.get(kind, 2)
    truth = rng.integers(0, labels, (items, 1))
    wrong = rng.integers(0, labels, (items, raters))
    label = np.where(rng.random((items, raters)) < 0.55, truth, wrong)
    label[:, 4] = np.where(rng.random(items) < 0.85, label[:, 2], label[:, 4])
    votes = matrix(
        label, labels, rng.random(label.shape) < 0.8 if kind == "missing" else None,
        ordered=kind != "nominal",
    )  # fmt: skip
    if kind == "soft":
        votes = replace(votes, label=None, mass=0.9 * votes.soft() + 0.1 / labels)
    assert merged(Copies()(votes)) == [(2, 4)]


@pytest.mark.parametrize(
    ("count", "fill", "said"),
    [(3, 1.0, "at least 4"), (MOST + 1, 1.0, "more than"), (12, 0.1, "share 30 items")],
)
def test_where_it_cannot_be_applied_it_says_so(count, fill, said):
    label = panel(0, 600, [0.7] * count)
    kept = np.random.default_rng(1).random(label.shape) < fill
    found = Copies()(matrix(label, kept=kept))
    assert said in found.why
    assert found.clusters == ()


def test_judges_who_never_vary_or_vote_are_left_out():
    label = panel(0, 600, [0.7] * 8, ((3, 5),), 0.9)
    label[:, 0] = 1
    kept = np.ones(label.shape, dtype=bool)
    kept[:, 7] = False
    found = Copies()(matrix(label, kept=kept))
    assert found.units == ("r1", "r2", "r3", "r4", "r5", "r6")
    assert found.of_rater.tolist() == [-1, 0, 1, 2, 3, 4, 5, -1]
    assert [found.units[unit] for unit in found.clusters[0].members] == ["r3", "r5"]


def test_one_prompt_gives_no_certainty():
    label = panel(0, 600, [0.7] * 6, ((3, 5),), 0.9)
    found = Copies()(matrix(label, group=np.zeros(600, dtype=np.int32)))
    assert found.clusters[0].z == 0
    assert found.clusters[0].low is None
    assert not merged(found)


def test_no_votes_at_all():
    votes = matrix(np.zeros((5, 4), dtype=int), kept=np.zeros((5, 4), dtype=bool))
    assert Copies()(votes).why


def test_both_orders_of_a_judge_are_one_vote():
    label = panel(2, 600, [0.7] * 10, ((0, 1),), 0.9)
    judge = ("a", "a", *"bcdefghi")
    order = ("ab", "ba", *(None,) * 8)
    found = Copies()(matrix(label, judge=judge, order=order))
    assert found.units[0] == "a"
    assert not merged(found)


def test_the_same_votes_give_the_same_in_any_order():
    label = panel(7, 600, [0.75] * 7, ((1, 4),), 0.8)
    votes = matrix(label)
    shuffled = votes.only(np.random.default_rng(0).permutation(votes.V))
    assert Copies()(votes).clusters == Copies()(shuffled).clusters
    turned = Copies()(matrix(label[:, ::-1])).clusters[0]
    assert tuple(6 - j for j in reversed(turned.members)) == (1, 4)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 5), st.floats(0.3, 1))
def test_pair_sums_are_correlations_over_shared_items(seed, judges, fill):
    rng = np.random.default_rng(seed)
    value, there = rng.normal(size=(40, judges)), rng.random((40, judges)) < fill
    value = np.where(there, value, 0.0)
    mask = sparse.csr_array(there.astype(float))
    pairs = Pairs.sharing(mask, 2)
    sums = pair_sums([sparse.csr_array(value)], mask, pairs, rng.integers(0, 3, 40), 3)
    found = correlations(sums.sum(axis=0))
    for k, (a, b) in enumerate(zip(pairs.one, pairs.two, strict=True)):
        both = there[:, a] & there[:, b]
        assert pairs.items[k] == both.sum()
        x, y = value[both, a], value[both, b]
        assert found[k] == pytest.approx(x @ y / np.sqrt((x @ x) * (y @ y)))
    full = squared(found, pairs, judges)
    np.testing.assert_array_equal(full, full.T)
    assert (np.diag(full) == 0).all()


def test_merged_judges_vote_the_mean_of_those_who_voted():
    label = panel(1, 50, [0.7] * 4)
    kept = np.random.default_rng(0).random(label.shape) < 0.7
    views = JudgeViews.of(matrix(label, kept=kept))
    (view,), mask = views.merged(((0, 2), (1,), (3,)))
    plain, there = views.views[0].toarray(), views.mask.toarray()
    count = there[:, [0, 2]].sum(axis=1)
    expected = plain[:, [0, 2]].sum(axis=1) / np.maximum(count, 1)
    np.testing.assert_allclose(view.toarray()[:, 0], expected, atol=1e-12)
    np.testing.assert_array_equal(mask.toarray()[:, 0], count > 0)
    np.testing.assert_allclose(view.toarray()[:, 1], plain[:, 1])
