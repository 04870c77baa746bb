"""The order of judges and what a pilot teaches: information per price, and clear refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from w2s_judge.cascade.learn import Cascade
from w2s_judge.cascade.learned import Learned
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

ITEMS = 120


def panel(said, *, labels=("0", "1"), judge=None, order=None):
    """Votes of raters said {name: (I,) labels, -1 where silent}."""
    names = tuple(said)
    items = len(next(iter(said.values())))
    rows = [(np.flatnonzero(one >= 0), k) for k, one in enumerate(said.values())]
    item = np.concatenate([found for found, _ in rows]).astype(np.int32)
    rater = np.concatenate([np.full(len(found), k) for found, k in rows]).astype(np.int32)
    label = np.concatenate([one[one >= 0] for one in said.values()]).astype(np.int32)
    return VoteMatrix(
        tuple(f"i{i:04d}" for i in range(items)), names, labels, item, rater,
        np.arange(items, dtype=np.int32), (None,) * len(names), label=label,
        ordered=False, judge=judge, order=order,
    )  # fmt: skip


def truth(items=ITEMS, classes=2, seed=0):
    label = np.random.default_rng(seed).integers(0, classes, items).astype(np.int32)
    names = tuple(map(str, range(classes)))
    return label, Gold(np.arange(items, dtype=np.int32), label, names)


def right_in(label, share, seed, classes=2):
    """A judge who is right in this share of items and else says another class."""
    random = np.random.default_rng(seed)
    other = (label + random.integers(1, classes, len(label))) % classes
    return np.where(random.random(len(label)) < share, label, other)


def test_the_informative_cheap_judge_comes_first_and_a_copy_adds_nothing():
    label, gold = truth()
    good = right_in(label, 0.85, 1)
    said = {"dear": right_in(label, 0.87, 2), "good": good, "copy": good.copy()}
    said["coin"] = right_in(label, 0.5, 3)
    learned = Cascade().learn(panel(said), gold, {"dear": 10, "good": 1, "copy": 1, "coin": 1})
    assert learned.order[0] in ("good", "copy")
    asked = learned.judges(len(learned.stages) - 1)
    assert ("good" in asked) != ("copy" in asked)
    gained = dict(zip(learned.order, learned.information, strict=True))
    assert gained["dear"] > 0.05
    assert min(gained["good"], gained["copy"]) < 2e-3
    assert gained["coin"] < 0.03


def test_a_free_judge_comes_first_whatever_it_knows():
    label, gold = truth()
    said = {"good": right_in(label, 0.9, 1), "free": right_in(label, 0.6, 2)}
    learned = Cascade().learn(panel(said), gold, {"good": 1, "free": 0})
    assert learned.order == ("free", "good")
    assert learned.stages[0].judges[0] == "free"


def test_of_equal_price_the_better_comes_first_and_of_equal_worth_the_cheaper():
    label, gold = truth()
    said = {"a": right_in(label, 0.7, 1), "b": right_in(label, 0.9, 2)}
    assert Cascade().learn(panel(said), gold, {"a": 1, "b": 1}).order[0] == "b"
    same = right_in(label, 0.8, 1)
    twins = panel({"a": same, "b": same.copy()})
    assert Cascade().learn(twins, gold, {"a": 2, "b": 1}).order[0] == "b"


def test_a_single_judge_is_one_stage():
    label, gold = truth()
    learned = Cascade().learn(panel({"one": right_in(label, 0.8, 1)}), gold, {"one": 3.0})
    assert [stage.judges for stage in learned.stages] == [("one",)]
    assert learned.price == learned.full_price == 3.0


def test_two_orders_are_one_judge_with_one_price():
    label, gold = truth()
    said = {
        "a/ab": right_in(label, 0.75, 1), "a/ba": right_in(label, 0.75, 2),
        "b/ab": right_in(label, 0.65, 3), "b/ba": right_in(label, 0.65, 4),
    }  # fmt: skip
    votes = panel(said, judge=("a", "a", "b", "b"), order=("ab", "ba", "ab", "ba"))
    learned = Cascade().learn(votes, gold, {"a": 2.0, "b": 1.0})
    assert sorted(learned.order) == ["a", "b"]
    assert learned.full_price == 3.0


def test_three_classes():
    label, gold = truth(classes=3)
    said = {"good": right_in(label, 0.8, 1, 3), "bad": right_in(label, 0.34, 2, 3)}
    learned = Cascade().learn(panel(said, labels=("0", "1", "2")), gold, {"good": 2, "bad": 1})
    assert learned.order[0] == "good"
    assert learned.information[0] > 0.3


def test_coins_are_hardly_asked_whatever_the_budget():
    coins = 0
    for seed in range(4):
        label, gold = truth(100, seed=seed)
        shares = (0.85, 0.8, 0.8, *[0.5] * 12)
        said = {f"j{k}": right_in(label, one, 20 * seed + k) for k, one in enumerate(shares)}
        for budget in (None, 6.0):
            plan = Cascade(budget=budget).learn(panel(said), gold, dict.fromkeys(said, 1.0))
            asked = {name for stage in plan.stages for name in stage.judges}
            assert {"j0", "j1", "j2"} <= asked
            assert set(plan.order) == set(said)
            coins += len(asked) - 3
    assert coins <= 8  # of 96


def test_where_all_are_coins_the_plan_still_asks_somebody():
    label, gold = truth(100)
    said = {f"j{k}": right_in(label, 0.5, k) for k in range(4)}
    learned = Cascade().learn(panel(said), gold, dict.fromkeys(said, 1.0))
    assert learned.judges(0)


def test_a_class_in_the_middle_is_seen():
    random = np.random.default_rng(1)
    label = random.integers(0, 5, 100).astype(np.int32)
    gold = Gold(np.arange(100, dtype=np.int32), label, tuple("01234"))
    said = {}
    for k in range(4):
        beside = np.clip(label + random.choice([-1, 1], 100), 0, 4)
        said[f"j{k}"] = np.where(random.random(100) < 0.85, label, beside)
    votes = replace(panel(said, labels=tuple("01234")), ordered=True)
    price = {"j0": 1.0, "j1": 1.0, "j2": 1.0, "j3": 20.0}
    assert Cascade(decided=0.9).learn(votes, gold, price).price < 0.6 * 23


def test_what_is_not_gold_is_not_read():
    label, gold = truth()
    said = {"a": right_in(label, 0.7, 1), "b": right_in(label, 0.9, 2)}
    some = gold.only(np.arange(60))
    found = Cascade().learn(panel(said), some, {"a": 1, "b": 5})
    for one in said.values():
        one[60:] = 0
    assert Cascade().learn(panel(said), some, {"a": 1, "b": 5}) == found


def test_a_budget_holds_on_the_pilot_and_what_is_learned_survives_json():
    label, gold = truth()
    said = {f"j{k}": right_in(label, 0.6 + 0.05 * k, k) for k in range(5)}
    price = {f"j{k}": float(2**k) for k in range(5)}
    for budget in (1.0, 5.0, 12.0, 31.0):
        learned = Cascade(budget=budget).learn(panel(said), gold, price)
        assert learned.price <= budget + 1e-9
        expected = sum(a.price * b for a, b in zip(learned.stages, learned.reach, strict=True))
        assert learned.price == pytest.approx(expected)
        assert Learned.from_told(json.loads(json.dumps(learned.told()))) == learned


def test_more_budget_leaves_no_more_error():
    label, gold = truth(400)
    said = {f"j{k}": right_in(label, 0.6 + 0.06 * k, k) for k in range(5)}
    price = {f"j{k}": float(2**k) for k in range(5)}
    errors = [
        Cascade(budget=one, decided=0.99).learn(panel(said), gold, price).error
        for one in (1.0, 4.0, 12.0, 31.0)
    ]
    assert errors[0] > errors[-1] + 0.1
    assert all(after < before + 0.02 for before, after in pairwise(errors))


def test_refusals_say_what_to_do():
    label, gold = truth()
    votes = panel({"a": right_in(label, 0.7, 1), "b": right_in(label, 0.9, 2)})
    price = {"a": 1.0, "b": 2.0}
    with pytest.raises(ConfigurationError, match="without a price: b"):
        Cascade().learn(votes, gold, {"a": 1.0})
    with pytest.raises(ConfigurationError, match="from 0 on: b"):
        Cascade().learn(votes, gold, {"a": 1.0, "b": -1.0})
    with pytest.raises(ConfigurationError, match="without a vote on the gold items: c"):
        Cascade().learn(votes, gold, {**price, "c": 1.0})
    silent = votes.only((votes.rater == 0) | (votes.item >= 60))
    with pytest.raises(ConfigurationError, match="without a vote on the gold items: b"):
        Cascade().learn(silent, gold.only(np.arange(60)), price)
    with pytest.raises(ConfigurationError, match="9 labels are too few: 10 are the least"):
        Cascade().learn(votes, gold.only(np.arange(9)), price)
    with pytest.raises(ConfigurationError, match="8 labels are too few: 20 are the least"):
        Cascade(max_error=0.1).learn(votes, gold.only(np.arange(15)), price)
    with pytest.raises(ConfigurationError, match="label items of another class"):
        Cascade().learn(votes, gold.only(label == 1), price)
    with pytest.raises(ConfigurationError, match="affords no judge: the cheapest is 1"):
        Cascade(budget=0.5).learn(votes, gold, price)
    with pytest.raises(ConfigurationError, match="1 to 5 stages"):
        Cascade(stages=6)
    with pytest.raises(ConfigurationError, match=r"max_error 1\.5"):
        Cascade(max_error=1.5)
