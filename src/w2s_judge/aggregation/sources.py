"""Sources: judges whose votes repeat each other, taken for one who is heard several times.

A member of a source of m judges who voted on the item counts 1 / (1 + (m - 1) e), e the excess by
which its members' votes agree beyond a common truth (`copies.py`): together they are worth what m
votes are with errors that correlate by e (Kish 1965). Votes that repeat each other to the letter
(e = 1) count as one, votes of independent judges (e = 0) as m. Where only one of the members voted
its vote counts in full.

A judge who was asked in both orders has two raters and is one member, inside a source and outside:
two halves of one opinion (`order_averaging.py`), each of which counts half where both are there.

Letters: I items, J raters, V votes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.aggregation.copies import Cluster, Copies, Found
from w2s_judge.aggregation.judge_views import JudgeViews
from w2s_judge.aggregation.order_averaging import units_of
from w2s_judge.arrays import Floats, Ints
from w2s_judge.sentences import listed
from w2s_judge.votes import VoteMatrix

MERGED = (
    "one source: {names}. Of what a common truth leaves open in their votes they share "
    "{excess:.2f}{sure}; where all {n} vote, they count as {worth:.1f} votes together"
)
SURE = (
    " (95 % interval {low:.2f} to {high:.2f}; {z:.1f} standard errors above none, at least "
    "{needed:.1f} are asked)"
)
UNMEASURED = (
    "one source: {names}. How much they repeat each other cannot be measured here (too few judges "
    "outside, or too few items in common): together they count as one vote, an assumption"
)
NONE_BEYOND = (
    "assumed to be one source: {names}; but their votes do not repeat each other more than a "
    "common truth explains, so that each of them counts in full all the same"
)


SHOWN = 0.005  # excess below which it would be told as 0.00


@dataclass(frozen=True, slots=True)
class Source:
    """Raters, by number, who are one source; `excess` in [0, 1].

    cluster : what the votes say of it; None where that cannot be told, and then `excess` is 1
    """

    raters: tuple[int, ...]
    excess: float
    cluster: Cluster | None = None

    def said(self, names: Sequence[str]) -> str:
        """A sentence on what was merged and by how much; `names` are all raters'."""
        mine = listed([names[j] for j in self.raters], 8)
        if self.cluster is None:
            return UNMEASURED.format(names=mine)
        if self.excess < SHOWN:
            return NONE_BEYOND.format(names=mine)
        c = self.cluster
        known = c.low is not None and c.high is not None
        sure = SURE.format(low=c.low, high=c.high, z=c.z, needed=c.needed) if known else ""
        n = len(c.members)
        together = n / (1 + (n - 1) * self.excess)
        return MERGED.format(names=mine, excess=self.excess, sure=sure, n=n, worth=together)


@dataclass(frozen=True, eq=False, slots=True)
class Panel:
    """Votes laid out by judge, once, and what the rule `copies` found in them."""

    votes: VoteMatrix
    copies: Copies
    views: JudgeViews
    found: Found

    @classmethod
    def of(cls, votes: VoteMatrix, copies: Copies) -> Panel:
        """Look at the votes; gold and weights play no part."""
        views = JudgeViews.of(votes)
        return cls(votes, copies, views, copies.among(views, votes.group))

    @property
    def merging(self) -> tuple[Cluster, ...]:
        """Clusters that the rule merges, and that no later one holds."""
        merged = [one for one in self.found.clusters if one.merges]
        return tuple(
            one
            for k, one in enumerate(merged)
            if not any(set(one.members) <= set(more.members) for more in merged[k + 1 :])
        )

    @property
    def stands_out(self) -> bool:
        """Whether a cluster agrees more than chance makes the best of all clusters agree."""
        clear = (one for one in self.found.clusters if one.excess >= self.copies.second)
        return any(one.z >= one.needed for one in clear)

    def names(self, members: Sequence[int]) -> str:
        """The names of units, listed."""
        return listed([self.found.units[unit] for unit in members], 8)

    @property
    def families(self) -> tuple[tuple[int, ...], ...]:
        """Units of each family that has two or more, in the order of the units."""
        of_family: dict[str, set[int]] = {}
        for rater, family in enumerate(self.votes.family):
            unit = int(self.views.of_rater[rater])
            if family is not None and unit >= 0:
                of_family.setdefault(family, set()).add(unit)
        return tuple(sorted(tuple(sorted(one)) for one in of_family.values() if len(one) > 1))

    def sources(self, clusters: Sequence[tuple[int, ...]]) -> tuple[Source, ...]:
        """Disjoint clusters of units as sources, each measured with the others merged."""
        found = []
        for members in sorted(clusters):
            others = tuple(one for one in clusters if one != members)
            read = self.copies.read(self.views, members, others, self.votes.group)
            excess = 1.0 if read is None else min(max(read.excess, 0.0), 1.0)
            inside = np.isin(self.views.of_rater, members)
            found.append(Source(tuple(map(int, np.flatnonzero(inside))), excess, read))
        return tuple(found)


def thinned(votes: VoteMatrix, sources: Sequence[Source]) -> VoteMatrix:
    """The votes with the weights that they have as votes of these sources."""
    twice = len(np.unique(units_of(votes)[0])) < votes.J
    if not twice and not any(one.excess for one in sources):
        return votes
    weight = np.ones(votes.V) if votes.weight is None else votes.weight
    return replace(votes, weight=weight * vote_shares(votes, sources))


def vote_shares(votes: VoteMatrix, sources: Sequence[Source]) -> Floats:
    """(V,) what a vote counts, in (0, 1].

    Members are counted as judges: a rater who votes twice on an item is one, with two votes of that
    share; a judge in both orders is one, whose raters share what the judge counts.
    """
    share, unit = np.ones(votes.V), units_of(votes)[0]
    for one in sources:
        inside = np.zeros(votes.J, dtype=np.bool_)
        inside[list(one.raters)] = True
        mine = np.flatnonzero(inside[votes.rater])
        cell = np.unique(votes.item[mine].astype(np.int64) * votes.J + unit[votes.rater[mine]])
        members = np.bincount(cell // votes.J, minlength=votes.I)
        share[mine] = 1 / (1 + (members[votes.item[mine]] - 1) * one.excess)
    return share / _orders(votes, unit)


def _orders(votes: VoteMatrix, unit: Ints) -> Floats:
    """(V,) how many raters of the vote's judge voted on the item."""
    cell = votes.item.astype(np.int64) * votes.J + votes.rater
    if len(np.unique(unit)) == votes.J:
        return np.ones(votes.V)
    heard = np.unique(cell)
    judge = heard // votes.J * votes.J + unit[heard % votes.J]
    _, place, raters = np.unique(judge, return_inverse=True, return_counts=True)
    of_heard = raters[place]
    return np.asarray(of_heard[np.searchsorted(heard, cell)], dtype=np.float64)


def worth(votes: VoteMatrix, sources: Sequence[Source]) -> Floats:
    """(I,) how many independent votes an item has if the sources err independently.

    A rater who votes twice on an item counts once, and so does a judge in both orders.
    """
    cell = votes.item.astype(np.int64) * votes.J + votes.rater
    _, first = np.unique(cell, return_index=True)
    share = vote_shares(votes, sources)[first]
    return np.bincount(votes.item[first], weights=share, minlength=votes.I).astype(np.float64)
