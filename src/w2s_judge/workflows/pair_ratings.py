"""Slices of votes on single responses, under one rubric or several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.preferences.pair_mass import PairMass, averaged
from w2s_judge.preferences.rated_pairs import from_ratings
from w2s_judge.preferences.reasons import Reason
from w2s_judge.preferences.rules import Rule, upper_mass
from w2s_judge.store.reading import Asked
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.pair_slices import Scores, Slice
from w2s_judge.workflows.pair_verdicts import Told, Verdicts
from w2s_judge.workflows.pair_vetoes import Vetoes, desired


@dataclass(frozen=True, slots=True)
class Ratings:
    """Votes on single responses under the rubrics of a rule.

    `ranked` are, by rubric, the sorted masses of raters that only rank; `ranking_too` lets these
    enter; `scores` of a ranker take the place of the consensus' utilities.
    """

    rule: Rule
    asked: Mapping[str, Asked]
    verdicts: Mapping[str, Verdicts]
    vetoes: Vetoes
    ranked: Mapping[str, Mapping[str, Floats]]
    ranking_too: bool = False
    scores: Scores | None = None

    def cut(self, votes: Mapping[str, VoteMatrix], /) -> Slice | None:
        rule = self.rule
        mine = {name: votes[name] for name in rule.utilities if name in votes}
        told = {name: self.verdicts[name].of(one) for name, one in mine.items()}
        keys = [(name, place) for _, name, place in sorted_keys(mine)]
        out = self.vetoes.of(votes, keys)
        if not keys:
            return None
        number = {key: r for r, key in enumerate(keys)}
        index = {name: _index(one, number) for name, one in mine.items()}
        size = len(keys)
        each = [
            _spread(told[name], self.asked[name], index[name], size)
            if name in mine
            else _Spread.nothing(size)
            for name in rule.utilities
        ]
        utility, gold = _mean([one.utility for one in each]), _mean([one.gold for one in each])
        if not self.vetoes.blind:  # a label settles what the response is worth, as in the scores
            utility = np.where(np.isnan(gold), utility, gold)
        if self.scores is not None:
            utility = np.array([self.scores.get(key, np.nan) for key in keys])
        group = {name: g for g, name in enumerate(dict.fromkeys(name for name, _ in keys))}
        absent = np.any([~one.asked for one in each], axis=0)
        return Slice(
            prompts=tuple(group),
            group=np.array([group[name] for name, _ in keys], dtype=np.int32),
            position=np.array([place for _, place in keys], dtype=np.int32),
            utility=utility,
            out=out,
            silent=np.where(absent, np.int8(Reason.UNASKED), np.int8(Reason.NO_VOTE)),
            gold=gold,
            upper=_mean([one.upper for one in each]),
            desired=_mean([one.desired for one in each]),
            ranks=np.any([one.ranks for one in each], axis=0),
            votes=_support(rule, mine, index, size),
            dissent=_mean([one.dissent for one in each]),
            masses=_Votes(self, mine, index, size).masses,
        )


@dataclass(frozen=True, eq=False, slots=True)
class _Spread:
    """What one rubric says of the R responses of a slice; `asked` (R,) where it was asked."""

    utility: Floats
    upper: Floats
    gold: Floats
    desired: Floats
    dissent: Floats
    ranks: Bools
    asked: Bools

    @classmethod
    def nothing(cls, size: int) -> _Spread:
        unknown = np.full(size, np.nan)
        none = np.zeros(size, dtype=np.bool_)
        return cls(unknown, unknown, unknown, unknown, unknown, none, none)


def _spread(told: Told, asked: Asked, index: Ints, size: int) -> _Spread:
    def put(values: Floats) -> Floats:
        out = np.full(size, np.nan)
        out[index] = values
        return out

    ranks, there = np.zeros((2, size), dtype=np.bool_)
    ranks[index], there[index] = told.ranks, True
    return _Spread(
        put(told.posterior @ np.asarray(asked.worth)),
        put(upper_mass(told.posterior, asked.worth)),
        put(told.gold),
        put(desired(told.gold, asked)),
        put(told.dissent),
        ranks,
        there,
    )


def _mean(columns: list[Floats]) -> Floats:
    """(R,) over the rubrics, NaN where one of them does not say."""
    return np.asarray(np.mean(columns, axis=0))


@dataclass(frozen=True, eq=False, slots=True)
class _Votes:
    source: Ratings
    votes: Mapping[str, VoteMatrix]
    index: Mapping[str, Ints]
    size: int

    def masses(self, better: Ints, worse: Ints) -> PairMass:
        return averaged([self._under(name, better, worse) for name in self.source.rule.utilities])

    def _under(self, name: str, better: Ints, worse: Ints) -> PairMass:
        row = np.full(self.size, -1, dtype=np.int32)
        if name in self.votes:
            row[self.index[name]] = np.arange(self.votes[name].I, dtype=np.int32)
        there = (row[better] >= 0) & (row[worse] >= 0)
        if not there.any():
            return _silent(len(better))
        source = self.source
        found = from_ratings(
            self.votes[name], source.asked[name].utilities,
            row[better[there]], row[worse[there]], source.ranked[name],
            ranking_too=source.ranking_too,
        )  # fmt: skip
        return found if there.all() else _put(found, there)


def _silent(size: int) -> PairMass:
    mass = np.full((size, 3), 1 / 3)
    return PairMass(
        mass, mass, np.zeros(size, dtype=np.int32), np.full(size, Reason.NO_VOTE, dtype=np.int8)
    )


def _put(found: PairMass, there: Bools) -> PairMass:
    """Pairs of some places among others on which nobody voted."""
    out = _silent(len(there))
    mass, said, votes, lack = out.mass.copy(), out.said.copy(), out.votes, out.lack
    mass[there], said[there], votes[there], lack[there] = (
        found.mass, found.said, found.votes, found.lack,
    )  # fmt: skip
    return PairMass(mass, said, votes, lack)


def _support(
    rule: Rule, votes: Mapping[str, VoteMatrix], index: Mapping[str, Ints], size: int
) -> Ints:
    """(R,) votes on each response under the rubrics that say how good it is."""
    total = np.zeros(size, dtype=np.int32)
    for name in rule.utilities:
        if name in votes:
            total[index[name]] += votes[name].support
    return total


def sorted_keys(votes: Mapping[str, VoteMatrix]) -> list[tuple[int, str, int]]:
    """(order, item, position) of all responses in these votes, by prompt, then position.

    Prompts go in the order in which the first rubric that has them does.
    """
    order: dict[str, int] = {}
    found: set[tuple[int, str, int]] = set()
    for one in votes.values():
        places = [] if one.positions is None else one.positions[:, 0].tolist()
        for name, place in zip(one.items, places, strict=True):
            found.add((order.setdefault(name, len(order)), name, place))
    return sorted(found)


def _index(votes: VoteMatrix, number: Mapping[tuple[str, int], int]) -> Ints:
    """(I,) the slice's row of each item of the votes."""
    places = [] if votes.positions is None else votes.positions[:, 0].tolist()
    return np.array([number[key] for key in zip(votes.items, places, strict=True)], dtype=np.int32)
