"""Slices to rows: candidates are screened, written, or dropped with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.preferences.contract import PairWriter, RatedWriter, Style
from w2s_judge.preferences.files import DatasetFiles
from w2s_judge.preferences.lengths import Lengths
from w2s_judge.preferences.orientation import settled
from w2s_judge.preferences.pair_map import outcomes
from w2s_judge.preferences.pair_mass import BETTER, TIE, WORSE, PairMass, margins
from w2s_judge.preferences.rated import rate
from w2s_judge.preferences.reasons import Codes, Reason
from w2s_judge.preferences.resample import Resample
from w2s_judge.preferences.same_text import text_numbers
from w2s_judge.preferences.screening import screen
from w2s_judge.preferences.split import Split
from w2s_judge.preferences.strategies import Candidates, alone, best_of, candidates
from w2s_judge.types import Item, Preference, Rated
from w2s_judge.workflows.pair_lessons import Lesson, Wish, mapped_upper
from w2s_judge.workflows.pair_slices import Slice

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
    ties_tell: bool


@dataclass(slots=True)
class Tally:
    """What was seen and what became of it. `total` (3,) sums the mass of the pairs written."""

    prompts: int = 0
    candidates: int = 0
    kept: int = 0
    resampled: int = 0
    dropped: Counter[Reason] = field(default_factory=Counter)
    total: Floats = field(default_factory=lambda: np.zeros(3))
    lengths: Lengths = field(default_factory=Lengths)
    checked: list[tuple[int, str]] = field(default_factory=list)  # outcome, prompt


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """Candidate pairs of a slice, P of them: in their final direction, mapped, with their codes."""

    pairs: Candidates
    mass: PairMass
    by_gold: Bools
    codes: Codes


class Writing:
    """Writes slice after slice. `check` is gold that was held back, by item and positions."""

    def __init__(self, files: DatasetFiles, plan: Plan, check: Mapping[object, float]) -> None:
        self.files, self.plan, self.check = files, plan, check
        self.tally = Tally()

    def write(self, found: Slice, items: Mapping[str, Item]) -> None:
        """Write what is in a slice; `items` has the texts of its prompts."""
        self.tally.prompts += len(found.prompts)
        for r in np.flatnonzero(found.out != Reason.KEPT).tolist():
            self._drop(Reason(int(found.out[r])), found, (r,))
        if isinstance(self.plan.writes, PairWriter):
            self._write_pairs(found, items, self.plan.writes)
        else:
            self._write_rated(found, items, self.plan.writes)

    def unjudged(self, name: str, *, asked: bool) -> None:
        """Tell of a prompt that nobody voted on, or that was not asked about."""
        self.tally.prompts += 1
        self._drop_prompt(name, Reason.NO_VOTE if asked else Reason.UNASKED)

    def _write_pairs(self, found: Slice, items: Mapping[str, Item], writes: PairWriter) -> None:
        utility = np.where(found.out == Reason.KEPT, found.utility, np.nan)
        for g in alone(found.group, utility).tolist():
            self._drop_prompt(found.prompts[g], Reason.ALONE)
        judged = self._judged(found, utility, items)
        self.tally.candidates += judged.pairs.P
        p, margin = judged.mass.p, margins(judged.mass.p)
        tie, dissent = judged.mass.tie, judged.mass.dissent
        for k in range(judged.pairs.P):
            rows = int(judged.pairs.better[k]), int(judged.pairs.worse[k])
            code = int(judged.codes[k])
            if code != Reason.KEPT:
                self._drop(Reason(code), found, rows, float(p[k]), float(tie[k]))
                continue
            item = items[found.prompts[found.group[rows[0]]]]
            places = int(found.position[rows[0]]), int(found.position[rows[1]])
            one, two = item.responses[places[0]], item.responses[places[1]]
            self._keep(
                Preference(
                    item.id, item.prompt, one.text, two.text, float(p[k]), float(tie[k]),
                    float(margin[k]), int(judged.mass.votes[k]), float(dissent[k]),
                    self.plan.rubric, self.plan.method,
                    GOLD if judged.by_gold[k] else self.plan.calibration,
                    places, (one.model, two.model), self.plan.judges,
                ),
                writes,
            )  # fmt: skip
        self.tally.total += judged.mass.mass[judged.codes == Reason.KEPT].sum(axis=0)

    def _judged(self, found: Slice, utility: Floats, items: Mapping[str, Item]) -> Judged:
        strategy = self.plan.wish.strategy
        if strategy is None:
            raise ValueError("pairs are made by a strategy")
        pairs = candidates(found.group, utility, strategy)
        mass = found.masses(pairs.better, pairs.worse)
        pairs, mass, by_gold = _with_gold(found, pairs, mass, ties_tell=self.plan.ties_tell)
        pairs, mass = settled(pairs, mass, strategy)
        mapped = self.plan.lesson.map.mapped(mass)
        # What gold says needs no map, and no votes either.
        mapped = replace(
            mapped,
            mass=np.where(by_gold[:, None], mass.mass, mapped.mass),
            lack=np.where(by_gold, np.int8(Reason.KEPT), mass.lack).astype(np.int8),
        )
        number = self._texts(found, items)
        same = np.asarray(number[pairs.better] == number[pairs.worse])
        codes = screen(mapped, self.plan.lesson.bars, pairs.level & ~by_gold, same)
        return Judged(pairs, mapped, by_gold, codes)

    @staticmethod
    def _texts(found: Slice, items: Mapping[str, Item]) -> Ints:
        """(R,) a number for each text, the same for the same text."""
        return text_numbers(
            items[found.prompts[g]].responses[k].text
            for g, k in zip(found.group.tolist(), found.position.tolist(), strict=True)
        )

    def _write_rated(self, found: Slice, items: Mapping[str, Item], writes: RatedWriter) -> None:
        utility = np.where(found.out == Reason.KEPT, found.utility, np.nan)
        upper = np.full(len(utility), np.nan) if found.upper is None else found.upper
        gold = np.full(len(utility), np.nan) if found.gold is None else found.gold
        every = self.plan.wish.strategy is None
        rows = np.flatnonzero(found.out == Reason.KEPT) if every else best_of(found.group, utility)
        self.tally.candidates += len(rows)
        p = mapped_upper(upper[rows], self.plan.lesson, claimed=every)
        by_gold = ~np.isnan(gold[rows])
        p = np.where(by_gold, gold[rows], p)
        good, codes = rate(p, self.plan.lesson.bars.min_p, undesirable=writes.undesirable)
        only_ranks = found.ranks[rows] & ~by_gold & (not self.plan.lesson.tried)
        codes = np.where(only_ranks, np.int8(Reason.RANKS_ONLY), codes)
        for k, r in enumerate(rows.tolist()):
            if codes[k] != Reason.KEPT:
                self._drop(Reason(int(codes[k])), found, (r,), float(p[k]))
                continue
            item = items[found.prompts[found.group[r]]]
            place = int(found.position[r])
            response = item.responses[place]
            side = float(p[k]) if good[k] else 1 - float(p[k])
            self._keep_rated(
                Rated(
                    item.id, item.prompt, response.text, float(p[k]), bool(good[k]),
                    int(found.votes[r]), 1 - side, self.plan.rubric, self.plan.method,
                    GOLD if by_gold[k] else self.plan.calibration, place, response.model,
                    self.plan.judges,
                ),
                writes,
            )  # fmt: skip

    def _keep(self, pair: Preference, writes: PairWriter) -> None:
        self.tally.kept += 1
        self._check(pair)
        drawn = pair if self.plan.resample is None else self.plan.resample.pair(pair)
        if drawn is None:
            self.tally.resampled += 1
            return
        self.tally.lengths.add(drawn.chosen, drawn.rejected, drawn.item)
        side = self.plan.split.side(drawn.prompt)
        self.files.write(side, writes.row(drawn, self.plan.style), drawn)

    def _keep_rated(self, one: Rated, writes: RatedWriter) -> None:
        self.tally.kept += 1
        sure = one.p if one.desirable else 1 - one.p
        self.tally.total += np.array([sure, 0.0, 1 - sure])
        known = self.check.get((one.item, (one.place,)))
        if known is not None:
            right = known > 0.5 if one.desirable else known < 0.5
            self.tally.checked.append((BETTER if right else WORSE, one.item))
        drawn = one if self.plan.resample is None else self.plan.resample.rated(one)
        if drawn is None:
            self.tally.resampled += 1
            return
        side = self.plan.split.side(drawn.prompt)
        self.files.write(side, writes.row(drawn, self.plan.style), drawn)

    def _check(self, pair: Preference) -> None:
        """Note what gold that was held back says of a pair."""
        if not self.check:
            return
        low, high = sorted(pair.places)
        whole = self.check.get((pair.item, (low, high)))
        if whole is not None:
            first = whole if pair.places[0] == low else 1 - whole
            sides = first, 1 - first
        else:
            known = [self.check.get((pair.item, (place,))) for place in pair.places]
            if known[0] is None or known[1] is None:
                return
            sides = known[0], known[1]
        outcome = int(outcomes(np.array([sides[0]]), np.array([sides[1]]))[0])
        self.tally.checked.append((outcome, pair.item))

    def _drop(
        self,
        reason: Reason,
        found: Slice,
        rows: tuple[int, ...],
        p: float | None = None,
        tie: float | None = None,
    ) -> None:
        self.tally.dropped[reason] += 1
        self.files.drop({
            "item": found.prompts[found.group[rows[0]]],
            "responses": [int(found.position[r]) for r in rows],
            "reason": reason.text,
            "p": None if p is None or p != p else round(p, 6),
            "tie": None if tie is None else round(tie, 6),
        })  # fmt: skip

    def _drop_prompt(self, name: str, reason: Reason) -> None:
        self.tally.dropped[reason] += 1
        self.files.drop(
            {"item": name, "responses": None, "reason": reason.text, "p": None, "tie": None}
        )


def _with_gold(
    found: Slice, pairs: Candidates, mass: PairMass, *, ties_tell: bool
) -> tuple[Candidates, PairMass, Bools]:
    """Pairs whose two sides have gold labels are what gold says, also the other way round.

    A tie by gold is one only where gold is as fine as the votes.
    """
    first, second = found.gold_sides(pairs.better, pairs.worse)
    told = ~np.isnan(first) & ~np.isnan(second)
    outcome = outcomes(np.nan_to_num(first), np.nan_to_num(second))
    if not ties_tell:
        told &= outcome != TIE
    mass = replace(mass, mass=np.where(told[:, None], np.eye(3)[outcome], mass.mass))
    turn = told & (outcome == WORSE)
    return pairs.turned(turn), mass.turned(turn), told


def reasons(tally: Tally) -> Iterator[tuple[str, int]]:
    """Why what was left out was, most frequent first."""
    for reason, count in tally.dropped.most_common():
        yield reason.text, count
