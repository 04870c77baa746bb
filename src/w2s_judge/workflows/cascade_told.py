"""A cascade in numbers: stage by stage, and beside the full panel."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from w2s_judge.scoring.engine import Place
from w2s_judge.store.courses import paid
from w2s_judge.store.journal import Spent
from w2s_judge.store.matrices import judged
from w2s_judge.store.reading import Asked, answered
from w2s_judge.workflows.cascade_record import Planned
from w2s_judge.workflows.cascade_standing import Standing


def cascade_told(
    db: sqlite3.Connection, one: Standing, asked: Asked, places: Sequence[Place]
) -> dict[str, Any]:
    """As `score --cascade --json` prints it for a rubric; everything in it is JSON.

    Dollars are those that the run folder paid under the rubric in all its sessions, None where a
    judge's are unknown; prices are the plan's. `saved` is against all judges on all things.
    """
    all_, pilot = paid(db, asked), paid(db, asked, one.things.places(one.pilot))
    known = all(place.seat.price.known for place in places)
    return {
        "unit": one.things.unit,
        "outside": int(one.outside.sum()),
        "pilot": {"asked": len(one.pilot), **_spent(list(pilot.values()), known=known)},
        "plan": None if one.planned is None else _plan(one.planned),
        "unjudged": one.things.T - judged(db, asked),
        "stages": [_stage(one, stage, places, all_, pilot) for stage in range(one.stages)],
        "spent": _spent(list(all_.values()), known=known),
        **_beside_full(db, one, asked, places),
    }


def _plan(planned: Planned) -> dict[str, Any]:
    learned = planned.learned
    return {
        "order": list(learned.order),
        "information": [round(one, 6) for one in learned.information],
        "prices": dict(planned.prices),
        "dollars": all(len(terms) > 1 for terms in planned.source.prices.values()),
        "price": learned.price,
        "full_price": learned.full_price,
        "error": round(learned.error, 6),
        "budget": planned.budget,
        "why": list(learned.why),
    }


def _stage(
    one: Standing,
    stage: int,
    places: Sequence[Place],
    all_: Mapping[int, Spent],
    pilot: Mapping[int, Spent],
) -> dict[str, Any]:
    if one.planned is None:
        raise ValueError("a stage is one of a plan")
    learned, names = one.planned.learned, one.judges(stage)
    mine = [place for place in places if place.seat.name in names]
    none = Spent(0, 0.0)
    rest = [
        Spent(
            all_.get(place.number, none).calls - pilot.get(place.number, none).calls,
            all_.get(place.number, none).usd - pilot.get(place.number, none).usd,
        )
        for place in mine
    ]
    entered, waiting = int(one.entered(stage).sum()), int(one.waiting(stage).sum())
    stopped = int(one.stopped(stage).sum())
    return {
        "stage": stage + 1,
        "judges": list(names),
        "price": learned.stages[stage].price,
        "threshold": learned.thresholds[stage] if stage + 1 < one.stages else None,
        "asked": entered,
        "stopped": stopped,
        "went_on": entered - waiting - stopped,
        "waiting": waiting,
        **_spent(rest, known=all(place.seat.price.known for place in mine)),
    }


def _spent(parts: Sequence[Spent], *, known: bool) -> dict[str, Any]:
    usd = round(sum(one.usd for one in parts), 8) if known else None
    return {"calls": sum(one.calls for one in parts), "usd": usd}


def _beside_full(
    db: sqlite3.Connection, one: Standing, asked: Asked, places: Sequence[Place]
) -> dict[str, Any]:
    """Answers and their price, beside those of all judges on all things."""
    things = one.things
    full = things.questions(np.ones(things.T, dtype=np.bool_))
    given = {
        place.seat.name: min(
            answered(db, place.number, [(asked.name, asked.hash)]), full[place.seat.name]
        )
        for place in places
    }
    prices = {} if one.planned is None else one.planned.prices
    about = dict(zip(things.judges, things.may.sum(axis=0).tolist(), strict=True))
    whole = sum(price * about[name] for name, price in prices.items())
    part = sum(
        price * about[name] * given[name] / full[name]
        for name, price in prices.items()
        if full[name]
    )
    answers, most = sum(given.values()), sum(full.values())
    return {
        "answers": answers,
        "full_answers": most,
        "price": round(part, 8) if one.planned else None,
        "full_price": round(whole, 8) if one.planned else None,
        "saved": {
            "answers": round(1 - answers / most, 6) if most else None,
            "price": round(1 - part / whole, 6) if whole else None,
        },
    }
