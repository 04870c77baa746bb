"""Coefficients of agreement: published examples, scipy, scikit-learn, and the definitions."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau
from sklearn.metrics import cohen_kappa_score

from w2s_judge.audit.agreement.coefficient import (
    identity_weights,
    linear_weights,
    quadratic_weights,
)
from w2s_judge.audit.agreement.cohen import cohen_kappa, cohen_kappas
from w2s_judge.audit.agreement.fleiss import fleiss_kappa
from w2s_judge.audit.agreement.gwet import gwet_ac
from w2s_judge.audit.agreement.intraclass import intraclass
from w2s_judge.audit.agreement.kendall import MOST, ScoreCodes, kendall_taus
from w2s_judge.audit.agreement.krippendorff import krippendorff_alpha
from w2s_judge.audit.agreement.label_counts import label_counts

# Krippendorff (2018, ch. 12), four observers and twelve units; 0: not observed
OBSERVERS = ["123321412000", "123322412503", "033323422510", "123324412510"]
# Fleiss (1971, table 1), six psychiatrists' diagnoses of thirty patients
DIAGNOSES = """444444 222555 233335 555555 222444 113333 333355 113334 114444 555555
144444 124444 222333 144444 224445 333335 111455 111112 224444 133555 555555 244444
224555 114444 144445 222224 111155 224444 133333 555555"""
# Shrout and Fleiss (1979, table 2), four judges' ratings of six targets
TARGETS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
)


def columns(table, silent=None):
    """item, rater, value columns of a table (items, raters)."""
    item, rater = np.nonzero(np.ones(table.shape) if silent is None else table != silent)
    return item, rater, table[item, rater]


@pytest.fixture(scope="module")
def observed():
    item, rater, value = columns(np.array([list(map(int, row)) for row in OBSERVERS]).T, silent=0)
    return item, rater, value - 1


@pytest.mark.parametrize(
    ("metric", "value"),
    [("nominal", 0.743421052631579), ("ordinal", 0.815387503754881), ("interval", 0.8491071428571)],
)
def test_krippendorffs_example_with_missing_values(observed, metric, value):
    item, _, label = observed
    found = krippendorff_alpha(item, label, metric)
    assert found.value == pytest.approx(value, abs=1e-9)
    assert (found.items, found.votes) == (11, 40)
    assert found.value == pytest.approx((found.observed - found.expected) / (1 - found.expected))


def test_gwets_example_with_missing_values(observed):
    item, _, label = observed
    ac1, kappa = gwet_ac(item, label), fleiss_kappa(item, label)
    assert round(ac1.value, 5) == 0.77544
    assert round(kappa.value, 5) == 0.76117
    assert round(ac1.observed, 5) == round(kappa.observed, 5) == 0.81818
    assert (round(ac1.expected, 5), round(kappa.expected, 5)) == (0.19032, 0.23872)


def test_fleiss_example():
    table = np.array([list(map(int, row)) for row in DIAGNOSES.split()]) - 1
    item, _, label = columns(table)
    found = fleiss_kappa(item, label)
    assert [round(one, 3) for one in (found.value, found.observed, found.expected)] == [
        0.430, 0.556, 0.220,
    ]  # fmt: skip


def test_shrout_and_fleiss_example():
    found = intraclass(*columns(TARGETS))
    assert (round(found.single, 2), round(found.average, 2)) == (0.29, 0.62)
    assert found.single == pytest.approx(0.289763779527559, abs=1e-9)
    assert (found.items, found.raters) == (6, 4)


def test_cohens_kappa_of_fleiss_cohen_and_everitt():
    table = np.array([[53.0, 5, 2], [11, 14, 5], [1, 6, 3]])
    found = cohen_kappa(table)
    assert [round(one, 3) for one in (found.value, found.observed, found.expected)] == [
        0.429, 0.700, 0.475,
    ]  # fmt: skip


# The definitions, pair of votes by pair of votes


def by_definition(item, value, distance):
    """1 - D_o / D_e from the coincidences of values on items with two votes or more."""
    values = np.unique(value)
    place = {one: k for k, one in enumerate(values.tolist())}
    coincidences = np.zeros((len(values), len(values)))
    for one in np.unique(item):
        here = value[item == one].tolist()
        for first, second in permutations(range(len(here)), 2):
            at = place[here[first]], place[here[second]]
            coincidences[at] += 1 / (len(here) - 1)
    n = coincidences.sum(axis=1)
    apart = np.array([[distance(values, n, a, b) for b in range(len(n))] for a in range(len(n))])
    expected = (np.outer(n, n) - np.diag(n)) / (n.sum() - 1)
    chance = (expected * apart).sum()
    return None if chance <= 1e-12 else 1 - (coincidences * apart).sum() / chance


def ordinal(_, n, a, b):
    low, high = min(a, b), max(a, b)
    return (n[low : high + 1].sum() - (n[a] + n[b]) / 2) ** 2


DISTANCES = {
    "nominal": lambda values, n, a, b: float(a != b),
    "ordinal": ordinal,
    "interval": lambda values, n, a, b: float(values[a] - values[b]) ** 2,
}


def fleiss_and_gwet(item, label, weights):
    """(kappa, AC) item by item."""
    labels = len(weights)
    agreed, shares = [], []
    for one in np.unique(item):
        here = label[item == one].tolist()
        shares.append(np.bincount(here, minlength=labels) / len(here))
        pairs = [weights[a, b] for a, b in permutations(here, 2)]
        agreed += [np.mean(pairs)] if pairs else []
    if not agreed:
        return None, None
    seen, share = np.mean(agreed), np.mean(shares, axis=0)
    by_share = share @ weights @ share
    by_doubt = weights.sum() / (labels * (labels - 1)) * (share * (1 - share)).sum()
    return tuple(None if c > 1 - 1e-12 else (seen - c) / (1 - c) for c in (by_share, by_doubt))


@st.composite
def ballots(draw, most_labels=6):
    """item, rater, label columns in any order, at most one vote a rater and item; L."""
    items, raters = draw(st.integers(1, 12)), draw(st.integers(1, 6))
    labels = draw(st.integers(2, most_labels))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    truth = rng.integers(labels, size=(items, 1))
    table = np.where(
        rng.random((items, raters)) < 0.6, truth, rng.integers(labels, size=truth.shape)
    )
    item, rater = np.nonzero(rng.random((items, raters)) < draw(st.floats(0.2, 1)))
    mixed = rng.permutation(len(item))
    item, rater = item[mixed], rater[mixed]
    return item, rater, table[item, rater], labels


@settings(max_examples=60, deadline=None, derandomize=True)
@given(ballots(), st.sampled_from(sorted(DISTANCES)))
def test_alpha_is_its_definition(votes, metric):
    item, _, label, _ = votes
    value = label if metric == "nominal" else np.array([-2.0, 0.5, 1, 4, 4.25, 9])[label]
    found = krippendorff_alpha(item, value, metric).value
    assert found == pytest.approx(by_definition(item, value, DISTANCES[metric]), abs=1e-9)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(ballots(), st.sampled_from([identity_weights, linear_weights, quadratic_weights]))
def test_fleiss_and_gwet_are_their_definitions(votes, weighing):
    item, _, label, labels = votes
    levels = np.array([0.0, 1, 3, 4, 8, 9])[:labels]
    weights = weighing(labels) if weighing is identity_weights else weighing(levels)
    kappa, ac = fleiss_and_gwet(item, label, weights)
    assert fleiss_kappa(item, label, labels, weights).value == pytest.approx(kappa, abs=1e-9)
    assert gwet_ac(item, label, labels, weights).value == pytest.approx(ac, abs=1e-9)


@pytest.mark.parametrize("labels", [2, 5, 9, 40])
def test_equal_rows_held_once_are_the_same_counts(labels):
    """Few labels are numbered in an array, more are sorted, many are not numbered at all."""
    rng = np.random.default_rng(labels)
    item, label = rng.integers(300, size=2000), rng.integers(labels, size=2000)
    counts = label_counts(item, label, labels, 305)
    plain = np.zeros((305, labels))
    np.add.at(plain, (item, label), 1)
    np.testing.assert_array_equal(counts.table[counts.row], plain)
    assert counts.weight.sum() == 305
    np.testing.assert_array_equal(counts.weight, np.bincount(counts.row))
    order = rng.permutation(2000)
    for coefficient in (krippendorff_alpha, fleiss_kappa, gwet_ac):
        again = coefficient(item[order], label[order])
        assert again == coefficient(item, label)


# Each two judges


@settings(max_examples=40, deadline=None, derandomize=True)
@given(ballots())
def test_kappas_are_scikit_learns(votes):
    item, rater, label, labels = votes
    table = np.full((13, 6), -1)
    table[item, rater] = label
    forms = {
        None: None, "linear": linear_weights(np.arange(labels)),
        "quadratic": quadratic_weights(np.arange(labels)),
    }  # fmt: skip
    for name, weights in forms.items():
        found = cohen_kappas(item, rater, label, labels, weights)
        for one, two, n, value in zip(found.one, found.two, found.items, found.value, strict=True):
            first, second = table[(table[:, [one, two]] >= 0).all(axis=1)][:, [one, two]].T
            assert n == len(first)
            if len(np.union1d(first, second)) < 2:
                assert np.isnan(value)
                continue
            theirs = cohen_kappa_score(first, second, labels=range(labels), weights=name)
            assert value == pytest.approx(theirs, abs=1e-9, nan_ok=True)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(ballots())
def test_taus_are_scipys(votes):
    item, rater, label, _ = votes
    score = np.array([-2.0, 0.5, 1, 4, 4.25, 9])[label]
    table = np.full((13, 6), np.nan)
    table[item, rater] = score
    found = kendall_taus(item, rater, score)
    for one, two, n, value in zip(found.one, found.two, found.items, found.value, strict=True):
        both = ~np.isnan(table[:, [one, two]]).any(axis=1)
        first, second = table[both][:, [one, two]].T
        assert n == both.sum()
        if len(np.unique(first)) < 2 or len(np.unique(second)) < 2:
            assert np.isnan(value)
        else:
            assert value == pytest.approx(kendalltau(first, second).statistic, abs=1e-9)


def test_many_values_are_cut_into_parts_and_ties_stay_together():
    rng = np.random.default_rng(3)
    first = rng.standard_normal(4000)
    scores = np.stack([first, np.round(first + rng.standard_normal(4000)), np.exp(first)], axis=1)
    item, rater, score = columns(scores, silent=np.inf)
    coded = ScoreCodes.of(rater, score, 3)
    assert coded.cut.tolist() == [True, False, True]
    assert np.bincount(coded.code[rater == 0]).tolist() == pytest.approx([62.5] * MOST, abs=1)
    tau = kendall_taus(item, rater, score).value
    assert tau[0] == pytest.approx(kendalltau(scores[:, 0], scores[:, 1]).statistic, abs=0.01)
    assert tau[1] == 1
    level = np.where(rng.random(4000) < 0.7, 0.0, first)  # more in one value than in a part
    coded = ScoreCodes.of(np.zeros(4000, dtype=int), level, 1)
    assert len(np.unique(coded.code[level == 0])) == 1
    assert (np.diff(coded.code[np.argsort(level)]) >= 0).all()


def test_scores_apart_by_rounding_are_the_same():
    score = np.array([0.1 + 0.2, 0.3, 0.5, 0.3, 0.1 + 0.2, 0.5])
    item, rater = np.array([0, 1, 2, 0, 1, 2]), np.array([0, 0, 0, 1, 1, 1])
    assert kendall_taus(item, rater, score).value[0] == pytest.approx(1, abs=1e-12)


def anova(table):
    """ICC(2,1) and ICC(2,k) by mean squares."""
    n, k = table.shape
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    bms = k * table.mean(axis=1).var(ddof=1)
    jms = n * table.mean(axis=0).var(ddof=1)
    ems = (rest**2).sum() / ((n - 1) * (k - 1))
    above, shift = bms - ems, (jms - ems) / n
    return above / (bms + (k - 1) * ems + k * shift), above / (bms + shift)


def test_intraclass_correlation_is_of_the_complete_items():
    rng = np.random.default_rng(4)
    table = rng.standard_normal((40, 1)) + rng.standard_normal((40, 5)) + np.arange(5) / 3
    item, rater, score = columns(table, silent=np.inf)
    found = intraclass(item, rater, score)
    assert (found.single, found.average) == pytest.approx(anova(table), abs=1e-9)
    kept = (item % 4 > 0) | (rater > 0)
    some = intraclass(item[kept], rater[kept], 1e6 + score[kept])
    assert (some.single, some.average) == pytest.approx(anova(table[np.arange(40) % 4 > 0]))
    assert (some.items, some.raters) == (30, 5)


# What does not exist, and what is wrong


def test_what_has_no_value_says_none():
    one = np.zeros(6, dtype=int)
    item = np.repeat([0, 1, 2], 2)
    for metric in DISTANCES:
        assert krippendorff_alpha(item, one, metric).value is None
    assert fleiss_kappa(item, one).value is None
    assert gwet_ac(item, one, 2).value == 1  # everybody agrees, and doubt plays no part
    assert gwet_ac(item, one, 1).value is None
    lonely = krippendorff_alpha(np.arange(3), np.arange(3))
    assert (lonely.value, lonely.items, lonely.votes) == (None, 0, 0)
    none = np.zeros(0, dtype=int)
    for metric in DISTANCES:
        assert krippendorff_alpha(none, none, metric).value is None
    assert gwet_ac(none, none, 3).value is None
    assert cohen_kappas(none, none, none).value.tolist() == []
    assert intraclass(none, none, none).single is None
    assert intraclass(item, np.tile([0, 1], 3), np.full(6, 0.1)).single is None
    assert intraclass(np.arange(4), one[:4], np.arange(4.0)).single is None


def test_columns_that_make_no_votes_are_refused():
    two = np.array([0, 0])
    with pytest.raises(ValueError, match="one entry a vote"):
        label_counts(two, np.array([0]))
    with pytest.raises(ValueError, match="in 0"):
        label_counts(two, np.array([0, 3]), 3)
    for item, label in ((two, np.array([0.5, 1])), (np.array([-1, 0]), two)):
        with pytest.raises(ValueError, match="integers"):
            krippendorff_alpha(item, label)
    with pytest.raises(ValueError, match="at most one vote"):
        cohen_kappas(two, two, two)
    with pytest.raises(ValueError, match="at most one vote"):
        intraclass(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), np.arange(4.0))
    with pytest.raises(ValueError, match="one entry a vote"):
        krippendorff_alpha(two, np.array([0.5]), "interval")
