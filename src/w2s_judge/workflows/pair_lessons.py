"""What gold teaches of pairs drawn by the strategy: a map for p, a bar, the share that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.errors import UsageError
from w2s_judge.preferences.noise import Noise, checked_noise
from w2s_judge.preferences.orientation import settled
from w2s_judge.preferences.pair_map import NO_MAP, PairMap, learn, outcomes
from w2s_judge.preferences.pair_mass import BETTER, WORSE, share
from w2s_judge.preferences.promise import promise
from w2s_judge.preferences.reasons import Reason
from w2s_judge.preferences.screening import Bars
from w2s_judge.preferences.strategies import Strategy, best_of
from w2s_judge.workflows.pair_slices import Slice, drawn

Chances: TypeAlias = Callable[[Ints, Ints], Floats]
FEWEST = 2  # prompts: the map is tried on prompts that it did not see


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of the pairs. `strategy` None: single responses, good and bad (KTO)."""

    strategy: Strategy | None = "best-worst"
    min_p: float = 0.8
    max_tie: float = 0.5
    max_error: float | None = None
    confidence: float = 0.9
    seed: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class Lesson:
    """What came of gold; without gold p is the votes' own.

    tried : whether there was gold enough for a map; if not, votes that only rank stay out
    pairs : gold pairs (or responses) that it was learned from
    """

    map: PairMap
    bars: Bars
    tried: bool = False
    pairs: int = 0
    noise: Noise | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Examples:
    """Gold pairs drawn by the strategy, n of them: unmapped mass, outcome, prompt, sampling."""

    mass: Floats
    outcome: Ints
    prompt: Ints
    chosen: Floats

    def only(self, kept: Bools) -> Examples:
        return Examples(self.mass[kept], self.outcome[kept], self.prompt[kept], self.chosen[kept])


def examples(found: Slice, chosen: Chances, wish: Wish) -> Examples:
    """From a slice of the prompts that have gold.

    `chosen` gives, for rows (n,) and rows (n,), the probability that the labels of both were drawn;
    for single responses both are the same row.
    """
    utility = np.where(found.out == Reason.KEPT, found.utility, np.nan)
    if wish.strategy is None or wish.strategy == "best-of-n":
        every = wish.strategy is None
        known = np.flatnonzero(~np.isnan(utility)).astype(np.int32)
        rows = known if every else best_of(found.group, utility)
        return _single(found, rows, chosen, claimed=every)
    pairs = drawn(found, utility, wish.strategy)
    pairs, mass = settled(pairs, found.masses(pairs.better, pairs.worse), wish.strategy)
    first, second = found.gold_sides(pairs.better, pairs.worse)
    told = ~np.isnan(first) & ~np.isnan(second) & (mass.lack == Reason.KEPT) & ~pairs.level
    every_pair = Examples(
        mass.mass, outcomes(np.nan_to_num(first), np.nan_to_num(second)),
        found.group[pairs.better], chosen(pairs.better, pairs.worse),
    )  # fmt: skip
    return every_pair.only(told)


def _single(found: Slice, rows: Ints, chosen: Chances, *, claimed: bool) -> Examples:
    """Single responses as pairs of "desirable" against "not"; turned to the side they claim."""
    upper = np.full(len(found.group), np.nan) if found.upper is None else found.upper
    gold = np.full(len(found.group), np.nan) if found.desired is None else found.desired
    rows = rows[~np.isnan(upper[rows]) & ~np.isnan(gold[rows])]
    p = upper[rows]
    mass = np.stack([p, np.zeros(len(p)), 1 - p], axis=1)
    outcome = outcomes(gold[rows], np.full(len(rows), 0.5))
    if claimed:
        mass, outcome = to_claimed(mass, outcome)
    return Examples(mass, outcome, found.group[rows], chosen(rows, rows))


def to_claimed(mass: Floats, outcome: Ints) -> tuple[Floats, Ints]:
    """The likelier side first: "right" against "wrong" of the side that is claimed."""
    turn = mass[:, BETTER] < mass[:, WORSE]
    turned = np.where(turn, WORSE + BETTER - outcome, outcome).astype(np.int32)
    return np.where(turn[:, None], mass[:, ::-1], mass), turned


def lesson(gold: Examples | None, wish: Wish, *, ties_tell: bool) -> Lesson:
    """Learn from gold pairs; `UsageError` where `--max-error` is asked for and there is no gold."""
    bars = Bars(wish.min_p, wish.max_tie)
    if gold is None:
        if wish.max_error is not None:
            raise UsageError(
                "--max-error promises an error rate, and only gold labels can: give --gold"
            )
        return Lesson(NO_MAP, bars, notes=("no gold: p is the judges' own account, unchecked",))
    prompts = len(np.unique(gold.prompt))
    if prompts < FEWEST and wish.max_error is None:
        note = (
            f"gold tells the better response in {len(gold.mass)} of the pairs that the strategy "
            "draws, too few to learn from: p is the judges' own account, unchecked"
        )
        return Lesson(NO_MAP, bars, pairs=len(gold.mass), notes=(note,))
    weight = 1 / gold.chosen
    if wish.max_error is not None:
        kept = promise(
            gold.mass, gold.outcome, gold.prompt, wish.max_error, wish.confidence,
            max_tie=wish.max_tie, chosen=gold.chosen, ties_tell=ties_tell, seed=wish.seed,
        )  # fmt: skip
        noise = checked_noise(
            kept.held_out, gold.outcome, gold.prompt, kept.bars, weight, ties_tell=ties_tell
        )
        return Lesson(kept.map, kept.bars, kept.tried, len(gold.mass), noise, notes=kept.notes)
    learned = learn(
        gold.mass, gold.outcome, gold.prompt, weight, ties_tell=ties_tell, seed=wish.seed
    )
    noise = checked_noise(
        learned.held_out, gold.outcome, gold.prompt, bars, weight, ties_tell=ties_tell
    )
    return Lesson(learned.map, bars, learned.tried, len(gold.mass), noise, notes=learned.notes)


def mapped_upper(upper: Floats, lesson: Lesson, *, claimed: bool) -> Floats:
    """(n,) P(desirable) after the map; NaN stays NaN."""
    known = ~np.isnan(upper)
    p = upper[known]
    turn = (p < 0.5) & claimed
    side = np.where(turn, 1 - p, p)
    mass = np.stack([side, np.zeros(len(p)), 1 - side], axis=1)
    side = share(lesson.map.apply(mass))
    out = upper.copy()
    out[known] = np.where(turn, 1 - side, side)
    return out
