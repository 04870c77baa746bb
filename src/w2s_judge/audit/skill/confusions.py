"""What each judge says of items of each class: P(said | truth)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from w2s_judge.audit.part import Cell, Column, Figure, Table
from w2s_judge.audit.resample import NOTHING, Resample, ratio
from w2s_judge.audit.skill.rightness import Answers

MOST = 4000  # rows of the table; judges with most items first

COLUMNS = (
    Column("judge", "Judge"),
    Column("truth", "True class"),
    Column("said", "Said"),
    Column("count", "Verdicts", "count"),
    Column("share", "Share of the true class", "share"),
)


def confusions(
    resample: Resample, answers: Sequence[Answers], classes: Sequence[str], meaning: str
) -> tuple[Table | None, tuple[str, ...]]:
    """The matrices of `answers`, long: a row a judge, true class and class said; and notes.

    A verdict that is level between classes is split evenly among them. Classes that no item of
    the judge has are left out.
    """
    room = max(1, MOST // len(classes) ** 2)
    most = sorted(answers, key=lambda one: -len(one.item))[:room]
    shown = {one.who for one in most}
    rows: list[tuple[Cell, ...]] = []
    for one in answers:
        if one.who in shown:
            rows += _matrix(resample, one, classes)
    left = len(answers) - len(shown)
    notes = (
        (
            f"Confusion matrices are shown of the {len(shown)} judges with most items; {left} are "
            "left out.",
        )
        if left
        else ()
    )
    if not rows:
        return None, notes
    told = f"How often a judge says each class of items that are truly of one class. {meaning}"
    return Table("confusion", "What they say of each class", told, COLUMNS, tuple(rows)), notes


def _matrix(resample: Resample, answers: Answers, classes: Sequence[str]) -> list[tuple[Cell, ...]]:
    chosen = answers.chosen
    rows: list[tuple[Cell, ...]] = []
    for c, true in enumerate(classes):
        of_class = answers.truth[:, c] > 0
        if not of_class.any():
            continue
        item, weight = answers.item[of_class], (answers.weight * answers.truth[:, c])[of_class]
        for s, said in enumerate(classes):
            share = resample.share(item, chosen[of_class, s], weight)
            count = float((answers.truth[:, c] * chosen[:, s]).sum())
            rows.append((answers.who, true, said, round(count), share))
    return rows


def balanced(resample: Resample, answers: Answers) -> Figure:
    """Mean over the classes that occur of the share of their items that are right."""
    if answers.why or not len(answers.item):
        return Figure(None, why=answers.why or NOTHING)
    narrow = resample.narrowed(answers.item)
    occurs = np.flatnonzero((answers.truth > 0).any(axis=0))
    counted = answers.weight[:, None] * answers.truth[:, occurs]
    hit = counted * answers.chosen[:, occurs]
    sums = narrow.sums(answers.item, np.concatenate([hit, counted], axis=1))
    found = ratio(sums[:, : len(occurs)], sums[:, len(occurs) :]).mean(axis=1)
    return narrow.figure(found, answers.item)
