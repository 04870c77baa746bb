"""What votes say of pairs of responses: mass on better, tie, worse, and what it rests on.

Letters: P pairs, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.preferences.reasons import Codes, Reason

BETTER, TIE, WORSE = 0, 1, 2
EVEN = 0.5  # the utility of the first of two under a label that calls them a tie
SURE = 0.999  # a margin takes no pair for surer: no panel is known to a thousandth


@dataclass(frozen=True, eq=False, slots=True)
class PairMass:
    """Pairs as their votes see them.

    mass  : (P, 3) on "the first is better", tie, "the second is better"; rows sum to 1
    said  : (P, 3) the mean mass of the judges; a map changes `mass` and leaves this
    votes : (P,) judges that entered, each once however often it voted
    lack  : (P,) why a pair's mass is not to be used: `Reason` NEVER_COMPARED, NO_VOTE, RANKS_ONLY
            or ONE_ORDER, else KEPT. Where no judge entered the mass is uniform.
    """

    mass: Floats
    said: Floats
    votes: Ints
    lack: Codes

    @property
    def P(self) -> int:  # noqa: N802 (the field's letter)
        """Number of pairs."""
        return len(self.mass)

    @property
    def p(self) -> Floats:
        """(P,) P(first better) / (P(first better) + P(second better)); .5 where both are 0."""
        return share(self.mass)

    @property
    def tie(self) -> Floats:
        """(P,) mass on a tie."""
        return self.mass[:, TIE]

    @property
    def dissent(self) -> Floats:
        """(P,) in [0, 1], mean mass of the judges off "the first is better"."""
        return 1 - self.said[:, BETTER]

    def turned(self, which: Bools) -> PairMass:
        """The same pairs, those of `which` (P,) the other way round."""
        turn = which[:, None]
        return replace(
            self,
            mass=np.where(turn, self.mass[:, ::-1], self.mass),
            said=np.where(turn, self.said[:, ::-1], self.said),
        )

    def only(self, kept: npt.NDArray[Any]) -> PairMass:
        """Some of the pairs (a mask or indices, which may recur)."""
        return PairMass(self.mass[kept], self.said[kept], self.votes[kept], self.lack[kept])


def share(mass: Floats) -> Floats:
    """(P,) p of the mass (P, 3): better / (better + worse), .5 where both are 0."""
    sides = mass[:, BETTER] + mass[:, WORSE]
    return np.where(sides > 0, mass[:, BETTER] / np.where(sides > 0, sides, 1.0), 0.5)


def margins(p: Floats) -> Floats:
    """Natural logit of p, clipped at +- logit(.999) = 6.9."""
    return np.asarray(logit(np.clip(p, 1 - SURE, SURE)))


def sides(mass: Floats, worth: Floats) -> Floats:
    """(n, 3) on first better, tie, second better, from mass (n, L) on what was said of two.

    worth (L,) is the utility in [0, 1] of the *first*: above .5 it is the better, at .5 they tie.
    How far off .5 it lies does not count: "slightly better" is better.
    """
    better, worse = worth > EVEN, worth < EVEN
    return np.stack(
        [mass @ better.astype(np.float64), mass @ (~better & ~worse).astype(np.float64),
         mass @ worse.astype(np.float64)],
        axis=1,
    )  # fmt: skip


def from_posterior(posterior: Floats, worth: Sequence[float], said: PairMass) -> PairMass:
    """The consensus in place of the mean vote: for pairs that were asked about as pairs.

    posterior : (P, C) of the pairs of `said`, rows sum to 1
    worth     : (C,) utility in [0, 1] of the first response under each class
    Votes, dissent and what is lacking stay those of the votes themselves; a pair without a vote
    has only a prior, and stays without.
    """
    mass = sides(posterior, np.asarray(worth, dtype=np.float64))
    heard = (said.lack == Reason.KEPT)[:, None]
    return replace(said, mass=np.where(heard, mass, said.mass))


def averaged(masses: Sequence[PairMass]) -> PairMass:
    """The same pairs under several rubrics as one: mass is averaged, votes are summed.

    A pair must be heard under every rubric; the first that lacks it says why it is not. Raises
    `ValueError` where there is no rubric.
    """
    if not masses:
        raise ValueError("there is no rubric to take pairs from")
    if len(masses) == 1:
        return masses[0]
    lacks = np.stack([one.lack for one in masses])
    first = np.argmax(lacks != Reason.KEPT, axis=0)
    return PairMass(
        np.mean([one.mass for one in masses], axis=0),
        np.mean([one.said for one in masses], axis=0),
        np.sum([one.votes for one in masses], axis=0).astype(np.int32),
        lacks[first, np.arange(lacks.shape[1])],
    )


def gathered(total: Floats, votes: Ints, lack: Codes) -> PairMass:
    """From the sum (P, 3) of the masses of `votes` (P,) judges; uniform where there are none."""
    mass = np.where((votes > 0)[:, None], total, 1.0)
    mass /= mass.sum(axis=1, keepdims=True)
    return PairMass(mass, mass, votes, lack)
