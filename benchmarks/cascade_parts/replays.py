"""Policies replayed on recorded votes, their table, and the goal."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from aggregation_parts.lines import markdown
from aggregation_parts.sets import load

from cascade_parts.prices import prices
from w2s_judge.cascade.asked import judges_of
from w2s_judge.cascade.curve import Point, pilots, point
from w2s_judge.cascade.learn import Cascade
from w2s_judge.cascade.replay import Replayed, replay

LEARN_FROM = 100
GOAL = 0.4  # of the full panel's price
SHARES = (0.2, GOAL)
CURVE = (0.05, 0.1, 0.15, 0.2, 0.3, GOAL, 0.6, 0.8)
FIXED = ("judge:BEST", "cheapest:6", "first:3", "first:6")
GUIDED = "cascade"


@dataclass(frozen=True, eq=False, slots=True)
class Row:
    """A line of the table; `full` is the price of every judge, `seconds` of CPU a draw."""

    set: str
    name: str
    point: Point
    full: float
    seconds: float

    def as_json(self) -> dict[str, object]:
        return {
            "set": self.set, "policy": self.name, "full_price": self.full,
            "cpu_s": self.seconds, **dataclasses.asdict(self.point),
        }  # fmt: skip


def replayed(name: str, data: Path, draws: int, *, curve: bool) -> list[Row]:
    """Every policy over the same draws of the pilot."""
    whole = load(name, data)
    votes, gold = whole.votes, whole.gold
    price = prices(name, votes)
    full = sum(price[judge] for judge in judges_of(votes))
    wanted = _policies(full, CURVE if curve else SHARES)
    done: dict[str, list[Replayed]] = {one: [] for one, _, _ in wanted}
    spent = dict.fromkeys(done, 0.0)
    for inside in pilots(gold, LEARN_FROM, draws, 0):
        learn = gold.only(inside)
        evaluate = gold.only(np.setdiff1d(np.arange(gold.G), inside))
        for label, policy, settings in wanted:
            begun = time.process_time()
            if policy == "judge:BEST":
                policy = f"judge:{_best(votes, learn, price)}"
            done[label].append(replay(policy, votes, learn, evaluate, price, settings))
            spent[label] += time.process_time() - begun
    rows = []
    for label, _, settings in wanted:
        found = point(done[label], done["full"], votes.group, 0, settings.budget)
        rows.append(Row(name, label, replace(found, policy=label), full, spent[label] / draws))
    return rows


def _policies(full: float, shares: Sequence[float]) -> list[tuple[str, str, Cascade]]:
    plain = Cascade()
    found = [("full", "full", plain), *((one, one, plain) for one in FIXED)]
    found += [("cascade, decided .95", GUIDED, plain)]
    found += [
        (f"cascade, budget {share:.0%}", GUIDED, Cascade(budget=share * full)) for share in shares
    ]
    return found


def _best(votes, learn, price) -> str:
    """The judge with most information on the pilot, whatever its price."""
    alike = Cascade().learn(votes, learn, dict.fromkeys(price, 1.0))
    return alike.order[0]


def table(name: str, rows: Sequence[Row], draws: int) -> str:
    """Prices as shares of the full panel's, accuracy, and the paired difference to it."""
    head = [
        "policy", "price", "with the pilot", "accuracy", "minus full", "95 %", "ECE", "CPU s",
    ]  # fmt: skip
    cells = []
    for row in rows:
        one = row.point
        cells.append([
            row.name, f"{one.price / row.full:.3f}", f"{one.with_pilot / row.full:.3f}",
            f"{one.accuracy.value:.4f}", *_ahead(row), f"{one.ece:.3f}", f"{row.seconds:.1f}",
        ])  # fmt: skip
    return f"## {name}, {LEARN_FROM} gold items, {draws} draws\n\n{markdown(head, cells)}"


def _ahead(row: Row) -> tuple[str, str]:
    """The difference to the full panel and its interval; of the full panel itself, nothing."""
    if row.name == "full":
        return "", ""
    ahead = row.point.ahead
    return f"{ahead.value:+.4f}", f"{ahead.low:+.4f} .. {ahead.high:+.4f}"


def goal_lines(rows: Sequence[Row]) -> str:
    """The full panel's accuracy at 40 % of its price, by set."""
    goal = f"cascade, budget {GOAL:.0%}"
    lines = ["## Goal: the full panel's accuracy at 40 % of its price", ""]
    for row in rows:
        if row.name != goal:
            continue
        one = row.point
        kept = one.price <= GOAL * row.full + 1e-9 and one.ahead.high >= 0
        lines.append(
            f"- {row.set}: {one.accuracy.value:.4f}, {one.ahead.value:+.4f} "
            f"({one.ahead.low:+.4f} .. {one.ahead.high:+.4f}) of the full panel at "
            f"{one.price / row.full:.3f} of its price: {'yes' if kept else 'NO'}"
        )
    return "\n".join(lines)
