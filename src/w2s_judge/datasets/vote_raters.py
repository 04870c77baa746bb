"""Who votes on what: items, raters, groups and families out of the columns of a file.

Letters: R rows, I items, J raters. Nothing is read out of a name: a judge's order, variant and
family, and an item's group, come from columns of their own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s_judge.arrays import Ints
from w2s_judge.datasets.rows import quoted
from w2s_judge.datasets.vote_columns import Coded, VoteColumns

BASE, REPEAT, PROBE = "base", "repeat:", "probe:"
_TABLE = 2  # entries a row: a table larger than that takes more memory than sorting does


@dataclass(frozen=True, eq=False, slots=True)
class Raters:
    """names, judge, order: length J; of_row (R,) the rater of each row; variant (R,) its code."""

    names: tuple[str, ...]
    judge: tuple[str, ...]
    order: tuple[str | None, ...] | None
    family: tuple[str | None, ...]
    of_row: Ints
    variant: Ints


@dataclass(frozen=True, eq=False, slots=True)
class Items:
    """names, group: length I; positions (I, A) or None; of_row (R,) the item of each row."""

    names: tuple[str, ...]
    group: Ints
    positions: Ints | None
    of_row: Ints


def items_of(columns: VoteColumns) -> Items:
    """Number the items by their first row; an item is a name, with `responses` where there are any.

    Items of one name are responses to one prompt, unless a column `group` says otherwise.
    """
    item = columns.texts["item"]
    column = next((one for one in ("responses", "response") if one in columns.texts), None)
    if column is None:
        of_row, first = by_appearance(item.codes.astype(np.int64))
        positions = None
    else:
        shown = columns.texts[column]
        key = item.codes.astype(np.int64) * len(shown.values) + shown.codes
        of_row, first = by_appearance(key)
        positions = _positions(columns, column, first)
    names = tuple(item.values[code] for code in item.codes[first].tolist())
    prompt = item.codes[first]
    if "group" in columns.texts:
        group = columns.texts["group"]
        known = _constant(columns, of_row, names, group, "item", "group")
        prompt = np.where(known >= 0, known, prompt + len(group.values)).astype(np.int32)
    return Items(names, by_appearance(prompt.astype(np.int64))[0], positions, of_row)


def raters_of(columns: VoteColumns) -> Raters:
    """A rater is a judge, with its order, and with a variant that is neither base nor a repeat.

    They come in the order of their judges' first rows, then by order, then by variant.
    """
    judge = columns.texts["judge"]
    order = columns.texts.get("order", Coded(np.zeros(columns.R, dtype=np.int32), ("",)))
    variant = columns.texts.get("variant", Coded(np.zeros(columns.R, dtype=np.int32), ("",)))
    own = np.array([_is_own(one) for one in variant.values], dtype=np.int64)
    apart = np.where(own > 0, np.arange(1, len(own) + 1), 0)
    rank = np.argsort(np.argsort(np.array(order.values, dtype=object))).astype(np.int64)
    key = judge.codes.astype(np.int64) * len(order.values) + rank[order.codes]
    key = key * (len(own) + 1) + apart[variant.codes]
    _, first, of_row = np.unique(key, return_index=True, return_inverse=True)
    judges = tuple(judge.at(row) for row in first.tolist())
    orders = tuple(_order(order.at(row)) for row in first.tolist())
    names = tuple(
        rater_name(name, order_, variant.at(row) if _is_own(variant.at(row)) else None)
        for name, order_, row in zip(judges, orders, first.tolist(), strict=True)
    )
    _refuse_same_names(columns, names, first)
    family: tuple[str | None, ...] = (None,) * len(names)
    if "family" in columns.texts:
        given = columns.texts["family"]
        known = _constant(columns, judge.codes, judge.values, given, "judge", "family")
        codes = known[judge.codes[first]].tolist()
        family = tuple(given.values[code] if code >= 0 else None for code in codes)
    has_order = any(one is not None for one in orders)
    return Raters(
        names, judges, orders if has_order else None, family,
        of_row.astype(np.int32), _asked(variant),
    )  # fmt: skip


def _order(text: str) -> str | None:
    """As `ab` and `ba` where it is one of them in other letters."""
    known = text.strip()
    return known.lower() if known.lower() in ("ab", "ba") else known or None


def rater_name(judge: str, order: str | None, variant: str | None) -> str:
    """`judge`, `judge/ab`, `judge@variant`, `judge@variant/ab`."""
    name = judge if variant is None else f"{judge}@{variant}"
    return name if order is None else f"{name}/{order}"


def by_appearance(key: npt.NDArray[np.int64]) -> tuple[Ints, npt.NDArray[np.int64]]:
    """Number equal keys by where each first stands; gives the numbers (R,) and first rows (N,).

    Keys are 0 or above. Where they are few for the rows a table of them takes the place of sorting.
    """
    size = int(key.max(initial=-1)) + 1
    if size <= _TABLE * len(key):
        table = np.full(size, len(key), dtype=np.int64)
        np.minimum.at(table, key, np.arange(len(key), dtype=np.int64))
        first = table[table < len(key)]
        inverse = (np.cumsum(table < len(key)) - 1)[key]
    else:
        _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(first), dtype=np.int32)
    place[order] = np.arange(len(first), dtype=np.int32)
    return place[inverse], first[order]


def _asked(variant: Coded) -> Ints:
    """Each row's variant as a number; an empty cell is the base."""
    known = [one if one.strip() else BASE for one in variant.values]
    number = {one: k for k, one in enumerate(dict.fromkeys(known))}
    return np.array([number[one] for one in known], dtype=np.int32)[variant.codes]


def _is_own(variant: str) -> bool:
    return bool(variant.strip()) and variant != BASE and not variant.startswith(REPEAT)


def _constant(
    columns: VoteColumns, owner: Ints, names: tuple[str, ...], given: Coded, who: str, what: str
) -> Ints:
    """The one value that a column has for each owner, -1 for none; two are an `InputError`."""
    known = np.full(len(names), -1, dtype=np.int32)
    rows = np.flatnonzero(given.filled)
    known[owner[rows][::-1]] = given.codes[rows][::-1]  # the first row's value stays
    wrong = rows[known[owner[rows]] != given.codes[rows]]
    if len(wrong):
        row = int(wrong[0])
        before = int(rows[owner[rows] == owner[row]][0])
        where = columns.place.lines(int(columns.lines[before]), int(columns.lines[row]))
        raise columns.place.error(
            f"the {who} {quoted(names[owner[row]])} has two values of '{what}', "
            f"{quoted(given.at(before))} and {quoted(given.at(row))} ({where})",
            int(columns.lines[row]),
            f"write one '{what}' for each {who}",
        )
    return known


def _positions(columns: VoteColumns, column: str, first: npt.NDArray[np.int64]) -> Ints:
    """The positions (I, A) of the judged responses; `InputError` where A differs or one is none."""
    shown = columns.texts[column]
    parsed = {code: parse_positions(shown.values[code]) for code in np.unique(shown.codes).tolist()}
    codes = shown.codes[first].tolist()
    sizes = [len(parsed[code] or ()) for code in codes]
    for k, size in enumerate(sizes):
        if size and size == sizes[0]:
            continue
        wrong = f"'{column}' is {quoted(shown.values[codes[k]])}"
        line = int(columns.lines[first[k]])
        if not size:
            raise columns.place.error(
                f"{wrong}, not positions", line, "write 0, or for two responses [0, 1]"
            )
        where = columns.place.lines(int(columns.lines[first[0]]), line)
        raise columns.place.error(
            f"{wrong}, but {quoted(shown.values[codes[0]])} before it ({where})",
            line,
            "votes on one response and votes on two go in files of their own",
        )
    return np.array([parsed[code] for code in codes], dtype=np.int32)


def parse_positions(text: str) -> tuple[int, ...] | None:
    """`[0, 1]`, `0,1` or `0` as positions; None for anything else."""
    try:
        found = json.loads(f"[{text}]")
    except (ValueError, RecursionError):
        return None
    if len(found) == 1 and isinstance(found[0], list):
        found = found[0]
    fine = all(type(one) is int and 0 <= one < 2**31 for one in found)
    return tuple(found) if fine and found else None


def _refuse_same_names(
    columns: VoteColumns, names: tuple[str, ...], first: npt.NDArray[np.int64]
) -> None:
    seen: dict[str, int] = {}
    for name, row in zip(names, first.tolist(), strict=True):
        if name in seen:
            lines = sorted((int(columns.lines[seen[name]]), int(columns.lines[row])))
            raise columns.place.error(
                f"two raters would be called {quoted(name)}: a judge's name, and a judge with its "
                f"order or variant ({columns.place.lines(lines[0], lines[1])})",
                lines[1],
                "rename one of the judges",
            )
        seen[name] = row
