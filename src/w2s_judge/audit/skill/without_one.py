"""What the panel would be without one of its judges."""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.audit.part import Cell, Column, Figure, Table
from w2s_judge.audit.resample import Resample, ratio
from w2s_judge.audit.skill.rightness import Measured
from w2s_judge.audit.spoken import points
from w2s_judge.calibration.metrics import shared_top

NOTHING = 1e-9  # a sum of masses that is none

COLUMNS = (
    Column("judge", "Without"),
    Column("accuracy", "Accuracy", "share"),
    Column("change", "Change", "signed"),
)

MEANING = (
    "How often the majority of the other judges is right (the class with the largest share of "
    "their votes' mass, all judges alike), and what it has above the majority of all judges. "
    "Above 0 the panel is better off without this judge."
)


def without_one(
    resample: Resample, found: Measured, total: Floats
) -> tuple[Table | None, tuple[str, ...]]:
    """A row a judge, and a sentence on whom the panel would do best without.

    Against gold, on items that another judge voted on. The sentence gives the figure and claims no
    more: it is the largest of many, and no test.

    total : (I, C) sums of the panel's mass
    """
    if len(found.panel) < 2 or not found.gold:
        return None, ()
    every = found.majority
    right, rows = every.right, []
    gain: tuple[str, Figure] = ("", Figure(0.0))
    place = np.full(len(total), -1)
    place[every.item] = np.arange(len(every.item))
    base = resample.sums(every.item, every.weight)[:, 0]
    for one in found.panel:
        rest = total[one.item] - one.mass * one.voice[:, None]
        votes = rest.sum(axis=1)
        now = right.copy()
        share = rest / np.maximum(votes, NOTHING)[:, None]
        now[place[one.item]] = (shared_top(share) * one.truth).sum(axis=1)
        spoken = votes > NOTHING
        kept = np.ones(len(right), dtype=np.bool_)
        kept[place[one.item]] = spoken
        item, weight = every.item[kept], every.weight[kept]
        off = spoken * one.weight * (now - right)[place[one.item]]
        columns = np.stack([off, ~spoken * one.weight], axis=1)
        sums = resample.narrowed(one.item).sums(one.item, columns)
        drawn = ratio(sums[:, 0], base - sums[:, 1])
        change = resample.figure(drawn, item)
        cells: tuple[Cell, ...] = (one.who, resample.share(item, now[kept], weight), change)
        rows.append(cells)
        if (change.value or 0.0) > (gain[1].value or 0.0) + NOTHING:
            gain = one.who, change
    table = Table("without", "The panel without one judge", MEANING, COLUMNS, tuple(rows))
    who, most = gain
    if not who:
        return table, ("Without any one judge, the majority is right no more often.",)
    told = f"The majority is right more often without {who}: {points(most)} on these labels"
    return table, (f"{told}, the largest gain from leaving one judge out.",)
