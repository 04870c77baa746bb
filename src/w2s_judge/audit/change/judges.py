"""How the votes of each judge in one run differ from its votes in another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.audit.change.in_both import InBoth, Judged, Silence
from w2s_judge.audit.change.shifts import Values, difference
from w2s_judge.audit.common_notes import RANKS, only_rank, rankers
from w2s_judge.audit.label_worth import label_worth, vote_values
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Column, Figure, Table, Test
from w2s_judge.audit.resample import FEWEST_TO_TEST, Resample
from w2s_judge.audit.spoken import number, points
from w2s_judge.audit.top_label import NONE, top_class, top_label

MINIMUM = 0.05
FEW = FEWEST_TO_TEST  # common items below which a judge's runs are compared as wholes
OLD_SEED = 1  # not the new run's: the draws of the two are independent
ADVICE = (
    "Find out what changed (the model's version, its provider, the prompt, the settings), and do "
    "not put votes of both runs together before it is known."
)
PAIRED, UNPAIRED = "on the same items", "as wholes, on other items"
COLUMNS = (
    Column("judge", "Judge"),
    Column("items", "Items in both runs", "count"),
    Column("differ", "Verdicts that differ", "share"),
    Column("shift", "Mean score, new minus old", "signed"),
    Column("abstained_shift", "Abstentions, new minus old", "signed"),
    Column("compared", "Compared"),
)
MEANING = (
    "How a judge's votes in this run differ from its votes in the other. A judge that is not "
    "deterministic gives other verdicts whenever it is asked again; the shift, on a scale from 0 "
    "to 1, says whether it became stricter or milder (of pairs: whether it leans more to the "
    "response listed first)."
)


@dataclass(frozen=True, eq=False, slots=True)
class Runs:
    """Both runs by judge; a part is None where it cannot be known.

    shift   : utility, new minus old, of judgements in both
    differ  : 1 where the verdict of a judgement in both is another one
    new, old : utility of all judgements of either run, by its own judges
    silence : share of answers without a vote, new minus old, of what was asked in both
    why     : why there are no utilities
    """

    common: Ints
    shift: Values | None
    differ: Values | None
    new: Values | None
    old: Values | None
    silence: Values | None
    why: str

    @classmethod
    def of(cls, panel: Panel, before: Panel, resample: Resample, found: InBoth) -> Runs:
        """Match the judgements, and take the means of all judges at once."""
        new, old, size = panel.judged, before.judged, len(panel.judges)
        both = Judged.of(found, (new.item, new.rater), (old.item, old.rater))
        common = np.bincount(both.judge, minlength=size).astype(np.int32)
        one, why = _scores(panel)
        two, other = _scores(before)
        shift = whole = past = None
        if one is not None and two is not None:
            gained = one[both.new] - two[both.old]
            shift = Values.of(both.item, both.judge, gained, size, resample)
            shared = found.judge[found.judge >= 0]
            if np.any(common[shared] < FEW):
                again = Resample.of(before.votes.group, draws=len(resample.weights), seed=OLD_SEED)
                whole = Values.of(new.item, new.rater, one, size, resample)
                past = Values.of(old.item, old.rater, two, len(before.judges), again)
        return cls(
            common, shift, _differ(panel, before, both, resample), whole, past,
            _silence(panel, before, resample, found), why or other,
        )  # fmt: skip


def changed_judges(
    panel: Panel, before: Panel, resample: Resample, found: InBoth
) -> tuple[Table, list[Test], list[str]]:
    """The table "judges" over judges in both runs, its tests, and what is to be known of it."""
    runs = Runs.of(panel, before, resample, found)
    ranks = {*rankers(panel.judged), *rankers(before.judged)}
    rows: list[tuple[str | int | Figure, ...]] = []
    tests: list[Test] = []
    for o, j in enumerate(found.judge.tolist()):
        if j < 0:
            continue
        name, same = panel.judges[j], int(runs.common[j]) >= FEW
        ranked = name in ranks
        shift = Figure(None, why=RANKS) if ranked else _shift(runs, j, o, same)
        if same and not ranked and runs.shift is not None:
            told = f"mean score of {name} moved by {number(shift, signed=True)}"
            tests.append(moved(name, told, shift, runs.shift.p_value(j), "utility"))
        quiet = Figure(None, why="one of the runs keeps no abstentions")
        if runs.silence is not None:
            quiet = runs.silence.figure(j)
            p = runs.silence.p_value(j)
            told = f"share of abstentions of {name} moved by {points(quiet)}"
            tests.append(moved(name, told, quiet, p, "share of its answers"))
        differ = _said_other(runs, j, same, ranked)
        how = PAIRED if same else UNPAIRED
        rows.append((name, int(runs.common[j]), differ, shift, quiet, how))
    table = Table("judges", "Judge by judge", MEANING, COLUMNS, tuple(rows))
    return table, tests, _notes(runs, table, sorted(ranks))


def moved(name: str, told: str, shift: Figure, p: float, unit: str) -> Test:
    """A test of kind "changed": a mean or a share of `name` moved, up or down."""
    return Test(
        "changed", (name,),
        f"The {told} between the two runs, on the same items.",
        ADVICE, abs(shift.value or 0.0), MINIMUM, unit, p if shift.value is not None else 1.0,
    )  # fmt: skip


def _shift(runs: Runs, j: int, o: int, same: bool) -> Figure:
    if runs.shift is None:
        return Figure(None, why=runs.why)
    if same:
        return runs.shift.figure(j)
    if runs.new is None or runs.old is None:
        return Figure(None, why=f"fewer than {FEW} items are in both runs")
    return difference(runs.new, j, runs.old, o)


def _said_other(runs: Runs, j: int, same: bool, ranked: bool) -> Figure:
    if ranked:
        return Figure(None, why=RANKS)
    if runs.differ is None:
        return Figure(None, why="the two runs use other labels")
    if not same:
        return Figure(None, why=f"fewer than {FEW} items are in both runs")
    return runs.differ.share(j)


def _scores(panel: Panel) -> tuple[Floats | None, str]:
    """(V,) utility of each judge's vote on each item."""
    worth, why = label_worth(panel)
    return (None, why) if worth is None else (vote_values(panel.judged, worth), "")


def _differ(panel: Panel, before: Panel, both: Judged, resample: Resample) -> Values | None:
    """Classes are compared where both runs know them, else labels; None where these differ."""
    new, old = (top_class(one.judged, one.gold) for one in (panel, before))
    if new[0] != old[0]:
        new = (panel.judged.labels, top_label(panel.judged))
        old = (before.judged.labels, top_label(before.judged))
    if new[0] != old[0]:
        return None
    one, two = new[1][both.new], old[1][both.old]
    told = (one != NONE) & (two != NONE)
    other = (one != two)[told].astype(np.float64)
    return Values.of(both.item[told], both.judge[told], other, len(panel.judges), resample)


def _silence(panel: Panel, before: Panel, resample: Resample, found: InBoth) -> Values | None:
    new, old = Silence.of(panel), Silence.of(before)
    if new is None or old is None:
        return None
    both = Judged.of(found, (new.item, new.judge), (old.item, old.judge))
    more = new.share[both.new] - old.share[both.old]
    return Values.of(both.item, both.judge, more, len(panel.judges), resample)


def _notes(runs: Runs, table: Table, ranks: list[str]) -> list[str]:
    notes = []
    if any(row[5] == UNPAIRED for row in table.rows):
        notes.append(
            f"Judges with fewer than {FEW} items in both runs are compared by their means over "
            "other items: their shift may be that of the items, and none is stated as a finding."
        )
    if runs.silence is None:
        notes.append("Abstentions are not compared: at least one of the runs keeps none.")
    return [*notes, *only_rank(ranks)]
