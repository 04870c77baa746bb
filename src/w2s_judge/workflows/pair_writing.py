"""Slices to rows: candidates are screened, written, or dropped with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.preferences.contract import PairWriter, RatedWriter, Style
from w2s_judge.preferences.files import DatasetFiles
from w2s_judge.preferences.orientation import settled
from w2s_judge.preferences.pair_map import outcomes
from w2s_judge.preferences.pair_mass import WORSE, PairMass, margins
from w2s_judge.preferences.reasons import Codes, Reason
from w2s_judge.preferences.resample import Resample
from w2s_judge.preferences.same_text import text_numbers
from w2s_judge.preferences.screening import screen
from w2s_judge.preferences.split import Split
from w2s_judge.preferences.strategies import Candidates, alone
from w2s_judge.types import Item, Preference
from w2s_judge.workflows.pair_lessons import Lesson, Wish
from w2s_judge.workflows.pair_slices import Slice, drawn
from w2s_judge.workflows.pair_tally import Check, Tally

GOLD = "gold"


@dataclass(frozen=True, slots=True)
class Plan:
    """How rows are made. `calibration` is what p is called where no gold label settles it."""

    wish: Wish
    lesson: Lesson
    writes: PairWriter | RatedWriter
    style: Style
    split: Split
    resample: Resample | None
    rubric: str
    method: str
    calibration: str
    judges: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """Candidate pairs of a slice, P of them: in their final direction, mapped, with their codes."""

    pairs: Candidates
    mass: PairMass
    by_gold: Bools
    codes: Codes


class Desk:
    """What is written to and counted on."""

    def __init__(self, files: DatasetFiles, plan: Plan, check: Check) -> None:
        self.files, self.plan, self.check = files, plan, check
        self.tally = Tally()

    def begin(self, found: Slice) -> None:
        """Count the prompts of a slice, and tell of the responses left out before pairing."""
        self.tally.prompts += len(found.prompts)
        for r in np.flatnonzero(found.out != Reason.KEPT).tolist():
            self.drop(Reason(int(found.out[r])), found, (r,))

    def unjudged(self, name: str, *, asked: bool) -> None:
        """Tell of a prompt that nobody voted on, or that was not asked about."""
        self.tally.prompts += 1
        self.drop_prompt(name, Reason.NO_VOTE if asked else Reason.UNASKED)

    def drop(
        self,
        reason: Reason,
        found: Slice,
        rows: tuple[int, ...],
        p: float | None = None,
        tie: float | None = None,
    ) -> None:
        """Tell of a response or a pair that is left out."""
        self.tally.dropped[reason, False] += 1
        name = found.prompts[found.group[rows[0]]]
        self._told(reason, name, [int(found.position[r]) for r in rows], p, tie)

    def drop_prompt(self, name: str, reason: Reason) -> None:
        """Tell of a prompt that is left out whole."""
        self.tally.dropped[reason, True] += 1
        self._told(reason, name, None, None, None)

    def unrated(self, item: str, place: int) -> None:
        """Tell of a response that nobody was heard on."""
        self.tally.dropped[Reason.NO_VOTE, False] += 1
        self._told(Reason.NO_VOTE, item, [place], None, None)

    def undrawn(self, item: str, places: tuple[int, ...], p: float) -> None:
        """Tell of a row that `--resample draw` did not draw."""
        self.tally.dropped[Reason.UNDRAWN, False] += 1
        self._told(Reason.UNDRAWN, item, list(places), p, None)

    def _told(
        self,
        reason: Reason,
        item: str,
        places: list[int] | None,
        p: float | None,
        tie: float | None,
    ) -> None:
        self.files.drop({
            "item": item,
            "responses": places,
            "reason": reason.text,
            "p": None if p is None or p != p else round(p, 6),
            "tie": None if tie is None else round(tie, 6),
        })  # fmt: skip


def write_pairs(desk: Desk, found: Slice, items: Mapping[str, Item], writes: PairWriter) -> None:
    """Write the pairs of a slice; `items` has the texts of its prompts."""
    utility = np.where(found.out == Reason.KEPT, found.utility, np.nan)
    for g in alone(found.group, utility).tolist():
        desk.drop_prompt(found.prompts[g], why_alone(found, g))
    judged = _judged(desk.plan, found, utility, items)
    desk.tally.candidates += judged.pairs.P
    p, margin = judged.mass.p, margins(judged.mass.p)
    tie, dissent = judged.mass.tie, judged.mass.dissent
    for k in range(judged.pairs.P):
        rows = int(judged.pairs.better[k]), int(judged.pairs.worse[k])
        code = int(judged.codes[k])
        if code != Reason.KEPT:
            desk.drop(Reason(code), found, rows, float(p[k]), float(tie[k]))
            continue
        item = items[found.prompts[found.group[rows[0]]]]
        places = int(found.position[rows[0]]), int(found.position[rows[1]])
        one, two = item.responses[places[0]], item.responses[places[1]]
        by_gold = bool(judged.by_gold[k])
        pair = Preference(
            item.id, item.prompt, one.text, two.text, float(p[k]), float(tie[k]),
            float(margin[k]), int(judged.mass.votes[k]), float(dissent[k]), desk.plan.rubric,
            desk.plan.method, GOLD if by_gold else desk.plan.calibration, places,
            (one.model, two.model), desk.plan.judges,
        )  # fmt: skip
        _write(desk, pair, writes, by_gold=by_gold)
    voted = (judged.codes == Reason.KEPT) & ~judged.by_gold
    desk.tally.total += judged.mass.mass[voted].sum(axis=0)
    desk.tally.passed += int(voted.sum())


def why_alone(found: Slice, group: int) -> Reason:
    """Why a prompt has no two responses to pair: too few of them, or what their votes lack."""
    mine = (found.group == group) & (found.out == Reason.KEPT)
    silent = mine & np.isnan(found.utility)
    if mine.sum() < 2 or not silent.any():
        return Reason.ALONE
    return Reason(int(found.silent[np.flatnonzero(silent)[0]]))


def _write(desk: Desk, pair: Preference, writes: PairWriter, *, by_gold: bool) -> None:
    kept = pair if desk.plan.resample is None else desk.plan.resample.pair(pair)
    if kept is None:
        desk.undrawn(pair.item, pair.places, pair.p)
        return
    desk.check.pair(kept)
    desk.tally.turned += kept is not pair
    desk.tally.lengths.add(kept.chosen, kept.rejected, kept.item)
    side = desk.plan.split.side(kept.prompt)
    desk.tally.wrote(side, kept.item, by_gold=by_gold)
    desk.files.write(side, writes.row(kept, desk.plan.style), kept)


def _judged(plan: Plan, found: Slice, utility: Floats, items: Mapping[str, Item]) -> Judged:
    strategy = plan.wish.strategy
    if strategy is None or strategy == "best-of-n":
        raise ValueError("pairs are made by a strategy that makes pairs")
    pairs = drawn(found, utility, strategy)
    pairs, mass, by_gold = _with_gold(found, pairs, found.masses(pairs.better, pairs.worse))
    pairs, mass = settled(pairs, mass, strategy)
    mapped = plan.lesson.map.mapped(mass)
    # What gold says needs no map, and no votes either.
    mapped = replace(
        mapped,
        mass=np.where(by_gold[:, None], mass.mass, mapped.mass),
        lack=np.where(by_gold, np.int8(Reason.KEPT), mass.lack).astype(np.int8),
    )
    number = _texts(found, items)
    same = np.asarray(number[pairs.better] == number[pairs.worse])
    codes = screen(mapped, plan.lesson.bars, pairs.level & ~by_gold, same)
    tied = by_gold & (mapped.tie > 0) & ~same
    return Judged(pairs, mapped, by_gold, np.where(tied, np.int8(Reason.GOLD_TIE), codes))


def _texts(found: Slice, items: Mapping[str, Item]) -> Ints:
    """(R,) a number for each text, the same for the same text."""
    return text_numbers(
        items[found.prompts[g]].responses[k].text
        for g, k in zip(found.group.tolist(), found.position.tolist(), strict=True)
    )


def _with_gold(
    found: Slice, pairs: Candidates, mass: PairMass
) -> tuple[Candidates, PairMass, Bools]:
    """Pairs whose two sides have gold labels are what gold says, also the other way round."""
    first, second = found.gold_sides(pairs.better, pairs.worse)
    told = ~np.isnan(first) & ~np.isnan(second)
    outcome = outcomes(np.nan_to_num(first), np.nan_to_num(second))
    mass = replace(mass, mass=np.where(told[:, None], np.eye(3)[outcome], mass.mass))
    turn = told & (outcome == WORSE)
    return pairs.turned(turn), mass.turned(turn), told
