"""Rates to quote: what the judges say, and what it is once their errors are taken out."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_judge.aggregation.mean import Mean
from w2s_judge.audit.by_judge import by_judge
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Figure
from w2s_judge.audit.rates.theme import BLIND, NO_GOLD, NO_VOTE, rates
from w2s_judge.audit.resample import Resample
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold, Truth
from w2s_judge.traits import Traits
from w2s_judge.votes import VoteMatrix

LABELS = ("harmful", "ok")


def votes_of(said, kept=None, labels=LABELS, each=1, **more):
    """said (I, J) indices of labels; `each` items a prompt."""
    item, rater = np.nonzero(np.ones(said.shape, dtype=bool) if kept is None else kept)
    items = len(said)
    made = VoteMatrix(
        items=tuple(f"i{k}" for k in range(items)),
        raters=tuple(f"j{k}" for k in range(said.shape[1])),
        labels=labels,
        item=item.astype(np.int32),
        rater=rater.astype(np.int32),
        group=(np.arange(items) // each).astype(np.int32),
        family=(None,) * said.shape[1],
        label=said[item, rater].astype(np.int32),
    )
    return replace(made, **more)


def panel_of(votes, gold=None, worth=(0.0, 1.0), held=True, **more):
    consensus = Mean()(votes, gold)
    unseen = Mean()(votes).posterior[gold.item] if gold is not None and held else None
    return Panel("rubric", votes, by_judge(votes), consensus, gold, unseen, worth=worth, **more)


def simulated(seed=0, items=2000, judges=3, rate=0.3, right=(0.8, 0.9), silent=(0.0, 0.0), each=1):
    """Truth (0 harmful), verdicts, and who votes: `right` and `silent` for (harmful, ok)."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(items) >= rate).astype(int)
    wrong = rng.random((items, judges)) >= np.asarray(right)[truth][:, None]
    kept = rng.random((items, judges)) >= np.asarray(silent)[truth][:, None]
    return truth, np.where(wrong, 1 - truth[:, None], truth[:, None]), kept


def gold_of(truth, size, seed=0, classes=LABELS):
    item = np.sort(np.random.default_rng(seed).choice(len(truth), size, replace=False))
    return Gold(item.astype(np.int32), truth[item].astype(np.int32), classes)


def part_of(panel):
    return rates(panel, Resample.of(panel.votes.group, draws=99))


def row_of(part, who, what=None):
    table = part.table("rates")
    return next(
        row
        for row in table.records()
        if row["who"] == who and (what is None or row["what"] == what)
    )


def whole(part):
    """Every figure is a number with its interval around it, or says why it is not."""
    for row in (row for table in part.tables for row in table.rows):
        for cell in row:
            if not isinstance(cell, Figure):
                continue
            assert (cell.value is None or cell.low is None) <= bool(cell.why)
            ends = [end for end in (cell.low, cell.value, cell.high) if end is not None]
            assert all(math.isfinite(end) and 0 <= end <= 1 for end in ends)
            assert np.all(np.diff(ends) >= -1e-12)
    assert not any("nan" in text for text in (*part.sentences, *part.notes))
    return part


def test_both_corrections_find_the_rate_that_the_judges_miss():
    truth, said, _ = simulated(items=6000)
    part = whole(part_of(panel_of(votes_of(said), gold_of(truth, 500))))
    for who in ("j0", "j1", "j2", "majority", "consensus"):
        row = row_of(part, who)
        assert row["what"] == "harmful"
        assert row["gold"] == 500
        for column in ("rogan_gladen", "prediction_powered"):
            assert row[column]["low"] < 0.3 < row[column]["high"]
            assert row[column]["n"] == 500
    judge = row_of(part, "j0")
    assert judge["raw"]["value"] == pytest.approx(np.mean(said[:, 0] == 0), abs=1e-6)
    assert judge["raw"]["low"] > 0.29  # .31: what it says is not what is
    assert not part.tests


def test_the_value_of_rogan_and_gladen_is_theirs():
    truth, said, kept = simulated(seed=1, silent=(0.2, 0.1))
    gold = gold_of(truth, 300)
    row = row_of(part_of(panel_of(votes_of(said, kept), gold)), "j1")
    spoken, there = kept[:, 1], kept[gold.item, 1]
    harmful, called = gold.label == 0, said[gold.item, 1] == 0
    p = np.mean(said[spoken, 1] == 0)
    sensitivity, specificity = np.mean(called[harmful & there]), np.mean(~called[~harmful & there])
    assert row["sensitivity"]["value"] == pytest.approx(sensitivity, abs=1e-6)
    assert row["specificity"]["value"] == pytest.approx(specificity, abs=1e-6)
    value = (p + specificity - 1) / (sensitivity + specificity - 1)
    assert row["rogan_gladen"]["value"] == pytest.approx(value, abs=1e-6)
    assert row["gold"] == there.sum()


def test_a_judge_that_is_silent_on_harm_is_corrected_for_all_items_by_the_second_only():
    truth, said, kept = simulated(seed=2, items=20000, silent=(0.5, 0.0))
    part = part_of(panel_of(votes_of(said, kept), gold_of(truth, 2000)))
    row = row_of(part, "j0")
    among = 0.3 * 0.5 / (0.3 * 0.5 + 0.7)
    assert row["rogan_gladen"]["low"] < among < row["rogan_gladen"]["high"] < 0.28
    assert row["prediction_powered"]["low"] < 0.3 < row["prediction_powered"]["high"]
    assert any("is taken there to say what it says on average" in note for note in part.notes)


def test_gold_that_was_sought_out_counts_by_its_inverse():
    truth, said, _ = simulated(seed=3, items=20000, right=(0.7, 0.9))
    rng = np.random.default_rng(33)
    chosen = np.where(said[:, 0] == 0, 0.1, 0.02)
    item = np.flatnonzero(rng.random(len(truth)) < chosen)
    gold = Gold(item.astype(np.int32), truth[item].astype(np.int32), LABELS, chosen[item])
    row = row_of(whole(part_of(panel_of(votes_of(said), gold))), "j0")
    for column in ("rogan_gladen", "prediction_powered"):
        assert row[column]["low"] < 0.3 < row[column]["high"]
    assert row["sensitivity"]["low"] < 0.7 < row["sensitivity"]["high"]
    alike = row_of(part_of(panel_of(votes_of(said), replace(gold, chosen=None))), "j0")
    assert not alike["rogan_gladen"]["low"] < 0.3 < alike["rogan_gladen"]["high"]


def test_a_judge_that_cannot_tell_has_no_first_correction_and_the_second_is_gold_s_own():
    truth, said, _ = simulated(seed=4, right=(0.5, 0.5), judges=1)
    gold = gold_of(truth, 400)
    row = row_of(whole(part_of(panel_of(votes_of(said), gold))), "j0")
    assert row["rogan_gladen"] == {
        "value": None, "low": None, "high": None, "n": 400, "prompts": 400, "why": BLIND,
    }  # fmt: skip
    assert row["prediction_powered"]["value"] == pytest.approx(np.mean(gold.label == 0), abs=0.02)


def test_a_correction_beyond_the_ends_is_put_there_and_said():
    truth, said, _ = simulated(seed=5, items=600, rate=0.05, right=(0.9, 0.6), judges=1)
    votes = votes_of(said)
    found = [part_of(panel_of(votes, gold_of(truth, 120, seed=seed))) for seed in range(12)]
    zero = [part for part in found if row_of(part, "j0")["rogan_gladen"]["value"] == 0.0]
    assert zero
    for part in zero:
        assert row_of(part, "j0")["rogan_gladen"]["low"] == 0.0
        assert any("below 0 or above 1" in note for note in whole(part).notes)


def test_without_gold_there_are_raw_rates_and_the_judges_word():
    _, said, _ = simulated(seed=6)
    part = whole(part_of(panel_of(votes_of(said))))
    row = row_of(part, "j0")
    assert row["raw"]["value"] is not None
    assert row["gold"] == 0
    assert {row[c]["why"] for c in ("rogan_gladen", "prediction_powered", "sensitivity")} == {
        NO_GOLD
    }
    assert any("the judges' own word" in said for said in part.sentences)


def test_the_consensus_is_judged_on_gold_that_it_has_not_seen():
    truth, said, _ = simulated(seed=7, judges=3, right=(0.6, 0.6))
    gold = gold_of(truth, 300)
    panel = panel_of(votes_of(said), gold)
    assert row_of(part_of(panel), "consensus")["sensitivity"]["value"] < 0.9
    seen = row_of(whole(part_of(replace(panel, held=None))), "consensus")
    assert seen["sensitivity"]["value"] is None
    assert "too little gold to hold any back" in seen["prediction_powered"]["why"]


def test_each_of_several_classes_has_its_rate_and_of_two_the_worse():
    rng = np.random.default_rng(8)
    labels = ("1", "2", "3")
    truth = rng.integers(0, 3, 900)
    said = np.where(rng.random((900, 2)) < 0.8, truth[:, None], rng.integers(0, 3, (900, 2)))
    votes = votes_of(said, labels=labels)
    part = whole(part_of(panel_of(votes, gold_of(truth, 300, classes=labels), (0.0, 0.5, 1.0))))
    assert [row["what"] for row in part.table("rates").records()] == [
        name for name in labels for _ in range(4)
    ]
    truth, said, _ = simulated(seed=8)
    votes = votes_of(said)
    assert row_of(part_of(panel_of(votes, worth=(1.0, 0.0))), "j0")["what"] == "ok"
    unknown = part_of(panel_of(votes, worth=None)).table("rates").records()
    assert {row["what"] for row in unknown} == set(LABELS)


def pairs(seed=9, items=900, labels=("A", "B")):
    """Votes of two judges on which of two is better, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, len(labels), items)
    right = rng.random((items, 2)) < 0.85
    return truth, np.where(right, truth[:, None], rng.integers(0, len(labels), (items, 2)))


def test_of_pairs_the_first_listed_wins_unless_the_writers_are_known():
    truth, said = pairs()
    votes, gold = votes_of(said, labels=("A", "B")), gold_of(truth, 200, classes=("A", "B"))
    panel = panel_of(votes, gold, (1.0, 0.0), arity=2)
    part = whole(part_of(panel))
    assert {row["what"] for row in part.table("rates").records()} == {
        "the first response is better"
    }
    assert any("that of the response listed first" in note for note in part.notes)
    turned = np.random.default_rng(1).random(len(truth)) < 0.5
    written = tuple(("two", "one") if t else ("one", "two") for t in turned)
    named = whole(part_of(replace(panel, traits=Traits(family=written))))
    row = row_of(named, "j0", "one is better than two")
    wins = np.where(turned, said[:, 0] == 1, said[:, 0] == 0)
    assert row["raw"]["value"] == pytest.approx(wins.mean(), abs=1e-6)
    right = np.where(turned, truth == 1, truth == 0)
    assert row["prediction_powered"]["low"] < right.mean() < row["prediction_powered"]["high"]
    mixed = (("one", "three"), *written[1:])
    assert "first" in part_of(replace(panel, traits=Traits(family=mixed))).sentences[0]


def test_a_tie_between_two_responses_is_an_outcome_of_its_own():
    labels = ("A", "T", "B")
    truth, said = pairs(labels=labels)
    panel = panel_of(
        votes_of(said, labels=labels), gold_of(truth, 300, classes=labels), (1.0, 0.5, 0.0), arity=2
    )
    rows = whole(part_of(panel)).table("rates").records()
    assert [row["what"] for row in rows] == ["the first response is better"] * 4 + ["a tie"] * 4


def test_a_judge_without_a_vote_one_judge_one_prompt_and_items_without_votes():
    truth, said, kept = simulated(seed=10, items=60)
    kept[:, 2] = False
    kept[:10] = False
    part = whole(part_of(panel_of(votes_of(said, kept), gold_of(truth, 40))))
    row = row_of(part, "j2")
    assert row["raw"]["value"] is None
    assert row["prediction_powered"]["why"] == NO_VOTE
    assert row_of(part, "j0")["raw"]["n"] == 50
    alone = part_of(panel_of(votes_of(said[:, :1]), gold_of(truth, 40)))
    assert len(whole(alone).table("rates").rows) == 3
    once = whole(part_of(panel_of(votes_of(said, each=60), gold_of(truth, 40))))
    assert row_of(once, "j0")["raw"]["low"] is None
    assert row_of(once, "j0")["rogan_gladen"]["value"] is None
    nobody = votes_of(said, np.zeros_like(kept))
    assert not whole(part_of(panel_of(nobody))).sentences[1:]
    none_harmful = Gold(np.arange(20, dtype=np.int32), np.ones(20, dtype=np.int32), LABELS)
    row = row_of(whole(part_of(panel_of(votes_of(said), none_harmful))), "j0")
    assert "none are of this kind" in row["rogan_gladen"]["why"]


def test_labels_without_a_known_meaning_leave_the_consensus_alone():
    truth, said, _ = simulated(seed=11)
    votes = votes_of(said, ordered=False, truth=Truth(("bad", "good")))
    posterior = np.eye(2)[said[:, 0]]
    consensus = Consensus(posterior, ("bad", "good"), votes.support, "any", "none")
    gold = gold_of(truth, 300, classes=("bad", "good"))
    panel = Panel(
        "r", votes, by_judge(votes), consensus, gold, posterior[gold.item], worth=(0.0, 1.0)
    )
    part = whole(part_of(panel))
    assert [row["who"] for row in part.table("rates").records()] == ["consensus"]
    assert any("which label means which" in note for note in part.notes)


def test_judges_that_only_rank_and_hostile_names():
    truth, said, _ = simulated(seed=12)
    hostile = "{0.__class__}<script>%s"
    votes = votes_of(said, uncalibrated=np.array([True, False, False]))
    votes = replace(votes, raters=("ranks", hostile, "j2"))
    part = whole(part_of(panel_of(votes, gold_of(truth, 300))))
    assert [row["who"] for row in part.table("rates").records()][:2] == [hostile, "j2"]
    assert any("only rank" in note and "ranks" in note for note in part.notes)


def test_prompts_with_copies_of_an_item_widen_every_interval():
    truth, said, _ = simulated(seed=13, items=800)
    gold = gold_of(truth, 200)
    single = row_of(part_of(panel_of(votes_of(said), gold)), "j0")
    item = np.concatenate([2 * gold.item, 2 * gold.item + 1]).astype(np.int32)
    twice = Gold(item, np.tile(gold.label, 2), LABELS)
    double = row_of(part_of(panel_of(votes_of(np.repeat(said, 2, axis=0), each=2), twice)), "j0")
    for column in ("rogan_gladen", "prediction_powered"):
        assert double[column]["value"] == pytest.approx(single[column]["value"], abs=1e-6)
        width = [one[column]["high"] - one[column]["low"] for one in (single, double)]
        assert width[1] == pytest.approx(width[0], rel=0.02)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(12, 80), st.floats(0.0, 1.0), st.booleans())
def test_rates_do_not_hang_on_the_order_of_items_and_are_never_out_of_bounds(seed, n, rate, soft):
    rng = np.random.default_rng(seed)
    truth, said, kept = simulated(seed, n, rate=rate, silent=(0.3, 0.3))
    votes = votes_of(said, kept, each=2)
    if soft:
        votes = replace(votes, label=None, mass=rng.dirichlet((1, 1), votes.V))
    gold = gold_of(truth, n // 2, seed)
    mine = whole(part_of(panel_of(votes, gold))).table("rates").records()
    at = rng.permutation(n).astype(np.int32)
    moved = replace(
        votes, item=at[votes.item], group=votes.group[np.argsort(at)],
        items=tuple(votes.items[k] for k in np.argsort(at)),
    )  # fmt: skip
    other = part_of(panel_of(moved, Gold(at[gold.item], gold.label, LABELS)))
    for one, two in zip(mine, other.table("rates").records(), strict=True):
        assert one["prediction_powered"]["value"] == pytest.approx(
            two["prediction_powered"]["value"], abs=2e-6
        )
        assert one["rogan_gladen"]["low"] == pytest.approx(two["rogan_gladen"]["low"], abs=2e-6)
