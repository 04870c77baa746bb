"""Rates by the consensus of two runs, on the items that are in both."""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Ints
from w2s_judge.audit.change.in_both import InBoth
from w2s_judge.audit.change.judges import FEW, MINIMUM, OLD_SEED
from w2s_judge.audit.change.shifts import Values, difference
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Column, Figure, Table, Test
from w2s_judge.audit.rates.outcomes import Outcomes, outcomes
from w2s_judge.audit.rates.voices import consensus_voice
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.spoken import percent, points
from w2s_judge.audit.top_label import NONE

COLUMNS = (
    Column("what", "Verdict of the consensus"),
    Column("before", "Before", "share"),
    Column("after", "Now", "share"),
    Column("shift", "Now minus before", "signed"),
    Column("differ", "Items whose verdict differs", "share"),
    Column("items", "Items in both runs", "count"),
)
MEANING = (
    "How often the consensus of each run gives this verdict, on the same items where there are "
    "enough of them; where gold labels are, it is taken from fits that did not see them."
)
ADVICE = "Look at which judges moved, and quote no rate of one run beside one of the other."


def changed_rates(
    panel: Panel, before: Panel, resample: Resample, found: InBoth
) -> tuple[Table | None, list[Test], list[str]]:
    """The table "rates", its tests, and notes; no table where there is nothing to compare."""
    classes = panel.consensus.classes
    new, old = consensus_voice(panel), consensus_voice(before)
    if classes != before.consensus.classes:
        return None, [], ["The two runs are about other classes: their rates are not compared."]
    if new is None or old is None:
        return None, [], ["A consensus that only ranks has no rates to compare."]
    what, was = outcomes(panel, classes), outcomes(before, classes)
    one = _everywhere(new.item, new.verdict(what), panel.votes.I)
    two = _everywhere(old.item, old.verdict(was), before.votes.I)
    if what.names != was.names:
        return None, [], ["The two runs compare other writers: their rates are not compared."]
    at_old = np.flatnonzero(found.item >= 0)
    at_new = found.item[at_old]
    told = (one[at_new] != NONE) & (two[at_old] != NONE)
    item, now, then = at_new[told], one[at_new[told]], two[at_old[told]]
    if len(item) >= FEW:
        rows, tests = _paired(what, item, now, then, resample)
        return _table(rows), tests, []
    again = Resample.of(before.votes.group, draws=len(resample.weights), seed=OLD_SEED)
    rows = _wholes(what, one, two, resample, again, len(item))
    note = (
        f"Fewer than {FEW} items have a verdict in both runs: rates are compared as wholes, on "
        "other items, and a shift may be that of the items."
    )
    return _table(rows), [], [note]


def _paired(
    what: Outcomes, item: Ints, now: Ints, then: Ints, resample: Resample
) -> tuple[list[tuple[str | int | Figure, ...]], list[Test]]:
    """A row and a test for each outcome that is shown; item, now, then are (m,)."""
    rows: list[tuple[str | int | Figure, ...]] = []
    tests: list[Test] = []
    key = np.zeros(len(item), dtype=np.int32)
    differ = resample.share(item, (now != then).astype(np.float64))
    for k in what.shown:
        after, before = (now == k).astype(np.float64), (then == k).astype(np.float64)
        gained = Values.of(item, key, after - before, 1, resample)
        shift = gained.figure(0)
        past, present = resample.share(item, before), resample.share(item, after)
        rows.append((what.names[k], past, present, shift, differ, len(item)))
        tests.append(_test(what.names[k], past, present, shift, gained.p_value(0)))
    return rows, tests


def _test(name: str, past: Figure, present: Figure, shift: Figure, p: float) -> Test:
    return Test(
        "changed", (),
        f'The consensus gives the verdict "{name}" to {percent(present)} of the items that are in '
        f"both runs. It gave it to {percent(past)} before, a shift of {points(shift)}.",
        ADVICE, abs(shift.value or 0.0), MINIMUM, "share of the items",
        p if shift.value is not None else 1.0,
    )  # fmt: skip


def _wholes(
    what: Outcomes, one: Ints, two: Ints, new: Resample, old: Resample, common: int
) -> list[tuple[str | int | Figure, ...]]:
    rows: list[tuple[str | int | Figure, ...]] = []
    none = Figure(None, why=f"fewer than {FEW} items have a verdict in both runs")
    for k in what.shown:
        sides = []
        for verdict, resample in ((one, new), (two, old)):
            item = np.flatnonzero(verdict != NONE).astype(np.int32)
            hit = (verdict[item] == k).astype(np.float64)
            sides.append(Values.of(item, np.zeros(len(item), dtype=np.int32), hit, 1, resample))
        shift = difference(sides[0], 0, sides[1], 0)
        rows.append((what.names[k], sides[1].share(0), sides[0].share(0), shift, none, common))
    return rows


def _everywhere(item: Ints, verdict: Ints, items: int) -> Ints:
    """(I,) the verdict on each item, -1 where there is none."""
    found = np.full(items, NONE, dtype=np.int32)
    found[item] = verdict
    return found


def _table(rows: list[tuple[str | int | Figure, ...]]) -> Table:
    return Table("rates", "Rates before and now", MEANING, COLUMNS, tuple(rows))
