"""What a method is: a callable with settings, and a card that says what may be relied on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol, runtime_checkable

from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.registry import Registry
from w2s_judge.votes import VoteMatrix


@runtime_checkable
class Aggregator(Protocol):
    """Votes in, consensus out; settings are fields of a frozen dataclass."""

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """Leave votes and gold as they are; the same input gives the same bytes."""


class Law(StrEnum):
    """What holds whatever the votes are; each is one property test, run for all who declare it."""

    ITEMS = "items permuted, rows permuted"
    RATERS = "raters permuted, nothing changes"
    LABELS = "labels permuted, classes permuted"  # of votes whose labels have no order
    REVERSAL = "scale reversed, classes reversed"  # of votes whose labels have one
    SILENCE = "no vote, the prior"
    GOLD = "gold keeps its label"
    MUTE = "a rater who never votes changes nothing"
    CLIMBS = "no iteration lowers the objective"


@dataclass(frozen=True, slots=True)
class Method:
    """The card of a method.

    `make` builds it with its defaults. `independent`: its posterior takes votes for independent,
    so that it is tempered without gold. `graded`: it needs ordered labels. `binary`: it takes two
    truth classes and refuses more. `ranks`: what it makes of votes that only rank: "no" takes them
    for probabilities, "cut" is as good on them as on others once a prior or gold says where to cut,
    "known" minds them by itself.
    `needs_gold`: it refuses to work without.
    """

    name: str
    summary: str
    make: Callable[[], Aggregator]
    laws: frozenset[Law]
    independent: bool = False
    graded: bool = False
    binary: bool = False
    ranks: Literal["no", "cut", "known"] = "no"
    needs_gold: bool = False


METHODS = Registry("method", Method, "w2s_judge.aggregation", "METHOD", "w2s_judge.methods")
