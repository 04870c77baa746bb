"""Ising model: recovery of couplings, copies, missing votes, soft votes, gold, collapse."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import issparse

from w2s_judge.aggregation.couplings import Couplings, Maximisation, Rows
from w2s_judge.aggregation.dawid_skene import DawidSkene
from w2s_judge.aggregation.ising import METHOD, Ising
from w2s_judge.aggregation.ising_evidence import energy, pseudo_likelihood
from w2s_judge.aggregation.ising_sample import sampled
from w2s_judge.aggregation.signed_votes import Signed
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

HALF = (0.5, 0.5)


def matrix(label, prior=HALF, kept=None):
    """A table (I, J) of 0 and 1 as votes; `kept` is where there is one."""
    items, raters = label.shape
    item, rater = np.nonzero(np.ones(label.shape) if kept is None else kept)
    return VoteMatrix(
        tuple(f"i{k}" for k in range(items)), tuple(f"r{k}" for k in range(raters)), ("n", "y"),
        item.astype(np.int32), rater.astype(np.int32), np.arange(items, dtype=np.int32),
        (None,) * raters, label=label[item, rater].astype(np.int32), ordered=False,
        truth=Truth(("n", "y"), (0, 1), prior),
    )  # fmt: skip


class Model:
    """An Ising model of six raters, small enough to be enumerated: fields and couplings a class."""

    def __init__(self, prior=0.5):
        self.prior = prior
        self.field = np.array(
            [[-0.5, -0.4, -0.6, -0.2, -0.3, -0.4], [0.3, 0.5, 0.4, 0.4, 0.2, 0.5]]
        )
        self.pull = np.zeros((2, 6, 6))
        for y, j, k, w in ((0, 0, 1, 0.7), (0, 2, 3, 0.4), (1, 0, 1, 0.2), (1, 3, 4, 0.6)):
            self.pull[y, j, k] = self.pull[y, k, j] = w
        self.rows = np.array(list(itertools.product((-1.0, 1.0), repeat=6)))
        height = self.rows @ self.field.T
        height += np.einsum("rj,yjk,rk->ry", self.rows, self.pull, self.rows) / 2
        given = np.exp(height)
        self.given = given / given.sum(axis=0)
        joint = self.given * [1 - prior, prior]
        self.posterior = joint[:, 1] / joint.sum(axis=1)

    def drawn(self, seed, items):
        """Truth (I,), number of each item's row (I,), votes (I, 6) of 0 and 1."""
        rng = np.random.default_rng(seed)
        truth = (rng.random(items) < self.prior).astype(int)
        row = np.array([rng.choice(64, p=self.given[:, y]) for y in truth])
        return truth, row, (self.rows[row] > 0).astype(int)


def right(posterior, truth):
    return float(np.mean(posterior.argmax(axis=1) == truth))


def log_loss(posterior, truth):
    return float(-np.log(np.maximum(posterior[np.arange(len(truth)), truth], 1e-12)).mean())


def copies(seed, items, copied=2, alone=4, accuracy=0.75, same=0.95):
    """Truth and votes: two judges copied each `copied - 1` times, and others."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, items)
    hit = []
    for _ in range(2):
        source = rng.random(items) < accuracy
        hit += [source] + [
            np.where(rng.random(items) < same, source, rng.random(items) < accuracy)
            for _ in range(copied - 1)
        ]
    hit += [rng.random(items) < accuracy for _ in range(alone)]
    return truth, np.where(np.stack(hit, axis=1), truth[:, None], 1 - truth[:, None])


def test_regressions_recover_the_couplings_when_the_classes_are_known():
    model = Model()
    truth, _, label = model.drawn(0, 20_000)
    rows = Rows(2.0 * label - 1, np.ones(label.shape), np.ones(len(label)))
    second = truth.astype(float)
    begun = Couplings.none(rows, second)
    best = Maximisation.of(rows, begun, second, 1e-3, shared=False)
    found = best.after(begun.weights, second, 100)
    for y in (0, 1):
        pull = (found[y, :, :-1] + found[y, :, :-1].T) / 4  # log-odds are twice the energy's slope
        np.testing.assert_allclose(pull, model.pull[y], atol=0.06)
    # The posterior of the energy is the model's own, up to sampling error.
    logit = energy(rows, Couplings(found, begun.means), np.zeros(len(label)), 0.5)
    exact = model.posterior[_codes(label)]
    assert np.abs(1 / (1 + np.exp(-logit)) - exact).mean() < 0.01


def _codes(label):
    return label @ (2 ** np.arange(5, -1, -1))


def test_without_couplings_both_evidences_are_those_of_independent_votes():
    rng = np.random.default_rng(1)
    rows = Rows(rng.choice([-1.0, 0.0, 1.0], (50, 4)), np.ones((50, 4)), np.ones(50))
    rows = replace(rows, count=(rows.value != 0).astype(float))
    none = Couplings.none(rows, rng.random(50))
    plain = pseudo_likelihood(rows, none, np.zeros(50), 0.3)
    level = none.weights[:, :, -1]
    rate = 1 / (1 + np.exp(-level))
    expected = np.log(0.3 / 0.7) + sum(
        np.where(rows.value[:, j] > 0, np.log(rate[1, j] / rate[0, j]), 0)
        + np.where(rows.value[:, j] < 0, np.log((1 - rate[1, j]) / (1 - rate[0, j])), 0)
        for j in range(4)
    )
    np.testing.assert_allclose(plain, expected, atol=1e-9)
    # A constant for the mean posterior apart, which only rows with pairs have.
    shift = energy(rows, none, np.zeros(50), 0.3) - plain
    pairs = rows.count.sum(axis=1) * (rows.count.sum(axis=1) - 1)
    np.testing.assert_allclose(shift * pairs.max(), shift[pairs.argmax()] * pairs, atol=1e-9)


def test_it_beats_dawid_skene_where_the_model_is_right():
    model = Model()
    losses = []
    for seed in range(3):
        truth, row, label = model.drawn(seed, 3_000)
        votes = matrix(label)
        plain, found = DawidSkene()(votes).posterior, Ising()(votes).posterior
        ideal = np.column_stack([1 - model.posterior, model.posterior])[row]
        losses.append([log_loss(one, truth) for one in (plain, found, ideal)])
    plain, found, ideal = np.mean(losses, axis=0)
    assert found < plain
    assert found - ideal < 0.7 * (plain - ideal)


@pytest.mark.parametrize("shared", [False, True])
def test_pairs_of_near_copies_are_no_truth_as_they_are_for_dawid_skene(shared):
    truth, label = copies(1, 3_000)
    votes = matrix(label)
    found, plain = Ising(shared=shared)(votes), DawidSkene()(votes)
    assert right(plain.posterior, truth) < 0.80
    assert right(found.posterior, truth) > 0.88
    assert log_loss(found.posterior, truth) < 0.3


def test_independent_votes_are_read_as_dawid_skene_reads_them():
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 2, 4_000)
    hit = rng.random((4_000, 7)) < [0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55]
    votes = matrix(np.where(hit, truth[:, None], 1 - truth[:, None]))
    found, plain = Ising()(votes), DawidSkene()(votes)
    assert abs(right(found.posterior, truth) - right(plain.posterior, truth)) < 0.006
    assert found.fit.converged
    np.testing.assert_allclose(found.weight, plain.weight, atol=0.03)


def test_votes_may_be_missing_and_prior_unknown():
    truth, label = copies(3, 4_000, alone=8)
    kept = np.random.default_rng(3).random(label.shape) < 0.7
    found = Ising()(matrix(label, None, kept))
    plain = DawidSkene()(matrix(label, None, kept))
    assert found.prior_source == "votes"
    assert right(found.posterior, truth) > right(plain.posterior, truth) - 0.005
    assert np.isfinite(found.posterior).all()


def test_more_raters_than_are_coupled_and_more_raters_than_items():
    truth, label = copies(4, 600, alone=36)
    found = Ising(most=20)(matrix(label))
    assert right(found.posterior, truth) > 0.97
    assert any("20 of 40 raters" in note for note in found.notes)
    small = Ising()(matrix(label[:25]))
    assert right(small.posterior, truth[:25]) > 0.95


def test_one_hot_votes_are_hard_votes_and_scale_plays_no_part():
    _, label = copies(5, 800)
    votes = matrix(label)
    mass = votes.label.astype(float)
    hard = Ising()(votes)
    for shrink in (1.0, 0.5):
        mild = 0.5 + shrink * (mass - 0.5)
        soft = replace(votes, label=None, mass=np.column_stack([1 - mild, mild]))
        found = Ising(ridge=30.0)(soft).posterior
        assert np.mean(found.argmax(axis=1) == hard.posterior.argmax(axis=1)) > 0.97
    one_hot = replace(votes, label=None, mass=np.column_stack([1 - mass, mass]))
    np.testing.assert_allclose(Ising()(one_hot).posterior, hard.posterior, atol=1e-6)


def test_soft_votes_of_unequal_firmness_are_read_as_well_as_by_dawid_skene():
    rng = np.random.default_rng(9)
    truth = rng.integers(0, 2, 12_000)
    hit = rng.random((12_000, 5)) < [0.8, 0.75, 0.7, 0.65, 0.6]
    votes = matrix(np.where(hit, truth[:, None], 1 - truth[:, None]))
    mass = np.clip(np.where(votes.label == 1, 0.9, 0.1) + rng.normal(0, 0.05, votes.V), 0.01, 0.99)
    soft = replace(votes, label=None, mass=np.column_stack([1 - mass, mass]))
    found, plain = Ising()(soft), DawidSkene()(soft)
    assert right(found.posterior, truth) > right(plain.posterior, truth) - 0.01


def test_gold_items_keep_their_label_and_gold_gives_the_prior():
    truth, label = copies(6, 1_500)
    item = np.arange(0, 1_500, 10, dtype=np.int32)
    gold = Gold(item, truth[item].astype(np.int32), ("n", "y"))
    found = Ising()(matrix(label, None), gold)
    assert found.prior_source == "gold"
    np.testing.assert_array_equal(found.posterior[item], np.eye(2)[truth[item]])
    assert right(found.posterior, truth) > 0.88


def test_a_collapse_is_seen_the_ridge_is_raised_and_the_note_says_so():
    truth, label = copies(7, 2_000, copied=3, alone=6)
    votes = matrix(label)
    weak = Ising(evidence="pseudo-likelihood", ridge=5.0)(votes)
    assert any("with ridge 5" in note and "left the votes' own" in note for note in weak.notes)
    assert right(weak.posterior, truth) > 0.7
    fitted = next(note for note in weak.notes if note.startswith("couplings of"))
    assert "(5 as given, times 4 after each collapse)" in fitted
    assert "ridge 5 as given" not in fitted
    unchecked = Ising(evidence="pseudo-likelihood", ridge=5.0, agreement=-1.0)(votes)
    assert right(unchecked.posterior, truth) < right(weak.posterior, truth)


def one_pair(seed, items):
    """Truth and votes of seven judges and a near copy of the first."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, items)
    hit = rng.random((items, 8)) < [0.75, 0.85, 0.8, 0.8, 0.75, 0.7, 0.65, 0.75]
    hit[:, 7] = np.where(rng.random(items) < 0.8, hit[:, 0], hit[:, 7])
    return truth, np.where(hit, truth[:, None], 1 - truth[:, None])


def softened(votes, seed, steps=None):
    """Soft votes; `steps`: judges name one of so few probabilities."""
    firm = np.random.default_rng(seed).uniform(0.6, 1.0, votes.V)
    firm = firm if steps is None else np.ceil(firm * steps) / steps
    mass = np.where(votes.label == 1, firm, 1 - firm)
    return replace(votes, label=None, mass=np.column_stack([1 - mass, mass]))


@pytest.mark.parametrize("soft", [False, True])
def test_a_sample_of_the_rows_depends_on_no_order(soft):
    """Of items, raters or classes; and it is near the fit on all rows."""
    truth, label = one_pair(10, 1_500)
    votes = softened(matrix(label), 10) if soft else matrix(label)
    some = Ising(most_rows=1_000 if soft else 130, ridge=100.0)
    found, full = some(votes), Ising(ridge=100.0)(votes)
    assert any("couplings were fitted on" in note for note in found.notes)
    assert not any("couplings were fitted on" in note for note in full.notes)
    rng = np.random.default_rng(11)
    place, seat = rng.permutation(1_500), rng.permutation(votes.J)
    turned = replace(
        votes,
        item=place[votes.item].astype(np.int32),
        rater=seat[votes.rater].astype(np.int32),
        label=None if soft else 1 - votes.label,
        mass=votes.mass[:, ::-1] if soft else None,
    )
    other = some(turned).posterior[place][:, ::-1]
    np.testing.assert_allclose(other, found.posterior, atol=1e-7)
    assert np.abs(found.posterior - full.posterior).mean() < 0.02
    assert right(found.posterior, truth) > 0.87


def test_a_sample_keeps_the_heavy_rows_and_stands_for_all_items():
    rng = np.random.default_rng(12)
    label = (rng.random((20_000, 12)) < np.linspace(0.02, 0.5, 12)).astype(int)
    signed = Signed.of(matrix(label), None)
    taken = sampled(signed, 300)
    assert (len(taken.at), taken.of) == (300, len(signed.items))
    light = taken.items.min()
    assert set(np.flatnonzero(signed.items > light)) <= set(taken.at)
    np.testing.assert_array_equal(taken.items, np.maximum(signed.items[taken.at], light))
    assert taken.items.sum() == pytest.approx(20_000, rel=0.1)
    share = taken.items @ (signed.value[taken.at] > 0) / taken.items.sum()
    np.testing.assert_allclose(share, label.mean(axis=0), atol=0.03)


def test_sparse_votes_and_gold_are_sampled_alike_in_any_order():
    rng = np.random.default_rng(14)
    label, kept = rng.integers(0, 2, (400, 40)), rng.random((400, 40)) < 0.1
    kept[0] = False
    votes, place = matrix(label, kept=kept), rng.permutation(400)
    gold = Gold(np.arange(20, dtype=np.int32), label[:20, 0].astype(np.int32), ("n", "y"))
    moved = Gold(place[gold.item].astype(np.int32), gold.label, gold.classes)
    turned = replace(votes, item=place[votes.item].astype(np.int32))
    one, other = (Signed.of(v, g) for v, g in ((votes, gold), (turned, moved)))
    assert issparse(one.value)
    mine, theirs = sampled(one, 150), sampled(other, 150)
    assert len(mine.at) == 150
    said = [rows.value[taken.at].toarray() for rows, taken in ((one, mine), (other, theirs))]
    np.testing.assert_array_equal(*said)  # of identical items either may stand for both
    np.testing.assert_array_equal(mine.items, theirs.items)


def test_soft_votes_of_few_values_are_one_row_each_and_need_no_sample():
    votes = softened(matrix(one_pair(13, 2_000)[1]), 13, steps=2)
    found, full = Ising(most_rows=1_000)(votes), Ising()(votes)
    assert not any("couplings were fitted on" in note for note in found.notes)
    np.testing.assert_allclose(found.posterior, full.posterior, atol=1e-6)


def test_where_every_ridge_collapses_dawid_skene_is_kept():
    _, label = copies(8, 400)
    votes = matrix(label)
    found = Ising(agreement=1.01)(votes)
    np.testing.assert_array_equal(found.posterior, DawidSkene()(votes).posterior)
    assert any("Dawid-Skene's answer was kept" in note for note in found.notes)
    assert found.method == "ising"


def test_three_classes_are_refused():
    votes = replace(matrix(np.array([[0, 1], [1, 1]])), labels=("a", "b", "c"), truth=None)
    with pytest.raises(ConfigurationError, match="two classes"):
        Ising()(votes)
    assert METHOD.binary
