"""How the default reads near copies: as one source where the rest errs independently."""

from __future__ import annotations

import numpy as np
import pytest

from w2s_judge.aggregation.auto import Auto
from w2s_judge.aggregation.between_sources import assumed_dependence
from w2s_judge.aggregation.copies import Copies
from w2s_judge.aggregation.dawid_skene import DawidSkene
from w2s_judge.aggregation.sources import Panel
from w2s_judge.errors import ConfigurationError, UsageError
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.conclude import Aim, conclude


def panel(seed, items, copies=3, rho=0.9, poor=0.65, good=0.8, family=False):
    """Copies of a poor judge and two good ones; truth (I,) beside the votes."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, items)
    shared = rng.random(items) > poor
    own = rng.random((items, copies)) > poor
    follows = rng.random((items, copies)) < np.sqrt(rho)
    wrong = np.column_stack(
        [np.where(follows, shared[:, None], own), rng.random((items, 2)) > good]
    )
    label = (truth[:, None] ^ wrong).astype(np.int32)
    judges = copies + 2
    item, rater = np.divmod(np.arange(items * judges), judges)
    votes = VoteMatrix(
        items=tuple(f"i{k}" for k in range(items)),
        raters=tuple(f"r{k}" for k in range(judges)),
        labels=("a", "b"),
        item=item.astype(np.int32),
        rater=rater.astype(np.int32),
        group=np.arange(items, dtype=np.int32),
        family=(*("cheap",) * copies, None, None) if family else (None,) * judges,
        label=label.ravel(),
        ordered=False,
    )
    return votes, truth


def some_gold(truth, size, seed=0):
    item = np.sort(np.random.default_rng(seed).permutation(len(truth))[:size]).astype(np.int32)
    return Gold(item, truth[item].astype(np.int32), ("a", "b"))


def right(found, truth):
    return float((found.posterior.argmax(axis=1) == truth).mean())


def test_near_copies_are_one_source_and_the_assumption_is_told():
    votes, truth = panel(0, 1500)
    found = Auto()(votes)
    assert found.method == "auto:one-source"
    said = " ".join(found.notes)
    assert "near copies are one source, by assumption" in said
    assert "one source: r0, r1, r2." in said
    assert "cannot tell" in said
    assert "gold labels on the" in said
    assert right(found, truth) > right(DawidSkene()(votes), truth) + 0.12
    assert right(found, truth) > 0.82


def test_apart_takes_every_judge_for_itself():
    votes, _ = panel(0, 1500)
    assert Auto(sources="apart")(votes).method != "auto:one-source"


def test_families_are_sources_only_where_that_is_asked_and_known():
    votes, truth = panel(1, 200, family=True)  # too few items to find copies in
    assert Auto()(votes).method != "auto:one-source"
    found = Auto(sources="families")(votes)
    assert found.method == "auto:one-source"
    assert "as asked" in found.notes[0]
    assert right(found, truth) > right(DawidSkene()(votes), truth) + 0.1
    alone, _ = panel(1, 200)
    assert Auto(sources="families")(alone).method != "auto:one-source"


def test_a_few_hundred_items_merge_nobody():
    for seed in range(5):
        votes, _ = panel(seed, 400)
        assert Auto()(votes).method != "auto:one-source"


@pytest.mark.parametrize("rho", [0.5, 0.9])
def test_gold_weighs_the_readings(rho):
    votes, truth = panel(2, 2000, rho=rho)
    gold = some_gold(truth, 25)
    found = Auto()(votes, gold)
    assert found.method == "auto:one-source"
    assert right(found, truth) > 0.82


def test_gold_takes_the_mirror_image_back():
    """Three good judges and two poor ones that err together look like copies until gold tells."""
    rng = np.random.default_rng(99)
    votes, truth = panel(3, 3000, copies=2, rho=0.32, poor=0.622, good=0.869)
    third = (truth ^ (rng.random(3000) > 0.869)).astype(np.int32)
    item = np.concatenate([votes.item, np.arange(3000, dtype=np.int32)])
    five = VoteMatrix(
        votes.items, (*votes.raters, "r4"), votes.labels, item,
        np.concatenate([votes.rater, np.full(3000, 4, np.int32)]), votes.group, (None,) * 5,
        label=np.concatenate([votes.label, third]), ordered=False,
    )  # fmt: skip
    with_gold = Auto()(five, some_gold(truth, 25))
    assert right(with_gold, truth) > 0.93
    assert right(with_gold, truth) >= right(Auto()(five), truth)


def test_the_assumption_comes_through_the_workflow():
    votes, _ = panel(0, 1500)
    one = conclude(votes, None, Aim(sources="apart"))
    other = conclude(votes, None, Aim(method="one-source", sources="clusters"))
    assert one.consensus.method != "auto:one-source"
    assert other.consensus.method == "one-source"
    with pytest.raises(UsageError, match="auto and one-source"):
        conclude(votes, None, Aim(method="mean", sources="apart"))
    with pytest.raises(UsageError, match="not known"):
        Aim(sources="friends")
    with pytest.raises(ConfigurationError, match="not known"):
        Auto(sources="friends")


def judged(label, **more):
    """Votes of all judges on all items, (I, J)."""
    items, judges = label.shape
    item, rater = np.divmod(np.arange(label.size), judges)
    settings = {"family": (None,) * judges, **more}
    return VoteMatrix(
        tuple(f"i{k}" for k in range(items)), tuple(f"r{k}" for k in range(judges)), ("a", "b"),
        item.astype(np.int32), rater.astype(np.int32), np.arange(items, dtype=np.int32),
        label=label.ravel().astype(np.int32), ordered=False, **settings,
    )  # fmt: skip


def reading(rng, truth, accuracies):
    right = rng.random((len(truth), len(accuracies))) < accuracies
    return np.where(right, truth[:, None], 1 - truth[:, None])


@pytest.mark.parametrize("seed", [0, 1])
def test_gold_turns_from_sources_to_judges_where_it_contradicts_them(seed):
    """The votes bear out that the sources err independently: of another truth than gold's."""
    rng = np.random.default_rng(seed)
    truth, other = rng.integers(0, 2, (2, 2000))
    gold = some_gold(truth, 30)
    elsewhere = np.hstack([
        reading(rng, other, [0.9, 0.85, 0.8, 0.88]), reading(rng, truth, [0.8, 0.8]),
    ])  # fmt: skip
    turned = reading(rng, truth, [0.3, 0.25, 0.35, 0.3, 0.28])
    for label in (elsewhere, turned):
        found = Auto()(judged(label), gold)
        assert right(found, truth) > 0.75
        assert found.method == "auto:hypotheses"


def test_equally_good_copies_keep_their_reading_with_gold():
    rng = np.random.default_rng(5)
    votes, truth = panel(6, 5000, rho=0.5, poor=0.75, good=0.75)
    found = Auto()(votes, some_gold(truth, 25, int(rng.integers(9))))
    assert right(found, truth) > 0.83
    assert "averaged so" in found.notes[0]


def test_families_whose_votes_contradict_them_are_vote_shares():
    rng = np.random.default_rng(3)
    truth, shared = rng.integers(0, 2, 1500), rng.normal(size=(1500, 1))
    worth = (2 * truth[:, None] - 1) * rng.uniform(0.4, 1, 12) + 1.5 * shared
    label = (worth + rng.normal(size=(1500, 12)) > 0).astype(int)
    found = Auto(sources="families")(judged(label, family=tuple("aaaabbbbcccc")))
    assert found.method == "auto:mean"
    assert "as asked; but the votes do not bear out" in found.notes[0]
    assert found.posterior.max(axis=1).mean() < right(found, truth) + 0.12


def test_merged_copies_are_not_discounted_twice():
    """Copies weigh less in the shares: what their votes count is still told by other judges."""
    rng = np.random.default_rng(0)
    truth, base = rng.integers(0, 2, 2000), rng.random(2000) < 0.75
    copies = [np.where(rng.random(2000) < 0.97, base, rng.random(2000) < 0.75) for _ in range(4)]
    shared = np.repeat(rng.normal(size=(2, 2000)), 2, axis=0)
    others = 0.9 + 1.2 * shared + rng.normal(size=(4, 2000)) > 0
    label = np.where(np.vstack([copies, others]).T, truth[:, None], 1 - truth[:, None])
    votes = judged(label, family=tuple("AAAABCDE"))
    found = Auto(sources="families")(votes)
    assert "as asked; but the votes do not bear out" in found.notes[0]
    (source,) = Panel.of(votes, Copies()).sources(((0, 1, 2, 3),))
    phi = assumed_dependence(votes, (source,), None)
    (said,) = (note for note in found.notes if "one even vote more" in note)
    assert f"error correlation assumed {phi:.2f}" in said
