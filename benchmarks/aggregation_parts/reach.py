"""What is to be reached, by `auto` if no one else is named, and what was: a row a goal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from aggregation_parts import graded, llmbar, people, small_panels
from aggregation_parts.baselines import MAJORITY, WITH_GOLD
from aggregation_parts.fits import AUTO
from aggregation_parts.lines import Line, markdown, share, signed
from aggregation_parts.peers import PEERS
from aggregation_parts.reach_together import Row, together
from aggregation_parts.sets import BLUEBIRD, CIVIL, ORDERS, VANILLA


@dataclass(frozen=True, slots=True)
class Goal:
    """At least this accuracy and AUC, at most this ECE (10 equal-width bins)."""

    block: str
    set: str
    gold: int
    accuracy: float
    auc: float | None = None
    ece: float | None = None


GOALS = (
    Goal(graded.BLOCK, CIVIL, 0, 0.772, 0.848, 0.05),
    Goal(graded.BLOCK, CIVIL, 20, 0.766, ece=0.04),
    Goal(graded.BLOCK, CIVIL, 100, 0.772, ece=0.04),
    Goal(llmbar.BLOCK, ORDERS, 20, 0.863, ece=0.08),
    Goal(llmbar.BLOCK, ORDERS, 50, 0.870, ece=0.06),
    Goal(llmbar.BLOCK, VANILLA, 20, 0.808),
    Goal(llmbar.BLOCK, VANILLA, 50, 0.820),
)
POINT = 0.01
PEOPLE_ECE = 0.08
UNDER, ECE_OVER_MAJORITY = 0.05, 0.01
OVER_RIDGE, OVER_BEST, PANELS_ECE = 0.025, 0.015, 0.09


def reached(lines: Sequence[Line]) -> str:
    """A table; a goal of a block that was not run has no row."""
    autos = [line for line in lines if line.method == AUTO and line.figures]
    rows = [*_single(autos), *_people(autos), *_panels(lines, autos), *together(lines)]
    cells = [
        [where, what, _number(what, goal), _number(what, value), "yes" if kept else "NO"]
        for where, what, goal, value, kept in rows
    ]
    return "## Goals\n\n" + markdown(["where", "what", "goal", "reached", "kept"], cells)


def _number(what: str, value: float) -> str:
    if "AUC" in what:
        return f"{value:.4f}".lstrip("0")  # a goal has four digits
    return signed(value) if "minus" in what else share(value)


def _single(autos: Sequence[Line]) -> Iterator[Row]:
    for goal in GOALS:
        for line in autos:
            if (line.block, line.set, line.gold) != (goal.block, goal.set, goal.gold):
                continue
            found = line.figures
            assert found is not None
            where = f"{goal.set}, {goal.gold or 'no'} gold"
            yield where, "accuracy", goal.accuracy, found.accuracy, found.accuracy >= goal.accuracy
            if goal.auc is not None and found.auc is not None:
                yield where, "AUC", goal.auc, found.auc, found.auc >= goal.auc
            if goal.ece is not None:
                yield where, "ECE", goal.ece, found.ece10, found.ece10 <= goal.ece


def _people(autos: Sequence[Line]) -> Iterator[Row]:
    mine = {x.set: x for x in autos if x.block == people.BLOCK and x.set != BLUEBIRD}
    if not mine:
        return
    where = f"people, {len(mine)} sets"
    for peer in PEERS:
        same = [
            line.differences[peer.name] for line in mine.values() if peer.name in line.differences
        ]
        if same:
            gained = float(np.mean([one.mean for one in same]))
            yield (
                f"people, {len(same)} sets",
                f"accuracy minus {peer.name}",
                0.0,
                gained,
                gained > 0,
            )
    worst = max(mine.values(), key=lambda line: -line.differences[MAJORITY].high)
    high = worst.differences[MAJORITY].high
    what = "lowest upper end of an interval of accuracy minus majority"
    yield f"people, {worst.set}", what, -POINT, high, high >= -POINT
    ece = float(np.mean([line.figures.ece10 for line in mine.values() if line.figures]))
    yield where, "ECE", PEOPLE_ECE, ece, ece <= PEOPLE_ECE


def _panels(lines: Sequence[Line], autos: Sequence[Line]) -> Iterator[Row]:
    for line in autos:
        found = line.figures
        if line.block != small_panels.BLOCK or found is None:
            continue
        where = f"small panels, {line.gold or 'no'} gold"
        if line.gold:
            for other, goal in zip(WITH_GOLD, (OVER_RIDGE, OVER_BEST), strict=True):
                gained = line.differences[other].mean
                yield where, f"accuracy minus {other}", goal, gained, gained >= goal
            yield where, "ECE", PANELS_ECE, found.ece10, found.ece10 <= PANELS_ECE
            continue
        gained = line.differences[MAJORITY].mean
        yield where, f"accuracy minus {MAJORITY}", 0.0, gained, gained >= 0
        plain = _majority_ece(lines)
        over = found.ece10 - plain
        yield where, "ECE minus majority's", ECE_OVER_MAJORITY, over, over <= ECE_OVER_MAJORITY
        if line.under is not None:
            what = "share more than a standard error under majority"
            yield where, what, UNDER, line.under, line.under <= UNDER


def _majority_ece(lines: Sequence[Line]) -> float:
    return next(
        line.figures.ece10
        for line in lines
        if line.block == small_panels.BLOCK and line.method == MAJORITY and not line.gold
        if line.figures is not None
    )
