"""Posteriors that took votes for independent, made as modest as the votes are dependent.

    log P'  =  log prior + (n_eff / n) (log P - log prior)  + constant
    out     =  (1 - MIX) P' + MIX * vote share

with n the votes on the item and n_eff what they are worth: n / (1 + (n - 1) phi), at most the
number of families that voted. Without gold phi is an assumption: `INFLATION` times the residual
dependence of the votes on their shares, which is too low because the shares hold the very votes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.calibration.class_mass import class_mass, class_shares
from w2s_judge.calibration.dependence import effective_votes, residual_dependence
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

INFLATION = 1.5  # of the measured residual dependence
MIX = 0.3  # weight of the vote share
TINY = 1e-300  # stands for probability 0 where a logarithm is taken


@dataclass(frozen=True, slots=True)
class Tempering:
    """What a posterior was tempered with: phi, mean n and n_eff, the cap, the mixture."""

    phi: float
    votes: float
    effective: float
    by_family: bool
    mixed: bool

    @property
    def note(self) -> str:
        """The assumption in plain words."""
        cap = (
            "capped by the number of families"
            if self.by_family
            else "the families of the judges are not known, so that no cap is applied for them"
        )
        mixed = f"; mixed with {MIX:g} of the vote share" if self.mixed else ""
        return (
            f"tempered without gold: {self.votes:.1f} votes an item are taken for "
            f"{self.effective:.1f} independent ones (error correlation assumed {self.phi:.2f}; "
            f"{cap}){mixed}. This is an assumption; gold checks it"
        )


def powered(posterior: Floats, prior: Floats, ratio: Floats) -> Floats:
    """(I, C) prior * (posterior / prior)^ratio, rows scaled to sum to one; ratio (I,) in [0, 1]."""
    against = np.log(np.maximum(prior, TINY))
    scores = against + ratio[:, None] * (np.log(np.maximum(posterior, TINY)) - against)
    scores -= scores.max(axis=1, keepdims=True)
    rows = np.exp(scores)
    return np.asarray(rows / rows.sum(axis=1, keepdims=True))


def families(votes: VoteMatrix) -> Floats | None:
    """(I,) families that voted on each item, a rater of unknown family its own; None: none known.

    An item without votes has 0.
    """
    if all(name is None for name in votes.family):
        return None
    names = [f"\0{j}" if name is None else name for j, name in enumerate(votes.family)]
    number = np.unique(names, return_inverse=True)[1]
    pairs = np.unique(votes.item.astype(np.int64) * votes.J + number[votes.rater])
    return np.bincount(pairs // votes.J, minlength=votes.I).astype(np.float64)


def tempered(
    consensus: Consensus, votes: VoteMatrix, gold: Gold | None = None, *, phi: float | None = None
) -> Consensus:
    """The consensus of a method that takes votes for independent, tempered and mixed.

    phi in [0, 1] is the correlation of errors where it is known, else it is assumed from the votes.
    Where a rater's labels mean the classes in no known way, nothing is mixed in, and dependence is
    measured on the labels. Gold items keep their label, items without a vote their prior.
    """
    C = len(consensus.classes)  # noqa: N806
    mass = class_mass(votes, gold)
    of_vote = votes.soft() if mass is None else mass
    share, count = class_shares(votes, of_vote)
    if phi is None:
        phi = min(1.0, INFLATION * residual_dependence(votes, of_vote, share))
    effective = effective_votes(count, phi)
    of_family = families(votes)
    if of_family is not None:
        effective = np.minimum(effective, of_family)
    free = count > 0
    voted = max(int(free.sum()), 1)
    mean = Tempering(
        phi, count.sum() / voted, effective.sum() / voted, of_family is not None, mass is not None
    )
    if gold is not None:
        free[gold.item] = False
    prior = np.full(C, 1 / C) if consensus.prior is None else consensus.prior
    rows = powered(consensus.posterior[free], prior, np.minimum(effective[free] / count[free], 1.0))
    posterior = consensus.posterior.copy()
    posterior[free] = rows if mass is None else (1 - MIX) * rows + MIX * share[free]
    notes = (*consensus.notes, mean.note)
    return replace(consensus, posterior=posterior, calibration="tempered", notes=notes)
