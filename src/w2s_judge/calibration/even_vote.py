"""Vote shares as probabilities: with one even vote more, so that a few votes are never certain.

    P_c = (n_eff s_c + 1/C) / (n_eff + 1)

with s the item's vote shares and n_eff what its n votes are worth, n / (1 + (n - 1) phi), phi
assumed as in `tempering.py` where it is not stated. It is the posterior mean of a share under a
Dirichlet(1/C, ..., 1/C) prior (Perks 1947) from n_eff votes; it changes no label.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from w2s_judge.calibration.class_mass import class_mass, class_shares
from w2s_judge.calibration.dependence import effective_votes, residual_dependence
from w2s_judge.calibration.tempering import INFLATION
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

NOTE = (
    "vote shares with one even vote more: {votes:.1f} votes an item are taken for {effective:.1f} "
    "independent ones (error correlation assumed {phi:.2f}). This is an assumption; gold checks it"
)


def with_even_vote(
    consensus: Consensus, votes: VoteMatrix, gold: Gold | None, *, phi: float | None = None
) -> Consensus:
    """A consensus of vote shares; gold items keep their label, items without a vote their prior.

    phi in [0, 1]: the correlation of errors of what `votes` count by their weights, which the
    measure of `tempering.py` does not look at; None where votes weigh alike.
    """
    mass = class_mass(votes, gold)
    if mass is None:
        return consensus
    share, count = class_shares(votes, mass)
    if phi is None:
        phi = min(1.0, INFLATION * residual_dependence(votes, mass, share))
    effective = effective_votes(count, phi)
    free = count > 0
    voted = max(int(free.sum()), 1)
    note = NOTE.format(votes=count.sum() / voted, effective=effective.sum() / voted, phi=phi)
    if gold is not None:
        free[gold.item] = False
    worth = effective[free][:, None]
    posterior = consensus.posterior.copy()
    posterior[free] = (worth * posterior[free] + 1 / posterior.shape[1]) / (worth + 1)
    notes = (*consensus.notes, note)
    return replace(consensus, posterior=np.asarray(posterior), calibration="tempered", notes=notes)
