"""Dependence of votes, the test for it, opposition, and what tempering makes of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.aggregation.dawid_skene import DawidSkene
from w2s_judge.aggregation.mean import Mean
from w2s_judge.aggregation.pair_tables import pair_tables
from w2s_judge.calibration.class_mass import class_mass, class_shares
from w2s_judge.calibration.dependence import (
    dependence,
    effective_votes,
    residual_dependence,
)
from w2s_judge.calibration.independence import independence_test
from w2s_judge.calibration.metrics import shared_top
from w2s_judge.calibration.opposition import agreement_with_rest
from w2s_judge.calibration.tempering import INFLATION, MIX, families, powered, tempered
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix


def panel(label, labels=2, kept=None, **more):
    """Votes (I, J) as a matrix, where `kept`."""
    items, raters = label.shape
    pairs = np.argwhere(np.ones(label.shape, dtype=bool) if kept is None else kept)
    return VoteMatrix(
        items=tuple(f"i{k}" for k in range(items)),
        raters=tuple(f"r{k}" for k in range(raters)),
        labels=tuple("abcd"[:labels]),
        item=pairs[:, 0].astype(np.int32),
        rater=pairs[:, 1].astype(np.int32),
        group=np.arange(items, dtype=np.int32),
        label=label[pairs[:, 0], pairs[:, 1]].astype(np.int32),
        **{"family": (None,) * raters, **more},
    )


def copying(seed, items, raters, error, shared):
    """Raters who take a common error with probability `shared`, else one of their own.

    Errors of two raters then correlate at shared squared.
    """
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, items)
    common = rng.random((items, 1)) < error
    own = rng.random((items, raters)) < error
    wrong = np.where(rng.random((items, raters)) < shared, common, own)
    return np.where(wrong, 1 - truth[:, None], truth[:, None]), truth


def all_gold(truth, classes=("a", "b")):
    return Gold(np.arange(len(truth), dtype=np.int32), truth.astype(np.int32), classes)


@pytest.mark.parametrize("shared", [0.0, 0.5, 0.8, 1.0])
def test_the_correlation_of_errors_is_recovered(shared):
    label, truth = copying(1, 6000, 6, 0.3, shared)
    votes = panel(label)
    found = dependence(votes, Mean()(votes).posterior, all_gold(truth))
    phi = shared**2
    assert found.truth == "gold"
    assert not found.optimistic
    assert (found.raters, found.pairs) == (6, 15)
    assert found.centred == pytest.approx(phi, abs=0.03)
    assert found.effective == pytest.approx(6 / (1 + 5 * phi), rel=0.15)
    assert found.effective_eigen == pytest.approx(6 / (1 + 5 * phi), rel=0.15)


def test_a_hard_class_is_no_collusion():
    """All raters miss one class half of the time, each on its own."""
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 2, 4000)
    missed = rng.random((4000, 5)) < np.where(truth == 1, 0.5, 0.05)[:, None]
    votes = panel(np.where(missed, 1 - truth[:, None], truth[:, None]))
    found = dependence(votes, Mean()(votes).posterior, all_gold(truth))
    assert abs(found.centred) < 0.02
    assert found.uncentred > 0.2
    assert found.effective > 4.5


def test_without_gold_the_figures_flatter_and_say_so():
    label, truth = copying(3, 4000, 5, 0.3, 0.7)
    votes = panel(label)
    posterior = DawidSkene()(votes).posterior
    without, with_gold = dependence(votes, posterior), dependence(votes, posterior, all_gold(truth))
    assert without.optimistic
    assert without.effective > with_gold.effective
    assert "optimistic" in without.text()
    assert without.told()["errors_against"] == "posterior"
    assert "against gold" in with_gold.text()
    assert with_gold.told()["value"] == pytest.approx(with_gold.effective, abs=0.01)


@pytest.mark.parametrize("raters", [5, 20, 200])
def test_without_gold_independent_raters_are_not_said_to_err_together(raters):
    """The doubt of a tempered consensus is no error that raters share."""
    label, truth = copying(0, 500, raters, 0.3, 0.0)
    votes = panel(label)
    posterior = tempered(Mean()(votes), votes).posterior
    assert dependence(votes, posterior).effective > 0.9 * raters
    assert dependence(votes, posterior, all_gold(truth)).effective > 0.85 * raters


@pytest.mark.parametrize("raters", [5, 20])
@pytest.mark.parametrize("shared", [0.45, 0.63])
def test_without_gold_erring_together_is_seen_too_little_and_never_too_much(raters, shared):
    label, truth = copying(1, 2000, raters, 0.3, shared)
    votes = panel(label)
    posterior = tempered(Mean()(votes), votes).posterior
    without, known = dependence(votes, posterior), dependence(votes, posterior, all_gold(truth))
    assert known.effective < without.effective < raters + 1e-9


def test_classes_level_on_top_are_shared_evenly():
    posterior = np.array([[0.4, 0.4, 0.2], [0.2, 0.3, 0.5]])
    np.testing.assert_array_equal(shared_top(posterior), [[0.5, 0.5, 0], [0, 0, 1]])


def test_errors_that_do_not_vary_have_no_correlation():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 100)
    same = panel(np.repeat(truth[:, None], 3, axis=1))
    assert dependence(same, Mean()(same).posterior) is None
    assert dependence(same, Mean()(same).posterior, all_gold(truth)) is None
    label, truth = copying(2, 400, 4, 0.3, 0.0)
    label[:, 3] = truth
    found = dependence(panel(label), Mean()(panel(label)).posterior, all_gold(truth))
    assert (found.raters, found.pairs) == (3, 3)


def test_gold_on_too_few_items_leaves_the_posterior_for_truth():
    label, truth = copying(4, 200, 4, 0.3, 0.0)
    votes = panel(label)
    few = Gold(np.arange(29, dtype=np.int32), truth[:29].astype(np.int32), ("a", "b"))
    assert dependence(votes, Mean()(votes).posterior, few).truth == "posterior"
    enough = Gold(np.arange(30, dtype=np.int32), truth[:30].astype(np.int32), ("a", "b"))
    assert dependence(votes, Mean()(votes).posterior, enough).truth == "gold"


def test_raters_without_common_items_are_not_compared():
    label, _ = copying(5, 120, 4, 0.3, 0.0)
    kept = np.zeros(label.shape, dtype=bool)
    kept[:60, :2], kept[60:, 2:] = True, True
    votes = panel(label, kept=kept)
    assert dependence(votes, Mean()(votes).posterior).pairs == 2
    lone = panel(label[:, :1])
    assert dependence(lone, Mean()(lone).posterior) is None
    assert dependence(votes.only(votes.item < 20), Mean()(votes).posterior) is None


def test_several_votes_of_a_rater_enter_as_their_mean():
    label, truth = copying(6, 300, 3, 0.3, 0.4)
    votes = panel(label)
    twice = votes.only(np.concatenate([np.arange(votes.V), np.arange(votes.V)]))
    gold, posterior = all_gold(truth), Mean()(votes).posterior
    assert dependence(twice, posterior, gold) == dependence(votes, posterior, gold)


@given(st.floats(0, 1), st.floats(0, 50))
def test_effective_votes_are_at_most_the_votes(phi, count):
    worth = effective_votes(np.array([count]), phi)[0]
    assert 0 <= worth <= count
    assert effective_votes(np.array([count]), 0.0)[0] == count
    assert effective_votes(np.array([3.0]), 1.0)[0] == pytest.approx(1)


def rho(votes, posterior=None):
    mass = class_mass(votes, None)
    return residual_dependence(
        votes, mass, class_shares(votes, mass)[0] if posterior is None else posterior
    )


@pytest.mark.parametrize("shared", [0.0, 0.5, 0.9])
def test_residual_dependence_beside_the_truth_is_the_correlation_of_errors(shared):
    label, truth = copying(7, 5000, 8, 0.3, shared)
    votes = panel(label)
    assert rho(votes, np.eye(2)[truth]) == pytest.approx(shared**2, abs=0.03)
    if shared:
        assert rho(votes) < shared**2  # vote shares hold the very votes


def test_residual_dependence_is_the_sum_it_says():
    label, _ = copying(8, 40, 4, 0.3, 0.3)
    votes = panel(label, kept=np.random.default_rng(0).random(label.shape) < 0.7)
    share = class_shares(votes, class_mass(votes, None))[0]
    agreed = share[votes.item, votes.label]
    mean = np.array([agreed[votes.rater == j].mean() for j in range(4)])
    top = bottom = 0.0
    for v in range(votes.V):
        for w in range(votes.V):
            if v != w and votes.item[v] == votes.item[w]:
                a, b = mean[votes.rater[v]], mean[votes.rater[w]]
                top += (agreed[v] - a) * (agreed[w] - b)
                bottom += np.sqrt(a * (1 - a) * b * (1 - b))
    assert rho(votes) == pytest.approx(max(top / bottom, 0))
    assert rho(votes.only(np.unique(votes.item, return_index=True)[1])) == 0


def verdict(votes):
    return independence_test(pair_tables(votes, DawidSkene()(votes).posterior))


@pytest.mark.parametrize(("items", "raters"), [(150, 5), (600, 8)])
def test_independent_panels_pass_the_test_and_copies_do_not(items, raters):
    passed = {0.0: [], 0.7: []}
    for shared, found in passed.items():
        for seed in range(15):
            rng = np.random.default_rng(seed)
            label, _ = copying(seed, items, raters, 0.25, 0.0)
            copied = rng.random(items) < shared
            label[copied, 1] = label[copied, 0]  # one copies another; the rest err alone
            votes = panel(label, kept=rng.random(label.shape) < 0.9)
            found.append(verdict(votes).p)
    assert np.mean(np.array(passed[0.0]) > 0.3) > 0.7
    assert np.mean(np.array(passed[0.7]) > 0.3) < 0.25


def test_votes_laid_out_in_any_way_give_the_same_tables():
    label, _ = copying(14, 80, 5, 0.3, 0.5)
    hard = panel(label, kept=np.random.default_rng(2).random(label.shape) < 0.7)
    full = panel(label)
    for votes in (hard, full):
        soft = replace(votes, label=None, mass=votes.soft())
        posterior = DawidSkene()(votes).posterior
        one, other = pair_tables(votes, posterior), pair_tables(soft, posterior)
        for name in ("together", "squares", "counts", "prior"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-9)


def test_three_raters_of_two_labels_leave_nothing_to_test():
    label, _ = copying(9, 500, 3, 0.2, 0.9)
    votes = panel(label)
    assert verdict(votes) is None


def test_a_rater_who_votes_against_the_rest_is_found():
    label, _ = copying(10, 400, 5, 0.2, 0.0)
    label[:, 2] = 1 - label[:, 2]
    votes = panel(label)
    correlation, z = agreement_with_rest(votes, class_mass(votes, None))
    assert z[2] < -5
    assert (np.delete(z, 2) > 5).all()
    expected = np.corrcoef(label[:, 2], np.delete(label, 2, axis=1).mean(axis=1))[0, 1]
    assert correlation[2] == pytest.approx(expected)
    lone = panel(label[:, :1])
    assert agreement_with_rest(lone, class_mass(lone, None))[1].tolist() == [0.0]


rows = st.lists(st.floats(0.001, 1), min_size=3, max_size=3).map(lambda x: np.array(x) / sum(x))


@given(rows, rows, st.floats(0, 1))
def test_tempering_moves_towards_the_prior(posterior, prior, ratio):
    found = powered(posterior[None], prior, np.array([ratio]))[0]
    assert found.sum() == pytest.approx(1)
    odds, before = np.log(found / prior), np.log(posterior / prior)
    assert np.ptp(odds) <= np.ptp(before) + 1e-9  # never surer than it was, beside the prior
    for same, expected in ((1.0, posterior), (0.0, prior)):
        kept = powered(posterior[None], prior, np.array([same]))[0]
        np.testing.assert_allclose(kept, expected, atol=1e-9)


def test_a_tempered_consensus_is_the_formula():
    label, truth = copying(11, 200, 5, 0.25, 0.6)
    votes = panel(label, kept=np.random.default_rng(1).random(label.shape) < 0.6)
    gold = Gold(np.arange(3, dtype=np.int32), truth[:3].astype(np.int32), ("a", "b"))
    raw = DawidSkene()(votes, gold)
    found = tempered(raw, votes, gold)
    share, count = class_shares(votes, class_mass(votes, None))
    phi = INFLATION * rho(votes)
    free = np.flatnonzero((count > 0) & (np.arange(200) >= 3))
    for i in free[:20]:
        ratio = 1 / (1 + (count[i] - 1) * phi)
        odds = np.log(raw.prior) + ratio * (np.log(raw.posterior[i]) - np.log(raw.prior))
        row = np.exp(odds) / np.exp(odds).sum()
        np.testing.assert_allclose(found.posterior[i], (1 - MIX) * row + MIX * share[i], atol=1e-9)
    assert (found.posterior[gold.item, gold.label] == 1).all()
    for i in np.setdiff1d(np.flatnonzero(count == 0), gold.item):
        np.testing.assert_allclose(found.posterior[i], raw.prior)
    assert found.calibration == "tempered"
    assert "no cap is applied" in found.notes[-1]
    independent = tempered(raw, votes, gold, phi=0.0).posterior
    kept = (1 - MIX) * raw.posterior + MIX * share
    np.testing.assert_allclose(independent[free], kept[free], atol=1e-9)


def test_families_cap_what_votes_are_worth():
    label, _ = copying(12, 100, 6, 0.25, 0.0)
    named = panel(label, family=("x", "x", "x", "y", "y", None))
    np.testing.assert_array_equal(families(named), 3)
    assert families(panel(label)) is None
    raw = DawidSkene()(named)
    capped, free = tempered(raw, named, phi=0.0), tempered(raw, panel(label), phi=0.0)
    assert capped.posterior.max(axis=1).mean() < free.posterior.max(axis=1).mean()
    assert "capped by the number of families" in capped.notes[-1]
    assert "taken for 3.0 independent" in capped.notes[-1]


def test_labels_that_mean_classes_in_no_known_way_are_tempered_without_a_mixture():
    rng = np.random.default_rng(13)
    truth = rng.integers(0, 2, 60)
    label = np.where(rng.random((60, 5)) < 0.8, truth[:, None] * 2, rng.integers(0, 3, (60, 5)))
    votes = replace(panel(label, labels=3), ordered=False, truth=Truth(("no", "yes")))
    assert class_mass(votes, None) is None
    gold = Gold(np.arange(20, dtype=np.int32), truth[:20].astype(np.int32), ("no", "yes"))
    raw = DawidSkene()(votes, gold)
    found = tempered(raw, votes, gold)
    assert "mixed" not in found.notes[-1]
    np.testing.assert_allclose(found.posterior.sum(axis=1), 1)
    assert dependence(votes, raw.posterior) is None
