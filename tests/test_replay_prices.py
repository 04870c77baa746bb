"""Where a replay has its prices from, and what it says about it."""

from __future__ import annotations

import numpy as np
import pytest

from w2s_judge.errors import UsageError
from w2s_judge.ledger import Calls, Ledger
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.replay_prices import replay_prices

ITEMS = 20
JUDGES = ("one", "two", "three")


def votes():
    said = np.random.default_rng(0).integers(0, 2, len(JUDGES) * ITEMS)
    return VoteMatrix(
        tuple(f"i{k:02d}" for k in range(ITEMS)), JUDGES, ("0", "1"),
        np.tile(np.arange(ITEMS, dtype=np.int32), len(JUDGES)),
        np.repeat(np.arange(len(JUDGES), dtype=np.int32), ITEMS),
        np.arange(ITEMS, dtype=np.int32), (None,) * len(JUDGES),
        label=said.astype(np.int32), ordered=False,
    )  # fmt: skip


def paid(**dollars):
    none = np.zeros(0, dtype=np.int32)
    calls = tuple(
        Calls(name, None, ITEMS, ITEMS, {}, cost, None, None, None)
        for name, cost in dollars.items()
    )
    return Ledger(none, none, none, (), calls=calls)


def test_nothing_is_known():
    prices, said = replay_prices(votes(), JUDGES, {}, None)
    assert prices == dict.fromkeys(JUDGES, 1.0)
    assert "no prices are known" in said
    unpriced = paid(one=None, two=None, three=None)
    assert replay_prices(votes(), JUDGES, {}, unpriced) == (prices, said)


def test_a_price_of_0_is_a_price():
    prices, said = replay_prices(votes(), JUDGES, {"one": 0.0, "two": 2.0, "three": 0.0}, None)
    assert prices == {"one": 0.0, "two": 2.0, "three": 0.0}
    assert said.startswith("prices are as given")
    with pytest.raises(UsageError, match="price of two, three is not known"):
        replay_prices(votes(), JUDGES, {"one": 0.0}, None)
    with pytest.raises(UsageError, match="price of three is not known"):
        replay_prices(votes(), JUDGES, {}, paid(one=0.0, two=0.0, three=None))


def test_given_prices_that_are_all_0_are_refused():
    with pytest.raises(UsageError, match="every judge costs 0"):
        replay_prices(votes(), JUDGES, dict.fromkeys(JUDGES, 0.0), None)
    with pytest.raises(UsageError, match="every judge costs 0"):
        replay_prices(votes(), JUDGES, {"one": 0.0}, paid(two=0.0, three=0.0))


def test_a_run_that_paid_nothing_is_told():
    prices, said = replay_prices(votes(), JUDGES, {}, paid(one=0.0, two=0.0, three=0.0))
    assert prices == dict.fromkeys(JUDGES, 1.0)
    assert "the run paid nothing" in said
    assert "no prices are known" not in said


def test_which_prices_are_given_and_which_the_run_paid():
    recorded = paid(one=5.0, two=500.0, three=20.0)
    prices, said = replay_prices(votes(), JUDGES, {}, recorded)
    assert prices == {"one": 0.25, "two": 25.0, "three": 1.0}
    assert said.startswith("prices are what the run paid")
    prices, said = replay_prices(votes(), JUDGES, {"one": 0.2}, recorded)
    assert prices == {"one": 0.2, "two": 25.0, "three": 1.0}
    assert "the price of one is as given and taken as dollars" in said
    assert "that of two, three is what the run paid" in said
    _, said = replay_prices(votes(), JUDGES, dict.fromkeys(JUDGES, 1.0), recorded)
    assert said.startswith("prices are as given")
