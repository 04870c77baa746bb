"""What each row votes: labels, scores or mass in columns to one scale of labels.

Letters: V votes, L labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_judge.arrays import Floats, Ints
from w2s_judge.datasets.numerals import is_nan, label_number, number, spelled, text_numbers
from w2s_judge.datasets.places import Place
from w2s_judge.datasets.rows import names, quoted
from w2s_judge.datasets.suggestions import did_you_mean
from w2s_judge.datasets.vote_columns import Coded, VoteColumns
from w2s_judge.datasets.vote_levels import Levels
from w2s_judge.errors import UsageError

SUM = 1e-3  # how far from 1 the mass of a vote may sum, and is put right
EXACT = 1e-9  # closer than this it is left as it is, so that a run's votes come back bit by bit
MOST_CELLS = 1 << 28  # cells of (V, L): 2 GiB


@dataclass(frozen=True, eq=False, slots=True)
class Ballots:
    """labels, levels: length L; either label (V,) or mass (V, L), as in `VoteMatrix`."""

    labels: tuple[str, ...]
    ordered: bool
    levels: Floats | None
    label: Ints | None
    mass: Floats | None
    notes: tuple[str, ...] = ()

    @property
    def L(self) -> int:  # noqa: N802
        """Number of labels."""
        return len(self.labels)

    def only(self, kept: npt.NDArray[Any]) -> Ballots:
        """Some of the votes."""
        label = None if self.label is None else self.label[kept]
        return replace(self, label=label, mass=None if self.mass is None else self.mass[kept])

    def soft(self, place: Place) -> Floats:
        """The votes as mass, (V, L); `InputError` where that is too large for memory."""
        if self.mass is not None or self.label is None:
            return self.mass if self.mass is not None else np.zeros((0, self.L))
        mass = np.zeros(_shape(len(self.label), self.L, place))
        mass[np.arange(len(self.label)), self.label] = 1.0
        return mass

    def shown(self, vote: int) -> str:
        """A vote for a message: its label, or the label with most mass."""
        if self.label is not None:
            return quoted(self.labels[self.label[vote]])
        mass = self.soft(Place(""))[vote]
        return f"{quoted(self.labels[int(mass.argmax())])} ({mass.max():.2g})"


def ballots_of(columns: VoteColumns, declared: Levels | None) -> Ballots:
    """The votes of rows that all vote; `InputError` names the line of one that cannot be read."""
    if "label" in columns.texts:
        return _hard(columns, columns.texts["label"], declared)
    if "score" in columns.texts:
        return _scores(columns, columns.texts["score"], declared)
    return _soft(columns, declared)


def _hard(columns: VoteColumns, column: Coded, declared: Levels | None) -> Ballots:
    used = np.unique(column.codes).tolist()
    for code in used:
        if is_nan(column.values[code]):
            raise _at(columns, column, code, "label", "not a label", _NO_VOTE)
    if declared is not None and declared.labels:
        table = np.zeros(len(column.values), dtype=np.int32)
        for code in used:
            index = declared.index(column.values[code])
            if index is None:
                remedy = did_you_mean(column.values[code], declared.labels)
                raise _at(columns, column, code, "label", "none of --levels", remedy)
            table[code] = index
        return Ballots(declared.labels, True, declared.numbers, table[column.codes], None)
    texts = [column.values[code] for code in used]
    values = [label_number(one) for one in texts]
    if declared is not None or None in values:
        labels = {one: k for k, one in enumerate(sorted(texts))}
        table = np.zeros(len(column.values), dtype=np.int32)
        table[used] = [labels[one] for one in texts]
        return Ballots(tuple(labels), False, None, table[column.codes], None)
    notes = () if len(set(values)) < 3 else (_ordered_note(texts, values),)
    return _numbered(column, used, values, notes)


def _ordered_note(texts: list[str], values: list[float | None]) -> str:
    known = {one: value for one, value in zip(texts, values, strict=True) if value is not None}
    shown = f"{spelled(min(known.values()))} to {spelled(max(known.values()))}"
    note = f"the labels are numbers, {shown}, and taken as ordered; --levels unordered if not"
    odd = next((one for one, value in known.items() if one.strip() != spelled(value)), None)
    return note if odd is None else f"{note}; {quoted(odd)} is read as {spelled(known[odd])}"


def _numbered(
    column: Coded, used: list[int], values: Sequence[float | None], notes: tuple[str, ...]
) -> Ballots:
    """Hard votes whose labels are numbers: ascending, each number once however it is written."""
    numbers, inverse = np.unique(np.array(values, dtype=np.float64), return_inverse=True)
    numbers = numbers + 0.0  # -0.0 is 0.0
    table = np.zeros(len(column.values), dtype=np.int32)
    table[used] = inverse
    labels = tuple(map(spelled, numbers.tolist()))
    return Ballots(labels, True, numbers, table[column.codes], None, notes)


def _scores(columns: VoteColumns, column: Coded, declared: Levels | None) -> Ballots:
    used = np.unique(column.codes).tolist()
    texts = [column.values[code] for code in used]
    values: Sequence[float | None] = text_numbers(texts) or [number(one) for one in texts]
    for code, value in zip(used, values, strict=True):
        if value is None:
            raise _at(columns, column, code, "score", "not a finite number", _NO_VOTE)
    if declared is None:
        return _numbered(column, used, values, ())
    if declared.numbers is None:
        raise UsageError(
            "--levels names labels, and the file has scores: give numbers, such as --levels 0:9, "
            "or leave it out"
        )
    known = np.zeros(len(column.values))
    known[used] = [value if value is not None else 0.0 for value in values]
    for code in used:
        if not declared.numbers[0] <= known[code] <= declared.numbers[-1]:
            what = f"outside --levels ({declared.labels[0]} to {declared.labels[-1]})"
            raise _at(columns, column, code, "score", what, "widen --levels, or mend the score")
    return _between(columns, known, column.codes, declared)


def _between(columns: VoteColumns, known: Floats, codes: Ints, declared: Levels) -> Ballots:
    """Scores on declared levels; one between two levels is mass on both, its mean the score."""
    levels = declared.numbers if declared.numbers is not None else np.zeros(0)
    below = np.clip(np.searchsorted(levels, known, side="right") - 1, 0, len(levels) - 2)
    above = (known - levels[below]) / (levels[below + 1] - levels[below])
    above = np.clip(above, 0.0, 1.0)
    if np.isin(above[codes], (0.0, 1.0)).all():
        label = (below + (above == 1.0)).astype(np.int32)[codes]
        return Ballots(declared.labels, True, declared.numbers, label, None)
    mass = np.zeros(_shape(len(codes), len(levels), columns.place))
    rows = np.arange(len(codes))
    mass[rows, below[codes]] = 1 - above[codes]
    mass[rows, below[codes] + 1] = above[codes]
    note = "scores between two levels are mass on both, so that its mean is the score"
    return Ballots(declared.labels, True, declared.numbers, None, mass, (note,))


def _soft(columns: VoteColumns, declared: Levels | None) -> Ballots:
    given = {label: one for label, one in columns.mass.items() if not np.isnan(one).all()}
    labels, ordered, levels, source = _scale(columns, list(given), declared)
    mass = np.zeros(_shape(columns.R, len(labels), columns.place))
    for k, label in enumerate(source):
        if label is not None:
            mass[:, k] = np.nan_to_num(given[label])
    negative = np.flatnonzero((mass < 0).any(axis=1))
    if len(negative):
        row = int(negative[0])
        label_ = labels[int(np.flatnonzero(mass[row] < 0)[0])]
        raise columns.place.error(
            f"the mass of {quoted(label_)} is below 0 ({mass[row].min():g})",
            int(columns.lines[row]),
            "mass is a probability; log-probabilities go through exp first",
        )
    total = mass.sum(axis=1)
    off = np.flatnonzero(~(np.abs(total - 1) <= SUM))
    if len(off):
        row = int(off[0])
        raise columns.place.error(
            f"the mass sums to {total[row]:.6g}, not 1",
            int(columns.lines[row]),
            f"the labels are {names(labels)}; divide each vote's mass by its sum",
        )
    wide = np.abs(total - 1) > EXACT
    mass[wide] /= total[wide, None]
    notes = () if ordered else ("the labels are names without an order; --levels declares one",)
    return Ballots(labels, ordered, levels, None, mass, notes if len(labels) > 2 else ())


def _scale(
    columns: VoteColumns, found: list[str], declared: Levels | None
) -> tuple[tuple[str, ...], bool, Floats | None, list[str | None]]:
    """Labels, whether they are ordered, their numbers, and the column that each stands in."""
    blank = next((one for one in found if not one.strip()), None)
    if blank is not None:
        raise columns.place.error("a column of mass has no label", remedy="call it mass:LABEL")
    if declared is not None and declared.labels:
        source: list[str | None] = [None] * len(declared.labels)
        for label in found:
            index = declared.index(label)
            if index is None or source[index] is not None:
                raise columns.place.error(
                    f"the mass of {quoted(label)} is for "
                    + ("none of --levels" if index is None else "a label that stands there twice"),
                    remedy=did_you_mean(label, declared.labels),
                )
            source[index] = label
        return declared.labels, True, declared.numbers, source
    values = [label_number(one) for one in found]
    numbers = np.array([value for value in values if value is not None])
    if declared is not None or None in values or len(np.unique(numbers)) < len(found):
        return tuple(found), False, None, list(found)
    order = np.argsort(numbers)
    ascending = [found[k] for k in order.tolist()]
    labels = tuple(spelled(value) for value in (numbers[order] + 0.0).tolist())
    return labels, True, numbers[order] + 0.0, list(ascending)


_NO_VOTE = "leave the row out, or put the reason in a column 'abstained' and leave the cell empty"


def _at(
    columns: VoteColumns, column: Coded, code: int, name: str, what: str, remedy: str
) -> Exception:
    row = int(np.flatnonzero(column.codes == code)[0])
    said = f"the {name} is {quoted(column.values[code])}: {what}"
    return columns.place.error(said, int(columns.lines[row]), remedy)


def _shape(count: int, labels: int, place: Place) -> tuple[int, int]:
    if count * labels > MOST_CELLS:
        raise place.error(
            f"{count:,} votes over {labels:,} labels do not fit into memory as mass",
            remedy="fewer levels: --levels 0:9, for example",
        )
    return count, labels
