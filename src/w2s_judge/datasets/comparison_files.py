"""Comparisons from elsewhere: a file in, Comparisons out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from w2s_judge.arrays import Ints
from w2s_judge.comparisons import TIE, Comparisons
from w2s_judge.datasets.comparison_names import Objects, named, objects_of, sides_of
from w2s_judge.datasets.suggestions import column_missing, meant
from w2s_judge.datasets.vote_columns import WEIGHT, VoteColumns, Wanted
from w2s_judge.datasets.vote_raters import by_appearance
from w2s_judge.datasets.vote_rows import vote_columns

_REQUIRED = ("left", "right", "judge", "winner")
_OPTIONAL = ("question", WEIGHT)
_COLUMNS = Wanted((*_REQUIRED, "question"), mass=False)
_NEED = (
    "a file of comparisons has left (what was shown first), right, judge, and winner (the left "
    "name, the right name, or tie)"
)
_FILL = {
    "left": "every comparison names both objects",
    "right": "every comparison names both objects",
    "judge": "say who judged: one name in every row, where it was always the same",
    "winner": "write tie where neither was better; leave the row out where nobody said",
    "question": "name the question in every row, or leave the column out where there is one",
}


@dataclass(frozen=True, eq=False, slots=True)
class ComparisonFile:
    """The comparisons of a file, and what a reader of them must know, in plain words."""

    comparisons: Comparisons
    notes: tuple[str, ...]


def read_comparisons(path: str | Path) -> ComparisonFile:
    """Read left, right, judge, winner from CSV, JSONL, a JSON list or Parquet, packed or not.

    `left` was shown first; `winner` is the name of one side, or `tie`. Optional: `question`
    (without it there is one, called ""; objects are its own) and `weight`, above 0. The same
    comparison may stand in many rows. Rows are kept in their order, M = R; objects, judges and
    questions are numbered by where each first stands. Raises `InputError` with the line, and
    `MissingExtra` for Parquet without its extra.
    """
    columns = vote_columns(Path(path), _COLUMNS)
    _require(columns)
    _refuse_blank(columns)
    sides = sides_of(columns)
    questions, question = _questions(columns)
    raters, rater = named(columns.texts["judge"])
    objects = objects_of(sides, question, len(questions))
    pair = _pairs(objects)
    comparisons = Comparisons(
        objects.names, objects.question, questions, raters,
        left=objects.left, right=objects.right, rater=rater, outcome=sides.outcome,
        group=pair if len(questions) == 1 else question, weight=columns.checked_weight(),
    )  # fmt: skip
    notes = (
        *_on_ties(comparisons),
        *_on_orders(comparisons, pair),
        *_on_names(comparisons),
        *meant(columns.header, _COLUMNS.read, _OPTIONAL),
    )
    return ComparisonFile(comparisons, notes)


def _require(columns: VoteColumns) -> None:
    place, header = columns.place, columns.header
    missing = next((name for name in _REQUIRED if name not in header), None)
    if missing is not None and "item" in header and not {"left", "right"} & set(header):
        raise place.error(
            "has votes on items (a column 'item', and no 'left' or 'right'), and comparisons are "
            "needed",
            remedy=f"`w2s-judge aggregate` reads votes on items; {_NEED}",
        )
    if missing is not None:
        taken = (*_REQUIRED, *_OPTIONAL)
        raise column_missing(missing, header, place, _NEED, taken=taken)
    if not columns.R:
        raise place.error(
            "has a header and no comparisons", remedy="what was to write it may have failed"
        )


def _refuse_blank(columns: VoteColumns) -> None:
    """`InputError` for the first empty cell; a column `question` may be empty as a whole."""
    found: list[tuple[int, str]] = []
    for name, column in columns.texts.items():
        filled = column.filled
        if not filled.all() and (name != "question" or filled.any()):
            found.append((int(np.argmin(filled)), name))
    if found:
        row, name = min(found)
        raise columns.place.error(f"'{name}' is empty", int(columns.lines[row]), _FILL[name])


def _questions(columns: VoteColumns) -> tuple[tuple[str, ...], Ints]:
    """The questions and that of each row, (R,); one called "" where the file names none."""
    column = columns.texts.get("question")
    if column is None or not column.filled.any():
        return ("",), np.zeros(columns.R, dtype=np.int32)
    return named(column)


def _pairs(objects: Objects) -> Ints:
    """(R,) the number of the two that are compared, whichever was shown first."""
    low, high = np.minimum(objects.left, objects.right), np.maximum(objects.left, objects.right)
    return by_appearance(low.astype(np.int64) * len(objects.names) + high)[0]


def _on_ties(comparisons: Comparisons) -> tuple[str, ...]:
    ties = int(comparisons.outcome[:, TIE].sum())
    if ties == comparisons.M:
        return ("every comparison is a tie: nothing tells the objects apart",)
    return (f"{ties:,} of {comparisons.M:,} comparisons are ties",) if ties else ()


def _on_orders(comparisons: Comparisons, pair: Ints) -> tuple[str, ...]:
    """How many pairs were shown both ways round; without any, what that leaves open."""
    seen = np.zeros((int(pair.max()) + 1, 2), dtype=np.bool_)
    seen[pair, (comparisons.left > comparisons.right).astype(np.int8)] = True
    both, pairs = int(seen.all(axis=1).sum()), len(seen)
    if both == pairs:
        return ("every pair was shown in both orders",)
    if both:
        return (f"{both:,} of {pairs:,} pairs were shown in both orders",)
    return (
        "no pair was shown in both orders: a lean to what is shown first cannot be told from "
        "quality within a pair, only across pairs",
    )


def _on_names(comparisons: Comparisons) -> tuple[str, ...]:
    found: list[str] = []
    if comparisons.J == 1:
        found.append("one judge: nothing tells how far it can be trusted")
    names = len(set(comparisons.objects))
    if names < comparisons.N:
        found.append(
            f"{comparisons.N:,} objects have {names:,} names: the same name in another question "
            "is another object"
        )
    return tuple(found)
