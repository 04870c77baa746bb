"""What asking each judge about one thing judged costs, before and after the pilot.

Prices are per thing judged: both orders and all repeats are in them. The calls of the pilot are
priced as the panel prices calls now, where the tokens of every one are known; else what the length
of the questions leads to expect is taken. A price given with `--price` takes the place of both.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from w2s_judge.errors import ConfigurationError, UsageError
from w2s_judge.judges.contracts import LocalJudge
from w2s_judge.judges.price import FREE
from w2s_judge.judges.seat import Seat
from w2s_judge.registry import unknown
from w2s_judge.scoring.call import BYTES_PER_TOKEN
from w2s_judge.scoring.plan import takes
from w2s_judge.sentences import listed
from w2s_judge.store.courses import Place as Placed
from w2s_judge.store.courses import used
from w2s_judge.store.reading import Asked
from w2s_judge.workflows.cascade_things import Longs, Things
from w2s_judge.workflows.lengths import answer_tokens

if TYPE_CHECKING:
    from w2s_judge.scoring.engine import Place


def parse_prices(given: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """Read `NAME=NUMBER` of each `--price`; raises `UsageError` for what is none."""
    found: dict[str, float] = {}
    for text in given:
        name, _, number = text.rpartition("=")
        try:
            price = float(number)
        except ValueError:
            price = math.nan
        if not name or not (math.isfinite(price) and price >= 0):
            raise UsageError(
                f"--price {text!r} is no JUDGE=NUMBER: write --price small=0.0001, what asking "
                "that judge about one thing judged costs"
            )
        if name in found:
            raise UsageError(f"--price names {name} twice: keep one")
        found[name] = price
    return tuple(found.items())


def check_cascade_prices(
    seats: Sequence[Seat], given: Mapping[str, float], rubrics: Sequence[str]
) -> None:
    """Every judge must have a price, and one of them must cost something."""
    names = [seat.name for seat in seats]
    for name, price in given.items():
        if name not in names:
            raise UsageError(f"--price: {unknown('judge', name, names)}")
        if not (math.isfinite(price) and price >= 0):
            raise UsageError(f"--price {name}={price:g}: write a number that is 0 or more")
    bare = [seat.name for seat in seats if seat.name not in given and not seat.price.known]
    if bare:
        raise ConfigurationError(
            f"the price of {listed(bare)} is unknown, and a cascade weighs what a judge tells "
            "against what it costs: add `usd_per_1m_in = ...` and `usd_per_1m_out = ...` (or "
            "`usd_per_call = ...`; 0 where it costs nothing) to its row in the panel, or "
            f"--price {bare[0]}=NUMBER, dollars for asking it about one thing judged"
        )
    silent = [seat.name for seat in seats if seat.name not in given and not _says(seat)]
    if given and silent:
        raise UsageError(
            f"the price of {listed(silent)} is not known: add --price '{silent[0]}=NUMBER', and so "
            "on, 0 for one that costs nothing (or `usd_per_call = 0` in its row of the panel)"
        )
    for rubric in rubrics:
        asked = [seat for seat in seats if takes(seat, rubric)]
        if len(asked) == 1:
            raise ConfigurationError(
                f"{asked[0].name} is the only judge under {rubric}: a cascade asks cheap judges "
                "first and dearer ones where these leave it open, and needs two at least; add one "
                "to the panel, or leave --cascade out"
            )
        if not any(costs(seat, given) for seat in asked):
            example = " ".join(f"--price {seat.name}={k + 1}" for k, seat in enumerate(asked[:2]))
            raise ConfigurationError(
                f"every judge under {rubric} costs nothing, so that a cascade would save no dollar."
                f" Leave --cascade out, or say what they cost beside each other, in seconds for "
                f"example: {example}"
            )


def _says(seat: Seat) -> bool:
    """Whether a panel row names the judge's price: what runs in this process is free by itself."""
    return seat.price != FREE or seat.spec.usd_per_call is not None


def costs(seat: Seat, given: Mapping[str, float]) -> bool:
    """Whether asking this judge costs anything."""
    return bool(given.get(seat.name, seat.price.of(1e6, 1e6, 1)))


def terms(seats: Sequence[Seat], given: Mapping[str, float]) -> dict[str, list[float | None]]:
    """By judge, what its price was said to be: what a plan is compared by when it is resumed."""
    return {
        seat.name: [given[seat.name]]
        if seat.name in given
        else [seat.price.usd_per_1m_in, seat.price.usd_per_1m_out, seat.price.usd_per_call]
        for seat in seats
    }


def in_dollars(said: Mapping[str, Sequence[float | None]]) -> bool:
    """Whether prices are in dollars, from `terms`; else they are in a unit of the user's.

    Given numbers beside a panel's dollars must be dollars, too.
    """
    by_panel = [price for price in said.values() if len(price) > 1]
    return len(by_panel) == len(said) or any(any(price) for price in by_panel)


def mixed(said: Mapping[str, Sequence[float | None]]) -> str | None:
    """A word on given numbers that are taken for dollars; None where there are none."""
    given = [name for name, price in said.items() if len(price) == 1]
    others = [name for name, price in said.items() if len(price) > 1 and any(price)]
    if not given or not others:
        return None
    return (
        f"--price of {listed(given)} is taken as dollars, as the panel's price of {listed(others)} "
        "is in dollars"
    )


def expected_prices(
    things: Things, seats: Sequence[Seat], size: float, given: Mapping[str, float]
) -> dict[str, float]:
    """By judge under the rubric, from questions of `size` bytes; for an estimate."""
    told = {}
    for j, seat in enumerate(seats):
        if not takes(seat, things.rubric.name):
            continue
        about = things.may[:, j]
        calls = float(things.shown[about].mean()) * seat.repeats if about.any() else 0.0
        told[seat.name] = given.get(seat.name, _guess(seat, size, calls))
    return told


def _guess(seat: Seat, size: float, calls: float) -> float:
    if isinstance(seat.judge, LocalJudge):
        return (seat.price.of(0, 0) or 0.0) * calls
    return (seat.price.of(size / BYTES_PER_TOKEN, answer_tokens(seat)) or 0.0) * calls


def worst_call(seats: Sequence[Seat], size: float) -> float:
    """What one call may cost at most, of a question twice as long as the mean, in dollars."""
    most = [
        seat.price.bound(2 * round(size), seat.judge.most_tokens) or 0.0
        for seat in seats
        if not isinstance(seat.judge, LocalJudge)
    ]
    return max(most, default=0.0)


def paid_prices(
    db: sqlite3.Connection,
    asked: Asked,
    things: Things,
    pilot: Longs,
    places: Sequence[Place],
    expected: Mapping[str, float],
    given: Mapping[str, float],
) -> dict[str, float]:
    """By judge under the rubric, from the pilot's calls, else from what was expected."""
    costs_now = at_present(db, asked, things.places(pilot), places)
    told = {}
    for j, place in enumerate(places):
        name = place.seat.name
        if name not in expected:
            continue
        there = int(np.count_nonzero(things.may[pilot, j]))
        usd = costs_now.get(place.number)
        if name in given or not usd or not there:
            told[name] = given.get(name, expected[name])
        else:
            told[name] = usd / there
    return told


def at_present(
    db: sqlite3.Connection, asked: Asked, among: Sequence[Placed], places: Sequence[Place]
) -> dict[int, float]:
    """By judge, what its calls about some things would cost at the panel's prices of today.

    They may have been made at others, and a plan is for calls to come. A judge is absent whose
    calls cannot be priced.
    """
    calls = used(db, asked, among)
    told = {}
    for place in places:
        mine, price = calls.get(place.number), place.seat.price
        if mine is None:
            continue
        by_tokens = bool(price.usd_per_1m_in or price.usd_per_1m_out)
        usd = price.of(mine.asked, mine.answered, mine.calls)
        if usd is not None and not (by_tokens and mine.uncounted):
            told[place.number] = usd
    return told
