"""Worker agreement with aggregate: raters weighted by how often they agree with the consensus.

    share_ic = sum over votes of w_j mass_c, renormalised          (round 0: all w_j = 1)
    top_ic   = 1 on the class with the largest share, split evenly where several are level
    w_j      = mean over the rater's votes of sum_c mass_c top_ic

until the weights stay. crowd-kit's Wawa (Appen's rule) is `rounds=1` on hard votes without ties.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.shares import clamped, class_of_label, top_shares, with_prior
from w2s_judge.calibration.class_mass import item_sums, onto_classes
from w2s_judge.consensus import Consensus, Fit
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

LEAST = 1e-9  # the weight of a rater who never agrees: it speaks only where no other does
STILL = 1e-9  # weights that move less have settled


@dataclass(frozen=True, slots=True)
class Wawa:
    """Weighted vote shares; the weights are agreements with their own result.

    Gold items have their gold class as top. The weights lie in (0, 1]; a rater without votes has
    1. Weights that go round in circles are stopped after `rounds`, and the fit says so.

    rounds : times that weights are taken from the consensus, at least 1
    """

    rounds: int = 100

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """(I, C) weighted shares, (J,) weights."""
        truth = votes.truth_with(gold)
        of_label, notes = class_of_label(votes, truth)
        mass = onto_classes(votes, of_label, truth.C)
        if votes.weight is not None:
            mass = mass * votes.weight[:, None]
        heard = np.bincount(votes.rater, weights=mass.sum(axis=1), minlength=votes.J)
        weight, total, settled, done = np.ones(votes.J), item_sums(votes, mass), not votes.V, 0
        while done < self.rounds and not settled:
            top = clamped(top_shares(total), gold)
            agreed = (mass * top[votes.item]).sum(axis=1)
            sums = np.bincount(votes.rater, weights=agreed, minlength=votes.J)
            new = np.divide(sums, heard, out=np.ones(votes.J), where=heard > 0)
            new = np.maximum(new, LEAST)
            settled = bool(np.abs(new - weight).max(initial=0.0) < STILL)
            weight, done = new, done + 1
            total = item_sums(votes, mass * weight[votes.rater][:, None])
        posterior, prior, source = with_prior(total, truth, gold)
        return Consensus(
            posterior, truth.classes, votes.support, "wawa", "none", prior, source,
            weight=weight, fit=Fit(done, settled), settings=repr(self), notes=notes,
        )  # fmt: skip


METHOD = Method(
    "wawa",
    "votes weighted by agreement with the consensus, until it settles",
    Wawa,
    frozenset(Law) - {Law.CLIMBS},
)
