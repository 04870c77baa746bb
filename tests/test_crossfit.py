"""Calibration with gold, cross-fitted, and what a consensus is compared with on unseen items."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from w2s_judge.aggregation.mean import Mean
from w2s_judge.calibration import metrics
from w2s_judge.calibration.crossfit import held_out, with_gold
from w2s_judge.calibration.reference import best_single, reference_held_out
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

CLASSES = ("no", "yes")


def panel(accuracies, items, seed, shared=0.0, group=None, silent=0):
    """Binary votes; a share of the items has all judges wrong or right together."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 2, items).astype(np.int32)
    common, alone = random.random(items), random.random((items, len(accuracies)))
    together = random.random(items) < shared
    right = np.where(together[:, None], common[:, None], alone) < np.asarray(accuracies)
    label = np.where(right, truth[:, None], 1 - truth[:, None]).astype(np.int32)[silent:]
    shape = label.shape
    votes = VoteMatrix(
        items=tuple(f"i{k}" for k in range(items)),
        raters=tuple(f"r{k}" for k in range(shape[1])),
        labels=CLASSES,
        item=np.repeat(np.arange(silent, items), shape[1]).astype(np.int32),
        rater=np.tile(np.arange(shape[1]), shape[0]).astype(np.int32),
        group=np.arange(items, dtype=np.int32) if group is None else group,
        family=(None,) * shape[1],
        label=label.ravel(),
    )
    return votes, truth


def some(truth, count, seed, chosen=None):
    item = np.sort(np.random.default_rng(seed).permutation(len(truth))[:count]).astype(np.int32)
    return Gold(item, truth[item], CLASSES, chosen)


def sharp(votes, gold=None):
    """Votes taken for independent and all of accuracy .8: over-confident where they are not."""
    found = Mean()(votes, gold)
    odds = np.log(4) * votes.support * (2 * Mean()(votes).posterior[:, 1] - 1)
    posterior = np.stack([1 / (1 + np.exp(odds)), 1 / (1 + np.exp(-odds))], axis=1)
    posterior[votes.support == 0] = found.prior
    if gold is not None:
        posterior[gold.item] = np.eye(2)[gold.label]
    return replace(found, posterior=posterior, method="sharp")


def parrot(votes, gold=None):
    """Knows the label of gold items and of those beside them, and nothing else."""
    posterior = np.full((votes.I, 2), 0.5)
    if gold is not None:
        posterior[gold.item] = np.eye(2)[gold.label]
    return Consensus(posterior, CLASSES, votes.support, "parrot", "none")


def test_what_is_held_out_saw_no_label():
    votes, truth = panel([0.8] * 3, 200, 0)
    gold = some(truth, 60, 0)
    assert np.all(parrot(votes, gold).posterior[gold.item, gold.label] == 1)
    np.testing.assert_array_equal(held_out(parrot, votes, gold), 0.5)
    calibrated = with_gold(parrot, votes, gold)
    assert metrics.accuracy(calibrated.held_out, gold.label) == pytest.approx(0.5)


def test_labels_of_a_fold_leave_no_trace_in_what_is_held_out_of_it():
    """Neither through the fit, nor the map, nor the fits that the map learnt from."""

    def learns(votes, gold=None):
        found = sharp(votes, gold)
        share = 0.5 if gold is None or not gold.G else (gold.label.sum() + 1) / (gold.G + 2)
        posterior = found.posterior * np.array([1 - share, share])
        return replace(found, posterior=posterior / posterior.sum(axis=1, keepdims=True))

    prompt = (np.arange(300) % 5).astype(np.int32)  # five prompts: the folds, whatever the labels
    votes, truth = panel([0.75] * 5, 300, 1, shared=0.5, group=prompt)
    gold = some(truth, 100, 1)
    turned = gold.label.copy()
    mine = prompt[gold.item] == 3
    turned[mine] = 1 - turned[mine]
    other = Gold(gold.item, turned, CLASSES)
    before, after = (with_gold(learns, votes, one) for one in (gold, other))
    assert before.consensus.calibration == "gold:platt"
    np.testing.assert_array_equal(before.held_out[mine], after.held_out[mine])
    assert not np.allclose(before.held_out[~mine], after.held_out[~mine])


def test_the_map_is_applied_to_all_but_gold_and_silence():
    votes, truth = panel([0.9, 0.8, 0.7, 0.6, 0.55], 600, 2, shared=0.7, silent=20)
    gold = some(truth, 150, 2)
    plain, found = sharp(votes, gold), with_gold(sharp, votes, gold)
    assert found.consensus.calibration == "gold:platt"
    assert "platt tried on" in found.consensus.notes[-1]
    posterior = found.consensus.posterior
    np.testing.assert_allclose(posterior.sum(axis=1), 1)
    np.testing.assert_array_equal(posterior[gold.item], np.eye(2)[gold.label])
    silent = np.setdiff1d(np.arange(20), gold.item)
    np.testing.assert_array_equal(posterior[silent], plain.posterior[silent])
    rest = np.setdiff1d(np.arange(20, 600), gold.item)
    np.testing.assert_array_equal(posterior[rest], found.map.apply(plain.posterior[rest]))
    assert metrics.ece(plain.posterior[rest], truth[rest]) > 0.1
    assert metrics.ece(posterior[rest], truth[rest]) < 0.06
    assert metrics.ece(found.held_out, gold.label) < metrics.ece(
        held_out(sharp, votes, gold), gold.label
    )


def test_held_out_figures_are_those_of_items_never_labelled():
    """Over 40 draws of 60 labels: held-out log-loss against that of the rest."""
    inside, outside = [], []
    for seed in range(40):
        votes, truth = panel([0.8, 0.7, 0.7, 0.6, 0.6], 500, seed, shared=0.4)
        gold = some(truth, 60, seed)
        rest = np.setdiff1d(np.arange(500), gold.item)
        found = with_gold(sharp, votes, gold)
        inside.append(metrics.log_loss(found.held_out, gold.label))
        outside.append(metrics.log_loss(found.consensus.posterior[rest], truth[rest]))
    difference = np.array(inside) - np.array(outside)
    assert difference.mean() == pytest.approx(0, abs=3 * difference.std() / np.sqrt(40))


@pytest.mark.parametrize(
    ("count", "only", "said"),
    [(9, None, "9 gold labels are too few"), (1, None, "1 gold labels"), (0, None, "0 gold labels"),
     (30, 1, "1 of the 2 classes")],
)  # fmt: skip
def test_too_little_gold_is_said_and_changes_nothing(count, only, said):
    votes, truth = panel([0.8] * 5, 200, 3)
    gold = some(truth, 200, 3)
    kept = np.arange(gold.G) if only is None else np.flatnonzero(gold.label == only)
    gold = gold.only(kept[:count])
    found = with_gold(sharp, votes, gold)
    assert found.map.name == "none"
    assert said in found.consensus.notes[-1]
    assert found.consensus.calibration == "none"
    assert found.held_out.shape == (count, 2)
    np.testing.assert_array_equal(found.consensus.posterior, sharp(votes, gold).posterior)


def test_gold_of_one_prompt_gets_no_map():
    votes, truth = panel([0.8] * 5, 60, 3, group=np.zeros(60, dtype=np.int32))
    found = with_gold(sharp, votes, some(truth, 40, 0))
    assert "one prompt" in found.consensus.notes[-1]


def test_the_same_seed_gives_the_same_bytes_and_leaves_the_input():
    votes, truth = panel([0.8] * 5, 300, 4, shared=0.6)
    gold = some(truth, 80, 4)
    kept = gold.item.copy(), gold.label.copy(), votes.label.copy()
    first, second = with_gold(sharp, votes, gold, seed=7), with_gold(sharp, votes, gold, seed=7)
    assert first.held_out.tobytes() == second.held_out.tobytes()
    assert first.consensus.posterior.tobytes() == second.consensus.posterior.tobytes()
    for before, after in zip(kept, (gold.item, gold.label, votes.label), strict=True):
        np.testing.assert_array_equal(before, after)


def test_the_best_judge_is_picked_where_it_is_not_measured():
    """Twenty judges who guess: the best of them on all gold looks good, held out it does not."""
    seen, unseen = [], []
    for seed in range(30):
        votes, truth = panel([0.5] * 20, 40, seed)
        gold = some(truth, 40, seed)
        right = votes.label.reshape(40, 20) == truth[:, None]
        seen.append(right.mean(axis=0).max())
        unseen.append(metrics.accuracy(best_single(votes, gold).posterior, gold.label))
    assert np.mean(seen) > 0.6
    assert np.mean(unseen) == pytest.approx(0.5, abs=0.05)


def test_the_best_judge_is_found_and_its_word_goes_as_far_as_it_is_right():
    votes, truth = panel([0.9, 0.6, 0.6], 500, 5)
    gold = some(truth, 200, 5)
    majority, best = reference_held_out(Mean(), votes, gold)
    assert majority.name == "majority"
    assert best.name == "best single judge (r0 in 5 of 5 folds)"
    word = votes.label.reshape(500, 3)[gold.item, 0]
    np.testing.assert_array_equal(best.posterior.argmax(axis=1), word)
    assert best.posterior.max(axis=1).mean() == pytest.approx(0.9, abs=0.04)
    np.testing.assert_array_equal(majority.posterior, held_out(Mean(), votes, gold))


def test_a_judges_two_orders_are_one_word():
    votes, truth = panel([0.8, 0.8, 0.5], 400, 6)
    votes = replace(votes, judge=("a", "a", "b"), order=("ab", "ba", "ab"))
    best = best_single(votes, some(truth, 200, 6))
    assert best.name == "best single judge (a in 5 of 5 folds)"
    assert len(np.unique(np.round(best.posterior[:, 1], 3))) <= 5 * 3  # no, yes, torn: by fold


def test_a_scale_is_cut_where_gold_says():
    """Levels 0 to 9 that mean yes from 3 on; gold knows."""
    votes, truth = panel([0.9, 0.7], 400, 7)
    level = np.where(votes.label == 1, 3 + votes.item % 7, votes.item % 3).astype(np.int32)
    graded = replace(votes, labels=tuple("0123456789"), label=level, truth=Truth(CLASSES, None))
    gold = some(truth, 300, 7)
    best = best_single(graded, gold)
    assert metrics.accuracy(best.posterior, gold.label) > 0.85


def test_a_method_of_other_classes_is_refused():
    votes, truth = panel([0.8] * 3, 60, 8)
    with pytest.raises(ValueError, match="classes"):
        with_gold(lambda v, g: replace(sharp(v, g), classes=("a", "b")), votes, some(truth, 20, 0))
