"""Slices to rows of single responses, for trainers that read those."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.preferences.contract import RatedWriter
from w2s_judge.preferences.rated import rate
from w2s_judge.preferences.reasons import Reason
from w2s_judge.preferences.strategies import best_of
from w2s_judge.types import Item, Rated
from w2s_judge.workflows.pair_lessons import mapped_upper
from w2s_judge.workflows.pair_slices import Slice
from w2s_judge.workflows.pair_writing import GOLD, Desk


def write_rated(desk: Desk, found: Slice, items: Mapping[str, Item], writes: RatedWriter) -> None:
    """Write the responses of a slice that are surely good, or bad where the trainer reads those."""
    rows = _rows(desk, found)
    if desk.plan.wish.strategy is None:
        _tell_unrated(desk, found, items)
    desk.tally.candidates += len(rows)
    upper = _known(found.upper, len(found.group))[rows]
    by_label = _known(found.desired, len(found.group))[rows]
    by_gold = ~np.isnan(by_label)
    plan = desk.plan
    p = mapped_upper(upper, plan.lesson, claimed=plan.wish.strategy is None)
    # Labels that disagree over several rubrics, or lie in the middle, say neither.
    p = np.where(by_gold, np.where(np.isin(by_label, (0.0, 1.0)), by_label, 0.5), p)
    good, codes = rate(p, plan.lesson.bars.min_p, undesirable=writes.undesirable)
    only_ranks = found.ranks[rows] & ~by_gold & (not plan.lesson.tried)
    codes = np.where(only_ranks, np.int8(Reason.RANKS_ONLY), codes)
    for k, r in enumerate(rows.tolist()):
        if codes[k] != Reason.KEPT:
            desk.drop(Reason(int(codes[k])), found, (r,), float(p[k]))
            continue
        item = items[found.prompts[found.group[r]]]
        place = int(found.position[r])
        side = float(p[k]) if good[k] else 1 - float(p[k])
        dissent = float(found.dissent[r])
        rated = Rated(
            item.id, item.prompt, item.responses[place].text, float(p[k]), bool(good[k]),
            int(found.votes[r]), 1 - side if dissent != dissent else dissent, plan.rubric,
            plan.method, GOLD if by_gold[k] else plan.calibration, place,
            item.responses[place].model, plan.judges,
        )  # fmt: skip
        if not by_gold[k]:
            desk.tally.total += np.array([side, 0.0, 1 - side])
            desk.tally.passed += 1
        _write(desk, rated, writes, by_gold=bool(by_gold[k]))


def _tell_unrated(desk: Desk, found: Slice, items: Mapping[str, Item]) -> None:
    """Responses on which there is neither a vote nor an abstention are candidates, too."""
    rated = np.bincount(found.group, minlength=len(found.prompts))
    for g, name in enumerate(found.prompts):
        responses = len(items[name].responses)
        if rated[g] == responses:
            continue
        there = set(found.position[found.group == g].tolist())
        for place in sorted(set(range(responses)) - there):
            desk.tally.candidates += 1
            desk.unrated(name, place)


def _rows(desk: Desk, found: Slice) -> Ints:
    """The rows to be rated: all, or the best of each prompt; prompts without one are told."""
    if desk.plan.wish.strategy is None:
        return np.flatnonzero(found.out == Reason.KEPT).astype(np.int32)
    utility = np.where(found.out == Reason.KEPT, found.utility, np.nan)
    rows = best_of(found.group, utility)
    for g in sorted(set(range(len(found.prompts))) - set(found.group[rows].tolist())):
        mine = np.flatnonzero((found.group == g) & (found.out == Reason.KEPT))
        if len(mine):  # else each of its responses is told of already
            desk.drop_prompt(found.prompts[g], Reason(int(found.silent[mine[0]])))
    return rows


def _known(values: Floats | None, size: int) -> Floats:
    return np.full(size, np.nan) if values is None else values


def _write(desk: Desk, one: Rated, writes: RatedWriter, *, by_gold: bool) -> None:
    drawn = one if desk.plan.resample is None else desk.plan.resample.rated(one)
    if drawn is None:
        desk.undrawn(one.item, (one.place,), one.p)
        return
    desk.check.rated(drawn)
    desk.tally.turned += drawn is not one
    side = desk.plan.split.side(drawn.prompt)
    desk.tally.wrote(side, drawn.item, by_gold=by_gold)
    desk.files.write(side, writes.row(drawn, desk.plan.style), drawn)
