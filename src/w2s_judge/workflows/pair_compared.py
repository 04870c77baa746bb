"""Slices of votes that compare two responses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.preferences.compared_pairs import Asked as PairsAsked
from w2s_judge.preferences.compared_pairs import (
    asked_pairs,
    from_comparisons,
    of_candidates,
    pair_utilities,
)
from w2s_judge.preferences.pair_mass import BETTER, EVEN, TIE, WORSE, PairMass, from_posterior
from w2s_judge.preferences.reasons import Codes, Reason
from w2s_judge.store.reading import Asked
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.pair_slices import Scores, Slice
from w2s_judge.workflows.pair_verdicts import Verdicts
from w2s_judge.workflows.pair_vetoes import Vetoes


@dataclass(frozen=True, slots=True)
class Compared:
    """Votes under one rubric that compares two. `scores` as for `Ratings`.

    Without them the consensus on each pair gives its mass and the responses' utilities; with them
    the mass is the votes' own.
    """

    asked: Asked
    verdicts: Verdicts
    vetoes: Vetoes
    ranked: Mapping[str, Floats]
    ranking_too: bool = False
    scores: Scores | None = None

    def cut(self, votes: Mapping[str, VoteMatrix], /) -> Slice | None:
        one = votes.get(self.asked.name)
        if one is None:
            self.vetoes.of(votes, ())
            return None
        told = self.verdicts.of(one)
        asked = asked_pairs(one)
        mass = from_comparisons(
            one, self.asked.utilities, self.ranked, ranking_too=self.ranking_too
        )
        if self.scores is None:
            usable = told.known & ~told.ranks
            agreed = from_posterior(np.nan_to_num(told.posterior), self.asked.worth, mass)
            mass = replace(mass, mass=np.where(usable[:, None], agreed.mass, mass.mass))
        if not self.vetoes.blind:
            mass = _by_gold(mass, told.gold)
        names = _names(one, asked.group)
        utility = pair_utilities(asked, mass)
        keys = list(zip(names, asked.position.tolist(), strict=True))
        if self.scores is not None:
            utility = np.array([self.scores.get(key, np.nan) for key in keys])
        prompts = tuple(dict.fromkeys(names))
        group = {name: g for g, name in enumerate(prompts)}

        def gold_of(better: Ints, worse: Ints) -> Floats:
            index, turned = asked.find(better, worse)
            first = np.where(index >= 0, told.gold[np.maximum(index, 0)], np.nan)
            return np.where(turned, 1 - first, first)

        return Slice(
            prompts=prompts,
            group=np.array([group[name] for name in names], dtype=np.int32),
            position=asked.position,
            utility=utility,
            out=self.vetoes.of(votes, keys),
            silent=_lacking(asked, mass),
            gold=None,
            upper=None,
            desired=None,
            ranks=np.zeros(asked.R, dtype=np.bool_),
            votes=np.zeros(asked.R, dtype=np.int32),
            dissent=np.full(asked.R, np.nan),
            masses=lambda better, worse: of_candidates(asked, mass, better, worse),
            gold_of=gold_of,
            met=(asked.first, asked.second),
        )


def _by_gold(mass: PairMass, gold: Floats) -> PairMass:
    """Pairs with a gold label are what gold says, whatever the votes on them lack."""
    told = ~np.isnan(gold)
    side = np.eye(3)[np.where(gold > EVEN, BETTER, np.where(gold < EVEN, WORSE, TIE))]
    return replace(
        mass,
        mass=np.where(told[:, None], side, mass.mass),
        lack=np.where(told, np.int8(Reason.KEPT), mass.lack).astype(np.int8),
    )


def _lacking(asked: PairsAsked, mass: PairMass) -> Codes:
    """(R,) what the pairs of a response lack: the first reason in the order of `Reason`."""
    found = np.full(asked.R, np.iinfo(np.int8).max, dtype=np.int8)
    lacks = mass.lack != Reason.KEPT
    for rows in (asked.first[lacks], asked.second[lacks]):
        np.minimum.at(found, rows, mass.lack[lacks])
    return np.where(found == np.iinfo(np.int8).max, np.int8(Reason.NO_VOTE), found)


def _names(votes: VoteMatrix, group: Ints) -> list[str]:
    """The prompts' ids of rows that have these numbers."""
    first = dict(zip(votes.group.tolist(), votes.items, strict=True))
    return [first[g] for g in group.tolist()]
