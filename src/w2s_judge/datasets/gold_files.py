"""Gold files and votes brought together: which label stands for which item of the votes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.datasets.gold_classes import Classes, classes_of
from w2s_judge.datasets.gold_rows import CHOSEN, GoldRow, read_gold
from w2s_judge.datasets.rows import names, quoted
from w2s_judge.datasets.suggestions import nearest
from w2s_judge.datasets.tables import bare
from w2s_judge.errors import InputError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

__all__ = ["GoldMatch", "GoldRow", "gold_for", "read_gold"]


@dataclass(frozen=True, eq=False, slots=True)
class GoldMatch:
    """Gold as indices into the votes, and what of the file did not enter.

    unknown      : rows on items that are not among the votes
    other_rubric : number of rows under other rubrics
    unfilled     : number of rows without a label
    notes        : what was assumed or left out, in plain words
    """

    gold: Gold
    unknown: tuple[GoldRow, ...]
    other_rubric: int
    unfilled: int
    notes: tuple[str, ...]


def gold_for(
    rows: Sequence[GoldRow], votes: VoteMatrix, truth: Truth | None, *, rubric: str | None = None
) -> GoldMatch:
    """Match gold rows to votes under one rubric. Raises `InputError` with the line.

    An item with several responses needs `response` (or `responses`) in its rows. Rows on unknown
    items are counted, and an error where there are no others; two rows on one item must agree.
    """
    if not rows:
        raise ValueError("a gold file has rows; `read_gold` sees to it")
    kept, other = _under(rows, rubric)
    filled = [row for row in kept if row.label is not None]
    if not filled:
        raise _none(rows, kept, rubric)
    finder = _Finder(votes)
    found = [finder.find(row) for row in filled]
    unknown = tuple(row for row, item in zip(filled, found, strict=True) if item is None)
    if len(unknown) == len(filled):
        raise _nothing_known(unknown, votes)
    known = {row: item for row, item in zip(filled, found, strict=True) if item is not None}
    classes = classes_of(list(known), votes.labels, truth)
    single = _one_each(known, classes, votes)
    if truth is None and votes.ordered and classes.words and classes.names != votes.labels:
        classes = in_order_of_votes(classes, single, votes)
    gold = Gold(
        np.array(list(single), dtype=np.int32),
        np.array([classes.of_gold[row.label or ""] for row in single.values()], dtype=np.int32),
        classes.names,
        _chosen(list(single.values())),
    )
    unfilled = len(kept) - len(filled)
    notes = (*classes.notes, *_left_out(unknown, other, unfilled, len(known) - len(single)))
    ignored = votes.positions is None and any(row.responses is not None for row in known)
    if ignored:
        notes += ("gold names responses, and the votes do not: matched by item alone",)
    return GoldMatch(gold, unknown, other, unfilled, notes)


def in_order_of_votes(
    classes: Classes, single: Mapping[int, GoldRow], votes: VoteMatrix
) -> Classes:
    """Classes that are words, ascending with the votes: by the mean vote on their gold items."""
    total = np.bincount(votes.item, weights=votes.scores, minlength=votes.I)
    mean = total / np.maximum(votes.support, 1)
    of_class: dict[int, list[float]] = {k: [] for k in range(len(classes.names))}
    for item, row in single.items():
        if votes.support[item]:
            of_class[classes.of_gold[row.label or ""]].append(float(mean[item]))
    middle = {k: float(np.mean(found)) if found else 0.0 for k, found in of_class.items()}
    order = sorted(middle, key=lambda k: (middle[k], k))
    place = {k: position for position, k in enumerate(order)}
    told = ", ".join(f"{classes.names[k]} {middle[k]:.3g}" for k in order)
    note = f"classes ascend by the mean vote on their gold items: {told}; --prior names an order"
    return replace(
        classes,
        names=tuple(classes.names[k] for k in order),
        of_gold={text: place[k] for text, k in classes.of_gold.items()},
        notes=(*classes.notes, note),
    )


def _under(rows: Sequence[GoldRow], rubric: str | None) -> tuple[list[GoldRow], int]:
    """The rows under a rubric, and how many are under others."""
    named = {row.rubric: row for row in reversed(rows) if row.rubric is not None}
    nameless = next((row for row in rows if row.rubric is None), None)
    if len(named) > 1 and nameless is not None:
        raise nameless.place.error(
            f"no rubric here, and other rows name {names(sorted(filter(None, named)))}",
            nameless.line,
            "name the rubric in every row",
        )
    if rubric is None and len(named) > 1:
        raise rows[0].place.error(
            f"gold under {len(named)} rubrics: {names(sorted(filter(None, named)))}; the votes "
            "name none",
            remedy="pick one: --rubric NAME",
        )
    kept = [row for row in rows if rubric is None or row.rubric in (None, rubric)]
    return kept, len(rows) - len(kept)


def _none(rows: Sequence[GoldRow], kept: Sequence[GoldRow], rubric: str | None) -> InputError:
    place = rows[0].place
    if kept:
        return place.error(
            f"none of the {len(kept):,} rows has a label yet", remedy="fill in the column 'label'"
        )
    others = sorted({row.rubric for row in rows if row.rubric is not None})
    return place.error(
        f"no gold under the rubric {quoted(rubric or '')}; there is some under {names(others)}",
        remedy="name the rubric of the votes in the column 'rubric', or leave the column out",
    )


class _Finder:
    """Where an item stands among the votes, by its name and the positions of its responses."""

    def __init__(self, votes: VoteMatrix) -> None:
        self._items: dict[str, list[int]] = defaultdict(list)
        for index, name in enumerate(votes.items):
            self._items[name].append(index)
        positions = None if votes.positions is None else votes.positions.tolist()
        self._positions = None if positions is None else [tuple(one) for one in positions]

    def find(self, row: GoldRow) -> int | None:
        """Its index, None where the item (or that response of it) is not among the votes."""
        there = self._items.get(row.item) or self._items.get(bare(row.item))
        if there is None:
            return None
        if self._positions is None:
            if len(there) > 1:
                raise row.place.error(f"{quoted(row.item)} names several items", row.line)
            return there[0]
        shown = {self._positions[index]: index for index in there}
        if row.responses is None:
            if len(there) > 1:
                raise row.place.error(
                    f"the item {quoted(row.item)} has votes on {len(there)} of its responses, or "
                    "pairs of them",
                    row.line,
                    "say which in a column 'response' (or 'responses')",
                )
            return there[0]
        if row.responses not in shown and row.responses[::-1] in shown:
            raise row.place.error(
                f"'responses' is {list(row.responses)}, and the votes are on "
                f"{list(row.responses[::-1])}",
                row.line,
                "write them in the votes' order, and the label as seen in that order",
            )
        return shown.get(row.responses)


def _one_each(known: dict[GoldRow, int], classes: Classes, votes: VoteMatrix) -> dict[int, GoldRow]:
    """One row an item, in the votes' order; rows that contradict each other are an error."""
    single: dict[int, GoldRow] = {}
    for row, item in known.items():
        before = single.setdefault(item, row)
        where = row.place.lines(before.line, row.line)
        if classes.of_gold[before.label or ""] != classes.of_gold[row.label or ""]:
            raise row.place.error(
                f"two labels for the item {quoted(votes.items[item])}: "
                f"{quoted(before.label or '')} and {quoted(row.label or '')} ({where})",
                row.line,
                "keep the right one"
                + (
                    "; these votes do not tell an item's responses apart"
                    if before.responses != row.responses
                    else ""
                ),
            )
        if before.chosen != row.chosen:
            raise row.place.error(
                f"two values of '{CHOSEN}' for the item {quoted(votes.items[item])} ({where})",
                row.line,
                "remove one of the rows",
            )
    return {item: single[item] for item in sorted(single)}


def _chosen(rows: Sequence[GoldRow]) -> np.ndarray[tuple[int], np.dtype[np.float64]] | None:
    given = [row.chosen for row in rows if row.chosen is not None]
    if not given:
        return None
    without = next((row for row in rows if row.chosen is None), None)
    if without is not None:
        other = next(row for row in rows if row.chosen is not None)
        raise without.place.error(
            f"no '{CHOSEN}' here, and one on {without.place.unit} {other.line}",
            without.line,
            "give it in all rows or in none: 1 for items that were sure to be labelled",
        )
    return np.array(given, dtype=np.float64)


def _nothing_known(unknown: Sequence[GoldRow], votes: VoteMatrix) -> InputError:
    row = unknown[0]
    near = nearest(row.item, votes.items)
    hint = f"is {quoted(near)} meant? " if near is not None and near != row.item else ""
    return row.place.error(
        f"none of the {len(unknown):,} labelled items is among the votes, the first is "
        f"{quoted(row.item)}",
        row.line,
        f"{hint}the votes have {names(votes.items[:3])} ...; names must be the same, and "
        "responses too where the votes name them",
    )


def _left_out(
    unknown: Sequence[GoldRow], other: int, unfilled: int, merged: int
) -> tuple[str, ...]:
    found: list[str] = []
    if unknown:
        some = names([row.item for row in unknown[:3]])
        found.append(f"{len(unknown):,} gold labels are on items that have no votes ({some} ...)")
    if other:
        found.append(f"{other:,} gold labels are for other rubrics")
    if unfilled:
        found.append(f"{unfilled:,} gold rows have no label yet")
    if merged:
        found.append(f"{merged:,} gold rows say again what another said")
    return tuple(found)
