"""What a session goes through: which items, which questions about each, and who is asked them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from w2s_judge.prompts.rubric import Rubric
from w2s_judge.scoring.design import Design
from w2s_judge.scoring.plan import variants
from w2s_judge.store.items import blocks
from w2s_judge.types import Item, Question


@dataclass(frozen=True, slots=True)
class Selection:
    """The questions of a session; it is gone through once, and nothing is held in memory.

    items     : (position, item), at most so many at a time, in the order of asking
    questions : the questions about an item under a rubric
    asks      : whether the judge of this number is asked, beyond the rules that hold for all
    """

    items: Callable[[int], Iterator[list[tuple[int, Item]]]]
    questions: Callable[[Rubric, Item], Iterator[Question]]
    asks: Callable[[int, Question], bool]


def everything(db: sqlite3.Connection, design: Design, repeats: int) -> Selection:
    """All staged items, each question once and again for judges that repeat."""
    return Selection(
        items=lambda size: blocks(db, size),
        questions=lambda rubric, item: variants(rubric, item, repeats, design),
        asks=lambda _number, _question: True,
    )
