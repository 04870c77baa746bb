"""Policies replayed on recorded votes, their table, and the goal."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aggregation_parts.lines import markdown
from aggregation_parts.sets import load

from cascade_parts.prices import prices
from w2s_judge.cascade.learn import Cascade
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.replay_figures import Judged, Line, Outcome, lines_of
from w2s_judge.workflows.replay_lessons import Averages, lessons
from w2s_judge.workflows.replay_policies import FULL, Wish, followed

LEARN_FROM = 100
GOAL = 0.4  # of the full panel's price
SHARES = (0.2, GOAL)
CURVE = (0.05, 0.1, 0.15, 0.2, 0.3, GOAL, 0.6, 0.8)
BEST = "judge:BEST"
FIXED = (BEST, "cheapest:6", "first:3", "first:6")


@dataclass(frozen=True, eq=False, slots=True)
class Row:
    """A line of the table.

    line    : price, accuracy and the difference to the full panel, as `w2s-judge replay` has them
    full    : the price of every judge
    seconds : of CPU a draw
    """

    set: str
    name: str
    line: Line
    full: float
    seconds: float

    def as_json(self) -> dict[str, object]:
        one = self.line
        return {
            "set": self.set, "policy": self.name, "full_price": self.full,
            "price": one.price, "with_pilot": one.with_pilot, "accuracy": one.accuracy.told(),
            "ahead": one.behind.told(), "ece": one.ece, "claimed": one.claimed,
            "cpu_s": self.seconds,
        }  # fmt: skip


def replayed(name: str, data: Path, draws: int, *, curve: bool) -> list[Row]:
    """Every policy over the same draws of the pilot."""
    whole = load(name, data)
    policies = _policies(CURVE if curve else SHARES)
    return rows_of(name, whole.votes, whole.gold, prices(name, whole.votes), draws, policies)


def rows_of(
    name: str,
    votes: VoteMatrix,
    gold: Gold,
    price: Mapping[str, float],
    draws: int,
    policies: Mapping[str, str],
) -> list[Row]:
    """Policies by label, each as if it were alone: it learns its own plan, and CPU is its own."""
    done = {label: Outcome(policy, Averages.of(gold.G)) for label, policy in policies.items()}
    spent = dict.fromkeys(done, 0.0)
    for lesson in lessons(gold, votes.group, LEARN_FROM, draws, 0):
        for label, policy in policies.items():
            begun = time.process_time()
            chosen = f"judge:{_best(votes, lesson.learn, price)}" if policy == BEST else policy
            found = followed(Wish.of(chosen), votes, lesson, price, Cascade(), {})
            done[label].add(lesson.at, found)
            spent[label] += time.process_time() - begun
    outcomes = tuple(done.values())
    lines = lines_of(outcomes, Judged.of(outcomes[0], votes, gold), price)
    full = sum(price.values())
    return [
        Row(name, label, line, full, spent[label] / draws)
        for label, line in zip(done, lines, strict=True)
    ]


def _policies(shares: Sequence[float]) -> dict[str, str]:
    """By label, the policy as `w2s-judge replay` names it."""
    return {
        FULL: FULL,
        **{one: one for one in FIXED},
        "cascade, decided .95": "cascade",
        **{f"cascade, budget {share:.0%}": f"cascade:{share:g}" for share in shares},
    }


def _best(votes: VoteMatrix, learn: Gold, price: Mapping[str, float]) -> str:
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
        one = row.line
        cells.append([
            row.name, f"{one.price / row.full:.3f}", f"{one.with_pilot / row.full:.3f}",
            f"{one.accuracy.value:.4f}", *_ahead(row), f"{one.ece:.3f}", f"{row.seconds:.1f}",
        ])  # fmt: skip
    return f"## {name}, {LEARN_FROM} gold items, {draws} draws\n\n{markdown(head, cells)}"


def _ahead(row: Row) -> tuple[str, str]:
    """The difference to the full panel and its interval; of the full panel itself, nothing."""
    ahead = row.line.behind
    if row.name == FULL:
        return "", ""
    return f"{ahead.value:+.4f}", f"{ahead.low:+.4f} .. {ahead.high:+.4f}"


def goal_lines(rows: Sequence[Row]) -> str:
    """The full panel's accuracy at 40 % of its price outside the pilot, by set."""
    goal = f"cascade, budget {GOAL:.0%}"
    lines = ["## Goal: the full panel's accuracy at 40 % of its price outside the pilot", ""]
    for row in rows:
        if row.name != goal:
            continue
        one, behind = row.line, row.line.behind
        kept = one.price <= GOAL * row.full + 1e-9 and behind.high >= 0
        lines.append(
            f"- {row.set}: {one.accuracy.value:.4f}, {behind.value:+.4f} "
            f"({behind.low:+.4f} .. {behind.high:+.4f}) of the full panel at "
            f"{one.price / row.full:.3f} of its price, {one.with_pilot / row.full:.3f} with the "
            f"pilot: {'yes' if kept else 'NO'}"
        )
    return "\n".join(lines)
