"""Which two judges are far more alike than what the panel shares explains.

If one judge repeats a share a of another's verdicts and is else like the others, their correlation
is r = a + (1 - a) b, with b what it would be otherwise; so the excess is

    e = (r - b) / (1 - b),    about the share of verdicts that repeat each other.

b is the larger of two: the median of the other pairs, and, among four or more judges, what one
common factor gives the pair, r_jk = a_j a_k (Spearman 1904), from all other judges l and m:

    sum_{l != m} r_jl r_km / sum_{l != m} r_lm.

The correlations are those of errors where there is gold, else of votes: judges who are right
together then show the truth as their common factor.

Letters: B draws, P pairs, J judges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.aggregation.copies import FEWEST, KNOWN, MOST
from w2s_judge.aggregation.pair_sums import Pairs, squared
from w2s_judge.arrays import Floats, Ints
from w2s_judge.audit.median_of_others import median_of_others
from w2s_judge.audit.resample import Resample

LEAST_SHARED = 0.02  # mean correlation of the others, below which they share no factor
MOST_EXPLAINED = 0.98
FEWEST_PAIRS = 3
THIRD = 0.5
AT_ONCE = 100  # pairs


@dataclass(frozen=True, eq=False, slots=True)
class CopyEvidence:
    """Of pairs of judges: (1 + B, P) each, row 0 that of the data.

    found    : correlation
    expected : b
    excess   : e, at most 1
    """

    pairs: Pairs
    found: Floats
    expected: Floats
    excess: Floats


def copy_evidence(pairs: Pairs, found: Floats, *, votes_alone: bool) -> CopyEvidence | None:
    """From correlations (1 + B, P) of pairs.

    None where there is too little to compare with: fewer than three pairs; of votes alone, fewer
    than four judges or more than 60, too few pairs of them known, or nothing that they share.
    """
    if len(pairs.one) < FEWEST_PAIRS:
        return None
    judges, place = np.unique(np.concatenate([pairs.one, pairs.two]), return_inverse=True)
    one, two = np.split(place.astype(np.int32), 2)
    J = len(judges)  # noqa: N806
    expected = median_of_others(found)
    factor = None
    if FEWEST <= J <= MOST and len(pairs.one) >= KNOWN * J * (J - 1) / 2:
        factor = _one_factor(found, Pairs(one, two, pairs.items), J, votes_alone)
    if factor is not None:
        expected = np.maximum(expected, factor)
    elif votes_alone:
        return None
    expected = np.clip(expected, 0.0, MOST_EXPLAINED)
    return CopyEvidence(pairs, found, expected, (found - expected) / (1 - expected))


def p_of_excess(excess: Floats, usual: float, items: Ints, resample: Resample) -> float:
    """P of an excess (1 + B,) of `usual` coming out so large; 1 where it is not above `usual`.

    The variance of the excess is taken for at least that of one prompt in all: two judges who
    never differ give the same in every draw.
    """
    if not excess[0] > usual:
        return 1.0
    least = 1 / max(resample.prompts(items), 1)
    shaken = excess[1:] + least * np.where(np.arange(len(excess) - 1) % 2, 1.0, -1.0)
    return resample.p_value(np.concatenate([excess[:1], shaken]), items, usual)


def _one_factor(
    found: Floats,
    pairs: Pairs,
    J: int,  # noqa: N803
    votes_alone: bool,
) -> Floats | None:
    """(n, P) what one common factor gives each pair; None where the others share too little.

    Where the others of one pair do, it is 0 for errors, which need not share anything, and 1 for
    votes: then nothing can be said.
    """
    R = squared(found, pairs, J)  # noqa: N806
    kept = _others(R[0], pairs, third=not votes_alone)
    out = np.full_like(found, float(votes_alone))
    for part in np.array_split(np.arange(len(pairs.one)), 1 + len(pairs.one) // AT_ONCE):
        K = kept[part]  # noqa: N806
        first, second = R[:, pairs.one[part]] * K, R[:, pairs.two[part]] * K
        product = first.sum(axis=-1) * second.sum(axis=-1) - (first * second).sum(axis=-1)
        others = np.einsum("pl,nlp->np", K, R @ K.T, optimize=True)
        count = K.sum(axis=1)
        enough = others > LEAST_SHARED * count * (count - 1)
        enough &= count >= 2
        out[:, part] = np.divide(product, others, out=out[:, part], where=enough)
    return None if votes_alone and (out[0] == 1).all() else out


def _others(R: Floats, pairs: Pairs, *, third: bool) -> Floats:  # noqa: N803
    """(P, J) 1 for the judges that a pair is compared with: all others.

    third : leave out a judge that is a copy of both, by an excess of `THIRD` over the median pair;
            it would pass for a factor of the three
    """
    J, P = len(R), len(pairs.one)  # noqa: N806
    kept = np.ones((P, J))
    if third:
        usual = max(float(np.median(R[pairs.one, pairs.two])), 0.0)
        near = np.minimum(R[pairs.one], R[pairs.two])
        kept[near - usual >= THIRD * (1 - usual)] = 0.0
    kept[np.arange(P), pairs.one] = kept[np.arange(P), pairs.two] = 0.0
    return kept
