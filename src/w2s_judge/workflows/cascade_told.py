"""A cascade in numbers: stage by stage, and beside the full panel."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from w2s_judge.scoring.engine import Place as Seated
from w2s_judge.store.courses import Place, answers_by, paid
from w2s_judge.store.journal import Spent
from w2s_judge.store.matrices import judged
from w2s_judge.store.reading import Asked
from w2s_judge.workflows.cascade_prices import in_dollars
from w2s_judge.workflows.cascade_record import Planned
from w2s_judge.workflows.cascade_standing import Standing
from w2s_judge.workflows.cascade_things import Longs

BOUNDED = (
    "the plan is of {budget} outside the pilot: {unit} stop for want of it, too, however open they "
    "are. --relearn with a higher --budget-usd lets more go on; a higher one alone does not"
)


def cascade_told(
    db: sqlite3.Connection, one: Standing, asked: Asked, places: Sequence[Seated]
) -> dict[str, Any]:
    """As `score --cascade --json` prints it for a rubric; everything in it is JSON.

    Dollars are those that the run folder paid under the rubric in all its sessions, None where a
    judge's are unknown; prices are the plan's. `saved` is against all judges on all things; `other`
    is what was paid for that no stage asked for: under an earlier plan, or without a cascade.
    """
    known = all(place.seat.price.known for place in places)
    given = {place.seat.name: answers_by(db, asked, place.number) for place in places}
    everything, pilot = np.arange(one.things.T), one.pilot

    def bill(among: Longs, judges: Sequence[str] | None, spent: Mapping[int, Spent]) -> _Bill:
        mine = [place for place in places if judges is None or place.seat.name in judges]
        calls = [spent[place.number] for place in mine if place.number in spent]
        return _Bill.of(
            one, among, {place.seat.name: given[place.seat.name] for place in mine}, calls
        )

    bills = [bill(pilot, None, paid(db, asked, one.things.places(pilot)))]
    for stage in range(one.stages):
        here = np.flatnonzero(one.entered(stage))
        bills.append(bill(here, one.judges(stage), paid(db, asked, one.things.places(here))))
    whole = bill(everything, None, paid(db, asked))
    return {
        "unit": one.things.unit,
        "outside": int(one.outside.sum()),
        "pilot": {"asked": len(pilot), **bills[0].told(known=known)},
        "plan": None if one.planned is None else _plan(one.planned),
        "unjudged": one.things.T - judged(db, asked),
        "stages": [
            _stage(one, stage, bills[stage + 1].told(known=known)) for stage in range(one.stages)
        ],
        "other": whole.less(bills).told(known=known),
        "spent": whole.told(known=known),
        "advice": _advice(one),
        **_beside_full(one, whole),
    }


@dataclass(frozen=True, slots=True)
class _Bill:
    """What asking some judges about some things came to; `price` is by the plan's prices."""

    calls: int
    usd: float
    price: float
    answers: int

    @classmethod
    def of(
        cls,
        one: Standing,
        among: Longs,
        given: Mapping[str, Mapping[Place, int]],
        calls: Sequence[Spent],
    ) -> _Bill:
        """`given` says of each judge how many answers it has about each thing."""
        things, spots = one.things, one.things.places(among)
        prices = {} if one.planned is None else one.planned.prices
        wanted = things.questions(among)
        price, answers = 0.0, 0
        for name, about in given.items():
            if wanted[name]:
                there = min(sum(about.get(spot, 0) for spot in spots), wanted[name])
                asked = int(things.may[among, things.judges.index(name)].sum())
                answers += there
                price += prices.get(name, 0.0) * asked * there / wanted[name]
        return cls(sum(one.calls for one in calls), sum(one.usd for one in calls), price, answers)

    def less(self, parts: Sequence[_Bill]) -> _Bill:
        """What is left beside these."""
        return _Bill(
            self.calls - sum(one.calls for one in parts),
            max(self.usd - sum(one.usd for one in parts), 0.0),
            max(self.price - sum(one.price for one in parts), 0.0),
            self.answers - sum(one.answers for one in parts),
        )

    def told(self, *, known: bool) -> dict[str, Any]:
        """Dollars None where they are not known."""
        usd = round(self.usd, 8) if known else None
        return {"calls": self.calls, "usd": usd, "price": round(self.price, 8)}


def _advice(one: Standing) -> list[str]:
    """What a budget means; else what a lower `--decided` would have done, stage by stage.

    The latter of stages that hardly stopped anything.
    """
    planned = one.planned
    if planned is None:
        return []
    if planned.learned.bounded:
        return [BOUNDED.format(budget=_budget(planned), unit=one.things.unit)]
    told = []
    for stage, levels in sorted(planned.levels.items()):
        at = planned.source.settings["decided"]
        stopped = int(one.stopped(stage).sum()) if stage < one.stages else 0
        word = levels.advice(stage, at, stopped, one.things.unit)
        told += [] if word is None else [word]
    return told


def _budget(planned: Planned) -> str:
    if planned.budget is None:
        return "a budget"
    unit = "$" if in_dollars(planned.source.prices) else ""
    return f"{unit}{planned.budget:.3g} for one thing judged"


def _plan(planned: Planned) -> dict[str, Any]:
    learned = planned.learned
    return {
        "order": list(learned.order),
        "information": [round(one, 6) for one in learned.information],
        "prices": dict(planned.prices),
        "dollars": in_dollars(planned.source.prices),
        "price": planned.price,
        "full_price": learned.full_price,
        "error": round(learned.error, 6),
        "budget": planned.budget,
        "why": list(learned.why),
    }


def _stage(one: Standing, stage: int, bill: dict[str, Any]) -> dict[str, Any]:
    if one.planned is None:
        raise ValueError("a stage is one of a plan")
    learned = one.planned.learned
    entered, waiting = int(one.entered(stage).sum()), int(one.waiting(stage).sum())
    stopped = int(one.stopped(stage).sum())
    return {
        "stage": stage + 1,
        "judges": list(one.judges(stage)),
        "price_of_one": learned.stages[stage].price,
        "threshold": learned.thresholds[stage] if stage + 1 < one.stages else None,
        "asked": entered,
        "stopped": stopped,
        "went_on": entered - waiting - stopped,
        "waiting": waiting,
        **bill,
    }


def _beside_full(one: Standing, part: _Bill) -> dict[str, Any]:
    """Answers and their price, beside those of all judges on all things."""
    things = one.things
    most = sum(things.questions(np.ones(things.T, dtype=np.bool_)).values())
    prices = {} if one.planned is None else one.planned.prices
    about = dict(zip(things.judges, things.may.sum(axis=0).tolist(), strict=True))
    whole = sum(price * about[name] for name, price in prices.items())
    return {
        "answers": part.answers,
        "full_answers": most,
        "price": round(part.price, 8) if one.planned else None,
        "full_price": round(whole, 8) if one.planned else None,
        "saved": {
            "answers": round(1 - part.answers / most, 6) if most else None,
            "price": round(1 - part.price / whole, 6) if whole else None,
        },
    }
