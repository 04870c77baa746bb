"""Intervals of corrected rates hold what they promise, over simulated judges.

Replications are drawn as counts of items by (gold, truth, verdict), which is all that independent
items are; prompts with two items as counts of pairs of these. The sums that the estimators read are
those of the very rows that an audit makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest

from w2s_judge.audit.prompt_sums import Prompts, PromptSums
from w2s_judge.audit.rates.prediction_powered import prediction_powered, prediction_powered_rows
from w2s_judge.audit.rates.rogan_gladen import rogan_gladen, rogan_gladen_rows

ITEMS, REPLICATIONS = 5000, 2000
CELLS = np.array(list(product((0, 1), repeat=3)), dtype=np.float64)  # gold, truth, verdict


@dataclass(frozen=True)
class Rows:
    """A row of sums a kind of prompt, for both estimators."""

    corrected: np.ndarray
    powered: np.ndarray


def kinds(weight=(1.0, 1.0)):
    """One item a prompt: the 8 kinds; the weight of a gold label by the judge's verdict."""
    gold, truth, said = CELLS.T
    weight = gold * np.asarray(weight)[said.astype(int)]
    heard = np.ones(len(CELLS), dtype=bool)
    return Rows(
        rogan_gladen_rows(said, heard, truth, weight), prediction_powered_rows(said, truth, weight)
    )


def sums(counts, rows, labelled):
    second = np.einsum("rk,ki,kj->rij", counts, rows, rows, optimize=True)
    return PromptSums(counts @ rows, second, np.asarray(labelled, dtype=np.float64))


def chances(rate, sensitivity, specificity):
    """P of (truth, verdict) in the order of `CELLS`."""
    false = (1 - rate) * np.array([specificity, 1 - specificity])
    return np.concatenate([false, rate * np.array([1 - sensitivity, sensitivity])])


def simple(rate, gold, sensitivity=0.8, specificity=0.9, seed=0, items=ITEMS):
    """Gold is a simple random sample: (replications, 8) counts."""
    rng = np.random.default_rng(seed)
    p = chances(rate, sensitivity, specificity)
    rest = rng.multinomial(items - gold, p, size=REPLICATIONS)
    return np.concatenate([rest, rng.multinomial(gold, p, size=REPLICATIONS)], axis=1) * 1.0


def both(counts, rows, labelled):
    powered, _ = prediction_powered(sums(counts, rows.powered, labelled))
    return rogan_gladen(sums(counts, rows.corrected, labelled)), powered


def coverage(found, target):
    """Of the intervals that are given, and the share of replications that have one."""
    given = np.isfinite(found.low)
    held = (found.low <= target) & (target <= found.high)
    return held[given].mean(), given.mean()


@pytest.mark.parametrize("gold", [100, 500])
@pytest.mark.parametrize("rate", [0.1, 0.3])
def test_intervals_of_both_corrections_cover_at_their_level(rate, gold):
    labelled = np.full(REPLICATIONS, gold)
    for found in both(simple(rate, gold), kinds(), labelled):
        covered, given = coverage(found, rate)
        assert covered >= 0.93
        assert given >= 0.97
        if gold == 500:
            assert covered <= 0.97


@pytest.mark.parametrize("gold", [50, 100, 500, 1000])
@pytest.mark.parametrize("rate", [0.02, 0.1, 0.3, 0.5])
@pytest.mark.parametrize("quality", [(0.6, 0.9), (0.8, 0.9), (0.6, 0.98), (0.99, 0.99)])
def test_they_cover_for_other_judges_rates_and_amounts_of_gold(rate, gold, quality):
    # 50 labels at a rate of .02 hold one harmful item on average: the worst of these cells.
    labelled = np.full(REPLICATIONS, gold)
    for found in both(simple(rate, gold, *quality, seed=1), kinds(), labelled):
        covered, _ = coverage(found, rate)
        assert covered >= 0.92


@pytest.mark.parametrize("gold", [100, 500])
@pytest.mark.parametrize("rate", [0.1, 0.3])
def test_they_cover_the_rate_among_these_very_items_too(rate, gold):
    counts = simple(rate, gold, seed=2)
    among = (counts @ CELLS[:, 1]) / ITEMS
    for found in both(counts, kinds(), np.full(REPLICATIONS, gold)):
        assert coverage(found, among)[0] >= 0.93


@pytest.mark.parametrize("alike", [0.5, 1.0])
@pytest.mark.parametrize("prompts", [50, 250])
@pytest.mark.parametrize("rate", [0.1, 0.3])
def test_prompts_of_two_items_that_are_alike_are_not_two_witnesses(rate, prompts, alike):
    rng = np.random.default_rng(3)
    p = chances(rate, 0.8, 0.9)
    pair = ((1 - alike) * np.outer(p, p) + alike * np.diag(p)).ravel()
    rest = rng.multinomial(ITEMS // 2 - prompts, pair, size=REPLICATIONS)
    counts = np.concatenate([rest, rng.multinomial(prompts, pair, size=REPLICATIONS)], axis=1)
    one, two = np.divmod(np.arange(16), 4)

    def paired(rows):
        return np.concatenate([rows[one] + rows[two], rows[4 + one] + rows[4 + two]])

    single = kinds()
    rows = Rows(paired(single.corrected), paired(single.powered))
    for found in both(counts * 1.0, rows, np.full(REPLICATIONS, prompts)):
        assert 0.93 <= coverage(found, rate)[0] <= 0.985
    naive = both(simple(rate, 2 * prompts), single, np.full(REPLICATIONS, 2 * prompts))
    if alike == 1.0:  # as wide as half the labels deserve
        wide = [np.nanmean(f.high - f.low) for f in both(counts * 1.0, rows, prompts)]
        plain = [np.nanmean(f.high - f.low) for f in naive]
        assert all(w > 1.25 * n for w, n in zip(wide, plain, strict=True))


@pytest.mark.parametrize("chosen", [(0.05, 0.25), (0.1, 0.02)])
@pytest.mark.parametrize("rate", [0.1, 0.3])
def test_gold_that_was_sought_out_is_weighed_back(rate, chosen):
    rng = np.random.default_rng(4)
    p, drawn = chances(rate, 0.8, 0.9), np.array(chosen)[[0, 1, 0, 1]]
    of_all = np.concatenate([p * (1 - drawn), p * drawn])
    counts = rng.multinomial(ITEMS, of_all, size=5 * REPLICATIONS) * 1.0
    labelled = counts[:, 4:].sum(axis=1)
    for found in both(counts, kinds((1 / chosen[0], 1 / chosen[1])), labelled):
        assert abs(np.nanmean(found.value) - rate) < 0.01
        assert coverage(found, rate)[0] >= 0.925  # a few heavy labels carry it: .93
    unweighted = both(counts, kinds(), labelled)[0]
    assert coverage(unweighted, rate)[0] < 0.9


def test_an_unbiased_judge_makes_labels_go_further_and_a_blind_one_costs_nothing():
    labelled = np.full(REPLICATIONS, 200)
    wide = {}
    for quality in ((0.95, 0.95), (0.8, 0.9), (0.5, 0.5)):
        powered = both(simple(0.3, 200, *quality, seed=5), kinds(), labelled)[1]
        wide[quality] = (powered.high - powered.low).mean()
    alone = 2 * 1.96 * np.sqrt(0.3 * 0.7 / 200)
    assert wide[0.95, 0.95] < 0.6 * alone
    assert wide[0.95, 0.95] < wide[0.8, 0.9] < wide[0.5, 0.5] < 1.03 * alone


def test_a_judge_that_tells_nothing_apart_is_hardly_ever_corrected():
    found = both(simple(0.3, 200, 0.5, 0.5, seed=6), kinds(), np.full(REPLICATIONS, 200))[0]
    assert np.isfinite(found.value).mean() < 0.04
    worse = both(simple(0.3, 500, 0.2, 0.2, seed=7), kinds(), np.full(REPLICATIONS, 500))[0]
    assert not np.isfinite(worse.value).any()


def test_sums_of_items_are_those_of_counts():
    rng = np.random.default_rng(8)
    gold, truth, said = (rng.random((3, 400)) < [[0.3], [0.4], [0.5]]).astype(float)
    index = (4 * gold + 2 * truth + said).astype(int)
    counts = np.bincount(index, minlength=8)[None] * 1.0
    prompts, labelled = Prompts.of(np.arange(400, dtype=np.int32)), np.flatnonzero(gold)
    rows = rogan_gladen_rows(said, np.ones(400, dtype=bool), truth, gold)
    mine, drawn = prompts.sums(rows, labelled), sums(counts, kinds().corrected, [gold.sum()])
    np.testing.assert_allclose(mine.total, drawn.total[0])
    np.testing.assert_allclose(mine.second, drawn.second[0])
    assert mine.labelled == drawn.labelled[0]
