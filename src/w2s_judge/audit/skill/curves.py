"""When somebody says 90 %, how often is it right? Curves of confidence against gold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from w2s_judge.audit.common_notes import MAJORITY_SHARE
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Cell, Column, Table
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.skill.rightness import Answers, Measured
from w2s_judge.calibration.metrics import bin_of, ece, perfect_ece, top

BINS = 10
IN_A_BIN = 20  # labelled items, so that a bin's share is worth a point; fewer items, fewer bins
HARD = 1 - 1e-9
DRAWS = 200  # of labels for the error that honest confidence would show
MANY = 20_000  # labelled items above which that error is nearly 0 and is not drawn

COLUMNS = (
    Column("who", "Who"),
    Column("confidence", "Said", "share"),
    Column("right", "Was right", "share"),
    Column("items", "Items", "count"),
)


def curves(
    panel: Panel, resample: Resample, found: Measured
) -> tuple[Table | None, tuple[str, ...]]:
    """A bin a row, and a sentence on the consensus. Against gold alone.

    Bins hold about equal weight; answers of equal confidence share a bin.
    """
    if not found.gold:
        return None, ()
    rows: list[tuple[Cell, ...]] = []
    for one in _confident(panel, found):
        rows += _curve(resample, one)
    if not rows:
        return None, ()
    meaning = (
        "Answers are sorted by how sure they are of their top class, and put into up to "
        f"{BINS} bins of equal weight: the mean of what was said in a bin, and how often it was "
        "right. On the diagonal, confidence can be taken at its word; below it, it is too sure."
        " The consensus is held out: no fit saw the label it is measured on."
    )
    sentences: tuple[str, ...] = ()
    if found.consensus is not None and not found.consensus.why and len(found.consensus.item):
        sentences = (_said(found.consensus),)
    return Table("curves", "Is confidence honest?", meaning, COLUMNS, tuple(rows)), sentences


def _confident(panel: Panel, found: Measured) -> list[Answers]:
    """Judges with soft votes, the majority and the consensus."""
    soft = panel.votes.mass is not None
    some = [
        one
        for one in found.panel
        if soft and one.who not in panel.cut and bool((one.mass.max(axis=1) < HARD).any())
    ]
    some.append(replace(found.majority, who=MAJORITY_SHARE))
    if found.consensus is not None:
        some.append(found.consensus)
    return [one for one in some if len(one.item) and not one.why]


def _curve(resample: Resample, answers: Answers) -> list[tuple[Cell, ...]]:
    confidence, _ = top(answers.mass)
    right = answers.right
    bins = max(1, min(BINS, len(confidence) // IN_A_BIN))
    bin_ = bin_of(confidence, answers.weight, bins, "mass")
    rows: list[tuple[Cell, ...]] = []
    for b in np.unique(bin_):
        mine = bin_ == b
        weight = answers.weight[mine]
        said = float(np.average(confidence[mine], weights=weight))
        share = resample.share(answers.item[mine], right[mine], weight)
        rows.append((answers.name, said, share, int(mine.sum())))
    return rows


def _said(consensus: Answers) -> str:
    """How far the consensus' confidence is off, beside what chance alone would show."""
    label = consensus.truth.argmax(axis=1).astype(np.int32)
    off = ece(consensus.mass, label, consensus.weight, bins=BINS, equal="width")
    told = f"The consensus' confidence is off by {100 * off:.0f} points on average"
    if len(label) > MANY:
        return f"{told}."
    honest = perfect_ece(consensus.mass, DRAWS, weight=consensus.weight, bins=BINS, equal="width")
    return (
        f"{told} (expected calibration error, {BINS} bins of equal width); honest confidence would "
        f"show {100 * honest:.0f} on {len(label)} labels."
    )
