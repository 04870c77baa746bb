"""`--levels`: which labels there are, and in which order, as the user declares it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.datasets.numerals import ascending, label_number, spelled
from w2s_judge.datasets.rows import quoted
from w2s_judge.errors import UsageError

UNORDERED = "unordered"
MOST = 10_000  # labels of a declared range

_RANGE = re.compile(r"\s*([+-]?[0-9]{1,15})\s*:\s*([+-]?[0-9]{1,15})\s*")


@dataclass(frozen=True, eq=False, slots=True)
class Levels:
    """Declared labels, ascending; `numbers` (L,) what they stand for where all are numbers.

    Without labels: those that occur, as names without an order.
    """

    labels: tuple[str, ...]
    numbers: Floats | None

    def index(self, text: str) -> int | None:
        """Which label a text is, numbers compared as numbers; None where it is none."""
        if text in self.labels:
            return self.labels.index(text)
        value = label_number(text)
        if self.numbers is None or value is None:
            return None
        found = np.flatnonzero(self.numbers == value)
        return int(found[0]) if len(found) else None


def parse_levels(text: str | None) -> Levels | None:
    """Read `0:9` (whole numbers), `low,middle,high` (ascending) or `unordered`; `UsageError`."""
    if text is None:
        return None
    if text.strip() == UNORDERED:
        return Levels((), None)
    labels = _range(text) if ":" in text else [one.strip() for one in text.split(",")]
    if len(labels) < 2 or not all(labels) or len(set(labels)) != len(labels):
        raise UsageError(
            f"--levels {quoted(text)}: name at least two labels, each once, ascending and parted "
            "by commas, or a range of whole numbers such as 0:9"
        )
    values = [label_number(one) for one in labels]
    if None in values:
        return Levels(tuple(labels), None)
    numbers = np.array(values, dtype=np.float64)
    if not ascending(numbers):
        raise UsageError(f"--levels {quoted(text)}: numbers must ascend")
    return Levels(tuple(map(spelled, numbers.tolist())), numbers)


def _range(text: str) -> list[str]:
    found = _RANGE.fullmatch(text)
    low, high = (int(found[1]), int(found[2])) if found else (0, 0)
    if not found or not low < high < low + MOST:
        raise UsageError(
            f"--levels {quoted(text)}: a range is two whole numbers, the lower first, such as 0:9, "
            f"and has at most {MOST:,} labels"
        )
    return [str(one) for one in range(low, high + 1)]
