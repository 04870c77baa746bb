"""Kemeny's rule: the order that the comparisons contradict least, proven to be that.

J. G. Kemeny, Mathematics without numbers, Daedalus 88 (1959); H. P. Young, Condorcet's theory of
voting, American Political Science Review 82 (1988): it is the likeliest order where each comparison
is wrong with one probability. Finding it is NP-hard, so that it is for few objects: by subsets up
to 12 (`kemeny_subsets`), by branch and cut above that (`exact_order`), within a bound on the work.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.comparisons import Comparisons, Ranking
from w2s_judge.errors import UsageError
from w2s_judge.ranking.components import ranks, unconnected, within_question
from w2s_judge.ranking.contract import Card, RankLaw
from w2s_judge.ranking.counted import as_fractions
from w2s_judge.ranking.exact_order import EFFORT, EXACT_SIZE, proven_order
from w2s_judge.ranking.grouped import Grouped, Places
from w2s_judge.ranking.kemeny_subsets import LARGEST, cheapest_orders
from w2s_judge.ranking.pair_counts import NOTHING, PairCounts, pair_counts
from w2s_judge.ranking.strong_parts import net

NAME = "kemeny"
MOST = 1000  # connected objects, whatever their majorities: some seconds
INSTEAD = "rank them by 'bradley-terry' or 'ged'"
TOO_MANY = f"kemeny takes at most {MOST} connected objects, not {{}}\n  {INSTEAD}"
WHY = (
    f"more than {EXACT_SIZE} objects beat each other in circles, or fewer whose votes are near to "
    "chance"
)
UNPROVEN = f"kemeny has not proven the order of {{}} objects: {WHY}\n  {INSTEAD}"


def kemeny_cost(preference: Floats, order: Ints, /) -> float:
    """The weight that an order contradicts.

    preference : (n, n) weight of row above column; the diagonal is ignored
    order      : (n,) objects, best first
    """
    return float(np.tril(preference[np.ix_(order, order)], -1).sum())


def kemeny_order(preference: Floats, /, *, effort: float = EFFORT) -> Ints:
    """(n,) objects, best first, so that no order contradicts less weight: proven.

    preference : (n, n) weight of row above column, 0 or above; the diagonal is ignored
    effort     : bound on the work, as for `proven_order`: 200 is 5 to 20 s

    Of several best orders the first by index up to 12 objects; above that always the same one.
    Circles of up to 25 objects, and of 60 with three votes a pair of which a quarter are wrong,
    take a tenth of a second. It is longer the nearer votes are to chance: with one vote a pair, a
    quarter wrong, 50 objects take seconds, and are not always proven; random votes end unproven
    from some 30 objects on. Raises `UsageError` where it is not proven: more than `EXACT_SIZE`
    objects beat each other in circles, or the effort ends; and where there are more than `MOST`.
    """
    order, proven = _order(preference, effort)
    if not proven:
        raise UsageError(UNPROVEN.format(len(preference)))
    return order


def _order(preference: Floats, effort: float) -> tuple[Ints, bool]:
    """(n,) the best order that is found, and whether it is proven to be the best."""
    if len(preference) <= LARGEST:
        return np.asarray(cheapest_orders(net(preference).T[None])[0]), True
    if len(preference) > MOST:
        raise UsageError(TOO_MANY.format(len(preference)))
    return proven_order(preference, effort=effort)


@dataclass(frozen=True, slots=True)
class Kemeny:
    """Places in the order that contradicts the least weight of comparisons.

    score = (n - 1) / 2 - place, place 0 the best of the n objects of a connected part: centred on
    0. Ties count for neither side. Of several best orders the first by name is taken up
    to 12 objects, above that one that depends on the names, and never on the order of the
    comparisons; where objects stand next to each other in it and all pairs of them are level or
    never met, they share their mean place, since in any order of theirs it is as good.

    effort : bound on the work for each connected part, as for `kemeny_order`. Where it ends before
             the proof, or more than `EXACT_SIZE` objects beat each other in circles, the part has
             the best order that was found, and a note says that it is not proven
    """

    effort: float = EFFORT

    def __post_init__(self) -> None:
        if not self.effort > 0:
            raise UsageError(f"the effort of Kemeny is above 0, not {self.effort}")

    def __call__(self, comparisons: Comparisons, /) -> Ranking:
        """(N,) centred places; an object without a comparison has 0.

        Raises `UsageError` where more than `MOST` objects are connected.
        """
        counts = pair_counts(comparisons, ordered=False)
        component = counts.connected()
        score, level, unproven = _scores(comparisons, counts, component, self.effort)
        notes = unconnected(comparisons, component) + as_fractions(comparisons)
        if level:
            notes += (
                f"{level} objects share a place with others, since no comparison decides between "
                "them",
            )
        if unproven:
            notes += (
                f"the order of {unproven} objects is a good one, and not proven to contradict the "
                f"least weight: {WHY}",
            )
        return Ranking(
            score=score,
            rank=ranks(score, component),
            component=within_question(component, comparisons.question),
            method=NAME,
            settings=repr(self),
            notes=notes,
        )


def _scores(
    comparisons: Comparisons, counts: PairCounts, component: Ints, effort: float
) -> tuple[Floats, int, int]:
    """(N,) scores, how many objects share a place, and of how many the order is not proven.

    All parts of a size are ordered at once.
    """
    named = sorted(range(comparisons.N), key=comparisons.objects.__getitem__)
    groups = Grouped.of(component, np.array(named, dtype=np.intp))
    if (largest := groups.size.max(initial=0)) > MOST:
        raise UsageError(TOO_MANY.format(largest))
    part = component[counts.first]
    decided = np.abs(counts.net) > NOTHING * counts.total
    score, sharing, unproven = np.zeros(comparisons.N), 0, 0
    for n in np.unique(groups.size[part]).tolist():
        parts, cells = np.flatnonzero(groups.size == n), groups.size[part] == n
        cells &= decided
        skew = np.zeros((len(parts), n, n))
        first, second = groups.place[counts.first[cells]], groups.place[counts.second[cells]]
        skew[np.searchsorted(parts, part[cells]), first, second] = counts.net[cells]
        skew -= skew.transpose(0, 2, 1).copy()
        order, proven = _orders(skew, effort)
        place, shared = _places(skew, order)
        objects = np.take_along_axis(groups.members(parts, n), order, axis=1)
        score[objects] = (n - 1) / 2 - place
        sharing += int(shared.sum())
        unproven += n * int((~proven).sum())
    return score, sharing, unproven


def _orders(skew: Floats, effort: float) -> tuple[Places, Bools]:
    """(B, n) objects of B parts, best first, from what row beats column by; (B,) if proven."""
    lead = np.maximum(skew, 0.0)
    if skew.shape[1] <= LARGEST:
        orders = cheapest_orders(lead.transpose(0, 2, 1)).astype(np.intp)
        return orders, np.ones(len(skew), dtype=np.bool_)
    found = [_order(one, effort) for one in lead]
    proven = np.array([one[1] for one in found], dtype=np.bool_)
    return np.array([one[0] for one in found], dtype=np.intp), proven


def _places(skew: Floats, order: Places) -> tuple[Floats, Bools]:
    """(B, n) place of each of `order`, and whether it is shared.

    A run of the order in which no pair is decided shares its mean place; runs are as long as can
    be, from the best on.
    """
    sorted_rows = np.take_along_axis(skew, order[:, :, None], axis=1)
    decided = np.take_along_axis(sorted_rows, order[:, None, :], axis=2) != 0
    problems, n = order.shape
    above = np.where(np.tril(decided, -1), np.arange(n), -1).max(axis=2)  # (B, n) the last decided
    begin = np.zeros((problems, n), dtype=np.intp)
    for k in range(1, n):
        begin[:, k] = np.where(above[:, k] < begin[:, k - 1], begin[:, k - 1], k)
    run = begin + n * np.arange(problems)[:, None]
    length = np.bincount(run.ravel(), minlength=n * problems)[run]
    return begin + (length - 1) / 2, length > 1


RANKER = Card(
    NAME,
    "the order that contradicts the least weight; a note says where that is not proven",
    Kemeny,
    frozenset(RankLaw) - {RankLaw.REVERSAL},
    bare=Kemeny,
)
