"""What each judge says of items of each class: P(said | truth); and how often it is right of each.

The interval of balanced accuracy is put together from those of the classes' shares (Zou and Donner
2008, MOVER: the method of variance estimates recovery; for one difference of shares, Newcombe
1998). With v_c the share of class c, [l_c, u_c] its Wilson interval and r the correlation of the
shares, which are of the same prompts,

    low = mean of v_c  -  sqrt(sum over c, d of r_cd (v_c - l_c) (v_d - l_d)) / C

and high alike. Draws of prompts would not do: a class of few items may be all right, or all wrong,
in every one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.audit.part import Cell, Column, Figure, Table
from w2s_judge.audit.resample import NOTHING, Resample
from w2s_judge.audit.skill.rightness import Answers

MOST = 4000  # rows of the table; judges with most items first
ROUNDING = 1e-12
FEWEST = 10  # prompts of a class below which nothing can be said of how often it is right

COLUMNS = (
    Column("judge", "Judge"),
    Column("truth", "True class"),
    Column("said", "Said"),
    Column("count", "Verdicts", "count"),
    Column("share", "Share of the true class", "share"),
)
BY_CONSENSUS = (
    Column("judge", "Judge"),
    Column("truth", "The consensus says"),
    Column("said", "The judge says"),
    Column("count", "Verdicts", "count"),
    Column("share", "Share of these items", "share"),
)


def confusions(
    resample: Resample,
    answers: Sequence[Answers],
    classes: Sequence[str],
    meaning: str,
    *,
    gold: bool = True,
) -> tuple[Table | None, tuple[str, ...]]:
    """The matrices of `answers`, long: a row a judge, true class and class said; and notes.

    Without gold "true" is what the consensus says, and titles call it that.

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
    title, columns, of = "What they say of each class", COLUMNS, "are truly of one class"
    if not gold:
        title = "What they say where the consensus says each class"
        columns, of = BY_CONSENSUS, "the consensus puts into one class"
    told = f"How often a judge says each class of items that {of}. {meaning}"
    return Table("confusion", title, told, columns, tuple(rows)), notes


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
            rows.append((answers.name, true, said, round(count), share))
    return rows


def balanced(resample: Resample, answers: Answers, classes: Sequence[str] = ()) -> Figure:
    """Mean over the classes that occur of the share of their items that are right.

    No interval where the items of a class are worth fewer than 10 prompts (Kish's number).

    classes : names of the C classes, to say which one that is
    """
    if answers.why or not len(answers.item):
        return Figure(None, why=answers.why or NOTHING)
    counted = answers.weight[:, None] * answers.truth
    occurs = np.flatnonzero((counted > 0).any(axis=0)).tolist()
    if not occurs:
        return Figure(None, why=NOTHING)
    shares, off, why = [], [], ""
    for c in occurs:
        has = counted[:, c] > 0
        item, weight = answers.item[has], counted[has, c]
        hit = answers.chosen[has, c]
        shares.append(resample.share(item, hit, weight))
        if not why and resample.worth(item, weight) < FEWEST - ROUNDING:
            which = f"the class {classes[c]}" if classes else "one class"
            why = f"fewer than {FEWEST} labelled prompts of {which}"
        off.append(np.zeros(len(answers.item)))
        off[-1][has] = weight * (hit - (shares[-1].value or 0.0))
    value = float(np.mean([one.value for one in shares if one.value is not None]))
    n, prompts = len(answers.item), resample.prompts(answers.item)
    if why:
        return Figure(value, n=n, prompts=prompts, why=why)
    together = _correlation(resample, answers, np.stack(off, axis=1))
    ends = (
        np.array([(one.value or 0.0) - (one.low or 0.0) for one in shares]),
        np.array([(one.high or 0.0) - (one.value or 0.0) for one in shares]),
    )
    down, up = (float(np.sqrt(max(far @ together @ far, 0.0))) / len(shares) for far in ends)
    return Figure(value, max(0.0, value - down), min(1.0, value + up), n, prompts)


def _correlation(resample: Resample, answers: Answers, off: Floats) -> Floats:
    """(C, C) correlations of the classes' shares; off (k, C) is what an item adds to each error."""
    _, member = np.unique(resample.group[answers.item], return_inverse=True)
    sums = np.stack([np.bincount(member, weights=one) for one in off.T], axis=1)
    covariance = sums.T @ sums
    spread = np.sqrt(np.diag(covariance))
    scale = np.outer(spread, spread)
    found = np.divide(covariance, scale, out=np.zeros_like(covariance), where=scale > ROUNDING)
    np.fill_diagonal(found, 1.0)
    return np.asarray(found)
