"""Posteriors that took votes for independent, made as modest as the votes are dependent.

    log P'  =  log base + (n_eff / n) (log P - log base)  + constant
    out     =  (1 - mix) P' + mix * vote share

with n the votes on the item and n_eff what they are worth: n / (1 + (n - 1) phi), at most the
number of families that voted. Without gold phi is an assumption, the sum of two parts:

- what held-out votes refute, `held_out_dependence`, where the caller measured it: a fit that is
  surer of the classes than the votes that it did not see bear out;
- what no vote can refute: raters who misread an item together agree on votes that were held out,
  too. `INFLATION` times the residual dependence of the votes on their shares stands for it.

The base is the prior where it is given or gold tells it. A prior learned from the votes holds
their shared errors like they do: the base is then its power `LEARNED`, half-way to an even one.

The mixture guards against what was not measured: `MIX`, and less of it, `MIX_ASKED`, where held-out
votes were asked.

What the constants were chosen on: `MIX_ASKED` on simulated crowds (independent, of varying ease,
misreading some items, with an item factor, with a clique), where .1 has a lower log-loss than 0 or
.2. `LEARNED` lies in the middle because the ends are both wrong: simulated crowds without a shared
bias want 1, thirteen sets of people's votes 0 in the mean (0 and .25 lose accuracy on one of them,
.75 and 1 on another). `INFLATION` and `MIX` are older than both, found on these sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.calibration.class_mass import class_mass, class_shares
from w2s_judge.calibration.dependence import effective_votes, residual_dependence
from w2s_judge.calibration.prior import VOTES
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

INFLATION = 1.5  # of the measured residual dependence
MIX, MIX_ASKED = 0.3, 0.1  # weight of the vote share, and where held-out votes were asked
LEARNED = 0.5  # power of a prior that was learned from the votes: 1 believes it, 0 has an even one
TINY = 1e-300  # stands for probability 0 where a logarithm is taken
PHIS = np.linspace(0.0, 1.0, 21) ** 2  # of held-out votes, finer where it matters
BLIND = np.arange(0.0, 0.6, 0.05)  # shares of votes that say nothing of their item


@dataclass(frozen=True, eq=False, slots=True)
class Foretold:
    """Votes that a fit did not see, and what it says of them; n votes.

    posterior : (n, C) of the vote's item, from the votes that the fit saw
    base      : (C,) what a posterior is tempered towards
    count     : (n,) votes on the item that the fit saw, above 0
    chance    : (n, C) P(the vote | class) by the fit's confusion of the vote's rater
    typical   : (n,) share of the vote's label among all votes
    weight    : (n,) how much the vote counts
    """

    posterior: Floats
    base: Floats
    count: Floats
    chance: Floats
    typical: Floats
    weight: Floats

    def scores(self) -> Floats:
        """(PHIS, BLIND) log-likelihood of the votes for each phi and each share of blind votes."""
        found = np.empty((len(PHIS), len(BLIND)))
        for row, phi in enumerate(PHIS):
            ratio = effective_votes(self.count, float(phi)) / self.count
            told = (powered(self.posterior, self.base, ratio) * self.chance).sum(axis=1)
            mixed = told[:, None] * (1 - BLIND) + self.typical[:, None] * BLIND
            found[row] = self.weight @ np.log(np.maximum(mixed, TINY))
        return found


def held_out_dependence(parts: Sequence[Foretold]) -> float:
    """Phi in [0, 1] at which tempered posteriors foretell held-out votes best; 0 without any.

    A share of blind votes is fitted along: where items are hard, or rows too sharp, votes are less
    foretellable whatever the class, and that is no reason to doubt the classes.
    """
    if not sum(len(part.count) for part in parts):
        return 0.0
    total = np.sum([part.scores() for part in parts], axis=0)
    return float(PHIS[int(np.argmax(total.max(axis=1)))])


@dataclass(frozen=True, slots=True)
class Tempering:
    """What a posterior was tempered with: phi, mean n and n_eff, the cap, the mixture.

    held_out : the part of phi that held-out votes showed, None where it was not measured
    """

    phi: float
    votes: float
    effective: float
    by_family: bool
    mix: float
    held_out: float | None = None

    @property
    def note(self) -> str:
        """The assumption in plain words."""
        cap = (
            "capped by the number of families"
            if self.by_family
            else "the families of the judges are not known, so that no cap is applied for them"
        )
        mixed = f"; mixed with {self.mix:g} of the vote share" if self.mix else ""
        shown = "" if self.held_out is None else f", of it {self.held_out:.2f} by held-out votes"
        return (
            f"tempered without gold: {self.votes:.1f} votes an item are taken for "
            f"{self.effective:.1f} independent ones (error correlation assumed "
            f"{self.phi:.2f}{shown}; {cap}){mixed}. This is an assumption; gold checks it"
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


def base_of(consensus: Consensus) -> Floats:
    """(C,) what its posterior is tempered towards: its prior, or half-way to an even one."""
    C = len(consensus.classes)  # noqa: N806
    if consensus.prior is None:
        return np.full(C, 1 / C)
    if consensus.prior_source != VOTES:
        return consensus.prior
    rows = np.maximum(consensus.prior, TINY) ** LEARNED
    return np.asarray(rows / rows.sum())


def tempered(
    consensus: Consensus,
    votes: VoteMatrix,
    gold: Gold | None = None,
    *,
    phi: float | None = None,
    held_out: float | None = None,
) -> Consensus:
    """The consensus of a method that takes votes for independent, tempered and mixed.

    phi in [0, 1] is the correlation of errors where it is known, else it is assumed from the votes,
    to which `held_out` adds what `held_out_dependence` found. Where a rater's labels mean the
    classes in no known way, nothing is mixed in, and dependence is measured on the labels. Gold
    items keep their label, items without a vote their prior.
    """
    mass = class_mass(votes, gold)
    of_vote = votes.soft() if mass is None else mass
    share, count = class_shares(votes, of_vote)
    mix = (MIX if held_out is None else MIX_ASKED) if mass is not None else 0.0
    if phi is None:
        assumed = INFLATION * residual_dependence(votes, of_vote, share)
        phi = min(1.0, assumed + (held_out or 0.0))
    effective = effective_votes(count, phi)
    of_family = families(votes)
    if of_family is not None:
        effective = np.minimum(effective, of_family)
    free = count > 0
    voted = max(int(free.sum()), 1)
    mean = Tempering(
        phi, count.sum() / voted, effective.sum() / voted, of_family is not None, mix, held_out
    )
    if gold is not None:
        free[gold.item] = False
    ratio = np.minimum(effective[free] / count[free], 1.0)
    rows = powered(consensus.posterior[free], base_of(consensus), ratio)
    posterior = consensus.posterior.copy()
    posterior[free] = (1 - mix) * rows + mix * share[free] if mix else rows
    notes = (*consensus.notes, mean.note)
    return replace(consensus, posterior=posterior, calibration="tempered", notes=notes)
