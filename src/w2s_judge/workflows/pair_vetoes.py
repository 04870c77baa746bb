"""Responses that a rubric vetoes before pairing, or that it cannot clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.preferences.reasons import Codes
from w2s_judge.preferences.rules import Rule, upper_mass
from w2s_judge.store.reading import Asked
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.pair_verdicts import Told, Verdicts, keys_of


@dataclass(frozen=True, slots=True)
class Vetoes:
    """The vetoing rubrics of a rule, their consensus by name.

    A veto needs a probability, or a gold label: votes that only rank clear nothing. `blind`: gold
    clears and vetoes nothing, as pairs to learn from must be drawn without it.
    """

    rule: Rule
    asked: Mapping[str, Asked]
    verdicts: Mapping[str, Verdicts]
    blind: bool = False

    def of(self, votes: Mapping[str, VoteMatrix], responses: Sequence[tuple[str, int]], /) -> Codes:
        """(R,) KEPT, VETOED or UNCLEARED for responses, each an item's id and a position.

        Votes of every vetoing rubric that has any there must be given once, in order.
        """
        upper = {name: np.full(len(responses), np.nan) for name, _ in self.rule.vetoes}
        row = {response: r for r, response in enumerate(responses)}
        for name in upper.keys() & votes.keys():
            told = self.verdicts[name].of(votes[name])
            clear = self._clear(told, self.asked[name])
            for (item, (place,)), share in zip(keys_of(votes[name]), clear.tolist(), strict=True):
                if (item, place) in row:
                    upper[name][row[item, place]] = share
        if not upper:
            return np.zeros(len(responses), dtype=np.int8)
        return self.rule.vetoed(upper)

    def _clear(self, told: Told, asked: Asked) -> Floats:
        """(I,) P(upper classes), by gold where it tells."""
        found = np.where(told.ranks, np.nan, upper_mass(told.posterior, asked.worth))
        by_gold = desired(told.gold, asked)
        return found if self.blind else np.where(np.isnan(by_gold), found, by_gold)


def desired(gold: Floats, asked: Asked) -> Floats:
    """(I,) 1 where the utility by gold is that of an upper class, 0 of a lower, .5 between."""
    middle = (min(asked.worth) + max(asked.worth)) / 2
    return np.where(np.isnan(gold), np.nan, np.sign(gold - middle) / 2 + 0.5)
