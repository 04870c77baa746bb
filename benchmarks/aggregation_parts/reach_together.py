"""Goals where judges err together: copies and their mirrors, graded votes, `auto` as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from aggregation_parts import before, copies, graded
from aggregation_parts.fits import AUTO
from aggregation_parts.lines import Line
from aggregation_parts.sets import CIVIL
from w2s_judge.aggregation import one_source
from w2s_judge.aggregation.contract import METHODS

ONE_SOURCE, PLAIN = one_source.NAME, "dawid-skene"
BY = (ONE_SOURCE, AUTO)
COPIES, WITH_GOLD, ECE, WITHIN = 0.84, 0.83, 0.05, 0.005
CIVIL_ACCURACY, CIVIL_AUC = 0.778, 0.8525
Row = tuple[str, str, float, float, bool]  # where, what, goal, reached, kept


def together(lines: Sequence[Line]) -> Iterator[Row]:
    """Rows of the blocks that were run."""
    found = [line for line in lines if line.figures is not None]
    yield from _copies([line for line in found if line.block == copies.BLOCK])
    yield from _civil([line for line in found if line.block == graded.BLOCK and not line.gold])
    yield from _before([line for line in found if line.block == before.BLOCK])


def _copies(lines: Sequence[Line]) -> Iterator[Row]:
    """Copies without gold; copies and mirrors with gold; panels of independent judges."""
    of = {(line.set, line.method, line.gold): line.figures for line in lines}
    for method in BY:
        for drawn in copies.ROWS:
            name = copies.set_name(drawn, copies.ITEMS)
            told = of.get((name, method, 0))
            if told and drawn in copies.ROWS[:2]:
                kept = told.accuracy >= COPIES
                yield f"{drawn.name}, no gold", f"{method}, accuracy", COPIES, told.accuracy, kept
            told = of.get((name, method, copies.GOLD_SIZE))
            if told:
                where = f"{drawn.name}, {copies.GOLD_SIZE} gold"
                kept = told.accuracy >= WITH_GOLD
                yield where, f"{method}, accuracy", WITH_GOLD, told.accuracy, kept
                yield where, f"{method}, ECE", ECE, told.ece10, told.ece10 <= ECE
        yield from _independent(lines, method)


def _independent(lines: Sequence[Line], method: str) -> Iterator[Row]:
    """The panel on which the method is furthest below Dawid-Skene, for each size."""
    of = {(line.set, line.method, line.gold): line.figures for line in lines}
    for gold in (0, copies.GOLD_SIZE):
        for items in copies.SEEDS:
            gains = []
            for drawn in copies.APART:
                name = copies.set_name(drawn, items)
                ours, plain = of.get((name, method, gold)), of.get((name, PLAIN, gold))
                if ours and plain:
                    gains.append(ours.accuracy - plain.accuracy)
            if gains:
                where = f"independent judges, {items:,} items, {gold or 'no'} gold"
                what = f"{method}, least accuracy minus {PLAIN}"
                yield where, what, -WITHIN, min(gains), min(gains) >= -WITHIN


def _civil(lines: Sequence[Line]) -> Iterator[Row]:
    """The one method that comes nearest to both goals, compared in as many digits as they have."""
    tried = [
        (line.method, line.figures.accuracy, line.figures.auc)
        for line in lines
        if line.method.partition(",")[0] in METHODS.names()
        if line.figures is not None and line.figures.auc is not None
    ]
    if not tried:
        return
    method, accuracy, auc = max(
        tried, key=lambda one: min(one[1] - CIVIL_ACCURACY, one[2] - CIVIL_AUC)
    )
    where = f"{CIVIL}, no gold"
    what = f"accuracy of the best ({method})"
    yield where, what, CIVIL_ACCURACY, accuracy, round(accuracy, 3) >= CIVIL_ACCURACY
    yield where, f"AUC of the best ({method})", CIVIL_AUC, auc, round(auc, 4) >= CIVIL_AUC


def _before(lines: Sequence[Line]) -> Iterator[Row]:
    """Means over sets, and the set whose interval ends lowest."""
    if not lines:
        return
    where, earlier = f"before, {len(lines)} sets", before.read(before.BASELINE)
    gains = {line.set: line.differences[before.EARLIER] for line in lines}
    mean = float(np.mean([one.mean for one in gains.values()]))
    kept = mean >= -before.ALLOWED
    yield where, "auto, accuracy minus before", -before.ALLOWED, mean, kept
    lowest = min(gains, key=lambda name: gains[name].high)
    high = gains[lowest].high
    what = "auto, lowest upper end of an interval of accuracy minus before"
    yield f"before, {lowest}", what, 0.0, high, high >= 0
    for name, field in (("ECE", "ece10"), ("log-loss", "log_loss")):
        change = [
            getattr(line.figures, field) - getattr(earlier[line.set].figures, field)
            for line in lines
        ]
        value = float(np.mean(change))
        yield where, f"auto, {name} minus before", 0.0, value, value < 0
