"""Responses to a stretch of prompts with what is known of them, and what votes say of pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.preferences.pair_mass import PairMass
from w2s_judge.preferences.reasons import Codes
from w2s_judge.preferences.strategies import Candidates, Strategy, candidates, widest
from w2s_judge.votes import VoteMatrix

Masses: TypeAlias = Callable[[Ints, Ints], PairMass]
Scores: TypeAlias = Mapping[tuple[str, int], float]
"""A ranker's score of each response, by item and position."""


@dataclass(frozen=True, eq=False, slots=True)
class Slice:
    """R responses to prompts, by prompt and position.

    prompts  : ids, and group (R,) index into them; position (R,) in the prompt's list
    utility  : (R,) what the strategy goes by, NaN where it is unknown
    out      : (R,) `Reason` why a response is left out before pairing, else KEPT
    silent   : (R,) `Reason` why the utility is unknown, where it is
    gold     : (R,) utility by gold, NaN without a label; None where gold is on pairs
    upper    : (R,) P(desirable), NaN where unknown; None where nothing says it
    desired  : (R,) 1 where gold says desirable, 0 where not, .5 between, NaN without a label
    ranks    : (R,) True where the votes only rank; votes (R,) how many there are
    dissent  : (R,) mean mass of the votes off the consensus' label, NaN where it has none
    masses   : the votes on pairs of rows (better, worse), unmapped
    met      : rows of the pairs that were compared; None where ratings make pairs of all
    gold_of  : utility by gold of (better, worse), where gold is on pairs: 1, .5, 0, NaN
    """

    prompts: tuple[str, ...]
    group: Ints
    position: Ints
    utility: Floats
    out: Codes
    silent: Codes
    gold: Floats | None
    upper: Floats | None
    desired: Floats | None
    ranks: Bools
    votes: Ints
    dissent: Floats
    masses: Masses
    gold_of: Callable[[Ints, Ints], Floats] | None = None
    met: tuple[Ints, Ints] | None = None

    def gold_sides(self, better: Ints, worse: Ints) -> tuple[Floats, Floats]:
        """(P,) gold's utilities of both sides of pairs, NaN where gold does not tell."""
        if self.gold_of is not None:
            first = self.gold_of(better, worse)
            return first, 1 - first
        gold = np.full(len(self.group), np.nan) if self.gold is None else self.gold
        return gold[better], gold[worse]


def drawn(found: Slice, utility: Floats, strategy: Strategy) -> Candidates:
    """The pairs that a strategy draws, alike for what is learned and for what is written.

    Of comparisons, best-worst takes the two that were compared and lie furthest apart.
    """
    if strategy == "best-worst" and found.met is not None:
        return widest(found.group, utility, *found.met)
    return candidates(found.group, utility, strategy)


class Source(Protocol):
    """Votes of the rubrics of a rule, to be cut in slices."""

    def cut(self, votes: Mapping[str, VoteMatrix], /) -> Slice | None:
        """A slice of these votes, by rubric: of every rubric of the rule that has any there.

        None where there are only votes under rubrics that veto.
        """
