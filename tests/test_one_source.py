"""Near copies as one source: what it gains, what it leaves alone, and what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from w2s_judge.aggregation.between_sources import assumed_dependence
from w2s_judge.aggregation.copies import Copies
from w2s_judge.aggregation.dawid_skene import DawidSkene
from w2s_judge.aggregation.one_source import OneSource
from w2s_judge.aggregation.sources import Source, thinned, vote_shares, worth
from w2s_judge.calibration import metrics
from w2s_judge.calibration.tempering import tempered
from w2s_judge.errors import ConfigurationError
from w2s_judge.votes import VoteMatrix

TRIO = ([0.65] * 3 + [0.8] * 2, ((0, 1, 2),))


def matrix(label, labels=2, kept=None, **more):
    """Votes (I, J) as a matrix, where `kept`."""
    items, raters = label.shape
    pairs = np.argwhere(np.ones(label.shape, dtype=bool) if kept is None else kept)
    return VoteMatrix(
        items=tuple(f"i{k}" for k in range(items)),
        raters=tuple(f"r{k}" for k in range(raters)),
        labels=tuple("abcd"[:labels]),
        item=pairs[:, 0].astype(np.int32),
        rater=pairs[:, 1].astype(np.int32),
        label=label[pairs[:, 0], pairs[:, 1]].astype(np.int32),
        **{
            "family": (None,) * raters,
            "group": np.arange(items, dtype=np.int32),
            "ordered": False,
            **more,
        },
    )


def panel(seed, items, right, clusters=(), shared=0.0, labels=2):
    """Truth and labels (I, J); errors in a cluster correlate by `shared`, for two labels exactly.

    Each draws its error from the cluster's common source with probability sqrt(shared).
    """
    rng = np.random.default_rng(seed)
    u, other = rng.random((items, len(right))), rng.integers(1, labels, (items, len(right)))
    for members, rho in zip(clusters, np.broadcast_to(shared, len(clusters)), strict=True):
        common, wrong = rng.random(items), rng.integers(1, labels, items)
        for j in members:
            follows = rng.random(items) < np.sqrt(rho)
            u[:, j] = np.where(follows, common, u[:, j])
            other[:, j] = np.where(follows, wrong, other[:, j])
    truth = rng.integers(0, labels, items)
    return truth, np.where(u < np.array(right), truth[:, None], (truth[:, None] + other) % labels)


def accuracy(found, truth):
    return metrics.accuracy(found.posterior, truth)


def ece(found, truth):
    return metrics.ece(found.posterior, truth, bins=10, equal="width")


@pytest.mark.parametrize("shared", [0.5, 0.9])
def test_three_copies_and_two_good_judges(shared):
    truth, label = panel(0, 5000, *TRIO, shared)
    votes = matrix(label)
    assert accuracy(DawidSkene()(votes), truth) < 0.68
    found = OneSource(between=0.0)(votes)
    assert accuracy(found, truth) >= 0.84
    assert ece(found, truth) < 0.03
    cautious = OneSource()(votes)
    assert accuracy(cautious, truth) >= 0.84
    assert ece(cautious, truth) < 0.05
    assert found.calibration == cautious.calibration == "tempered"
    assert any("r0, r1, r2" in note and "standard errors" in note for note in found.notes)


@pytest.mark.parametrize(
    ("right", "clusters", "shared", "least"),
    [
        ([0.75] * 8, ((0, 1), (2, 3)), 0.5, 0.905),
        ([0.65] * 4 + [0.75] * 4, ((0, 1), (2, 3)), 0.9, 0.86),
        ([0.6] * 4 + [0.75] * 3, ((0, 1, 2, 3),), 0.7, 0.82),
    ],
)
def test_other_panels(right, clusters, shared, least):
    truth, label = panel(0, 5000, right, clusters, shared)
    assert accuracy(OneSource()(matrix(label)), truth) >= least


@pytest.mark.parametrize(
    "right", [[0.95, 0.9, 0.6, 0.6, 0.55], np.linspace(0.55, 0.9, 8), [0.75] * 5]
)
def test_independent_judges_are_left_to_dawid_skene(right):
    truth, label = panel(0, 3000, right)
    votes = matrix(label)
    plain, found = DawidSkene()(votes), OneSource(between=0.0)(votes)
    np.testing.assert_array_equal(found.posterior, plain.posterior)
    assert accuracy(OneSource()(votes), truth) >= accuracy(plain, truth) - 0.005
    assert not any("cannot tell" in note for note in found.notes)


def test_a_few_hundred_items_are_not_enough():
    """On real panels of 200 to 350 items merging lost three to five points."""
    _, label = panel(0, 400, *TRIO, 0.9)
    votes = matrix(label)
    found = OneSource(between=0.0)(votes)
    plain = tempered(DawidSkene()(votes), votes)
    np.testing.assert_allclose(found.posterior, plain.posterior, atol=1e-12)
    assert any("400 items, 500 asked" in note for note in found.notes)
    assert any("cannot tell" in note and "gold labels" in note for note in found.notes)
    trusting = OneSource(copies=Copies(fewest_items=300))(votes)
    assert any(note.startswith("one source: r0, r1, r2") for note in trusting.notes)


def test_the_mirror_is_lost_and_the_tool_says_that_it_may_be():
    truth, label = panel(1, 5000, [0.869] * 3 + [0.622] * 2, ((3, 4),), 0.32)
    found = OneSource()(matrix(label))
    assert accuracy(found, truth) < 0.8
    (said,) = (note for note in found.notes if "cannot tell" in note)
    assert "r0, r1, r2 are one source or r3, r4 are one source" in said
    assert "The first is taken here, by assumption; about" in said
    assert "at odds of 20 to 1" in said
    assert found.notes[0] == "assumed: a tight cluster of judges is one source"


def test_families_are_sources_where_that_is_assumed():
    truth, label = panel(2, 5000, [0.65] * 3 + [0.8] * 2 + [0.75], ((0, 1, 2),), 0.9)
    votes = matrix(label, family=("f", "f", "f", "g", None, "g"))
    found = OneSource(sources="families")(votes)
    assert accuracy(found, truth) > accuracy(DawidSkene()(votes), truth) + 0.1
    merged, kept = found.notes[1:3]
    assert merged.startswith("one source: r0, r1, r2.")
    assert kept.startswith("assumed to be one source: r3, r5; but")
    assert "one source" not in kept.split(";")[1]
    assert found.notes[0] == "assumed: judges of one family are one source"


def test_a_family_that_cannot_be_measured_counts_as_one_and_that_is_said():
    _, label = panel(2, 20, [0.9] * 4)
    found = OneSource(sources="families")(matrix(label, family=("f", "f", None, None)))
    assert any("cannot be measured" in note for note in found.notes)
    alone = OneSource(sources="families")(matrix(label))
    assert any("known to be of one family" in note for note in alone.notes)


def test_apart_is_dawid_skene_tempered_where_the_votes_refute_it():
    _, label = panel(0, 2000, *TRIO, 0.9)
    votes = matrix(label)
    found, plain = OneSource(sources="apart")(votes), DawidSkene()(votes)
    np.testing.assert_allclose(found.posterior, tempered(plain, votes).posterior, atol=1e-12)
    assert any("contradict that the judges err independently" in note for note in found.notes)
    assert "apart" in found.settings
    _, label = panel(0, 2000, [0.75] * 5)
    votes = matrix(label)
    found = OneSource(sources="apart", between=0.0)(votes)
    np.testing.assert_array_equal(found.posterior, DawidSkene()(votes).posterior)
    with pytest.raises(ConfigurationError, match="clusters, families, apart"):
        OneSource(sources="cliques")


@pytest.mark.parametrize("kind", ["soft", "nominal", "missing"])
def test_votes_of_any_kind(kind):
    labels = 3 if kind == "nominal" else 2
    right = [0.6] * 3 + [0.75] * 3
    truth, label = panel(3, 4000, right, ((0, 1, 2),), 0.85, labels)
    kept = np.random.default_rng(0).random(label.shape) < 0.75 if kind == "missing" else None
    votes = matrix(label, labels, kept)
    if kind == "soft":
        votes = replace(votes, label=None, mass=0.9 * votes.soft() + 0.1 / labels)
    found = OneSource()(votes)
    assert any(note.startswith("one source: r0, r1, r2") for note in found.notes)
    assert accuracy(found, truth) > accuracy(DawidSkene()(votes), truth) + 0.02
    assert ece(found, truth) < 0.06


def test_a_panel_that_errs_together_elsewhere_is_told():
    """Copies, and two other judges who err on the same items."""
    right = [0.65] * 3 + [0.8] * 4
    _, label = panel(4, 5000, right, ((0, 1, 2), (5, 6)), 0.9)
    found = OneSource()(matrix(label))
    assert sum(note.startswith("one source") for note in found.notes) == 2
    assert not any("contradict" in note for note in found.notes)
    _, label = panel(4, 5000, right, ((0, 1, 2), (5, 6)), (0.95, 0.6))
    found = OneSource(copies=Copies(excess=0.85))(matrix(label))
    assert sum(note.startswith("one source") for note in found.notes) == 1
    assert any("contradict" in note for note in found.notes)


def test_a_vote_counts_by_how_many_of_its_source_voted():
    kept = np.array([[1, 1, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1]], dtype=bool)
    votes = matrix(np.zeros((3, 4), dtype=int), kept=kept)
    sources = (Source((0, 1, 2), 0.5),)
    expected = [[0.5, 0.5, 0.5, 1], [1 / 1.5, 1, 1 / 1.5, 1], [1, 1, 1, 1]]
    np.testing.assert_allclose(vote_shares(votes, sources), np.array(expected)[kept])
    np.testing.assert_allclose(worth(votes, sources), [2.5, 2 / 1.5, 2])
    twice = votes.only(np.r_[np.arange(votes.V), 0])
    np.testing.assert_allclose(vote_shares(twice, sources)[-1], 0.5)
    np.testing.assert_allclose(worth(twice, sources), [2.5, 2 / 1.5, 2])
    heavy = replace(votes, weight=np.full(votes.V, 2.0))
    np.testing.assert_allclose(thinned(heavy, sources).weight, 2 * vote_shares(votes, sources))
    assert thinned(votes, ()) is votes


def shared_factor(items, seed=3):
    """Twelve judges of three families whose errors have one strong factor in common."""
    rng = np.random.default_rng(seed)
    truth, factor = rng.integers(0, 2, items), rng.normal(size=items)
    lean = rng.uniform(0.4, 1, 12) * (2 * truth[:, None] - 1) + 1.5 * factor[:, None]
    return truth, (lean + rng.normal(size=(items, 12)) > 0).astype(int)


@pytest.mark.parametrize("sources", ["clusters", "apart", "families"])
def test_a_panel_that_errs_together_is_no_surer_than_dawid_skene(sources):
    _, label = shared_factor(1500)
    votes = matrix(label, family=tuple("aaaabbbbcccc"))
    found = OneSource(sources=sources)(votes)
    plain = tempered(DawidSkene()(votes), votes)
    assert found.posterior.max(axis=1).mean() <= plain.posterior.max(axis=1).mean() + 0.005
    assert any("contradict" in note for note in found.notes)
    assert any("tempered without gold" in note for note in found.notes)


def test_copies_are_not_counted_twice_in_what_is_assumed():
    """Merged, copies show as much dependence as one judge in their place."""
    _, label = panel(6, 4000, [0.55] * 4 + [0.7] * 4, ((0, 1, 2, 3),), 0.999)
    votes, one = matrix(label), matrix(label[:, 3:])
    sources = (Source((0, 1, 2, 3), 1.0),)
    lone = assumed_dependence(one, (), None)
    assert assumed_dependence(votes, sources, None) == pytest.approx(lone, abs=0.002)
    assert assumed_dependence(votes, (), None) > 1.2 * lone
    heavy = replace(votes, weight=np.full(votes.V, 3.0))
    assert assumed_dependence(heavy, sources, None) == pytest.approx(
        assumed_dependence(votes, sources, None)
    )


def test_families_cap_what_independent_judges_are_worth():
    _, label = panel(0, 2000, [0.75] * 6)
    apart = OneSource(between=0.0)(matrix(label)).posterior
    capped = OneSource(between=0.0)(matrix(label, family=tuple("aaabbb")))
    assert capped.posterior.max(axis=1).mean() < apart.max(axis=1).mean() - 0.03
    np.testing.assert_array_equal(capped.posterior.argmax(axis=1), apart.argmax(axis=1))
    assert any("no more independent votes than families" in note for note in capped.notes)


def test_a_judge_in_both_orders_is_one_member_inside_a_source_and_outside():
    judge, order = ("A", "A", "B", "B", "C", "C"), ("ab", "ba") * 3
    kept = np.ones((2, 6), dtype=bool)
    kept[1, [1, 5]] = False
    votes = matrix(np.zeros((2, 6), dtype=int), kept=kept, judge=judge, order=order)
    sources = (Source((0, 1, 2, 3), 1.0),)
    expected = [[0.25] * 4 + [0.5] * 2, [0.5, 0, 0.25, 0.25, 1, 0]]
    np.testing.assert_allclose(vote_shares(votes, sources), np.array(expected)[kept])
    np.testing.assert_allclose(worth(votes, sources), [2, 2])
    np.testing.assert_allclose(worth(votes, ()), [3, 3])
    np.testing.assert_allclose(thinned(votes, ()).weight, vote_shares(votes, ()))


def test_two_orders_of_a_judge_do_not_refute_that_judges_err_independently():
    _, label = panel(7, 2000, [0.75] * 5)
    judge, order = tuple(np.repeat(list("ABCDE"), 2)), ("ab", "ba") * 5
    twice = matrix(np.repeat(label, 2, axis=1), judge=judge, order=order)
    found = OneSource(between=0.0)(twice)
    assert not any("contradict" in note for note in found.notes)
    plain = DawidSkene()(matrix(label)).posterior
    np.testing.assert_allclose(found.posterior, plain, atol=0.02)


def test_raters_in_another_order_are_merged_alike():
    _, label = panel(5, 1500, *TRIO, 0.8)
    found, turned = OneSource()(matrix(label)), OneSource()(matrix(label[:, ::-1]))
    np.testing.assert_allclose(turned.posterior, found.posterior, atol=1e-6)
    np.testing.assert_allclose(turned.weight[::-1], found.weight, atol=1e-5)
