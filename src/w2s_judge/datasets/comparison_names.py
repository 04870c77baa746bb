"""The names in a file of comparisons as objects, and which of the two is named as the winner.

Letters: R rows of the file, N objects, Q questions, K names that stand on either side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.comparisons import FIRST, SECOND, TIE
from w2s_judge.datasets.rows import quoted
from w2s_judge.datasets.vote_columns import Coded, VoteColumns
from w2s_judge.datasets.vote_raters import by_appearance

TIED = "tie"  # what `winner` says where neither was better, in any case: no name of an object
_NEITHER, _NOBODY = -1, -2  # as a winner's number: a tie, and a name that is on no side


@dataclass(frozen=True, eq=False, slots=True)
class Sides:
    """Both sides of each row: names (K,); left, right (R,) index into names; outcome (R, 3)."""

    names: tuple[str, ...]
    left: Ints
    right: Ints
    outcome: Floats


@dataclass(frozen=True, eq=False, slots=True)
class Objects:
    """What is compared, by where each first stands: names, length N; question (N,) of each.

    left, right (R,) index into names; a name in two questions is two objects.
    """

    names: tuple[str, ...]
    question: Ints
    left: Ints
    right: Ints


def sides_of(columns: VoteColumns) -> Sides:
    """Who was compared and who won. `InputError` names the line of what cannot be."""
    number: dict[str, int] = {}
    left, right = (
        np.array(
            [number.setdefault(name, len(number)) for name in columns.texts[side].values],
            dtype=np.int32,
        )[columns.texts[side].codes]
        for side in ("left", "right")
    )
    tied = [k for name, k in number.items() if _is_tie(name)]
    if tied:
        _refuse_tie(columns, left, right, tied)
    itself = np.flatnonzero(left == right)
    if len(itself):
        row = int(itself[0])
        raise columns.place.error(
            f"{quoted(columns.texts['left'].at(row))} is compared with itself: a response against "
            "itself",
            int(columns.lines[row]),
            "'left' and 'right' name two objects; leave such a row out",
        )
    return Sides(tuple(number), left, right, _outcome(columns, number, left, right))


def objects_of(sides: Sides, question: Ints, questions: int) -> Objects:
    """Number the names within each question; `question` is (R,), below `questions`."""
    both = np.stack([sides.left, sides.right], axis=1).ravel()
    key = np.repeat(question.astype(np.int64), 2) * len(sides.names) + both
    if questions == 1:
        key = both.astype(np.int64)
    of_side, first = by_appearance(key)
    names = tuple(sides.names[code] for code in both[first].tolist())
    return Objects(names, question[first // 2], of_side[0::2].copy(), of_side[1::2].copy())


def named(column: Coded) -> tuple[tuple[str, ...], Ints]:
    """The texts of a column by where each first stands, and the number of each row's, (R,)."""
    codes, first = by_appearance(column.codes.astype(np.int64))
    return tuple(column.at(row) for row in first.tolist()), codes


def _is_tie(name: str) -> bool:
    return name.strip().casefold() == TIED


def _refuse_tie(columns: VoteColumns, left: Ints, right: Ints, tied: list[int]) -> None:
    rows = np.flatnonzero(np.isin(left, tied) | np.isin(right, tied))
    if not len(rows):
        return
    row = int(rows[0])
    side = "left" if left[row] in tied else "right"
    raise columns.place.error(
        f"an object is called {quoted(columns.texts[side].at(row))}: in the column 'winner' that "
        "says that neither was better",
        int(columns.lines[row]),
        "give the object another name, in 'winner' too",
    )


def _outcome(columns: VoteColumns, number: dict[str, int], left: Ints, right: Ints) -> Floats:
    """(R, 3) all mass on what a row says; `InputError` for a winner that is on neither side."""
    column = columns.texts["winner"]
    known = [_NEITHER if _is_tie(one) else number.get(one, _NOBODY) for one in column.values]
    winner = np.array(known, dtype=np.int32)[column.codes]
    said = np.full(columns.R, TIE, dtype=np.int8)
    said[winner == left] = FIRST
    said[winner == right] = SECOND
    wrong = np.flatnonzero((said == TIE) & (winner != _NEITHER))
    if len(wrong):
        raise _on_no_side(columns, int(wrong[0]))
    outcome = np.zeros((columns.R, 3))
    outcome[np.arange(columns.R), said] = 1
    return outcome


def _on_no_side(columns: VoteColumns, row: int) -> Exception:
    winner, left, right = (columns.texts[name].at(row) for name in ("winner", "left", "right"))
    plain = winner.strip().casefold()
    near = next((one for one in (left, right) if one.strip().casefold() == plain), None)
    hint = "names must agree in case and in blanks; " if near is not None else ""
    return columns.place.error(
        f"'winner' is {quoted(winner)}, and neither {quoted(left)} nor {quoted(right)} nor "
        f"'{TIED}'",
        int(columns.lines[row]),
        f"{hint}write the name from 'left', the name from 'right', or {TIED}; leave the row out "
        "where nobody said",
    )
