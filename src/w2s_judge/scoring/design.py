"""Which of an item's pairs are compared: all, a connected few, or those that are undecided."""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from w2s_judge.prompts.rubric import Rubric
from w2s_judge.types import Item, Order, Question

Pair: TypeAlias = tuple[int, int]
FEWEST = 2  # comparisons of each response that can connect more than two


@dataclass(frozen=True, slots=True)
class Design:
    """The comparisons of a run; rubrics for single responses are not touched by it.

    each      : comparisons in which each response takes part; None: all pairs
    settled   : rubric -> item id -> the pairs that need no comparison, since single scores have
                decided them; all others are compared
    one_order : ask each pair in one order, drawn by lot, instead of both
    seed      : of both draws, which depend on the item's id and on nothing else
    """

    each: int | None = None
    settled: Mapping[str, Mapping[str, frozenset[Pair]]] = field(default_factory=dict)
    one_order: bool = False
    seed: int = 0

    @property
    def by_item(self) -> bool:
        """Whether items that are alike may still be asked about differently."""
        return self.each is not None or any(self.settled.values())

    def pairs(self, rubric: str, item: str, responses: int) -> tuple[Pair, ...]:
        """The pairs (i < j) of an item that are compared, ascending."""
        settled = self.settled.get(rubric, {}).get(item, frozenset())
        return tuple(pair for pair in self._drawn(item, responses) if pair not in settled)

    def orders(self, item: str, pair: Pair) -> tuple[Order, ...]:
        """The orders in which a pair is shown."""
        if not self.one_order:
            return ("ab", "ba")
        return ("ab",) if self._lot(f"order {pair[0]} {pair[1]}", item).random() < 0.5 else ("ba",)

    def questions(self, rubric: Rubric, item: Item) -> Iterator[Question]:
        """An item's questions under a rubric, each asked once."""
        if rubric.arity == 1:
            yield from rubric.questions(item)
            return
        for pair in self.pairs(rubric.name, item.id, len(item.responses)):
            for order in self.orders(item.id, pair):
                yield rubric.question(item, pair, order)

    def _drawn(self, item: str, responses: int) -> tuple[Pair, ...]:
        if self.each is None or responses <= FEWEST or self.each >= responses - 1:
            return tuple(itertools.combinations(range(responses), 2))
        places = list(range(responses))
        self._lot("pairs", item).shuffle(places)
        return circulant(places, self.each)

    def _lot(self, what: str, item: str) -> random.Random:
        digest = hashlib.blake2b(f"{self.seed}\n{what}\n{item}".encode(), digest_size=8).digest()
        return random.Random(int.from_bytes(digest))  # noqa: S311 (a design, no secret)


def circulant(places: list[int], each: int) -> tuple[Pair, ...]:
    """A connected graph in which every place has `each` neighbours, ascending pairs.

    The places stand in a circle, and each is joined to those 1, 2, ... steps away; the first step
    alone connects them all. With odd `each` also to the one opposite, or, where their number is
    odd, so that a single place has one neighbour more.
    """
    n = len(places)
    joined = {(k, (k + step) % n) for k in range(n) for step in range(1, each // 2 + 1)}
    if each % 2:
        half = n // 2
        joined |= {(k, (k + half) % n) for k in range(half + n % 2)}
    return tuple(sorted({tuple(sorted((places[a], places[b]))) for a, b in joined}))  # type: ignore[misc]
