"""Separate ratings of single responses, as comparisons within each judge.

A judge is strict or mild in all its ratings, so that two ratings are set against each other only
where one judge gave both. Under the judge's two masses, taken as independent,

    P(first better) = sum over labels l, m with worth_l > worth_m of first_l second_m

and so for a tie. Mass that only ranks is replaced by normal scores z of its rank (Hazen's
plotting position, van der Waerden 1952), and P(first better) = Phi((z_a - z_b) / sqrt 2): each
rating is taken for a normal one around its score with variance 1 (Thurstone 1927, case V).

Letters: J judges, L labels, K ratings, M comparisons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.calibration.normal_scores import normal_scores
from w2s_judge.comparisons import FIRST, SECOND, TIE, Comparisons
from w2s_judge.errors import ConfigurationError
from w2s_judge.ranking.responses import Responses, judges_of, responses
from w2s_judge.votes import VoteMatrix

Places = npt.NDArray[np.int64]

AT_ONCE = 1 << 16  # comparisons whose masses are held in memory together
SAME = 1e-12  # normal scores that differ by less are of equal ranks


def within_judges(
    votes: VoteMatrix,
    worth: Sequence[float] | None = None,
    ranked: Mapping[str, Floats] | None = None,
) -> Comparisons:
    """One comparison for every prompt, judge, and two of its responses that the judge rated.

    worth  : (L,) utility of each label; None: the order of the labels
    ranked : for raters in `votes.uncalibrated`: name -> sorted masses on the last label of all
             its votes, to rank these among; those not named are ranked among these votes

    Left is the response with the lower position; nothing was shown first (`ordered` is False).
    Several votes of a judge on a response are one rating, their mean. A comparison weighs as much
    as the lighter of its two ratings. Mass that only ranks is read on the last label, as good or
    bad by its worth beside the first label's; ratings of equal ranks are a tie, and no others.
    Raises `ValueError` where items are not single responses, `ConfigurationError` where the labels
    have neither an order nor a worth.
    """
    if worth is None and not votes.ordered:
        raise ConfigurationError(
            f"the vote labels ({', '.join(votes.labels[:8])}) have no order, so that neither of "
            "two ratings is the better\n  name the labels in ascending order, or give their worth"
        )
    utility = np.asarray(range(votes.L) if worth is None else worth, dtype=np.float64)
    if len(utility) != votes.L:
        raise ValueError(f"worth has one utility a label: {votes.L}, not {len(utility)}")
    found = responses(votes, arity=1)
    judges, of_rater, unsure = judges_of(votes)
    score = None
    if unsure is not None and unsure.any():
        score = _scores(votes, unsure[of_rater], ranked) * np.sign(utility[-1] - utility[0])
    rated = _ratings(votes, found, of_rater, score)
    prompt = found.question[rated.response]
    one, two = pairs(prompt.astype(np.int64) * len(judges) + rated.judge)
    outcome = _outcomes(rated.mass, one, two, utility)
    if unsure is not None and rated.score is not None:
        ranks = unsure[rated.judge[one]]
        outcome[ranks] = _by_rank(rated.score[one[ranks]] - rated.score[two[ranks]])
    weight = None
    if rated.weight is not None:
        weight = np.minimum(rated.weight[one], rated.weight[two])
    return Comparisons(
        objects=found.objects,
        question=found.question,
        questions=found.questions,
        raters=judges,
        left=rated.response[one],
        right=rated.response[two],
        rater=rated.judge[one],
        outcome=outcome,
        group=prompt[one],
        weight=weight,
        ordered=False,
        uncalibrated=unsure,
    )


def outcome_mass(first: Floats, second: Floats, worth: Floats) -> Floats:
    """(n, 3) P(first better), P(equal), P(second better) under two independent masses.

    first, second : (n, L) masses on labels, rows sum to 1
    worth         : (L,) utility of each label; labels of equal utility are equal
    """
    more = (worth[:, None] > worth[None, :]).astype(np.float64)
    mass = np.empty((len(first), 3))
    mass[:, FIRST] = np.einsum("nl,nl->n", first @ more, second)
    mass[:, SECOND] = np.einsum("nl,nl->n", second @ more, first)
    mass[:, TIE] = np.maximum(1 - mass[:, FIRST] - mass[:, SECOND], 0.0)
    return mass


def pairs(block: Places) -> tuple[Places, Places]:
    """All pairs (earlier, later) of positions within runs of one number in `block`, run by run."""
    starts = np.flatnonzero(np.r_[True, block[1:] != block[:-1]][: len(block)])
    sizes = np.diff(np.r_[starts, len(block)])
    made = sizes * (sizes - 1) // 2
    begin = np.cumsum(made) - made
    one, two = np.empty((2, int(made.sum())), dtype=np.int64)
    # A loop over the few sizes that runs have, not over runs.
    for size in np.unique(sizes[sizes > 1]).tolist():
        lower, upper = np.triu_indices(size, k=1)
        runs = np.flatnonzero(sizes == size)
        place = begin[runs][:, None] + np.arange(len(lower))
        one[place] = starts[runs][:, None] + lower
        two[place] = starts[runs][:, None] + upper
    return one, two


@dataclass(frozen=True, eq=False, slots=True)
class _Ratings:
    """What each judge makes of each response it rated, (K,) by prompt, judge, and position."""

    judge: Ints
    response: Ints
    mass: Floats
    score: Floats | None
    weight: Floats | None


def _ratings(votes: VoteMatrix, found: Responses, of_rater: Ints, score: Floats | None) -> _Ratings:
    judge, response = of_rater[votes.rater], found.of_item[votes.item, 0]
    size = len(found.objects)
    block = found.question[response].astype(np.int64) * (int(of_rater.max(initial=0)) + 1) + judge
    key = block * size + response
    order = np.argsort(key, kind="stable")
    first = np.r_[True, key[order][1:] != key[order][:-1]][: len(key)]
    starts = np.flatnonzero(first)
    if len(starts) == len(key):  # no judge rated a response twice
        return _Ratings(
            judge[order], response[order], votes.soft()[order],
            None if score is None else score[order],
            None if votes.weight is None else votes.weight[order],
        )  # fmt: skip
    count = np.diff(np.r_[starts, len(key)])
    weight = np.ones(len(key)) if votes.weight is None else votes.weight[order]
    total = np.add.reduceat(weight, starts)

    def mean(values: Floats) -> Floats:
        summed: Floats = np.add.reduceat((values.T * weight).T, starts, axis=0)
        return (summed.T / total).T

    return _Ratings(
        judge[order][starts], response[order][starts], mean(votes.soft()[order]),
        None if score is None else mean(score[order]),
        None if votes.weight is None else total / count,
    )  # fmt: skip


def _outcomes(mass: Floats, one: Places, two: Places, worth: Floats) -> Floats:
    outcome = np.empty((len(one), 3))
    for start in range(0, len(one), AT_ONCE):
        cut = slice(start, start + AT_ONCE)
        outcome[cut] = outcome_mass(mass[one[cut]], mass[two[cut]], worth)
    return outcome


def _scores(votes: VoteMatrix, unsure: Bools, ranked: Mapping[str, Floats] | None) -> Floats:
    """(V,) normal scores of the mass on the last label, for raters whose mass only ranks."""
    last = votes.soft()[:, -1]
    score = np.zeros(votes.V)
    for j in np.flatnonzero(unsure).tolist():
        mine = votes.rater == j
        among = None if ranked is None else ranked.get(votes.raters[j])
        if among is None or not len(among):
            among = np.sort(last[mine])
        if mine.any():
            score[mine] = normal_scores(last[mine], among)
    return score


def _by_rank(apart: Floats) -> Floats:
    """(n, 3) outcome of two ratings whose normal scores are so far apart."""
    better = ndtr(apart / np.sqrt(2))
    outcome = np.stack([better, np.zeros(len(apart)), 1 - better], axis=1)
    outcome[np.abs(apart) < SAME] = (0.0, 1.0, 0.0)
    return np.asarray(outcome)
