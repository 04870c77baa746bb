"""Why the errors of judges cannot be compared: each reason is told only where it is the one."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from w2s_judge.aggregation.pair_sums import LEAST, Pairs
from w2s_judge.arrays import Bools, Floats
from w2s_judge.audit.common_notes import rankers
from w2s_judge.audit.dependence.error_correlation import ErrorCorrelation
from w2s_judge.calibration.dependence import OVERLAP
from w2s_judge.calibration.metrics import shared_top
from w2s_judge.gold import Gold
from w2s_judge.sentences import listed
from w2s_judge.votes import VoteMatrix

FEW = f"no two of them share {OVERLAP} items with votes"
NEVER = "no errors to compare, as all judges always say what the consensus says"
ALIKE = "no errors to compare, as no two judges have errors that vary within a class"


def why_unknown(
    judged: VoteMatrix,
    read: VoteMatrix,
    mass: Floats | None,
    posterior: Floats,
    gold: Gold | None,
) -> str:
    """A reason, where no two judges have errors to compare.

    judged : all votes, one rater a judge;  read : those that give verdicts, with `mass` (V, C)
    """
    if mass is None or not _shared(read):
        if not _shared(judged):
            return FEW
        return (
            f"no two of them share {OVERLAP} items with verdicts, as the scores of "
            f"{listed(rankers(judged))} only rank"
        )
    wrong = 1 - (mass * shared_top(posterior)[read.item]).sum(axis=1)
    against = "" if gold is None else "; nor are there any against gold where they share it"
    return f"{NEVER if (wrong < LEAST).all() else ALIKE}{against}"


def constant(
    votes: VoteMatrix,
    errors: ErrorCorrelation,
    posterior: Floats,
    mass: Floats | None,
    gold: Gold | None,
) -> tuple[str, ...]:
    """A note on judges who share items with others and whose errors do not vary; () of none."""
    if mass is None:
        return ()
    truth = shared_top(posterior)
    if errors.gold and gold is not None:
        truth = np.zeros(posterior.shape)
        truth[gold.item, gold.label] = 1.0
    counted = np.diff(errors.mask.indptr) > 0
    votes, mass = votes.only(counted[votes.item]), mass[counted[votes.item]]
    varies = _varies(votes, mass, truth)
    shared = Pairs.sharing(_mask(votes), OVERLAP)
    there = np.isin(np.arange(votes.J), np.concatenate([shared.one, shared.two]))
    names = [votes.raters[j] for j in np.flatnonzero(there & ~varies).tolist()]
    if not names:
        return ()
    against = "gold" if errors.gold else "the consensus"
    return (
        f"The errors of {listed(names)} against {against} do not vary (within each class always "
        "right, or always wrong): whether they go with the others' is unknown, and they are left "
        "out of these figures.",
    )


def _varies(votes: VoteMatrix, mass: Floats, truth: Floats) -> Bools:
    """(J,) whether a judge's errors vary within some class."""
    squares = np.zeros(votes.J)
    for c in range(truth.shape[1]):
        share, error = truth[votes.item, c], 1 - mass[:, c]
        total = np.maximum(np.bincount(votes.rater, weights=share, minlength=votes.J), 1e-12)
        mean = np.bincount(votes.rater, weights=share * error, minlength=votes.J) / total
        residual = share * (error - mean[votes.rater]) ** 2
        squares += np.bincount(votes.rater, weights=residual, minlength=votes.J)
    return np.asarray(squares > LEAST)


def _shared(votes: VoteMatrix) -> bool:
    return len(Pairs.sharing(_mask(votes), OVERLAP).one) > 0


def _mask(votes: VoteMatrix) -> Any:
    where = (votes.item, votes.rater)
    return sparse.csr_array((np.ones(votes.V), where), shape=(votes.I, votes.J))
