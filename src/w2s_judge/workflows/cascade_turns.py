"""A batch of a cascade as the engine goes through it: these things, asked of these judges."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from w2s_judge.prompts.rubric import Rubric
from w2s_judge.scoring.engine import Place
from w2s_judge.scoring.selection import Selection
from w2s_judge.scoring.tally import Tally
from w2s_judge.store.courses import answers_by
from w2s_judge.store.probe_votes import items_at
from w2s_judge.store.reading import Asked
from w2s_judge.types import Item, Question
from w2s_judge.workflows.cascade_things import Longs, Things


@dataclass(frozen=True, eq=False, slots=True)
class Batch:
    """What is asked under one rubric: `order` numbers the things, `judges` are names."""

    things: Things
    order: Longs
    judges: tuple[str, ...]

    def questions(self) -> dict[str, int]:
        """By judge, how many questions there are at most."""
        counts = self.things.questions(self.order)
        return {name: counts[name] for name in self.judges}

    def answers(self, db: sqlite3.Connection, asked: Asked, place: Place) -> int:
        """How many of the questions have an answer by a judge."""
        if place.seat.name not in self.judges:
            return 0
        given = answers_by(db, asked, place.number)
        return sum(given.get(at, 0) for at in self.things.places(self.order))


def tallies_of(batches: Sequence[Batch]) -> dict[str, Tally]:
    """A tally for each judge of some batches, with the questions that are planned."""
    planned: dict[str, int] = {}
    for batch in batches:
        for name, count in batch.questions().items():
            planned[name] = planned.get(name, 0) + count
    return {name: Tally(name, count) for name, count in planned.items()}


@dataclass(eq=False, slots=True)
class Turns:
    """The things of several rubrics, one after the other.

    An item stands in line once for each of its things, since one may be more urgent than another;
    which things are meant this time is `_now`, by the item's id and the rubric.
    """

    db: sqlite3.Connection
    batches: Mapping[str, Batch]
    places: Sequence[Place]
    _now: dict[tuple[str, str], set[tuple[int, ...]]] = field(default_factory=dict)

    def selection(self) -> Selection:
        """As the engine takes it."""
        numbers = {place.seat.name: place.number for place in self.places}
        asked = {
            name: frozenset(numbers[judge] for judge in batch.judges if judge in numbers)
            for name, batch in self.batches.items()
        }
        return Selection(
            self._items, self._questions, lambda number, question: number in asked[question.rubric]
        )

    def _line(self) -> Iterator[tuple[str, int]]:
        """(rubric, number of the thing), the rubrics side by side."""
        names = list(self.batches)
        turns = [self.batches[name].order for name in names]
        who = np.concatenate([np.full(len(one), r) for r, one in enumerate(turns)] or [np.zeros(0)])
        when = np.concatenate(
            [(np.arange(len(one)) + 0.5) / max(len(one), 1) for one in turns] or [np.zeros(0)]
        )
        thing = np.concatenate([*turns, np.zeros(0, dtype=np.int64)])
        for k in np.lexsort((who, when)).tolist():
            yield names[int(who[k])], int(thing[k])

    def _items(self, size: int) -> Iterator[list[tuple[int, Item]]]:
        positions: dict[int, None] = {}
        meant: dict[tuple[str, str], set[tuple[int, ...]]] = {}
        for name, t in self._line():
            things = self.batches[name].things
            position = int(things.position[t])
            if position not in positions and len(positions) == size:
                yield from self._slice(positions, meant)
                positions, meant = {}, {}
            positions[position] = None
            meant.setdefault((things.items[t], name), set()).add(things.responses[t])
        if positions:
            yield from self._slice(positions, meant)

    def _slice(
        self, positions: dict[int, None], meant: dict[tuple[str, str], set[tuple[int, ...]]]
    ) -> Iterator[list[tuple[int, Item]]]:
        self._now = meant
        yield from items_at(self.db, [*positions], len(positions))

    def _questions(self, rubric: Rubric, item: Item) -> Iterator[Question]:
        for responses in sorted(self._now.get((item.id, rubric.name), ())):
            things = self.batches[rubric.name].things
            orders = things.orders[things.number[item.id, responses]]
            for order in orders:
                yield rubric.question(item, responses, order)
                for again in range(2, int(things.repeats.max()) + 1):
                    yield rubric.question(item, responses, order, f"repeat:{again}")
