"""A method with gold: its posterior mapped to honest probabilities, and what it says unseen.

A fit that saw an item's label is certain of it, so that neither a map nor a figure may come from
there. The method is fitted without each fold of gold; the map is fitted on what these fits say of
the gold they did not see. For `held_out` nothing at all may have seen a fold's labels: neither the
fit, nor the map, nor the fits that the map learnt from. That takes fits without two folds, in all
1 + folds + folds (folds - 1) / 2: 16 with 5 folds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.calibration.choose import LEAST, UNIMPROVED, Choice, choose, too_little
from w2s_judge.calibration.folds import folds_of
from w2s_judge.calibration.maps import Identity, Map, floor_of, kish
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

Fitted = Callable[[VoteMatrix, Gold | None], Consensus]
FOLDS = 5


@dataclass(frozen=True, eq=False, slots=True)
class Calibrated:
    """`consensus` of all gold, mapped; its `map`; `held_out` (G, C), rows as gold's.

    An accuracy or a calibration of `held_out` is one of items that nothing in it saw.
    """

    consensus: Consensus
    map: Map
    held_out: Floats


def with_gold(
    method: Fitted, votes: VoteMatrix, gold: Gold, *, folds: int = FOLDS, seed: int = 0
) -> Calibrated:
    """Fit, calibrate and hold out; see `choose` for which map, and whether any.

    Gold items keep their label, items without a vote their prior. What was decided is the last
    of the consensus' notes.
    """
    consensus, chosen, once = _calibrated(method, votes, gold, folds, seed)
    if chosen is None:
        return Calibrated(consensus, Identity(), once.held)
    held, fold, voted = once.held, once.without.fold, votes.support[gold.item] > 0
    size, least = kish(gold.weight[voted]), LEAST * (folds - 1) // folds
    mapped, two = held.copy(), once.without.two()
    for f in once.floors:
        rest, mine = voted & (fold != f), voted & (fold == f)
        rows = _without_also(held, f, fold, two)
        inner = _choose(rows, votes, gold, fold, rest, once.floors[f], size, least)
        mapped[mine] = inner.map.apply(held[mine])
    return Calibrated(consensus, chosen.map, mapped)


def calibrated(
    method: Fitted, votes: VoteMatrix, gold: Gold, *, folds: int = FOLDS, seed: int = 0
) -> Consensus:
    """The consensus of `with_gold` alone: 1 + folds fits, for nothing is held out of the map."""
    return _calibrated(method, votes, gold, folds, seed)[0]


def _calibrated(
    method: Fitted, votes: VoteMatrix, gold: Gold, folds: int, seed: int
) -> tuple[Consensus, Choice | None, _Once]:
    """The consensus, mapped; what was chosen, None where gold is too little; the fits for it."""
    consensus = method(votes, gold)
    fold = folds_of(gold.label, votes.group[gold.item], folds, seed)
    without = _Without(method, votes, gold, fold)
    once = _Once(without, *without.each())
    voted = votes.support[gold.item] > 0
    short = too_little(gold.label[voted], len(gold.classes))
    if short is not None:
        return _told(consensus, short), None, once
    floor = min(once.floors.values())
    chosen = _choose(once.held, votes, gold, fold, voted, floor, None, LEAST)
    return _mapped(consensus, votes, gold, chosen), chosen, once


def held_out(
    method: Fitted, votes: VoteMatrix, gold: Gold, *, folds: int = FOLDS, seed: int = 0
) -> Floats:
    """(G, C) posterior of each gold item from a fit without its fold, not mapped."""
    fold = folds_of(gold.label, votes.group[gold.item], folds, seed)
    return _Without(method, votes, gold, fold).each()[0]


@dataclass(frozen=True, slots=True)
class _Without:
    """Fits without one fold or two."""

    method: Fitted
    votes: VoteMatrix
    gold: Gold
    fold: Ints

    def fit(self, *left_out: int) -> Consensus:
        found = self.method(self.votes, self.gold.only(~np.isin(self.fold, left_out)))
        if found.classes != self.gold.classes:
            raise ValueError(
                f"gold has the classes {self.gold.classes}, the method answered {found.classes}"
            )
        return found

    def each(self) -> tuple[Floats, dict[int, float]]:
        """(G, C) rows from the fit without their fold; by fold, what its fit's zeros are read as.

        The zeros are counted among items with votes and without a label in that fit.
        """
        rows = np.zeros((self.gold.G, len(self.gold.classes)))
        floors = {}
        for f in map(int, np.unique(self.fold)):
            posterior = self.fit(f).posterior
            rows[self.fold == f] = posterior[self.gold.item[self.fold == f]]
            free = self.votes.support > 0
            free[self.gold.item[self.fold != f]] = False
            floors[f] = floor_of(posterior[free])
        return rows, floors

    def two(self) -> dict[tuple[int, int], Floats]:
        """By pair of folds, the (G, C) posteriors of gold items in the fit without both."""
        folds = list(map(int, np.unique(self.fold)))
        pairs = [(f, g) for f in folds for g in folds if f < g]
        return {(f, g): self.fit(f, g).posterior[self.gold.item] for f, g in pairs}


@dataclass(frozen=True, slots=True)
class _Once:
    """What fits without one fold gave; see `_Without.each`."""

    without: _Without
    held: Floats
    floors: dict[int, float]


def _without_also(held: Floats, f: int, fold: Ints, two: dict[tuple[int, int], Floats]) -> Floats:
    """(G, C) rows from the fits without fold f and without their own; those of f stay 0."""
    rows = np.zeros_like(held)
    for g in map(int, np.unique(fold)):
        if g != f:
            rows[fold == g] = two[min(f, g), max(f, g)][fold == g]
    return rows


def _choose(
    rows: Floats,
    votes: VoteMatrix,
    gold: Gold,
    fold: Ints,
    among: Bools,
    floor: float,
    size: float | None,
    least: int,
) -> Choice:
    group = votes.group[gold.item]
    return choose(
        rows[among], gold.label[among], gold.weight[among], fold[among], group[among], floor,
        size=size, least=least,
    )  # fmt: skip


def _mapped(consensus: Consensus, votes: VoteMatrix, gold: Gold, chosen: Choice) -> Consensus:
    if isinstance(chosen.map, Identity):
        told = _told(consensus, chosen.why)
        checked = told.calibration == "none" and unimproved(told)
        return replace(told, calibration="model") if checked else told
    voted = votes.support > 0
    voted[gold.item] = False
    posterior = consensus.posterior.copy()
    posterior[voted] = chosen.map.apply(posterior[voted])
    posterior[gold.item] = np.eye(len(gold.classes))[gold.label]
    told = _told(consensus, chosen.why)
    return replace(told, posterior=posterior, calibration=f"gold:{chosen.map.name}")


def unimproved(consensus: Consensus) -> bool:
    """Whether a map was tried on gold, and what the method says itself was no worse."""
    return any(note.endswith(UNIMPROVED) for note in consensus.notes)


def _told(consensus: Consensus, why: str) -> Consensus:
    return replace(consensus, notes=(*consensus.notes, f"calibration: {why}"))
