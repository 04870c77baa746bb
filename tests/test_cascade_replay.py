"""Policies on recorded votes: what they cost and get right, beside plain aggregation."""

from __future__ import annotations

import numpy as np
import pytest

from w2s_judge.aggregation.auto import Auto
from w2s_judge.calibration.crossfit import FOLDS, calibrated, with_gold
from w2s_judge.calibration.estimates import mean_difference
from w2s_judge.calibration.selective import threshold
from w2s_judge.cascade.asked import of_judges
from w2s_judge.cascade.learn import Cascade
from w2s_judge.cascade.learned import Learned
from w2s_judge.cascade.posterior import fitted
from w2s_judge.cascade.replay import replay
from w2s_judge.cascade.stage import Stage
from w2s_judge.errors import UsageError
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

ITEMS = 400
SHARES = (0.62, 0.66, 0.7, 0.74, 0.93)
PRICE = {"j0": 1.0, "j1": 1.0, "j2": 2.0, "j3": 2.0, "j4": 14.0}
WHOLE = sum(PRICE.values())


def world(classes=2, seed=0):
    """Five judges, the dearest the best; the pilot is the first 100 of 400 items."""
    random = np.random.default_rng(seed)
    label = random.integers(0, classes, ITEMS).astype(np.int32)
    said = []
    for share in SHARES:
        other = (label + random.integers(1, classes, ITEMS)) % classes
        said.append(np.where(random.random(ITEMS) < share, label, other))
    names = tuple(map(str, range(classes)))
    votes = VoteMatrix(
        tuple(f"i{i:03d}" for i in range(ITEMS)), tuple(PRICE), names,
        np.tile(np.arange(ITEMS, dtype=np.int32), len(said)),
        np.repeat(np.arange(len(said), dtype=np.int32), ITEMS),
        np.arange(ITEMS, dtype=np.int32), (None,) * len(said),
        label=np.concatenate(said).astype(np.int32), ordered=False,
    )  # fmt: skip
    gold = Gold(np.arange(ITEMS, dtype=np.int32), label, names)
    return votes, gold


def halves(gold):
    return gold.only(np.arange(ITEMS) < 100), gold.only(np.arange(ITEMS) >= 100)


def test_full_is_plain_calibrated_aggregation():
    votes, gold = world()
    learn, evaluate = halves(gold)
    full = replay("full", votes, learn, evaluate, PRICE)
    plain = with_gold(fitted(Auto()), votes, learn, folds=FOLDS, seed=0).consensus
    np.testing.assert_array_equal(full.posterior, plain.posterior[evaluate.item])
    assert full.price == full.with_pilot == WHOLE
    assert full.claimed == 1
    assert full.error == pytest.approx(1 - full.accuracy)
    assert full.right.mean() == pytest.approx(full.accuracy)


def test_fixed_policies_ask_whom_they_name():
    votes, gold = world()
    learn, evaluate = halves(gold)
    one = replay("judge:j4", votes, learn, evaluate, PRICE)
    assert one.judges == ("j4",)
    assert one.price == 14
    alone = with_gold(fitted(Auto()), of_judges(votes, ("j4",)), learn, folds=FOLDS).consensus
    np.testing.assert_allclose(one.posterior, alone.posterior[evaluate.item], rtol=1e-9)
    cheap = replay("cheapest:2", votes, learn, evaluate, PRICE)
    assert set(cheap.judges) == {"j0", "j1"}
    assert cheap.with_pilot == pytest.approx(0.25 * WHOLE + 0.75 * 2)
    first = replay("first:2", votes, learn, evaluate, PRICE)
    assert first.learned is not None
    assert first.judges == first.learned.order[:2]
    assert (first.prices == sum(PRICE[name] for name in first.judges)).all()


@pytest.mark.parametrize("classes", [2, 3])
def test_a_cascade_is_nearly_as_right_for_less(classes):
    votes, gold = world(classes)
    learn, evaluate = halves(gold)
    full = replay("full", votes, learn, evaluate, PRICE)
    found = replay("cascade", votes, learn, evaluate, PRICE, Cascade(budget=0.8 * WHOLE))
    assert found.price <= 0.8 * WHOLE + 1e-9
    assert found.price == pytest.approx(found.prices.mean())
    ahead = mean_difference(found.right - full.right)
    assert ahead.high >= 0
    assert found.accuracy > 0.8


def test_more_money_more_right():
    votes, gold = world()
    learn, evaluate = halves(gold)
    found = [
        replay(
            "cascade",
            votes,
            learn,
            evaluate,
            PRICE,
            Cascade(budget=one, decided=0.99, method="dawid-skene"),
        )
        for one in (2.0, 8.0, 20.0)
    ]
    assert found[0].accuracy + 0.05 < found[2].accuracy
    assert found[0].price < found[1].price < found[2].price


def test_a_cascade_reads_nothing_of_what_it_evaluates():
    """Labels outside the pilot change no posterior and no price."""
    votes, gold = world()
    learn, evaluate = halves(gold)
    turned = Gold(evaluate.item, 1 - evaluate.label, evaluate.classes)
    plan = Cascade(budget=8.0, method="dawid-skene")
    one = replay("cascade", votes, learn, evaluate, PRICE, plan)
    other = replay("cascade", votes, learn, turned, PRICE, plan)
    np.testing.assert_array_equal(one.posterior, other.posterior)
    np.testing.assert_array_equal(one.prices, other.prices)


def test_unknown_policies_are_refused():
    votes, gold = world()
    learn, evaluate = halves(gold)
    for policy in ("fill", "first:0", "first:6", "cheapest:x", "first"):
        with pytest.raises(UsageError, match="no policy"):
            replay(policy, votes, learn, evaluate, PRICE)
    with pytest.raises(UsageError, match="no judge 'j9'"):
        replay("judge:j9", votes, learn, evaluate, PRICE)
    with pytest.raises(ValueError, match="none of those learned from"):
        replay("full", votes, learn, gold, PRICE)


@pytest.mark.parametrize(
    ("policy", "claims"), [("full", 1), ("judge:j4", 1), ("first:3", 0), ("cheapest:4", 0)]
)
def test_with_max_error_every_policy_fits_tests_and_claims_alike(policy, claims):
    """As a plan of one stage: half of gold fitted on, the other half tested at all confidence."""
    votes, gold = world()
    learn, evaluate = gold.only(np.arange(ITEMS) < 200), gold.only(np.arange(ITEMS) >= 200)
    aim = Cascade(max_error=0.15, method="dawid-skene")
    found = replay(policy, votes, learn, evaluate, PRICE, aim)
    fit, test = aim.split(votes, learn)
    seen = votes.of_raters(np.isin(votes.raters, found.judges))
    posterior = calibrated(fitted("dawid-skene"), seen, fit, folds=FOLDS).posterior
    np.testing.assert_allclose(found.posterior, posterior[evaluate.item], rtol=1e-9)
    free = np.arange(ITEMS) >= 200
    passed = threshold(
        posterior[test.item], test.label, 0.15, 0.9,
        among=posterior[free], group=votes.group[test.item],
    )  # fmt: skip
    np.testing.assert_array_equal(found.kept, passed.accepts(found.posterior))
    assert found.claimed == claims


def test_how_many_judges_were_asked_of_each_item():
    votes, gold = world()
    learn, evaluate = halves(gold)
    plan = Cascade(budget=8.0, method="dawid-skene")
    found = replay("cascade", votes, learn, evaluate, PRICE, plan)
    assert found.learned is not None
    paid = np.cumsum([sum(PRICE[name] for name in one.judges) for one in found.learned.stages])
    many = np.cumsum([len(one.judges) for one in found.learned.stages])
    np.testing.assert_array_equal(found.asked, many[np.searchsorted(paid, found.prices)])
    assert found.asked.mean() < len(found.judges)
    two = replay("cheapest:2", votes, learn, evaluate, PRICE, plan)
    assert (two.asked == 2).all()


def test_a_judge_that_was_asked_and_abstained_is_paid():
    votes, gold = world()
    learn, evaluate = halves(gold)
    cheap = tuple(PRICE)[:4]
    plan = Learned(
        (Stage(cheap, 6.0), Stage(("j4",), 14.0)), (None, None), (1.0, 1.0), False,
        tuple(PRICE), (0.1,) * 5, WHOLE, WHOLE, 0.1, (), "",
    )  # fmt: skip
    aim = Cascade(decided=0.999)  # nearly all go on to the last stage
    answered = replay("cascade", votes, learn, evaluate, PRICE, aim, plan)
    silent = (votes.rater == 4) & (votes.item >= 100) & (votes.item % 3 == 0)
    found = replay("cascade", votes.only(~silent), learn, evaluate, PRICE, aim, plan)
    assert answered.price == found.price == WHOLE
    assert (found.asked == len(PRICE)).all()
    assert found.accuracy < answered.accuracy
