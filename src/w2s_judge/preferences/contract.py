"""What a writer is: from a preference, or a rated response, to the row that a trainer reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from w2s_judge.registry import Registry
from w2s_judge.types import Preference, Rated

Style: TypeAlias = Literal["plain", "conversational"]
"""Prompts and answers as text, or as lists of {role, content}."""

Row: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class PairWriter:
    """A trainer that reads pairs; `row` gives the trainer's own columns and nothing else.

    `weighs`: the trainer reads how sure a pair is (a margin), so that nothing needs resampling.
    """

    row: Callable[[Preference, Style], Row]
    weighs: bool = False


@dataclass(frozen=True, slots=True)
class RatedWriter:
    """A trainer that reads single responses. `undesirable`: it reads those, too."""

    row: Callable[[Rated, Style], Row]
    undesirable: bool


@dataclass(frozen=True, slots=True)
class Writer:
    """The card of a writer."""

    name: str
    summary: str
    writes: PairWriter | RatedWriter


WRITERS = Registry("format", Writer, "w2s_judge.preferences.writers", "WRITER", "w2s_judge.writers")
