"""How often a judge's comparisons of one prompt's responses go round in circles.

A judge that prefers a to b, b to c and c to a has no order in mind. Both orders of a pair are
netted first, so that a pull to a position makes a tie and not a circle (`ranking.cycles`).
"""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.audit.label_worth import label_worth
from w2s_judge.audit.median_of_others import median_of_others
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Cell, Column, Figure, Part, Table, Test
from w2s_judge.audit.resample import Resample, ratio
from w2s_judge.audit.spoken import percent
from w2s_judge.audit.sums_by import rows_of, sums_by
from w2s_judge.ranking.compared import compared
from w2s_judge.ranking.cycles import QuestionCycles, question_cycles

LEAST = 0.10  # ten prompts of 100 more than the other judges
THREE = 3  # responses that a circle takes

MEANING = (
    "Of the prompts of which a judge compared three responses or more: the share in which its "
    "preferences go round in a circle (a over b, b over c, c over a)."
)
COLUMNS = (
    Column("judge", "Judge"),
    Column("prompts", "Prompts with three or more compared", "count"),
    Column("cyclic", "Go round in a circle", "share"),
)


def circles(panel: Panel, resample: Resample) -> Part:
    """Cyclic comparisons, by judge; for pairs among three or more responses to a prompt.

    A test a judge, kind "cycles": its share of cyclic prompts lies at least .10 above the median of
    the other judges'.
    """
    found = _found(panel)
    if found is None or not len(found.rater):
        return Part("circles", "")
    _, first = np.unique(panel.votes.group, return_index=True)
    item = first[found.question].astype(np.int32)  # any item of the prompt: they are drawn together
    hit = found.cyclic.astype(np.float64)
    judges = len(panel.judges)
    count = sums_by(resample, item, found.rater, judges)
    rate = ratio(sums_by(resample, item, found.rater, judges, hit), count)
    beyond = rate - median_of_others(rate)
    rows: list[tuple[Cell, ...]] = []
    tests = []
    mine = rows_of(found.rater, judges)
    for j, name in enumerate(panel.judges):
        own = mine[j]
        if not len(own):
            continue
        figure = resample.share(item[own], hit[own])
        rows.append((name, len(own), figure))
        if np.isfinite(beyond[0, j]):
            p = resample.p_value(beyond[:, j], item[own])
            tests.append(_test(name, figure, beyond[:, j], p))
    table = Table("cycles", "Circles", MEANING, COLUMNS, tuple(rows))
    together = resample.share(item, hit)
    sentence = f"Preferences go round in a circle in {percent(together)} of a judge's prompts."
    return Part("circles", "", (sentence,), (table,), tuple(tests))


def _found(panel: Panel) -> QuestionCycles | None:
    """None where nothing was compared, or no prompt has three responses."""
    places = panel.votes.positions
    if panel.arity != 2 or places is None or places.shape[1:] != (2,):
        return None
    worth, _ = label_worth(panel)
    if worth is None or int(places.max(initial=0)) < THREE - 1:
        return None
    return question_cycles(compared(panel.votes, worth.tolist()))


def _test(name: str, figure: Figure, beyond: Floats, p: float) -> Test:
    others = (figure.value or 0.0) - float(beyond[0])
    return Test(
        "cycles",
        (name,),
        f"{name} contradicts itself: its preferences go round in a circle in {percent(figure)} of "
        f"the prompts; the median of the other judges is {percent(others)}.",
        f"Weigh {name} less when ranking (judge-weighted Bradley-Terry does), or leave it out.",
        float(beyond[0]),
        LEAST,
        "share of cyclic prompts above the other judges'",
        p,
    )
