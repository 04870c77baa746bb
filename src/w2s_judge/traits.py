"""What is known of the items beside their votes: length, author, task, columns of meta.

Letters: I items, A responses that an item is about (1, or 2 that are compared).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from w2s_judge.arrays import Ints


@dataclass(frozen=True, eq=False, slots=True)
class Slice:
    """A division of the items: `part` (I,) is an index into `names`; unknown has its own name."""

    part: Ints
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Traits:
    """What is known of the items beside their votes.

    length : (I, A) characters of each judged response; None where texts are not at hand
    family : I rows of A names, who wrote them; None for each that is unknown; () where none is
    slices : "task" and columns of `meta` by name
    """

    length: Ints | None = None
    family: tuple[tuple[str | None, ...], ...] = ()
    slices: Mapping[str, Slice] = field(default_factory=dict)
