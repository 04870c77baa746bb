"""What a ranker is: a callable with settings, and a card that says what may be relied on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol, runtime_checkable

from w2s_judge.comparisons import Comparisons, Ranking
from w2s_judge.registry import Registry


@runtime_checkable
class Ranker(Protocol):
    """Comparisons in, ranking out; settings are fields of a frozen dataclass."""

    def __call__(self, comparisons: Comparisons, /) -> Ranking:
        """Leave the comparisons as they are; the same input gives the same bytes."""


class RankLaw(StrEnum):
    """What holds whatever was compared; each is one property test, run for all who declare it."""

    OBJECTS = "objects permuted, scores permuted"
    RATERS = "raters permuted, nothing changes"
    EXCHANGE = "sides exchanged with the winner: scores stay, the position term is negated"
    REVERSAL = "winners reversed, order reversed"  # up to ties
    TIE = "a tie never widens the gap of the two"  # tie parameter fixed, no position term
    PERFECT = "the order of data without error is recovered"  # all pairs, both orders
    WEIGHT = "a common weight changes nothing"  # unpenalised
    QUESTIONS = "questions do not touch each other"


@dataclass(frozen=True, slots=True)
class Card:
    """The card of a ranker.

    `make` builds it with its defaults, `bare` without any penalty, for parity and for the law of
    the common weight (None where it has none). `merges`: how models are ranked over many questions:
    "pool" takes all comparisons as one question, "ranks" merges the rankings of the questions.
    """

    name: str
    summary: str
    make: Callable[[], Ranker]
    laws: frozenset[RankLaw]
    bare: Callable[[], Ranker] | None = None
    merges: Literal["pool", "ranks"] = "pool"


RANKERS = Registry("ranker", Card, "w2s_judge.ranking", "RANKER", "w2s_judge.rankers")
