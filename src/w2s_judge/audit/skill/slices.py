"""On what are they right? Accuracy by task and by other divisions of the items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import special

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.audit.part import Cell, Column, Figure, Table, Test
from w2s_judge.audit.resample import Resample, ratio
from w2s_judge.audit.skill.rightness import Answers, Measured
from w2s_judge.audit.spoken import percent
from w2s_judge.sentences import listed
from w2s_judge.traits import Slice

LEAST = 0.10  # accuracy lost in a slice that is worth a word
FEWEST = 30  # measured items of a value, and of the rest, under which it is not shown
VALUES = 20  # above so many, a column tells items apart, not kinds of items
DIVISIONS = 12  # columns
WORK = 3e7  # answers times values that are counted at most: what is left out is said
UNIT = "accuracy below that on the other items"

COLUMNS = (
    Column("who", "Who"),
    Column("slice", "Divided by"),
    Column("value", "Value"),
    Column("items", "Items", "count"),
    Column("accuracy", "Accuracy", "share"),
    Column("rest", "On the rest", "share"),
    Column("difference", "Difference", "signed"),
)
BY_CONSENSUS = (
    *COLUMNS[:4],
    Column("accuracy", "As the consensus", "share"),
    *COLUMNS[5:],
)
TOO_FEW = "There are too few"
"""How the note begins that says how many items a division takes, and how many there are."""


@dataclass(frozen=True, eq=False, slots=True)
class Compared:
    """One who's accuracy in a slice and on the rest; p of their being equal."""

    accuracy: Figure
    rest: Figure
    difference: Figure
    p: float


def slices(
    resample: Resample, found: Measured, divisions: Mapping[str, Slice], meaning: str
) -> tuple[Table | None, tuple[Test, ...], tuple[str, ...]]:
    """The table, a test for each judge and value (with gold), and what was left out.

    A value is shown for who has 30 measured items in it and 30 outside. Of two values that are all
    there are, one test says which is the worse. Stated from 10 points on: a panel that loses as
    much on a kind of items needs its own gold there.
    """
    shown, notes = _shown(found, divisions)
    rows: list[tuple[Cell, ...]] = []
    tests: list[Test] = []
    for name, division in shown.items():
        for answers in _who(found):
            some, tested = _of(resample, answers, name, division)
            rows += some
            if found.gold and answers in found.judges:
                tests += tested
    if not rows:
        return None, (), notes
    title, columns = "On what they are right", COLUMNS
    told = (
        "Accuracy on the items of one kind, and on all others; below 0, these items are the harder "
        "ones for it"
    )
    if not found.gold:
        title, columns = "On what they are near to the consensus", BY_CONSENSUS
        told = (
            "How often a verdict is that of the consensus, on the items of one kind and on all "
            "others; below 0, it goes its own way on these"
        )
    table = Table("slices", title, f"{told}. {meaning}", columns, tuple(rows))
    return table, tuple(tests), notes


def _who(found: Measured) -> tuple[Answers, ...]:
    """Whose verdicts are divided; the consensus is not measured against itself."""
    some = found.everyone if found.gold else (*found.judges, found.majority)
    return tuple(one for one in some if len(one.item) and not one.why)


def _shown(
    found: Measured, divisions: Mapping[str, Slice]
) -> tuple[dict[str, Slice], tuple[str, ...]]:
    """The divisions that are counted, "task" first, and notes on the others."""
    if not divisions or not _who(found):
        return {}, ()
    item = max((one.item for one in _who(found)), key=len)
    what = "Accuracy" if found.gold else "Nearness to the consensus"
    fit = {name: one for name, one in divisions.items() if 2 <= _values(one, item) <= VALUES}
    names = sorted(fit, key=lambda name: (name != "task", name))
    answers, kept, work = sum(len(one.item) for one in found.everyone), [], 0.0
    for name in names[:DIVISIONS]:
        work += answers * _values(fit[name], item)
        if work <= WORK:
            kept.append(name)
    left, notes = [name for name in names if name not in kept], []
    odd = [name for name in divisions if name not in fit]
    if odd:
        notes.append(
            f"{what} is not told by {listed(odd)}: a division has 2 to {VALUES} values among the "
            "measured items."
        )
    if left:
        notes.append(f"{what} is not told by {listed(left)}: too many divisions or items.")
    large = [name for name in kept if _large(fit[name], item)]
    if large:
        notes.append(
            f"{what} by {listed(large)} is shown where {FEWEST} measured items have the value, "
            f"and {FEWEST} another."
        )
    small = [name for name in kept if name not in large]
    if small:
        notes.append(_too_small({name: fit[name] for name in small}, item, gold=found.gold))
    return {name: fit[name] for name in kept}, tuple(notes)


def _values(division: Slice, item: Ints) -> int:
    """How many values the items have."""
    return int(np.count_nonzero(np.bincount(division.part[item], minlength=1)))


def _large(division: Slice, item: Ints) -> bool:
    """Whether a value has as many of the items as it takes, and as many have another."""
    count = np.bincount(division.part[item], minlength=1)
    return bool(((count >= FEWEST) & (len(item) - count >= FEWEST)).any())


def _too_small(divisions: Mapping[str, Slice], item: Ints, *, gold: bool) -> str:
    """What such a comparison takes, and how much of it each division has."""
    largest = [
        f"of {name} has {np.bincount(division.part[item], minlength=1).max():,}"
        for name, division in divisions.items()
    ]
    items = "labelled items with a vote to tell accuracy" if gold else "items with a vote to divide"
    return (
        f"{TOO_FEW} {items} by {listed([*divisions])}: it takes {FEWEST} in a value and {FEWEST} "
        f"elsewhere, and of {len(item):,} the largest value {listed(largest)}."
    )


def _of(
    resample: Resample, answers: Answers, name: str, division: Slice
) -> tuple[list[tuple[Cell, ...]], list[Test]]:
    part = division.part[answers.item]
    count = np.bincount(part, minlength=len(division.names))
    there = (count >= FEWEST) & (len(part) - count >= FEWEST)
    values = np.flatnonzero(there).astype(np.int32)
    rows: list[tuple[Cell, ...]] = []
    tests: list[Test] = []
    for value, one in zip(values.tolist(), compared(resample, answers, part, values), strict=True):
        called = division.names[value]
        rows.append(
            (answers.name, name, called, int(count[value]), one.accuracy, one.rest, one.difference)
        )
        tests.append(_test(answers, name, called, one))
    if len(values) == 2 and count[values].sum() == len(part):
        tests = [max(tests, key=lambda test: test.effect)]
    return rows, tests


def _test(answers: Answers, name: str, value: str, one: Compared) -> Test:
    who = answers.name
    effect = -(one.difference.value or 0.0)
    sentence = (
        f"{who} is right less often where {name} is {value}: in {percent(one.accuracy)}, elsewhere "
        f"in {percent(one.rest)}."
    )
    advice = f"Where {name} is {value}, label items of that kind, or ask another judge than {who}."
    return Test(
        "slice", (answers.who, f"{name}={value}"), sentence, advice, effect, LEAST, UNIT, one.p
    )


def compared(
    resample: Resample, answers: Answers, part: Ints, values: Ints
) -> tuple[Compared, ...]:
    """For each value, accuracy where `part` (k,) has it against accuracy elsewhere.

    p is the larger of that from the draws and that from the variance that equal accuracies have: by
    chance, few items can be all right or all wrong, and then do not vary in the draws.
    """
    if not len(values):
        return ()
    right, weight, item = answers.right, answers.weight, answers.item
    onto = (part[:, None] == values) * weight[:, None]
    columns = (onto * right[:, None], onto, (weight * right)[:, None], weight[:, None])
    narrow, m = resample.narrowed(item), len(values)
    sums = narrow.sums(item, np.concatenate(columns, axis=1))
    hit, size = sums[:, :m], sums[:, m : 2 * m]
    found = ratio(hit, size) - ratio(sums[:, [-2]] - hit, sums[:, [-1]] - size)
    out = []
    for k, value in enumerate(values):
        inside = part == value
        here, elsewhere = (
            resample.share(item[at], right[at], weight[at]) for at in (inside, ~inside)
        )
        equal = _equal(resample, answers, right, inside, float(found[0, k]))
        p = max(narrow.p_value(found[:, k], item), equal)
        out.append(Compared(here, elsewhere, narrow.figure(found[:, k], item), p))
    return tuple(out)


def _equal(
    resample: Resample, answers: Answers, right: Floats, inside: Bools, found: float
) -> float:
    """Two-sided p with the variance p (1 - p) / n of both sides, n Kish's size over prompts."""
    mean = float(np.average(right, weights=answers.weight))
    variance, prompts = 0.0, 0
    for side in (inside, ~inside):
        _, member = np.unique(resample.group[answers.item[side]], return_inverse=True)
        weight = np.bincount(member, weights=answers.weight[side])
        variance += mean * (1 - mean) * float((weight**2).sum() / weight.sum() ** 2)
        prompts += len(weight)
    if variance <= 0:
        return 1.0
    return float(2 * special.stdtr(max(prompts - 2, 1), -abs(found) / np.sqrt(variance)))
