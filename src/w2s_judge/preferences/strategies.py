"""Which pairs of a prompt's responses are candidates.

best-worst : the response of highest utility against the one of lowest; one pair a prompt
above-bar  : every pair
adjacent   : neighbours in the order of utility
best-of-n  : no pairs: the best response of each prompt, to imitate

A candidate is no claim yet: `orientation.settled` says which way round a pair is, and
`screening.screen` whether it is written. Letters: I responses, P pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from w2s_judge.arrays import Bools, Floats, Ints

Strategy: TypeAlias = Literal["best-worst", "above-bar", "adjacent", "best-of-n"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
SAME = 1e-9  # utilities that differ by less are level: sums in another order differ in last bits


@dataclass(frozen=True, eq=False, slots=True)
class Candidates:
    """Pairs of responses to one prompt each, by prompt.

    better, worse : (P,) rows of the responses; the first has the higher utility
    level         : (P,) True where the two utilities are level: then the pair has no direction,
                    and stands with the lower row first
    """

    better: Ints
    worse: Ints
    level: Bools

    @property
    def P(self) -> int:  # noqa: N802 (the field's letter)
        """Number of pairs."""
        return len(self.better)

    def turned(self, which: Bools) -> Candidates:
        """The same pairs, those of `which` (P,) the other way round."""
        return Candidates(
            np.where(which, self.worse, self.better),
            np.where(which, self.better, self.worse),
            self.level,
        )

    def only(self, kept: npt.NDArray[Any]) -> Candidates:
        """Some of the pairs (a mask or indices)."""
        return Candidates(self.better[kept], self.worse[kept], self.level[kept])


def candidates(group: Ints, utility: Floats, strategy: Strategy) -> Candidates:
    """Pairs of rows by `strategy` from the prompt, group (I,), and utility (I,) of each response.

    A response whose utility is NaN (unknown) is in no pair. Of responses that are level the one
    with the lower row goes first, to the best place and to the worst. Raises `ValueError` for
    "best-of-n", which makes no pairs.
    """
    row, place, start = _ordered(group, utility)
    end = np.r_[start[1:], len(row)][: len(start)]
    if strategy == "adjacent":
        one = np.flatnonzero(np.arange(1, len(row) + 1) < np.repeat(end, end - start))
        two = one + 1
    elif strategy == "above-bar":
        after = np.repeat(end, end - start) - np.arange(len(row)) - 1
        one = np.repeat(np.arange(len(row)), after)
        two = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(after) - after, after)
    elif strategy == "best-worst":
        pairs = end - start > 1
        one, two = start[pairs], _first_of_last(place, start, end)[pairs]
    else:
        raise ValueError(f"{strategy} makes no pairs")
    return Candidates(row[one], row[two], np.asarray(place[one] == place[two]))


def widest(group: Ints, utility: Floats, first: Ints, second: Ints) -> Candidates:
    """Of the pairs that were compared, for each prompt the one whose utilities lie furthest apart.

    group, utility : (I,) as for `candidates`
    first, second  : (n,) rows of the responses of each compared pair, of one prompt each
    As "best-worst" where all pairs were compared; where few were, best and worst may never have
    met. Of pairs that are equally far apart that with the lowest rows counts: the better one's
    first. A prompt whose compared pairs all have an unknown side has none.
    """
    row, place, _ = _ordered(group, utility)
    of_row = np.full(len(group), -1, dtype=np.int64)
    of_row[row] = place
    known = (of_row[first] >= 0) & (of_row[second] >= 0)
    one, two = first[known], second[known]
    low, high = np.minimum(one, two), np.maximum(one, two)
    turn = of_row[low] > of_row[high]  # the better has the lower place
    better, worse = np.where(turn, high, low), np.where(turn, low, high)
    best = np.full(int(place.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(best, place, utility[row])  # level responses are of one utility: their highest
    gap = best[of_row[better]] - best[of_row[worse]]
    order = np.lexsort((worse, better, group[better]))
    prompts, start = np.unique(group[better][order], return_index=True)
    most = np.maximum.reduceat(gap[order], start) if len(order) else gap
    far = order[gap[order] >= (most - SAME / 2)[np.searchsorted(prompts, group[better][order])]]
    chosen = far[np.unique(group[better][far], return_index=True)[1]]
    better, worse = better[chosen], worse[chosen]
    return Candidates(
        better.astype(np.int32), worse.astype(np.int32), np.asarray(of_row[better] == of_row[worse])
    )


def best_of(group: Ints, utility: Floats) -> Ints:
    """Rows of the best response of each prompt, by prompt; of level ones the lowest row.

    group, utility : (I,) as for `candidates`; a prompt without a known utility has none
    """
    row, _, start = _ordered(group, utility)
    return row[start]


def alone(group: Ints, utility: Floats) -> Ints:
    """Numbers of the prompts, ascending, that have fewer than two responses of known utility."""
    prompts, member = np.unique(group, return_inverse=True)
    known = np.bincount(member, weights=~np.isnan(utility), minlength=len(prompts))
    return prompts[known < 2].astype(np.int32)


def _ordered(group: Ints, utility: Floats) -> tuple[Ints, Ints, npt.NDArray[np.int64]]:
    """Rows of known utility by prompt, best first; the place of each; where each prompt begins.

    Places (n,) count the utilities over all prompts, so that level responses, and no others, share
    one within a prompt. A chain of level ones is level.
    """
    known = np.flatnonzero(~np.isnan(utility)).astype(np.int32)
    order = known[np.lexsort((known, -utility[known], group[known]))]
    opens = np.r_[True, group[order][1:] != group[order][:-1]][: len(order)]
    lower = np.r_[True, utility[order][:-1] - utility[order][1:] > SAME][: len(order)]
    place = np.cumsum(opens | lower).astype(np.int32)
    row = order[np.lexsort((order, place))]
    return row, place, np.flatnonzero(opens)


def _first_of_last(
    place: Ints, start: npt.NDArray[np.int64], end: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """For each prompt the first row of its last place; the second row where all are level."""
    first = np.searchsorted(place, place[end - 1], side="left")
    return np.asarray(np.maximum(first, start + 1))
