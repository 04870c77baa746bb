"""Sparse links and low-rank factors: the convex program, scores with linked noise, the method."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import ortho_group, rankdata

from w2s_judge.aggregation.factor_analysis import maximum_likelihood, rotated, varimax
from w2s_judge.aggregation.general_rotation import general_rotation
from w2s_judge.aggregation.linked_scores import linked_scores
from w2s_judge.aggregation.low_rank import LowRank
from w2s_judge.aggregation.normal_scores import NormalScores
from w2s_judge.aggregation.order_averaging import Opinions
from w2s_judge.aggregation.rotated_factors import RotatedFactors
from w2s_judge.aggregation.sparse_low_rank import (
    Penalties,
    definite,
    penalties_by_chance,
    sparse_low_rank,
)
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

CUTS = (-1.2, -0.5, 0.0, 0.5, 1.2)
HALF = Truth(("no", "yes"), None, (0.5, 0.5))


def draw(loadings, items, seed, pairs=(), repeat=0.8):
    """Factors (I, k) and normal votes (I, J); the noise of a pair correlates by `repeat`."""
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((items, loadings.shape[1]))
    noise = rng.standard_normal((items, len(loadings)))
    for j, k in pairs:
        noise[:, k] = repeat * noise[:, j] + np.sqrt(1 - repeat**2) * noise[:, k]
    return factors, factors @ loadings.T + noise * np.sqrt(1 - (loadings**2).sum(axis=1))


def votes_of(values, kept=None, truth=HALF, ordered=True):
    """A vote matrix of integer levels (I, J), those in the mask `kept`."""
    item, rater = np.nonzero(np.ones(values.shape, bool) if kept is None else kept)
    items, raters = values.shape
    return VoteMatrix(
        tuple(f"i{i}" for i in range(items)), tuple(f"r{j}" for j in range(raters)),
        tuple(f"l{x}" for x in range(int(values.max()) + 1)),
        item.astype(np.int32), rater.astype(np.int32),
        np.arange(items, dtype=np.int32), (None,) * raters,
        label=values[item, rater].astype(np.int32), truth=truth, ordered=ordered,
    )  # fmt: skip


def graded(z, **more):
    return votes_of(np.searchsorted(CUTS, z), **more)


def auc(consensus, right):
    rank = rankdata(consensus.posterior[:, 1])
    ones = right.sum()
    return (rank[right].sum() - ones * (ones + 1) / 2) / (ones * (len(right) - ones))


def styled(items=1500, seed=0):
    """Eight judges of the truth, three who lean on a style instead; two pairs repeat each other."""
    loadings = np.zeros((11, 2))
    loadings[:8, 0] = np.linspace(0.45, 0.7, 8)
    loadings[8:] = [[0.25, 0.6], [0.2, 0.65], [0.1, 0.7]]
    pairs = ((0, 1), (2, 3))
    factors, z = draw(loadings, items, seed, pairs, 0.95)
    return factors, z, pairs


def gradient(sigma, found):
    R = found.sparse - found.low_rank  # noqa: N806
    return (sigma @ R + R @ sigma) / 2 - np.eye(len(sigma))


@pytest.mark.parametrize("cost", [Penalties(0.05, 0.2), Penalties(0.2, 0.5), Penalties(0.01, 5.0)])
def test_the_solution_meets_its_optimality_conditions(cost):
    _, z, _ = styled(600)
    sigma = np.corrcoef(z.T)
    found = sparse_low_rank(sigma, cost)
    assert found.converged
    slope = gradient(sigma, found)
    assert np.abs(np.diag(slope)).max() < 1e-5
    off = ~np.eye(len(sigma), dtype=bool)
    kept = off & (found.sparse != 0)
    np.testing.assert_allclose(slope[kept], -cost.links * np.sign(found.sparse[kept]), atol=1e-5)
    assert np.abs(slope[off]).max() < cost.links + 1e-5
    left = cost.factors * np.eye(len(sigma)) - slope
    assert np.linalg.eigvalsh(left)[0] > -1e-5
    assert np.abs(left @ found.low_rank).max() < 1e-4
    assert np.linalg.eigvalsh(found.low_rank)[0] > -1e-12


def test_judges_who_correlate_alike_have_the_solution_by_hand():
    """Without links S = s I and L = l v v', v all judges alike; both follow from the slopes."""
    J, r, cost = 6, 0.4, 0.1  # noqa: N806
    sigma = np.full((J, J), r) + (1 - r) * np.eye(J)
    found = sparse_low_rank(sigma, Penalties(10.0, cost), tol=1e-10)
    s = (1 - cost / (J - 1)) / (1 - r)
    shared = (s - (1 + cost) / (1 + (J - 1) * r)) / J
    np.testing.assert_allclose(found.sparse, s * np.eye(J), atol=1e-7)
    np.testing.assert_allclose(found.low_rank, np.full((J, J), shared), atol=1e-7)
    assert (found.rank, found.links) == (1, [])


def test_a_general_minimiser_finds_nothing_better():
    rng = np.random.default_rng(3)
    J, cost = 4, Penalties(0.04, 0.15)  # noqa: N806
    z = rng.standard_normal((200, J)) + 0.8 * rng.standard_normal((200, 1))
    z[:, 1] += z[:, 0]
    sigma = np.corrcoef(z.T)
    upper = np.triu_indices(J, 1)

    def value(S, L):  # noqa: N803
        R = S - L  # noqa: N806
        off = 2 * np.abs(S[upper]).sum()
        return (
            0.5 * np.trace(R @ sigma @ R)
            - np.trace(R)
            + cost.links * off
            + (cost.factors * np.trace(L))
        )

    def unpacked(x):
        B = x[J + 12 :].reshape(J, J)  # noqa: N806
        S = np.diag(x[:J])  # noqa: N806
        S[upper] = x[J : J + 6] - x[J + 6 : J + 12]
        return S + np.triu(S, 1).T, B @ B.T

    def smooth(x):
        S, L = unpacked(x)  # noqa: N806
        plain = value(S, L) - cost.links * 2 * np.abs(S[upper]).sum()
        return plain + cost.links * 2 * x[J : J + 12].sum()

    found = sparse_low_rank(sigma, cost)
    start = np.concatenate([np.ones(J), np.full(12, 0.1), rng.standard_normal(J * J) * 0.3])
    bounds = [(None, None)] * J + [(0, None)] * 12 + [(None, None)] * (J * J)
    slow = minimize(smooth, start, method="L-BFGS-B", bounds=bounds, options={"maxiter": 5000})
    assert value(found.sparse, found.low_rank) == pytest.approx(slow.fun, abs=1e-6)


def test_penalties_leave_chance_alone_and_planted_structure_stands():
    rng = np.random.default_rng(8)
    overlap = np.full((11, 11), 1500.0)
    cost = penalties_by_chance(overlap, 0)
    empty = 0
    for _ in range(20):
        found = sparse_low_rank(np.corrcoef(rng.standard_normal((1500, 11)).T), cost)
        empty += found.rank == 0 and not found.links
    assert empty >= 16
    _, z, pairs = styled()
    found = sparse_low_rank(np.corrcoef(z.T), cost)
    assert {(j, k) for j, k, _ in found.links[:2]} == set(pairs)
    assert found.links[1][2] > 3 * max(abs(r) for _, _, r in found.links[2:])
    strength = np.linalg.eigvalsh(found.low_rank)[::-1]
    assert strength[1] > 10 * strength[2]


def test_copies_and_indefinite_correlations_become_positive_definite():
    R = np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])  # noqa: N806
    assert np.linalg.eigvalsh(definite(R))[0] == pytest.approx(0.03)
    assert np.diag(definite(R)).tolist() == [1, 1, 1]
    copies = definite(np.ones((3, 3)))
    assert sparse_low_rank(copies, Penalties(0.1, 0.2)).converged
    fine = np.eye(3)
    assert definite(fine) is fine


def test_loadings_under_a_known_correlation_of_the_noise():
    loadings = np.column_stack([np.linspace(0.5, 0.8, 8), [0] * 5 + [0.3, 0.4, 0.5]])
    noise = np.eye(8)
    noise[0, 1] = noise[1, 0] = 0.7
    root = np.sqrt(1 - (loadings**2).sum(axis=1))
    R = loadings @ loadings.T + noise * np.outer(root, root)  # noqa: N806
    found = maximum_likelihood(R, 2, noise=noise)
    np.testing.assert_allclose(found.matrix @ found.matrix.T, loadings @ loadings.T, atol=1e-4)
    blind = maximum_likelihood(R, 2).matrix
    assert np.abs(blind @ blind.T - loadings @ loadings.T).max() > 0.05


@pytest.mark.parametrize("k", [2, 3])
def test_the_general_factor_is_found_where_varimax_splits_it(k):
    planted = np.zeros((15, k))
    planted[:, 0] = np.linspace(0.4, 0.8, 15)
    for c in range(1, k):
        planted[4 * c : 4 * c + 4, c] = 0.5
    turned = planted @ ortho_group.rvs(k, random_state=1)
    found = general_rotation(varimax(turned))
    np.testing.assert_allclose(found @ found.T, planted @ planted.T, atol=1e-9)
    np.testing.assert_allclose(found[:, 0], planted[:, 0], atol=0.03)
    assert np.abs(varimax(turned)[:, 0] - planted[:, 0]).max() > 0.1


@pytest.mark.parametrize("weighted", [False, True])
def test_scores_are_the_posterior_mean_given_the_votes_there_are(weighted):
    rng = np.random.default_rng(5)
    matrix, root = rng.uniform(0.2, 0.8, (6, 2)), rng.standard_normal((6, 6))
    noise = root @ root.T / 6 + 0.3 * np.eye(6)
    kept = rng.random((40, 6)) < 0.6
    kept[:20] = rng.random((1, 6)) < 0.9
    kept[3] = False
    item, unit = (x.astype(np.int32) for x in np.nonzero(kept))
    value = rng.standard_normal(len(item))
    weight = rng.uniform(0.3, 2, len(item)) if weighted else np.ones(len(item))
    names = tuple("abcdef")
    votes = Opinions(item, unit, value, weight, names, np.arange(6, dtype=np.int32), 40)
    found = linked_scores(votes, matrix, noise)
    for i in range(40):
        mine = item == i
        A, w = matrix[unit[mine]], np.sqrt(weight[mine])  # noqa: N806
        N = noise[np.ix_(unit[mine], unit[mine])] / np.outer(w, w)  # noqa: N806
        expected = A.T @ np.linalg.solve(A @ A.T + N, value[mine])
        np.testing.assert_allclose(found[i], expected, atol=1e-10)


def test_truth_beside_a_style_and_repeats_is_read_better_than_by_simpler_methods():
    factors, z, _ = styled()
    votes, right = graded(z), factors[:, 0] > 0
    found = LowRank()(votes)
    reached = auc(found, right)
    assert reached > 0.93
    for simpler in (NormalScores(), RotatedFactors(most_factors=1), RotatedFactors()):
        assert reached > auc(simpler(votes), right) + 0.03
    assert found.fit.converged
    assert found.calibration == "fixed-slope"
    assert any("judges who repeat" in note for note in found.notes)
    assert found.weight[8:].max() < found.weight[4:8].min()
    assert found.weight[:4].max() < found.weight[4:8].min()  # a pair shares one judge's weight


def test_a_style_that_grows_as_judges_get_worse_is_turned_away_from():
    worse = np.linspace(0, 1, 20) ** 2
    factors, z = draw(np.column_stack([0.85 - 0.6 * worse, 0.1 + 0.6 * worse]), 2000, 4)
    votes, right = graded(z), factors[:, 0] > 0
    reached = auc(LowRank()(votes), right)
    assert reached > auc(LowRank(most_factors=1)(votes), right) + 0.004
    assert reached > auc(NormalScores()(votes), right) + 0.02


def test_gold_tells_which_factor_is_the_truth():
    loadings = np.zeros((12, 2))
    loadings[:7, 0], loadings[7:, 1] = 0.75, 0.75
    factors, z = draw(loadings, 600, 6)
    right = (factors[:, 1] > 0).astype(np.int32)
    gold = Gold(np.arange(20, dtype=np.int32), right[:20], HALF.classes)
    without, with_gold = LowRank()(graded(z)), LowRank()(graded(z), gold)
    assert any("10 to 20 labels" in note for note in without.notes)
    rest = slice(20, None)
    assert ((with_gold.posterior[rest, 1] > 0.5) == right[rest]).mean() > 0.8
    assert (with_gold.posterior[gold.item, gold.label] == 1).all()
    assert with_gold.calibration == "gold:platt"
    assert with_gold.weight[7:].min() > with_gold.weight[:7].max()


def test_ordered_classes_are_cut_at_the_prior():
    factors, z, _ = styled()
    prior = (0.5, 0.3, 0.2)
    right = np.searchsorted(np.quantile(factors[:, 0], [0.5, 0.8]), factors[:, 0])
    votes = graded(z, truth=Truth(("a", "b", "c"), None, prior))
    gold = Gold(np.arange(60, dtype=np.int32), right[:60].astype(np.int32), ("a", "b", "c"))
    for found in (LowRank()(votes), LowRank()(votes, gold)):
        assert (found.posterior.argmax(axis=1) == right).mean() > 0.65
    with pytest.raises(ConfigurationError, match="dawid-skene"):
        LowRank()(graded(z, ordered=False, truth=None))


@pytest.mark.parametrize("method", [LowRank(), RotatedFactors()])
@pytest.mark.parametrize("prior", [None, (0.08, 0.24, 0.36, 0.24, 0.08)])
def test_every_ordered_class_is_likeliest_somewhere(method, prior):
    """Judges of the classes themselves; without a prior their shares of the labels are taken."""
    rng = np.random.default_rng(2)
    quality = 3 + 1.1 * rng.standard_normal(1500)
    noise = rng.standard_normal((1500, 5)) * [1.2, 0.9, 0.5, 1.0, 1.0]
    levels = (np.clip(np.rint(quality[:, None] + noise), 1, 5) - 1).astype(int)
    right = np.clip(np.rint(quality), 1, 5) - 1
    truth = Truth(tuple("12345"), (0, 1, 2, 3, 4), prior)
    found = method(votes_of(levels, truth=truth))
    top = found.posterior.argmax(axis=1)
    assert np.bincount(top, minlength=5).min() > 30  # of 120 in an outer class
    assert (top == right).mean() > 0.65
    expected = np.bincount(levels.ravel()) / levels.size if prior is None else prior
    np.testing.assert_allclose(found.posterior.mean(axis=0), expected, atol=0.005)
    assert found.prior_source == ("votes" if prior is None else "given")
    assert any("as frequent as the judges say" in n for n in found.notes) == (prior is None)


def test_classes_that_no_label_names_are_taken_as_equally_frequent():
    _, z, _ = styled(400)
    found = LowRank()(graded(z, truth=Truth(("a", "b", "c"))))
    np.testing.assert_allclose(found.posterior.mean(axis=0), 1 / 3, atol=0.01)
    assert any("equally frequent" in note for note in found.notes)


@pytest.mark.parametrize("method", [LowRank(), RotatedFactors()])
def test_unanimous_votes_say_nothing_and_a_note_says_so(method):
    same = votes_of(np.ones((30, 4), int), truth=Truth(("no", "yes"), (0, 1), (0.3, 0.7)))
    found = method(same)
    np.testing.assert_allclose(found.posterior, [[0.3, 0.7]] * 30)
    assert any("no judge's votes vary" in note for note in found.notes)


def test_what_cannot_be_decomposed_is_weighted_alike_and_said():
    rng = np.random.default_rng(9)
    levels = rng.integers(0, 3, (60, 30))
    thin = votes_of(levels, kept=rng.random(levels.shape) < 0.1)
    many = votes_of(rng.integers(0, 3, (40, 201)))
    for votes, said in ((thin, "too few to tell"), (many, "more than the 200")):
        found = LowRank()(votes)
        assert any(said in note for note in found.notes)
        assert np.ptp(found.weight[found.weight != 0]) < 1e-9
    _, z, _ = styled(400)
    apart = np.ones(z.shape, bool)
    apart[:200, 0] = apart[200:, 6] = False
    assert any(
        "common item, taken for uncorrelated: 1" in n
        for n in LowRank()(graded(z, kept=apart)).notes
    )
    alone = LowRank()(votes_of(rng.integers(0, 4, (300, 5))))
    assert any("share no more than chance" in note for note in alone.notes)


def test_order_of_raters_and_softness_do_not_matter():
    _, z, _ = styled(300)
    votes = votes_of((z > 0).astype(int))
    order = np.random.default_rng(1).permutation(11)
    turned = votes_of((z > 0).astype(int)[:, order])
    one, other = LowRank()(votes), LowRank()(turned)
    np.testing.assert_allclose(other.posterior, one.posterior, atol=1e-6)
    np.testing.assert_allclose(other.weight, one.weight[order], atol=1e-5)
    mass = np.where(votes.label[:, None] == np.arange(2), 0.8, 0.2)
    soft = LowRank()(replace(votes, label=None, mass=mass))
    np.testing.assert_allclose(soft.posterior, one.posterior, atol=1e-9)
    mirrored = LowRank()(votes_of((z < 0).astype(int)))
    np.testing.assert_allclose(mirrored.posterior[:, ::-1], one.posterior, atol=1e-6)
    assert one.posterior.tobytes() == LowRank()(votes).posterior.tobytes()


def test_rotated_loadings_keep_what_they_explain():
    found = maximum_likelihood(np.corrcoef(styled(400)[1].T), 2)
    turned = general_rotation(rotated(found).matrix)
    np.testing.assert_allclose(turned @ turned.T, found.matrix @ found.matrix.T, atol=1e-10)
