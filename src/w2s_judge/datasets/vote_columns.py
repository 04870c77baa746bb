"""Votes or comparisons as the columns of a file, compactly: names as numbers, mass as floats.

Letter: R rows of the file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.datasets.places import Place
from w2s_judge.datasets.tables import bare

NAMES = (
    "item", "responses", "response", "judge", "order", "variant", "family", "group", "rubric",
    "rubric_hash",
)  # fmt: skip
LABELS = ("label", "score", "abstained", "uncalibrated")
TEXTS = (*NAMES, *LABELS)
MASS = "mass:"
WEIGHT = "weight"
EXPORT = "rubric_hash"  # the column by which a file is known to come from `w2s-judge votes`


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which columns of a file are read: `texts`, the weight, and mass or not."""

    texts: tuple[str, ...]
    mass: bool

    def number(self, column: str) -> bool:
        """Whether a column is read as numbers."""
        return column == WEIGHT or (self.mass and column.startswith(MASS))

    def read(self, column: str) -> bool:
        """Whether a column is read at all."""
        return column in self.texts or self.number(column) or (self.mass and column == "mass")


VOTES = Wanted(TEXTS, mass=True)


@dataclass(frozen=True, eq=False, slots=True)
class Coded:
    """A column of texts: `values` in order of appearance, `codes` (R,) indices into them."""

    codes: Ints
    values: tuple[str, ...]

    @property
    def filled(self) -> Bools:
        """(R,) where the cell is not blank."""
        return np.array([bool(one.strip()) for one in self.values], dtype=np.bool_)[self.codes]

    def at(self, row: int) -> str:
        """The text in a row."""
        return self.values[int(self.codes[row])]


@dataclass(frozen=True, eq=False, slots=True)
class VoteColumns:
    """A file of votes or comparisons; every array has one entry a row.

    lines  : (R,) the line or row of the file
    texts  : the wanted columns of texts that the file has
    mass   : label -> (R,) NaN where the cell is empty
    weight : (R,) NaN where the cell is empty, None without such a column
    header : the names of all columns
    """

    place: Place
    lines: npt.NDArray[np.int64]
    texts: Mapping[str, Coded]
    mass: Mapping[str, Floats]
    weight: Floats | None
    header: tuple[str, ...]

    @property
    def R(self) -> int:  # noqa: N802
        """Number of rows."""
        return len(self.lines)

    def checked_weight(self) -> Floats | None:
        """The weights; `InputError` for one that is empty or not above 0."""
        if self.weight is None:
            return None
        wrong = np.flatnonzero(~(self.weight > 0))
        if len(wrong):
            value = self.weight[wrong[0]]
            raise self.place.error(
                "'weight' is empty" if np.isnan(value) else f"'weight' is {value:g}, not above 0",
                int(self.lines[wrong[0]]),
                "every row has a weight above 0; leave out the rows that are not to count",
            )
        return self.weight

    def only(self, kept: npt.NDArray[Any]) -> VoteColumns:
        """Some of the rows (a mask)."""
        if kept.all():
            return self
        return replace(
            self,
            lines=self.lines[kept],
            texts={name: Coded(one.codes[kept], one.values) for name, one in self.texts.items()},
            mass={label: one[kept] for label, one in self.mass.items()},
            weight=None if self.weight is None else self.weight[kept],
        )


@dataclass(eq=False, slots=True)
class Gathering:
    """Columns as they grow, batch by batch. A column may begin or be missing in any batch."""

    place: Place
    lines: list[npt.NDArray[np.int64]] = field(default_factory=list)
    size: int = 0
    _codes: dict[str, list[tuple[int, Ints]]] = field(default_factory=dict)
    _numbers: dict[str, defaultdict[str, int]] = field(default_factory=dict)
    _floats: dict[str, list[tuple[int, Floats]]] = field(default_factory=dict)

    def begin(self, lines: npt.NDArray[np.int64]) -> None:
        """A batch of rows; its columns follow, each with one entry a row."""
        self.lines.append(lines)
        self.size += len(lines)

    def number_of(self, column: str) -> defaultdict[str, int]:
        """The numbers of a column's texts; a new text gets the next one when it is asked for."""
        if column not in self._numbers:
            self._numbers[column] = defaultdict(count().__next__)
            self._numbers[column][""]  # the text of rows that lack the column
        return self._numbers[column]

    def texts(self, column: str, cells: Sequence[str]) -> None:
        """A column of the batch, as texts."""
        numbers = self.number_of(column)
        self.codes(column, np.fromiter(map(numbers.__getitem__, cells), np.int32, len(cells)))

    def codes(self, column: str, codes: Ints) -> None:
        """A column of the batch, as numbers that `number_of` gave."""
        self._codes.setdefault(column, []).append((self.size - len(codes), codes))

    def floats(self, column: str, values: Iterable[float] | Floats) -> None:
        """A column of numbers of the batch, NaN where empty."""
        array = np.asarray(values, dtype=np.float64)
        self._floats.setdefault(column, []).append((self.size - len(array), array))

    def done(self, header: Iterable[str]) -> VoteColumns:
        """All batches as one."""
        names = tuple(header)
        lines = np.concatenate(self.lines) if self.lines else np.zeros(0, dtype=np.int64)
        texts = {}
        exported = EXPORT in self._codes
        for column in list(self._codes):
            codes = _filled(self._codes.pop(column), np.zeros(self.size, dtype=np.int32))
            values = tuple(self._numbers.pop(column))
            texts[column] = _merged(codes, values) if exported else Coded(codes, values)
        floats = {}
        for column in list(self._floats):
            floats[column] = _filled(self._floats.pop(column), np.full(self.size, np.nan))
        weight = floats.pop(WEIGHT, None)
        mass = {column.removeprefix(MASS): one for column, one in floats.items()}
        return VoteColumns(self.place, lines, texts, mass, weight, names)


def _filled(parts: list[tuple[int, npt.NDArray[Any]]], whole: npt.NDArray[Any]) -> Any:
    for start, part in parts:
        whole[start : start + len(part)] = part
    return whole


def _merged(codes: Ints, values: tuple[str, ...]) -> Coded:
    """Take off the apostrophes that `w2s-judge votes` puts before formulas."""
    plain = [bare(one) for one in values]
    if plain == list(values):
        return Coded(codes, values)
    place = {one: k for k, one in enumerate(dict.fromkeys(plain))}
    renumbered = np.array([place[one] for one in plain], dtype=np.int32)
    return Coded(renumbered[codes], tuple(place))
