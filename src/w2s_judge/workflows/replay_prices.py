"""What each judge of recorded votes costs, about one thing judged."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from w2s_judge.errors import UsageError
from w2s_judge.ledger import Ledger
from w2s_judge.registry import unknown
from w2s_judge.sentences import listed
from w2s_judge.votes import VoteMatrix

WHOLE = "all of one thing judged, orders and repeats included"
GIVEN = f"prices are as given, {WHOLE}"
RECORDED = f"prices are what the run paid, {WHOLE}"
BOTH = (
    f"the price of {{given}} is as given and taken as dollars, that of {{paid}} is what the run "
    f"paid; {WHOLE}"
)
ALIKE = (
    "no prices are known, so that every judge counts 1: --price JUDGE=NUMBER says what one costs"
)
FREE = (
    "the run paid nothing for any judge, so that every judge counts 1: --price JUDGE=NUMBER says "
    "what one costs, in seconds for example"
)


def replay_prices(
    votes: VoteMatrix, judges: tuple[str, ...], given: Mapping[str, float], ledger: Ledger | None
) -> tuple[dict[str, float], str]:
    """A price a judge, and a sentence on where they are from.

    Given prices go before those that the run paid. Where none is known, or the run paid nothing,
    every judge counts 1. Raises `UsageError` for a judge that is none, a number that is no price,
    where only some prices are known, and where those given leave every judge at 0.
    """
    for name, price in given.items():
        if name not in judges:
            raise UsageError(f"--price: {unknown('judge', name, list(judges))}")
        if not (math.isfinite(price) and price >= 0):
            raise UsageError(f"--price {name}={price:g}: write a number that is 0 or more")
    paid = {} if ledger is None else _paid(votes, judges, ledger)
    known = {**paid, **given}
    if not known:
        return dict.fromkeys(judges, 1.0), ALIKE
    missing = [name for name in judges if name not in known]
    if missing:
        raise UsageError(
            f"the price of {listed(missing)} is not known: add --price "
            f"'{missing[0]}=NUMBER', and so on, 0 for one that costs nothing"
        )
    if not any(known.values()):
        if given:
            raise UsageError(
                "every judge costs 0, so that no policy is cheaper than another: give one a --price"
                " above 0, or leave --price out, and every judge counts 1"
            )
        return dict.fromkeys(judges, 1.0), FREE
    return {name: known[name] for name in judges}, _from_where(judges, given)


def _from_where(judges: tuple[str, ...], given: Mapping[str, float]) -> str:
    """In words: given, paid by the run, or both."""
    others = [name for name in judges if name not in given]
    if given and others:
        return BOTH.format(given=listed(sorted(given)), paid=listed(others))
    return GIVEN if given else RECORDED


def _paid(votes: VoteMatrix, judges: tuple[str, ...], ledger: Ledger) -> dict[str, float]:
    """By judge whose calls all have a known cost: dollars over the things it was asked about."""
    spent: dict[str, float | None] = {}
    for one in ledger.calls:
        before = spent.get(one.judge, 0.0)
        unknown_cost = one.cost_usd is None or before is None
        spent[one.judge] = None if unknown_cost else (before or 0.0) + (one.cost_usd or 0.0)
    named = votes.raters if votes.judge is None else votes.judge
    number = np.array([judges.index(name) for name in named], dtype=np.int64)
    rater = np.concatenate([votes.rater, ledger.rater])
    item = np.concatenate([votes.item, ledger.item])
    about = np.bincount(np.unique(number[rater] * votes.I + item) // votes.I, minlength=len(judges))
    return {
        name: cost / int(about[k])
        for k, name in enumerate(judges)
        if (cost := spent.get(name)) is not None and about[k]
    }
