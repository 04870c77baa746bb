"""Which truth class a gold label is: the classes themselves, and from vote labels to classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from w2s_judge.datasets.gold_rows import GoldRow
from w2s_judge.datasets.numerals import label_number, spelled
from w2s_judge.datasets.rows import names, quoted
from w2s_judge.datasets.suggestions import did_you_mean
from w2s_judge.datasets.tables import bare
from w2s_judge.errors import InputError
from w2s_judge.gold import Truth

MANY = 10  # rows from which on it is no chance that gold has two of the vote labels alone
SLIPS = 2  # rows up to which a label may be a slip for another
ALIKE = 0.75  # likeness (difflib) from which on it may be


@dataclass(frozen=True, slots=True)
class Classes:
    """Truth classes, the class of each gold label that occurs, and what was assumed."""

    names: tuple[str, ...]
    of_gold: Mapping[str, int]
    notes: tuple[str, ...] = ()

    @property
    def words(self) -> bool:
        """Whether the classes are words, which have no order of their own."""
        return any(label_number(name) is None for name in self.names)


def classes_of(rows: Sequence[GoldRow], labels: tuple[str, ...], truth: Truth | None) -> Classes:
    """The class of each label of these rows, which all have one. `InputError` names the line.

    A label may be a truth class or a vote label; numbers are compared as numbers. If all of them
    are classes they are read so, else if all are vote labels as these, else each as what it is.
    Where nothing is known of the truth, the classes are the vote labels if gold uses no others,
    else gold's own; two of more than two numbers on `MANY` rows are gold's own, too: people say 0
    and 1 of what judges score from 0 to 9.
    """
    first = {row.label: row for row in reversed(rows) if row.label is not None}
    if truth is None:
        return _unknown_truth(rows, first, labels)
    classes, votes = _Index(truth.classes), _Index(labels)
    in_classes = {text: classes.find(text) for text in first}
    in_votes = {text: votes.find(text) for text in first}
    if None not in in_classes.values():
        return Classes(truth.classes, {text: k for text, k in in_classes.items() if k is not None})
    map_ = truth.of_label
    if map_ is not None and None not in in_votes.values():
        return Classes(truth.classes, {t: map_[k] for t, k in in_votes.items() if k is not None})
    return _mixed(first, in_classes, in_votes, truth, labels)


def _mixed(
    first: Mapping[str, GoldRow],
    in_classes: Mapping[str, int | None],
    in_votes: Mapping[str, int | None],
    truth: Truth,
    labels: tuple[str, ...],
) -> Classes:
    """Labels of both kinds: each is what it is, and an error where it could be both."""
    found: dict[str, int] = {}
    for text, row in first.items():
        label, known = in_votes[text], in_classes[text]
        if label is None and known is None:
            offered = tuple(dict.fromkeys((*truth.classes, *labels)))
            raise _error(row, "neither a truth class nor a vote label", did_you_mean(text, offered))
        mapped = None
        if label is not None and truth.of_label is not None:
            mapped = truth.of_label[label]
        if known is None and mapped is None:
            raise _error(
                row,
                "a vote label, and which truth class it means is to be learnt",
                f"write a truth class: {names(truth.classes)}",
            )
        if known is not None and mapped is not None and known != mapped:
            raise _error(
                row,
                f"a truth class, and as a vote label it means {quoted(truth.classes[mapped])}",
                "write truth classes in every row, or vote labels in every row",
            )
        found[text] = known if known is not None else mapped or 0
    return Classes(truth.classes, found)


def _unknown_truth(
    rows: Sequence[GoldRow], first: Mapping[str, GoldRow], labels: tuple[str, ...]
) -> Classes:
    votes = _Index(labels)
    found = {text: votes.find(text) for text in first}
    among = {text: k for text, k in found.items() if k is not None}
    if len(among) == len(found) and _binary(among, rows, labels):
        own = tuple(labels[k] for k in sorted(set(among.values())))
        note = (
            f"gold says {own[0]} and {own[1]} alone, where votes have {len(labels)} labels: these "
            "two are taken for truth classes; --prior names others"
        )
        return Classes(own, {text: own.index(labels[k]) for text, k in among.items()}, (note,))
    if len(among) == len(found):
        notes: tuple[str, ...] = ()
        if len(set(among.values())) < len(labels) and len(labels) > 2:
            notes = (
                f"gold uses {len(set(among.values()))} of the {len(labels)} vote labels and is "
                "taken to mean them; --prior names truth classes of another kind",
            )
        return Classes(labels, among, notes)
    numbers = {text: label_number(text) for text in first}
    if among and None in numbers.values():
        odd = next(text for text, k in found.items() if k is None)
        raise _error(
            first[odd],
            "no vote label, and other rows have vote labels",
            f"{did_you_mean(odd, labels)}; truth classes that differ from them are named by "
            "--prior, all of them",
        )
    if None in numbers.values():
        _refuse_slips(rows, first)
        own = tuple(sorted(first))
        of_gold = {text: own.index(text) for text in own}
    else:
        known = np.array([value for value in numbers.values() if value is not None])
        values, inverse = np.unique(known, return_inverse=True)
        own = tuple(spelled(value) for value in (values + 0.0).tolist())
        of_gold = dict(zip(numbers, inverse.tolist(), strict=True))
    what = "some are" if among else "they are"
    note = f"the truth classes are those of gold, {names(own)}: {what} no vote labels"
    return Classes(own, of_gold, (note,))


def _binary(among: Mapping[str, int], rows: Sequence[GoldRow], labels: tuple[str, ...]) -> bool:
    numbers = all(label_number(label) is not None for label in labels)
    return numbers and len(labels) > len(set(among.values())) == 2 and len(rows) >= MANY


def _refuse_slips(rows: Sequence[GoldRow], first: Mapping[str, GoldRow]) -> None:
    """A class that is another but for its case, blanks, or a slip on a row or two is no class."""
    counts = Counter(row.label for row in rows)
    for text, row in first.items():
        others = [one for one in first if one != text and counts[one] >= counts[text]]
        plain = {one.strip().casefold(): one for one in others}
        near = plain.get(text.strip().casefold())
        if near is None and counts[text] <= SLIPS:
            near = next((one for one in others if _slip(text, one)), None)
        if near is not None:
            raise _error(
                row, f"nearly {quoted(near)}",
                "write one of them throughout, or name both classes with --prior",
            )  # fmt: skip


def _slip(text: str, other: str) -> bool:
    """Whether one may be the other mistyped; unsafe is not safe, nor level1 level2."""
    if abs(len(text) - len(other)) > 1 or text.endswith(other) or other.endswith(text):
        return False
    digits = str.maketrans("", "", "0123456789")
    if text.translate(digits) == other.translate(digits):
        return False
    return SequenceMatcher(None, text, other).ratio() >= ALIKE


class _Index:
    """Names by their text, and by their number where they have one."""

    def __init__(self, known: Sequence[str]) -> None:
        self._texts = {text: k for k, text in enumerate(known)}
        self._numbers = {label_number(text): k for k, text in enumerate(known)}

    def find(self, text: str) -> int | None:
        value = label_number(text)
        exact = self._texts.get(text)
        if exact is None:  # a spreadsheet-proof cell has an apostrophe before what looks a formula
            exact = self._texts.get(bare(text))
        return exact if exact is not None or value is None else self._numbers.get(value)


def _error(row: GoldRow, what: str, remedy: str) -> InputError:
    return row.place.error(f"the gold label {quoted(row.label or '')} is {what}", row.line, remedy)
