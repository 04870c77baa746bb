"""Which two judges are far more alike than what the panel shares explains.

If one judge repeats a share a of another's verdicts and is else like the others, their correlation
is r = a + (1 - a) b, with b what it would be otherwise; so the excess is

    e = (r - b) / (1 - b),    about the share of verdicts that repeat each other.

b is the larger of two: the median of the other pairs, and, among four or more judges, what one
common factor gives the pair, r_jk = a_j a_k (Spearman 1904), from all other judges l and m:

    sum_{l != m} r_jl r_km / sum_{l != m} r_lm.

The correlations are those of errors where there is gold, else of votes: judges who are right
together then show the truth as their common factor.

Two judges who are right on nearly everything agree on nearly everything, and a single error that
they share makes a correlation near 1. What tells a copy is how they go wrong together, so prompts
are counted in which a judge errs (without gold: leaves the majority of the others), and all rests
on these: nothing is tested where either judge has fewer than `FEWEST_ERRORS` of them, and the
excess is taken as if there were one more prompt in which only the one errs and one in which only
the other does, e m / (m + 1) for m prompts with errors. The p is the larger of two: that of the
bootstrap, and that of a binomial on the errors of either that are shared by both.

Letters: B draws, P pairs, J judges, n items.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special

from w2s_judge.aggregation.copies import FEWEST, KNOWN, MOST
from w2s_judge.aggregation.judge_views import JudgeViews
from w2s_judge.aggregation.pair_sums import Pairs, squared
from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.audit.median_of_others import median_of_others
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.top_label import NONE, top_label
from w2s_judge.votes import VoteMatrix

LEAST_SHARED = 0.02  # mean correlation of the others, below which they share no factor
MOST_EXPLAINED = 0.98
NEAR_ALL = 0.95  # explained, above which nothing is left for a copy to show in
FEWEST_PAIRS = 3
FEWEST_ERRORS = 10  # prompts; 10 of 10 shared where .4 is usual has p = 1e-4, that of few pairs
ADDED = 2.0  # prompts in which one alone errs
THIRD = 0.5
AT_ONCE = 100  # pairs


@dataclass(frozen=True, eq=False, slots=True)
class SharedErrors:
    """How often the two judges of a pair err, alone and together: (P,) each.

    fewest   : prompts in which the one errs who errs in fewer
    one, two : share of the items on which each errs
    both     : share of the items on which both do
    prompts  : with an error of either; as many of equal size as say so much (Kish 1965)
    """

    fewest: Floats
    one: Floats
    two: Floats
    both: Floats
    prompts: Floats

    @classmethod
    def counted(cls, wrong: Iterable[tuple[Bools, Bools, Ints]]) -> SharedErrors:
        """Of each pair: where the one errs (n,), where the other does, the prompts of the items."""
        rows = [_counted(one, two, prompt) for one, two, prompt in wrong]
        return cls(*np.array(rows, dtype=np.float64).reshape(-1, 5).T)

    def p_of_shared(self, usual: float, expected: Floats) -> Floats:
        """(P,) two-sided p of so many of the errors of either being shared.

        Errors correlate at r = b + usual (1 - b), b being `expected` (P,) or the median of the
        other pairs; then both err on p = p1 p2 + r (p1 q1 p2 q2)^(1/2) of the items, and of the
        errors of either p / (p1 + p2 - p) are shared: a binomial over prompts.
        """
        spread = np.sqrt(self.one * (1 - self.one) * self.two * (1 - self.two))
        alone = self.one * self.two
        phi = np.divide(
            self.both - alone, spread, out=np.full_like(spread, np.nan), where=spread > 0
        )
        base = np.nan_to_num(median_of_others(phi[None])[0], nan=0.0)
        base = np.clip(np.maximum(base, expected), 0.0, 1.0)
        both = alone + (base + usual * (1 - base)) * spread
        either = self.one + self.two - both
        chance = np.divide(both, either, out=np.ones_like(both), where=either > both)
        seen = self.one + self.two - self.both
        shared = self.prompts * np.divide(self.both, seen, out=np.zeros_like(seen), where=seen > 0)
        tail = special.betainc(shared, self.prompts + ADDED - shared + 1, np.minimum(chance, 1.0))
        return np.asarray(np.where(shared > 0, np.minimum(2 * tail, 1.0), 1.0))


@dataclass(frozen=True, eq=False, slots=True)
class CopyEvidence:
    """Of pairs of judges: (1 + B, P) each, row 0 that of the data.

    found    : correlation
    expected : b
    excess   : e m / (m + 1), below 1
    shared   : how often they err together
    """

    pairs: Pairs
    found: Floats
    expected: Floats
    excess: Floats
    shared: SharedErrors

    @property
    def told(self) -> Bools:
        """(P,) whether there is enough to tell a copy by."""
        enough = self.shared.fewest >= FEWEST_ERRORS
        return np.asarray(enough & (self.expected[0] <= NEAR_ALL))


def copy_evidence(
    pairs: Pairs, found: Floats, shared: SharedErrors, *, votes_alone: bool
) -> CopyEvidence | None:
    """From correlations (1 + B, P) of pairs, NaN where a draw has none.

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
    excess = (found - expected) / (1 - expected) * shared.fewest / (shared.fewest + 1)
    return CopyEvidence(pairs, found, expected, excess, shared)


def p_of_copies(
    of: CopyEvidence, usual: float, items: tuple[Ints, ...], resample: Resample, *, errors: bool
) -> Floats:
    """(P,) p of an excess of `usual` coming out so large; 1 where it is not above, or untold.

    items  : those that each pair shares
    errors : whether correlations are those of errors, so that `expected` holds for them
    """
    p = of.shared.p_of_shared(usual, of.expected[0] if errors else np.zeros(len(items)))
    for k in range(len(p)):
        if of.told[k] and of.excess[0, k] > usual:
            p[k] = max(p[k], _p_of_excess(of, k, usual, items[k], resample))
        else:
            p[k] = 1.0
    return p


def _p_of_excess(of: CopyEvidence, k: int, usual: float, items: Ints, resample: Resample) -> float:
    """By the bootstrap, the standard error for at least one of the prompts with errors.

    Two judges who never differ give the same in every draw.
    """
    excess, least = of.excess[:, k], 1 / of.shared.fewest[k]
    shaken = excess[1:] + least * np.where(np.arange(len(excess) - 1) % 2, 1.0, -1.0)
    return resample.p_value(np.concatenate([excess[:1], shaken]), items, usual)


def leaving_most(
    votes: VoteMatrix, views: JudgeViews, pairs: Pairs, items: tuple[Ints, ...], group: Ints
) -> Iterator[tuple[Bools, Bools, Ints]]:
    """Where each of two says another label than most others, of items with one such label."""
    unit, top = views.of_rater[votes.rater], top_label(votes)
    kept = (unit >= 0) & (top != NONE)
    verdict = np.full((votes.I, len(views.units)), NONE, dtype=np.int32)
    verdict[votes.item[kept], unit[kept]] = top[kept]
    count = np.zeros((votes.I, votes.L), dtype=np.int32)
    np.add.at(count, (votes.item[kept], top[kept]), 1)
    for one, two, mine in zip(pairs.one, pairs.two, items, strict=True):
        first, second = verdict[mine, one], verdict[mine, two]
        others, row = count[mine], np.arange(len(mine))
        for label in (first, second):
            others[row, label] -= label != NONE
        most = others.argmax(axis=1)
        known = (others == others[row, most][:, None]).sum(axis=1) == 1
        known &= (first != NONE) & (second != NONE)
        yield (first != most)[known], (second != most)[known], group[mine[known]]


def _counted(one: Bools, two: Bools, prompt: Ints) -> tuple[float, float, float, float, float]:
    if not len(prompt):
        return 0.0, 0.0, 0.0, 0.0, 0.0
    fewest = min(len(np.unique(prompt[one])), len(np.unique(prompt[two])))
    of_prompt = np.bincount(prompt[one | two])
    square = float((of_prompt.astype(np.float64) ** 2).sum())
    prompts = float(of_prompt.sum()) ** 2 / square if square else 0.0
    return fewest, float(one.mean()), float(two.mean()), float((one & two).mean()), prompts


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
    known = np.isfinite(found)
    full = np.where(known, found, 0.0)
    mean = full.sum(axis=1, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1)
    R = squared(np.where(known, found, mean), pairs, J)  # noqa: N806
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
