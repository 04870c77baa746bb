"""Texts that are numbers, and how a number is written as a label."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from w2s_judge.arrays import Floats
from w2s_judge.datasets.rows import RowError, kind_of, quoted

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_PLAIN = "write a number like 0.25; leave the cell empty where there is none"
_WHOLE = 2.0**53  # beyond it neighbouring integers are the same float: such texts are names


def number(text: str) -> float | None:
    """The finite number that a text is, in plain decimal notation; None for everything else.

    Python's own `float` also takes "1_0", "nan", "inf" and digits of other scripts.
    """
    bare = text.strip()
    if not _NUMBER.fullmatch(bare):
        return None
    value = float(bare)
    return value if math.isfinite(value) else None


def label_number(text: str) -> float | None:
    """As `number`, but None for integers so long that floats cannot tell them apart."""
    value = number(text)
    return None if value is None or abs(value) >= _WHOLE else value


def spelled(value: float) -> str:
    """A number as a label: 1.0 is "1", 2.50 is "2.5"."""
    return str(int(value)) if value.is_integer() and abs(value) < _WHOLE else repr(value)


def is_nan(text: str) -> bool:
    """Whether a text is how programs write a missing number."""
    return text.strip().lstrip("+-").lower() == "nan"


def as_number(cell: object, column: str) -> float:
    """A cell as a finite number, NaN where it is empty; `RowError` for anything else."""
    value: float | None
    match cell:
        case None:
            return math.nan
        case str():
            if not cell.strip():
                return math.nan
            value = number(cell)
        case bool():
            raise RowError(f"{quoted(column)} is true or false, not a number", _PLAIN)
        case int() | float():
            value = float(cell) if abs(cell) < 1e300 else None  # a NaN is not below either
        case _:
            raise RowError(f"{quoted(column)} is {kind_of(cell)}, not a number", _PLAIN)
    if value is None:
        raise RowError(
            f"{quoted(column)} is {quoted(str(cell))}, not a finite number",
            _PLAIN,
        )
    return value


def text_numbers(cells: Sequence[str]) -> list[float] | None:
    """All cells as finite numbers, fast; None where one of them is not, or is empty."""
    together = "".join(cells)
    if "_" in together or not together.isascii():
        return None
    try:
        values = list(map(float, cells))
    except ValueError:
        return None
    return values if math.isfinite(sum(values)) or all(map(math.isfinite, values)) else None


def ascending(values: Floats) -> bool:
    """Whether numbers rise strictly."""
    return bool((values[1:] > values[:-1]).all())
