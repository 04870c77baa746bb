"""The tests whether judges err independently, where items share prompts: a simulated prompt effect.

A judge may do well on one prompt and badly on another: its errors go together within a prompt, and
those of two judges, each with its own likings, do not.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from w2s_judge.aggregation.auto import Auto
from w2s_judge.aggregation.between_sources import between_sources
from w2s_judge.aggregation.dawid_skene import DawidSkene
from w2s_judge.aggregation.item_factor import ItemFactor
from w2s_judge.aggregation.pair_tables import PROMPTS, pair_tables
from w2s_judge.aggregation.sources import Source, thinned
from w2s_judge.calibration.independence import independence_test
from w2s_judge.votes import VoteMatrix


def panel(seed, each, *, items=1000, judges=6, liking=1.5, copied=0.0, common=0.0, kept=1.0):
    """Votes on prompts of `each` items; judge 1 repeats judge 0 in a share `copied` of them.

    liking : standard deviation of a judge's log odds of being right between prompts
    common : share of the items whose class is that of their prompt; one in five is of class 1
    """
    rng = np.random.default_rng(seed)
    group = np.arange(items) // each
    truth = (rng.random(items) < (0.2 if common else 0.5)).astype(int)
    of_prompt = (rng.random(items) < 0.2).astype(int)[group]
    truth = np.where(rng.random(items) < common, of_prompt, truth)
    log_odds = 1.4 + liking * rng.normal(size=(items, judges))[group]
    right = rng.random((items, judges)) < 1 / (1 + np.exp(-log_odds))
    label = np.where(right, truth[:, None], 1 - truth[:, None])
    label[:, 1] = np.where(rng.random(items) < copied, label[:, 0], label[:, 1])
    item, rater = np.nonzero(rng.random(label.shape) < kept)
    return VoteMatrix(
        tuple(f"i{k}" for k in range(items)), tuple(f"j{k}" for k in range(judges)), ("a", "b"),
        item.astype(np.int32), rater.astype(np.int32), group.astype(np.int32), (None,) * judges,
        label=label[item, rater].astype(np.int32), ordered=False,
    )  # fmt: skip


def tables(votes):
    return pair_tables(votes, DawidSkene()(votes).posterior)


def told(votes):
    return independence_test(tables(votes))


def as_if_apart(found):
    """What the test says where it takes items for independent draws."""
    return independence_test(replace(found, clustering=None)).p


def shuffled(votes, seed=0):
    """The same items in another order."""
    order = np.random.default_rng(seed).permutation(votes.I)
    return replace(
        votes, items=tuple(votes.items[k] for k in order), group=votes.group[order],
        item=np.argsort(order)[votes.item].astype(np.int32),
    )  # fmt: skip


@pytest.mark.parametrize("kept", [1.0, 0.7])
@pytest.mark.parametrize("each", [10, 20])
def test_independent_judges_who_like_some_prompts_are_not_refuted(each, kept):
    found = [tables(panel(seed, each, kept=kept)) for seed in range(20)]
    p = np.array([independence_test(one).p for one in found])
    assert (p < 0.3).mean() <= 0.2
    assert (p < 0.01).mean() <= 0.05
    if (each, kept) == (20, 1.0):  # what the prompts do to a test that does not know of them
        assert np.mean([as_if_apart(one) < 0.3 for one in found]) >= 0.5


def test_a_few_large_prompts_refute_no_more():
    p = np.array([told(panel(seed, 100)).p for seed in range(20)])
    assert (p < 0.3).mean() <= 0.2


@pytest.mark.parametrize("each", [1, 10, 20])
def test_judges_who_repeat_each_other_are_refuted(each):
    p = np.array([told(panel(seed, each, liking=0.0, copied=0.3)).p for seed in range(10)])
    assert (p < 0.01).mean() >= 0.8
    p = np.array([told(panel(seed, each, copied=0.4)).p for seed in range(10)])
    assert (p < 0.3).mean() >= 0.8


def test_prompts_of_one_class_are_no_reason_to_doubt_the_pairs():
    """The classes of a prompt's items go together; what is left of the votes does not."""
    for seed in range(5):
        found = tables(panel(seed, 10, liking=0.0, common=0.9, copied=0.2))
        test = independence_test(found)
        assert test.p < 0.3
        assert test.p < 5 * as_if_apart(found) + 0.01


def test_items_with_prompts_of_their_own_are_tested_as_ever():
    votes = panel(0, 1)
    found = tables(votes)
    assert found.clustering is None
    numbered = replace(votes, group=np.random.default_rng(0).permutation(votes.I).astype(np.int32))
    assert tables(numbered).clustering is None
    assert told(numbered) == told(votes)
    assert independence_test(found).p == as_if_apart(found)


@pytest.mark.parametrize("each", [1000, 200])
def test_too_few_prompts_are_no_test(each):
    votes = panel(0, each, liking=0.5)
    assert told(votes) is None
    assert Auto()(votes).method == "auto:mean"


def test_the_order_of_items_plays_no_part_where_prompts_are_drawn():
    votes = panel(3, 4, items=4 * PROMPTS + 400)
    found = tables(votes)
    assert found.clustering.prompts == pytest.approx(PROMPTS)
    assert told(shuffled(votes)).p == pytest.approx(independence_test(found).p)
    few = panel(4, 20)
    assert told(shuffled(few)).p == pytest.approx(told(few).p)


def test_soft_votes_that_are_certain_are_tested_as_hard_ones():
    votes = panel(5, 20, kept=0.8)
    soft = replace(votes, label=None, mass=votes.soft())
    assert told(soft).p == pytest.approx(told(votes).p)


def test_the_pairs_of_different_sources_are_tested_by_prompt():
    copies = (Source((0, 1), 0.7),)
    p = []
    for seed in range(10):
        votes = panel(seed, 20, copied=0.7)
        posterior = DawidSkene()(thinned(votes, copies)).posterior
        apart = replace(votes, group=np.arange(votes.I, dtype=np.int32))
        p.append([between_sources(one, copies, posterior).p for one in (votes, apart)])
    by_prompt, by_item = (np.array(p) < 0.3).mean(axis=0)
    assert by_prompt <= 0.3
    assert by_item >= 0.5


def test_one_axis_is_not_refuted_by_likings_but_by_a_copy():
    def modest(votes):
        return any("as one axis does not explain" in note for note in ItemFactor()(votes).notes)

    liking = [panel(seed, 100, judges=5) for seed in range(8)]
    apart = [replace(one, group=np.arange(one.I, dtype=np.int32)) for one in liking]
    assert sum(map(modest, liking)) <= 1
    assert sum(map(modest, apart)) >= 2
    assert all(modest(panel(seed, 20, judges=5, liking=0.0, copied=0.4)) for seed in range(3))
    assert not modest(panel(0, 1000, judges=5))
