"""What the panel would be without one of its judges."""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.audit.part import Cell, Column, Table
from w2s_judge.audit.resample import Resample, ratio
from w2s_judge.audit.skill.rightness import Measured
from w2s_judge.audit.spoken import points
from w2s_judge.audit.top_label import shared_top
from w2s_judge.sentences import listed

LEVEL = 0.01  # p, times the number of judges, below which a sentence says who does harm
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
    """A row a judge, and a sentence on those that do harm.

    Against gold, on items that another judge voted on.

    total : (I, C) sums of the panel's mass
    """
    if len(found.panel) < 2 or not found.gold:
        return None, ()
    every = found.majority
    right, rows, better = every.right, [], []
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
        if drawn[0] > 0 and resample.p_value(drawn, item) * len(found.panel) < LEVEL:
            better.append(f"{one.who} ({points(change)})")
    table = Table("without", "The panel without one judge", MEANING, COLUMNS, tuple(rows))
    if better:
        return table, (f"The majority would be right more often without {listed(better)}.",)
    return table, ("No judge is known to make the majority worse by being in it.",)
