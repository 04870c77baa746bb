"""From what votes say of a pair to an honest p, learned from gold pairs of the same strategy.

Picking the best of K responses by noisy votes picks the noise as well (the winner's curse; the
optimiser's curse of Smith and Winkler 2006): among best-worst pairs p is inflated. A map learned
on random pairs does not mend it. In simulations its p is too high where prompts differ in how far
apart their responses are, and too low where they do not. So the map must be learned on pairs that
were drawn as those it is used on: the gold prompts go through the same strategy, on utilities that
no gold label has entered (a consensus that was given the gold knows these prompts too well).

p = better / (better + worse) and the mass on a tie are mapped apart: p on gold pairs that are no
ties, the tie mass on all gold pairs, where gold has ties and not only those. Which map, from a
temperature to isotonic, goes by the number of labels, and it is kept only where it helps on gold
held out by prompts (`calibration.choose`). No map turns the order of p round, and priors keep it
finite where gold is separated.

Letters: n gold pairs, P pairs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.calibration.choose import LEAST, Choice, choose, too_little
from w2s_judge.calibration.crossfit import FOLDS
from w2s_judge.calibration.folds import folds_of
from w2s_judge.calibration.maps import Identity, Map, floor_of, kish, two
from w2s_judge.preferences.pair_mass import BETTER, TIE, WORSE, PairMass, share

LEVEL = 1e-9  # gold utilities that differ by less are level


@dataclass(frozen=True, slots=True)
class PairMap:
    """Honest p and tie mass; `sure` maps (P(worse), P(better)), `tie` (P(no tie), P(tie))."""

    sure: Map
    tie: Map
    none: ClassVar[str] = "none: vote shares"

    @property
    def name(self) -> str:
        """What `Preference.calibration` calls it: "gold:platt", or "none: vote shares"."""
        named = [] if isinstance(self.sure, Identity) else [self.sure.name]
        if not isinstance(self.tie, Identity):
            named.append(f"ties {self.tie.name}")
        return f"gold:{', '.join(named)}" if named else self.none

    def apply(self, mass: Floats, /) -> Floats:
        """(P, 3) to (P, 3); rows sum to 1."""
        if isinstance(self.sure, Identity) and isinstance(self.tie, Identity):
            return mass
        p = self.sure.apply(two(share(mass)))[:, 1]
        tie = self.tie.apply(two(mass[:, TIE]))[:, 1]
        return np.stack([(1 - tie) * p, tie, (1 - tie) * (1 - p)], axis=1)

    def mapped(self, pairs: PairMass, /) -> PairMass:
        """The same pairs with mapped mass; votes, dissent and what is lacking stay."""
        return replace(pairs, mass=self.apply(pairs.mass))


NO_MAP = PairMap(Identity(), Identity())
"""Without gold: p and tie are the votes' own shares."""


@dataclass(frozen=True, eq=False, slots=True)
class Learned:
    """A map from gold pairs.

    held_out : (n, 3) each gold pair's mass under a map that saw nothing of its prompt's fold
    tried    : whether gold sufficed to try a map on p; if not, votes that only rank must be left
               out, since nothing makes them probabilities
    notes    : what was decided, in plain words
    """

    map: PairMap
    held_out: Floats
    tried: bool
    notes: tuple[str, ...]


def outcomes(first: Floats, second: Floats) -> Ints:
    """(n,) BETTER, TIE or WORSE from gold's utilities of the first and the second response."""
    apart = first - second
    found = np.select([apart > LEVEL, apart < -LEVEL], [BETTER, WORSE], TIE)
    return found.astype(np.int32)


def learn(
    mass: Floats,
    outcome: Ints,
    prompt: Ints,
    weight: Floats | None = None,
    *,
    ties_tell: bool = True,
    folds: int = FOLDS,
    seed: int = 0,
) -> Learned:
    """From mass (n, 3), unmapped, of gold pairs drawn by the strategy the map is used for.

    outcome   : (n,) BETTER, TIE or WORSE by gold
    prompt    : (n,) pairs with one number are of one prompt, and held out together
    weight    : (n,) inverse of the probability by which both responses came to be labelled
    ties_tell : False where gold is coarser than the votes, so that two responses of one gold class
                may differ all the same: its ties are then left out, and the tie mass stays
    Single responses go through as well: mass (p, 0, 1 - p), BETTER for desirable.
    """
    size = len(mass)
    weight = np.ones(size) if weight is None else weight
    fold = folds_of(outcome, prompt, folds, seed)
    gold = _Gold(mass, outcome, prompt, weight, fold, ties_tell)
    every = np.ones(size, dtype=np.bool_)
    sure, tie = gold.sure(every), gold.tie(every)
    held_out = mass.copy()
    for f in np.unique(fold):
        rest = fold != f
        inner = PairMap(gold.sure(rest).map, gold.tie(rest).map)
        held_out[~rest] = inner.apply(mass[~rest])
    untied = outcome != TIE
    tried = int(untied.sum()) >= LEAST and len(np.unique(fold[untied])) > 1
    return Learned(
        PairMap(sure.map, tie.map), held_out, tried, (f"p: {sure.why}", f"ties: {tie.why}")
    )


@dataclass(frozen=True, eq=False, slots=True)
class _Gold:
    mass: Floats
    outcome: Ints
    prompt: Ints
    weight: Floats
    fold: Ints
    ties_tell: bool

    def sure(self, among: Bools) -> Choice:
        """The map of p from the gold pairs of `among` (n,) that are no ties."""
        untied = self.outcome != TIE
        if untied.sum() >= LEAST and len(np.unique(self.outcome[untied])) == 1:
            return self._mirrored(untied & among)
        return self._chosen(share(self.mass), self.outcome == BETTER, untied, among)

    def _mirrored(self, rows: Bools) -> Choice:
        """One temperature where gold agrees with every pair, or with none.

        Each pair stands there twice, the second time turned round: a temperature, which knows no
        sides, fits both alike, and so few errors that none was seen say how sure p may be.
        """
        p, label = share(self.mass[rows]), (self.outcome[rows] == BETTER).astype(np.int32)
        posterior = np.concatenate([two(p), two(1 - p)])
        return choose(
            posterior, np.r_[label, 1 - label], np.tile(self.weight[rows], 2),
            np.tile(self.fold[rows], 2), np.tile(self.prompt[rows], 2), floor_of(posterior),
            size=1.0, least=0,
        )  # fmt: skip

    def tie(self, among: Bools) -> Choice:
        """The map of the tie mass from all gold pairs of `among`."""
        if not self.ties_tell:
            return Choice(Identity(), "gold is coarser than the votes: its ties tell nothing")
        every = np.ones(len(self.outcome), dtype=np.bool_)
        return self._chosen(self.mass[:, TIE], self.outcome == TIE, every, among)

    def _chosen(self, p: Floats, hit: Bools, of: Bools, among: Bools) -> Choice:
        """From P(hit) p (n,) on the gold pairs `of` and `among`; size and zeros are those of `of`.

        A map without a fold is to be of the same kind as the one of all folds.
        """
        posterior, label = two(p), hit.astype(np.int32)
        short = too_little(label[of], 2)
        if short is not None:  # too little for a map is too little for one without a fold
            return Choice(Identity(), short)
        floor = floor_of(posterior[of])
        rows = of & among
        folds = len(np.unique(self.fold[of]))
        least = LEAST if among.all() else LEAST * (folds - 1) // folds
        return choose(
            posterior[rows], label[rows], self.weight[rows], self.fold[rows], self.prompt[rows],
            floor, size=kish(self.weight[of]), least=least,
        )  # fmt: skip
