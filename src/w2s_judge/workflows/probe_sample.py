"""What `probe` asks again: a random sample of what was voted on, and the questions about it.

Responses (or pairs) come in an order that is drawn from the seed and their ids alone, each prompt
once before any prompt twice, since answers about one prompt say less than answers about two. A
larger sample holds the smaller one, and the same command again asks the same.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from w2s_judge.prompts.rubric import Rubric
from w2s_judge.scoring.engine import Place
from w2s_judge.scoring.plan import eligible
from w2s_judge.scoring.probes import Probe, asked_again, can_demand
from w2s_judge.scoring.selection import Selection
from w2s_judge.store.items import shuffle_key
from w2s_judge.store.probe_votes import Responses, items_at, units, voters
from w2s_judge.store.reading import Asked
from w2s_judge.types import Item, Order, Question

SLICE = 32  # items whose texts are held at a time

Cell = tuple[str, str, Responses, Order | None]
"""Item id, rubric, responses, order: one question, whatever its variant."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What is asked again.

    positions : of the items in the input, in the order of asking
    asked     : (item id, rubric) -> the responses and orders in which it is asked
    voters    : which judges have voted on each of these, and are asked again
    units     : rubric -> how many responses or pairs
    """

    positions: tuple[int, ...]
    asked: Mapping[tuple[str, str], tuple[tuple[Responses, Order | None], ...]]
    voters: Mapping[Cell, frozenset[int]]
    units: Mapping[str, int]


@dataclass(slots=True)
class _Growing:
    positions: dict[int, None] = field(default_factory=dict)
    asked: dict[tuple[str, str], list[tuple[Responses, Order | None]]] = field(default_factory=dict)
    voters: dict[Cell, frozenset[int]] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)


def drawn(
    db: sqlite3.Connection,
    rubrics: Iterable[Asked],
    judges: Mapping[str, Sequence[int]],
    size: int,
    seed: int,
) -> Sample:
    """Draw `size` responses or pairs for each rubric, voted on by its `judges` (numbers)."""
    made = _Growing()
    for one in rubrics:
        numbers = judges[one.name]
        there = _ordered(units(db, one, numbers), seed)[:size]
        made.units[one.name] = len(there)
        for position, name, responses in there:
            made.positions[position] = None
            for (about, order), who in voters(db, one, numbers, position).items():
                if about == responses:
                    shown: Order | None = "ab" if order == "ab" else "ba" if order else None
                    made.asked.setdefault((name, one.name), []).append((responses, shown))
                    made.voters[name, one.name, responses, shown] = who
    asked = {key: tuple(cells) for key, cells in made.asked.items()}
    return Sample(tuple(made.positions), asked, made.voters, made.units)


def _ordered(
    there: Iterable[tuple[int, str, Responses]], seed: int
) -> list[tuple[int, str, Responses]]:
    """In the seeded order; the second response to a prompt comes after the first ones of all."""
    by_item: dict[tuple[int, str], list[Responses]] = {}
    for position, name, responses in there:
        by_item.setdefault((position, name), []).append(responses)
    turns: list[tuple[int, int, int, str, Responses]] = []
    for (position, name), found in by_item.items():
        lot = shuffle_key(seed, f"probe\n{name}")
        found.sort(key=lambda one: (shuffle_key(seed, f"probe {one}\n{name}"), one))
        turns += [(turn, lot, position, name, one) for turn, one in enumerate(found)]
    return [(position, name, one) for _, _, position, name, one in sorted(turns)]


def selection(db: sqlite3.Connection, sample: Sample, probes: Sequence[Probe]) -> Selection:
    """The sample as the engine goes through it."""

    def questions(rubric: Rubric, item: Item) -> Iterator[Question]:
        for responses, order in sample.asked.get((item.id, rubric.name), ()):
            base = rubric.question(item, responses, order)
            for probe in probes:
                if not probe.demands or can_demand(rubric):
                    yield asked_again(rubric, base, probe)

    def asks(number: int, question: Question) -> bool:
        cell = (question.item.id, question.rubric, question.responses, question.order)
        return number in sample.voters[cell]

    return Selection(lambda size: items_at(db, sample.positions, size), questions, asks)


def all_asked(
    selected: Selection,
    rubrics: Mapping[str, Rubric],
    places: Sequence[Place],
    *,
    allow_own_family: bool,
) -> Iterator[tuple[Question, Place]]:
    """Every question with every judge that is asked it, as the engine will find them."""
    for slice_ in selected.items(SLICE):
        for _, item in slice_:
            for rubric in rubrics.values():
                for question in selected.questions(rubric, item):
                    for place in places:
                        if selected.asks(place.number, question) and eligible(
                            place.seat, question, allow_own_family=allow_own_family
                        ):
                            yield question, place
