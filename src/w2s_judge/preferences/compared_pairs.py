"""Pairs from votes that compare two responses, each shown first once.

A judge leans to what it sees first or last, and that cancels only between the two orders. So a
judge that answered in one order alone does not enter beside one that answered in both; where none
did, the orders are averaged over the judges that there are; and a pair that has votes in one order
only is marked (ONE_ORDER) and never written.

Letters: I pairs that were asked about, R responses, P candidate pairs, L labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.calibration.normal_scores import normal_scores
from w2s_judge.preferences.pair_mass import PairMass, gathered, sides
from w2s_judge.preferences.reasons import Reason
from w2s_judge.ranking.responses import judges_of
from w2s_judge.votes import VoteMatrix


@dataclass(frozen=True, eq=False, slots=True)
class Asked:
    """The responses that a rubric's comparisons are about, by prompt and position.

    group, position : (R,) the prompt's number and the position in its list, of each response
    first, second   : (I,) the rows, in 0 .. R-1, of the two responses of each asked pair
    """

    group: Ints
    position: Ints
    first: Ints
    second: Ints

    @property
    def R(self) -> int:  # noqa: N802 (the field's letter)
        """Number of responses."""
        return len(self.group)

    def find(self, better: Ints, worse: Ints) -> tuple[Ints, Bools]:
        """Index of the asked pair of each candidate (P,), -1 where it never was; and if turned.

        Turned: the candidate's better is the second of the two that were asked about.
        """
        key, wanted = self._key(self.first, self.second), self._key(better, worse)
        order = np.argsort(key, kind="stable")
        if not len(order):
            return np.full(len(better), -1, dtype=np.int32), np.zeros(len(better), dtype=np.bool_)
        place = np.minimum(np.searchsorted(key[order], wanted), len(key) - 1)
        index = np.where(key[order][place] == wanted, order[place], -1).astype(np.int32)
        return index, np.asarray((index >= 0) & (self.first[index] != better))

    def _key(self, one: Ints, two: Ints) -> npt.NDArray[np.int64]:
        low, high = np.minimum(one, two).astype(np.int64), np.maximum(one, two)
        return low * max(self.R, 1) + high


def asked_pairs(votes: VoteMatrix) -> Asked:
    """The responses behind `votes.positions` (I, 2); raises `ValueError` where these are others."""
    if votes.positions is None or votes.positions.shape != (votes.I, 2):
        raise ValueError("positions (I, 2) must say which two responses each item is about")
    stride = int(votes.positions.max(initial=0)) + 1
    key = votes.group[:, None].astype(np.int64) * stride + votes.positions
    found, row = np.unique(key, return_inverse=True)
    row = row.reshape(key.shape).astype(np.int32)
    return Asked(
        (found // stride).astype(np.int32), (found % stride).astype(np.int32), row[:, 0], row[:, 1]
    )


def pair_utilities(asked: Asked, mass: PairMass) -> Floats:
    """(R,) mean of P(better) + P(tie) / 2 over a response's comparisons; NaN where none counts.

    Pairs that lack something (no vote, one order only) do not enter. Among responses that were not
    each compared with all, those that met weaker ones stand too high: rank by `ranking` there.
    """
    heard = mass.lack == Reason.KEPT
    won = mass.mass[heard, 0] + mass.mass[heard, 1] / 2
    row = np.r_[asked.first[heard], asked.second[heard]]
    many = np.bincount(row, minlength=asked.R)
    total = np.bincount(row, np.r_[won, 1 - won], asked.R)
    return np.where(many > 0, total / np.maximum(many, 1), np.nan)


def of_candidates(asked: Asked, mass: PairMass, better: Ints, worse: Ints) -> PairMass:
    """The mass (I pairs) of the candidates (P,); uniform and NEVER_COMPARED where none is."""
    index, turned = asked.find(better, worse)
    never = index < 0
    if not mass.P:
        never_mass = np.full((len(better), 3), 1 / 3)
        return PairMass(
            never_mass, never_mass, np.zeros(len(better), dtype=np.int32),
            np.full(len(better), Reason.NEVER_COMPARED, dtype=np.int8),
        )  # fmt: skip
    found = mass.only(np.maximum(index, 0)).turned(turned)
    return PairMass(
        np.where(never[:, None], 1 / 3, found.mass),
        np.where(never[:, None], 1 / 3, found.said),
        np.where(never, 0, found.votes).astype(np.int32),
        np.where(never, np.int8(Reason.NEVER_COMPARED), found.lack).astype(np.int8),
    )


def from_comparisons(
    votes: VoteMatrix,
    worth: Sequence[float],
    ranked: Mapping[str, Floats] | None = None,
    *,
    ranking_too: bool = False,
) -> PairMass:
    """What the votes say of each item of `votes`, its first response against its second: P = I.

    worth : (L,) utility in [0, 1] of the first response under each label: above .5 it is better
    ranked, ranking_too : as for `from_ratings`; P(first better) is then Phi(z), z the normal score
            of a vote among all comparisons of its rater
    A rater without an order counts as asked in one order, as in the item: nothing says otherwise.
    Several votes of a judge in one order are their mean, judges count alike.
    """
    utility = np.asarray(worth, dtype=np.float64)
    outcome = sides(votes.soft(), utility)
    _, of_rater, _ = judges_of(votes)
    only_ranks = _only_ranks(votes, ranked)[votes.rater]
    entering = np.ones(votes.V, dtype=np.bool_)
    if ranking_too:
        up = np.sign(utility[-1] - utility[0])
        outcome = _with_ranks(votes, outcome, only_ranks, ranked, up)
    else:
        entering = ~only_ranks
    total, many, orders = _by_order(votes, outcome, of_rater, entering)
    silent = np.bincount(votes.item[~entering], minlength=votes.I) > 0
    lack = np.select(
        [orders == 2, orders == 1, silent],
        [np.int8(Reason.KEPT), np.int8(Reason.ONE_ORDER), np.int8(Reason.RANKS_ONLY)],
        np.int8(Reason.NO_VOTE),
    )
    return gathered(total, many, lack.astype(np.int8))


def _by_order(
    votes: VoteMatrix, outcome: Floats, of_rater: Ints, entering: Bools
) -> tuple[Floats, Ints, Ints]:
    """Sum (I, 3) of the orders' mean masses, judges (I,) behind it, orders (I,) that are in it."""
    judges = int(of_rater.max(initial=0)) + 1
    cell = votes.item.astype(np.int64) * judges + of_rater[votes.rater]
    cells, cell = np.unique(cell[entering], return_inverse=True)
    mass, has = _mean_by_order(votes, outcome, cell, len(cells), entering)
    item, both = cells // judges, has.all(axis=1)
    some_both = np.bincount(item[both], minlength=votes.I) > 0
    counts = both | ~some_both[item]
    total, orders = np.zeros((votes.I, 3)), np.zeros(votes.I, dtype=np.int32)
    for k in range(2):
        mine = counts & has[:, k]
        many = np.bincount(item[mine], minlength=votes.I)
        for side in range(3):
            summed = np.bincount(item[mine], mass[mine, k, side], votes.I)
            total[:, side] += summed / np.maximum(many, 1)
        orders += many > 0
    return total, np.bincount(item[counts], minlength=votes.I).astype(np.int32), orders


def _mean_by_order(
    votes: VoteMatrix, outcome: Floats, cell: npt.NDArray[np.int64], size: int, entering: Bools
) -> tuple[Floats, Bools]:
    """Mean mass (size, 2, 3) of each cell of item and judge in each order; (size, 2) if any."""
    names = votes.order or (None,) * votes.J
    back = np.array([name == "ba" for name in names], dtype=np.int64)
    place = 2 * cell + back[votes.rater[entering]]
    weight = np.ones(len(cell)) if votes.weight is None else votes.weight[entering]
    heft = np.bincount(place, weight, 2 * size).reshape(size, 2)
    mass = np.zeros((size, 2, 3))
    for side in range(3):
        summed = np.bincount(place, weight * outcome[entering, side], 2 * size)
        mass[:, :, side] = summed.reshape(size, 2) / np.where(heft > 0, heft, 1.0)
    return mass, np.asarray(heft > 0)


def _only_ranks(votes: VoteMatrix, ranked: Mapping[str, Floats] | None) -> Bools:
    """(J,) True for raters whose mass only ranks."""
    named = np.array([name in (ranked or {}) for name in votes.raters], dtype=np.bool_)
    return named if votes.uncalibrated is None else named | votes.uncalibrated


def _with_ranks(
    votes: VoteMatrix,
    outcome: Floats,
    only_ranks: Bools,
    ranked: Mapping[str, Floats] | None,
    up: float,
) -> Floats:
    outcome = outcome.copy()
    last = votes.soft()[:, -1]
    for j in np.unique(votes.rater[only_ranks]).tolist():
        mine = votes.rater == j
        among = None if ranked is None else ranked.get(votes.raters[j])
        if among is None or not len(among):
            raise ValueError(f"{votes.raters[j]}: the masses to rank its votes among are not given")
        first = ndtr(up * normal_scores(last[mine], among))
        outcome[mine] = np.stack([first, np.zeros(len(first)), 1 - first], axis=1)
    return outcome
