"""What a cascade decides about: the things judged under a rubric, whether voted on or not.

A vote matrix of a run has what has votes. A cascade also counts what nobody was asked about yet:
its arrays are over all things judged, T of them, in the order of the input. J judges.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from w2s_judge.arrays import Bools
from w2s_judge.datasets.gold_files import GoldMatch, gold_for
from w2s_judge.gold import Truth
from w2s_judge.judges.seat import Seat
from w2s_judge.prompts.rubric import Rubric
from w2s_judge.scoring.design import Design
from w2s_judge.scoring.plan import Choice, is_own_family, takes
from w2s_judge.store.courses import Place
from w2s_judge.store.shapes import Placed, each_placed
from w2s_judge.types import Order
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.gold import GoldFile

Longs: TypeAlias = npt.NDArray[np.int64]
Orders: TypeAlias = tuple[Order | None, ...]


@dataclass(frozen=True, eq=False)
class Things:
    """The things judged under one rubric that at least one judge may be asked about.

    position  : (T,) place of the item in the input; things of one item answer the same prompt
    lot       : (T,) the seeded order of asking, the same for all things of an item
    items     : (T,) ids
    responses : (T,) positions in the item
    orders    : (T,) the orders in which the thing is shown; (None,) of a single response
    may       : (T, J) whether a judge may be asked: it declares the rubric and is no kin
    judges    : (J,) names, of all seats
    repeats   : (J,) how often each question is asked of a judge
    """

    rubric: Rubric
    position: Longs
    lot: Longs
    items: tuple[str, ...]
    responses: tuple[tuple[int, ...], ...]
    orders: tuple[Orders, ...]
    may: Bools
    judges: tuple[str, ...]
    repeats: Longs

    @property
    def T(self) -> int:  # noqa: N802 (the letter)
        """Number of things judged."""
        return len(self.items)

    @cached_property
    def shown(self) -> Longs:
        """(T,) in how many orders each is shown."""
        return np.array([len(orders) for orders in self.orders], dtype=np.int64)

    def questions(self, among: Longs | Bools) -> dict[str, int]:
        """By judge, how many questions it can be asked about some of the things."""
        counts = self.shown[among] @ self.may[among] * self.repeats
        return dict(zip(self.judges, counts.tolist(), strict=True))

    def places(self, among: Longs) -> list[Place]:
        """Some of the things as the run keeps them."""
        return [(int(self.position[t]), place_of(self.responses[t])) for t in among.tolist()]

    @cached_property
    def at(self) -> dict[Place, int]:
        """The number of each thing, by how the run keeps it."""
        return {place: t for t, place in enumerate(self.places(np.arange(self.T)))}

    @cached_property
    def number(self) -> dict[tuple[str, tuple[int, ...]], int]:
        """The number of each thing, by its item's id and its responses."""
        return {key: t for t, key in enumerate(zip(self.items, self.responses, strict=True))}

    @property
    def unit(self) -> str:
        """What a thing judged is, in the plural."""
        return "responses" if self.rubric.arity == 1 else "pairs"

    def framed(self, votes: VoteMatrix | None) -> VoteMatrix:
        """The votes of a run with all things as items; votes on nothing of these are left out."""
        frame = self._frame()
        if votes is None:
            return frame
        positions = () if votes.positions is None else map(tuple, votes.positions.tolist())
        keys = zip(votes.items, positions, strict=True)
        thing = np.array([self.number.get(key, -1) for key in keys], dtype=np.int32)
        kept = votes.only(thing[votes.item] >= 0)
        return replace(
            kept, items=frame.items, item=thing[kept.item], group=frame.group,
            positions=frame.positions, truth=frame.truth,
        )  # fmt: skip

    def _frame(self) -> VoteMatrix:
        """No vote yet, on all the things."""
        rubric, none = self.rubric, np.zeros(0, dtype=np.int32)
        _, group = np.unique(self.position, return_inverse=True)
        cut = [rubric.cut.class_at(label) for label in range(len(rubric.labels))]
        of_label = tuple(k for k in cut if k is not None)
        return VoteMatrix(
            items=self.items,
            raters=(),
            labels=rubric.labels,
            item=none,
            rater=none,
            mass=np.zeros((0, len(rubric.labels))),
            group=group.astype(np.int32),
            family=(),
            ordered=rubric.ordered,
            positions=np.array(self.responses, dtype=np.int32).reshape(-1, rubric.arity),
            truth=Truth(rubric.classes, of_label if len(of_label) == len(cut) else None),
        )

    def matched(self, labels: GoldFile) -> GoldMatch:
        """The labels that are about these things, by their numbers; `InputError` for none."""
        frame = self._frame()
        return gold_for(labels.rows, frame, frame.truth, rubric=self.rubric.name)


def place_of(responses: Sequence[int]) -> str:
    """Positions as the run stores them."""
    return ",".join(map(str, responses))


def things_judged(
    db: sqlite3.Connection,
    rubrics: Mapping[str, Rubric],
    choice: Choice,
    seats: Sequence[Seat],
    design: Design,
    *,
    allow_own_family: bool,
) -> dict[str, Things]:
    """The things judged under each rubric, from the shapes of the items, without their texts."""
    growing = {name: _Growing(rubric, seats, allow_own_family) for name, rubric in rubrics.items()}
    for placed in each_placed(db):
        for name in choice(placed.shape.task):
            growing[name].add(placed, design)
    return {name: one.grown() for name, one in growing.items()}


class _Growing:
    def __init__(self, rubric: Rubric, seats: Sequence[Seat], allow_own_family: bool) -> None:
        self._rubric, self._seats, self._allow = rubric, seats, allow_own_family
        self._position: list[int] = []
        self._lot: list[int] = []
        self._items: list[str] = []
        self._responses: list[tuple[int, ...]] = []
        self._orders: list[Orders] = []
        self._may: list[tuple[bool, ...]] = []
        self._willing: dict[tuple[str | None, ...], tuple[bool, ...]] = {}

    def add(self, placed: Placed, design: Design) -> None:
        shape = placed.shape
        for responses, orders in self._asked(placed, design):
            families = tuple(shape.families[k] for k in responses)
            if families not in self._willing:
                self._willing[families] = self._who(families)
            may = self._willing[families]
            if any(may):
                self._position.append(placed.position)
                self._lot.append(placed.lot)
                self._items.append(shape.name)
                self._responses.append(responses)
                self._orders.append(orders)
                self._may.append(may)

    def _asked(self, placed: Placed, design: Design) -> list[tuple[tuple[int, ...], Orders]]:
        name, count = placed.shape.name, len(placed.shape.families)
        if self._rubric.arity == 1:
            return [((k,), (None,)) for k in range(count)]
        pairs = design.pairs(self._rubric.name, name, count)
        return [(pair, design.orders(name, pair)) for pair in pairs]

    def _who(self, families: tuple[str | None, ...]) -> tuple[bool, ...]:
        return tuple(
            takes(seat, self._rubric.name) and (self._allow or not is_own_family(seat, families))
            for seat in self._seats
        )

    def grown(self) -> Things:
        return Things(
            self._rubric,
            np.array(self._position, dtype=np.int64),
            np.array(self._lot, dtype=np.int64),
            tuple(self._items),
            tuple(self._responses),
            tuple(self._orders),
            np.array(self._may, dtype=np.bool_).reshape(-1, len(self._seats)),
            tuple(seat.name for seat in self._seats),
            np.array([seat.repeats for seat in self._seats], dtype=np.int64),
        )
