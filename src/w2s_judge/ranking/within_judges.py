"""Separate ratings of single responses, as comparisons within each judge.

A judge is strict or mild in all its ratings, so that two ratings are set against each other only
where one judge gave both. Under the judge's two masses, taken as independent,

    P(first better) = sum over labels l, m with worth_l > worth_m of first_l second_m

and so for a tie. Mass that only ranks is replaced by normal scores z of its rank (Hazen's
plotting position, van der Waerden 1952), and P(first better) = Phi((z_a - z_b) / sqrt 2): each
rating is taken for a normal one around its score with variance 1 (Thurstone 1927, case V).

Letters: J judges, L labels, M comparisons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from w2s_judge.arrays import Floats
from w2s_judge.comparisons import FIRST, SECOND, TIE, Comparisons
from w2s_judge.errors import ConfigurationError
from w2s_judge.ranking.ratings import rank_scores, ratings
from w2s_judge.ranking.responses import judges_of, responses
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
        score = rank_scores(votes, unsure[of_rater], utility, ranked)
    given = of_rater[votes.rater]
    about = found.of_item[votes.item, 0]
    block = found.question[about].astype(np.int64) * max(len(judges), 1) + given
    rated = ratings(votes, block * len(found.objects) + about, score)
    response, judge = about[rated.vote], given[rated.vote]
    one, two = pairs(block[rated.vote])
    outcome = _outcomes(rated.mass, one, two, utility)
    if unsure is not None and rated.score is not None:
        ranks = unsure[judge[one]]
        outcome[ranks] = rank_outcome(rated.score[one[ranks]] - rated.score[two[ranks]])
    weight = None
    if rated.weight is not None:
        weight = np.minimum(rated.weight[one], rated.weight[two])
    return Comparisons(
        objects=found.objects,
        question=found.question,
        questions=found.questions,
        raters=judges,
        left=response[one],
        right=response[two],
        rater=judge[one],
        outcome=outcome,
        group=found.question[response[one]],
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
    mass[:, FIRST] = np.einsum("nl,lm,nm->n", first, more, second)
    mass[:, SECOND] = np.einsum("nl,lm,nm->n", second, more, first)
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


def rank_outcome(apart: Floats) -> Floats:
    """(n, 3) outcome of two ratings whose normal scores are so far apart.

    Equal ranks are a tie, and no others.
    """
    better = ndtr(apart / np.sqrt(2))
    outcome = np.stack([better, np.zeros(len(apart)), 1 - better], axis=1)
    outcome[np.abs(apart) < SAME] = (0.0, 1.0, 0.0)
    return np.asarray(outcome)


def _outcomes(mass: Floats, one: Places, two: Places, worth: Floats) -> Floats:
    outcome = np.empty((len(one), 3))
    for start in range(0, len(one), AT_ONCE):
        cut = slice(start, start + AT_ONCE)
        outcome[cut] = outcome_mass(mass[one[cut]], mass[two[cut]], worth)
    return outcome
