"""What changed between two runs of one rubric: judge by judge, and in the rates.

A shift is the mean of new minus old over what is in both runs, so that the items play no part, and
it is tested against 0 over prompts. Judges that are not deterministic differ from themselves as
well: how many verdicts differ is shown, and proves no change. A shift of a judge's mean utility is
stated from .05 on, a twentieth of the scale from worst to best; so is one of .05 in its share of
abstentions, and of .05 in a rate by the consensus. Where fewer than 30 items are in both runs, runs
are compared as wholes, and nothing is tested: other items are reason enough for another mean.
"""

from __future__ import annotations

import numpy as np

from w2s_judge.audit.change.in_both import InBoth
from w2s_judge.audit.change.judges import PAIRED, changed_judges
from w2s_judge.audit.change.rates import changed_rates
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Figure, Part, Table
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.spoken import number, percent, plural, points
from w2s_judge.sentences import listed

TITLE = "What changed?"
MOST = 4  # rates that have a sentence of their own
OTHER_KIND = "One run judges single responses and the other compares two: nothing can be compared."


def change(panel: Panel, before: Panel, resample: Resample) -> Part:
    """The part "change": `panel` is the new run, `before` the old one; tests of kind "changed"."""
    if panel.arity != before.arity:
        return Part("change", TITLE, (OTHER_KIND,))
    found = InBoth.of(panel, before)
    judges, tests, notes = changed_judges(panel, before, resample, found)
    rates, more, told_rates = changed_rates(panel, before, resample, found)
    common = int(np.sum(found.item >= 0))
    said = [_shared(len(judges.rows), common), *_moved(judges), *_differed(judges)]
    if rates is not None:
        said += _rates(rates)
    tables = tuple(one for one in (judges, rates) if one is not None and one.rows)
    notes = [*_alone(panel, before, found, common), *notes, *told_rates]
    return Part("change", TITLE, tuple(said), tables, (*tests, *more), tuple(notes))


def _shared(judges: int, items: int) -> str:
    if not judges and not items:
        return "The two runs have neither a judge nor an item in common."
    return f"{plural(judges, 'judge')} and {plural(items, 'item')} are in both runs."


def _moved(judges: Table) -> list[str]:
    """The judge whose mean score moved most, up or down, on the same items."""
    moves = [
        (abs(row[3].value), str(row[0]), row[3])
        for row in judges.rows
        if isinstance(row[3], Figure) and row[3].value is not None and row[5] == PAIRED
    ]
    if not moves:
        return []
    _, name, shift = max(moves, key=lambda one: one[0])
    whose = "The mean score that moved most is that of"
    if len(moves) == 1:
        whose = "The mean score moved for"
    return [
        f"{whose} {name}: by {number(shift, signed=True)} on a scale from 0 to 1, over "
        f"{plural(shift.n, 'item')} in both runs."
    ]


def _differed(judges: Table) -> list[str]:
    shares = [
        (row[2].value, str(row[0]))
        for row in judges.rows
        if isinstance(row[2], Figure) and row[2].value is not None
    ]
    if not shares:
        return []
    low, high = min(shares), max(shares)
    span = f"{percent(high[0])} of its verdicts"
    if len(shares) > 1:
        ends = f"between {percent(low[0])} ({low[1]}) and {percent(high[0])} ({high[1]})"
        span = f"{ends} of their verdicts"
    who = f"{high[1]} changed" if len(shares) == 1 else "Judges changed"
    return [
        f"{who} {span}: one that is not deterministic changes some whenever it is asked again, so "
        "that only the shifts tell of a change."
    ]


def _rates(rates: Table) -> list[str]:
    told = []
    for row in rates.rows[:MOST]:
        past, now, shift = row[1], row[2], row[3]
        if isinstance(past, Figure) and isinstance(now, Figure) and isinstance(shift, Figure):
            if past.value is None or now.value is None:
                continue
            told.append(
                f'The consensus gave the verdict "{row[0]}" in {percent(past)} before and in '
                f"{percent(now)} now: a shift of {points(shift)}."
            )
    return told


def _alone(panel: Panel, before: Panel, found: InBoth, common: int) -> list[str]:
    """What is in one of the runs only."""
    told = []
    shared = {panel.judges[j] for j in found.judge.tolist() if j >= 0}
    for where, names in (("this run", panel.judges), ("the other run", before.judges)):
        alone = [name for name in names if name not in shared]
        if alone:
            told.append(f"Only in {where}, and not compared: {listed(alone)}.")
    only = (panel.votes.I - common, before.votes.I - common)
    if any(only):
        told.append(
            f"{plural(only[0], 'item')} only in this run and {only[1]:,} only in the other are "
            "left out of what is compared item by item."
        )
    return told
