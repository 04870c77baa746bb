"""How right each judge, the majority and the consensus are: against gold, or what stands for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from w2s_judge.aggregation.shares import CUT_ASSUMED
from w2s_judge.audit.common_notes import (
    ALL_SEEN,
    UNMAPPED,
    WHICH_LABEL,
    mute,
    only_rank,
    rankers,
)
from w2s_judge.audit.panel import CONSENSUS, Panel
from w2s_judge.audit.part import Cell, Column, Figure, Part, Table
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.skill.area import area
from w2s_judge.audit.skill.chance import chance_tests
from w2s_judge.audit.skill.cheapest import PER, cheapest, judge_costs
from w2s_judge.audit.skill.confusions import balanced, confusions
from w2s_judge.audit.skill.curves import curves
from w2s_judge.audit.skill.rightness import Answers, Measured, measured, total_mass
from w2s_judge.audit.skill.slices import slices
from w2s_judge.audit.skill.without_one import without_one
from w2s_judge.audit.spoken import percent, sentence
from w2s_judge.sentences import listed

NAME, TITLE = "skill", "Are they right?"
BY_GOLD = "Against gold; an item counts the inverse of its chance to be labelled."
BY_CONSENSUS = "Nobody knows who is right: the judges made the consensus themselves."
NO_GOLD = (
    "There is no gold, so that nobody knows who is right. The judges are set beside the consensus, "
    "which they made themselves: these figures flatter the panel. Bring labels of some items with "
    "--gold."
)
ITSELF = "it is what the judges are set beside"
GOLD_ALONE = (
    "Calibration curves, the panel without one judge and smaller panels are told by gold alone: "
    "the consensus would flatter whoever had a part in it."
)

COLUMNS = (
    Column("judge", "Judge"),
    Column("items", "Items", "count"),
    Column("accuracy", "Accuracy", "share"),
    Column("balanced_accuracy", "Balanced accuracy", "share"),
    Column("auc", "Area under the curve", "share"),
    Column("cost_per_1000", "Cost of 1,000 items", "usd"),
)
NEARNESS = (
    *COLUMNS[:2],
    Column("accuracy", "As the consensus", "share"),
    Column("balanced_accuracy", "Balanced", "share"),
    *COLUMNS[4:],
)


def skill(panel: Panel, resample: Resample) -> Part:
    """Accuracy, confusion, calibration curves, slices, the panel without one, smaller panels.

    What needs gold (curves, the panel without one, smaller panels, tests on slices) is left out
    without it, and a note says so.
    """
    found = measured(panel)
    if isinstance(found, str):
        return Part(NAME, TITLE, (found,))
    meaning = BY_GOLD if found.gold else BY_CONSENSUS
    near = resample.narrowed(np.concatenate([one.item for one in found.everyone]))
    costs = judge_costs(panel)
    judges = _judges(near, found, costs)
    confusion, cropped = confusions(near, found.panel, found.classes, meaning, gold=found.gold)
    curve, honest = curves(panel, near, found)
    slice_, slice_tests, left_out = slices(near, found, panel.traits.slices, meaning)
    without, dropped = without_one(
        near, found, total_mass(found.panel, (panel.votes.I, len(found.classes)))
    )
    panels, keeping, why = cheapest(panel, near, found, costs)
    tables = (judges, confusion, curve, slice_, without, panels)
    return Part(
        NAME,
        TITLE,
        (*_sentences(panel, resample, found, judges), *honest, *dropped, *keeping),
        tuple(one for one in tables if one is not None),
        (*chance_tests(panel, resample, found), *slice_tests),
        (*_notes(panel, found), *cropped, *left_out, *why),
    )


def _judges(resample: Resample, found: Measured, costs: Sequence[float | None]) -> Table:
    whole = [cost for cost in costs if cost is not None]
    all_of_it = sum(whole) if len(whole) == len(costs) else None
    measured_ = found.everyone if found.gold else (*found.judges, found.majority)
    rows = [
        _row(resample, one, cost, found.classes)
        for one, cost in zip(measured_, (*costs, all_of_it, all_of_it), strict=False)
    ]
    if len(rows) < len(found.judges) + 2:
        none = Figure(None, why=ALL_SEEN if found.gold else ITSELF)
        items = 0 if found.gold else None
        rows.append((CONSENSUS, items, none, none, none, _per(all_of_it)))
    if found.gold:
        return Table("judges", "How right they are", _right_means(), COLUMNS, tuple(rows))
    title = "How near they are to the consensus"
    return Table("judges", title, _near_means(), NEARNESS, tuple(rows))


def _right_means() -> str:
    return (
        "How often a judge's top class is the true one (level classes are drawn from), the same "
        "averaged over the classes (a judge who guesses has one over their number), and, for two "
        "classes, the chance that an item of the second gets the higher score than one of the "
        'first (.5: by guessing). "majority" is the class with the largest share of the judges\' '
        "mass; the consensus is held out: no fit saw the label that it is measured on. "
        f"{BY_GOLD}"
    )


def _near_means() -> str:
    return (
        "How often a judge's top class is that of the consensus (level classes are drawn from), "
        "the same averaged over the classes of the consensus, and, for two classes, the chance "
        "that an item that the consensus puts into the second gets the higher score than one of "
        'the first. "majority" is the class with the largest share of the judges\' mass. '
        f"{BY_CONSENSUS}"
    )


def _row(
    resample: Resample, answers: Answers, cost: float | None, classes: Sequence[str]
) -> tuple[Cell, ...]:
    right = Figure(None, why=answers.why)
    if not answers.why:
        right = resample.share(answers.item, answers.right, answers.weight)
    return (
        answers.name, len(answers.item), right, balanced(resample, answers, classes),
        area(resample, answers), _per(cost),
    )  # fmt: skip


def _per(cost: float | None) -> float | None:
    return None if cost is None else PER * cost


def _sentences(panel: Panel, resample: Resample, found: Measured, judges: Table) -> tuple[str, ...]:
    labels = panel.gold.G if panel.gold is not None else 0
    told = [NO_GOLD]
    if found.gold:
        prompts = resample.prompts(found.majority.item) if len(found.majority.item) else 0
        told = [
            f"Measured on {len(found.majority.item)} of {labels} labelled items that a judge voted "
            f"on, in {prompts} prompts."
        ]
    right = {str(row[0]): row[2] for row in judges.rows}
    alone = [(one, right[one.name]) for one in found.panel]
    ranked = sorted(
        ((figure.value, one.name, figure) for one, figure in alone
         if isinstance(figure, Figure) and figure.value is not None),
        key=lambda row: (-row[0], row[1]),
    )  # fmt: skip
    if ranked:
        told.append(_extremes(ranked[0][1:], ranked[-1][1:], found.gold))
    told += _together(resample, found, judges)
    return tuple(told)


def _extremes(best: tuple[str, Figure], worst: tuple[str, Figure], gold: bool) -> str:
    """Who is right most and least often; without gold no more than who is near the consensus."""
    (first, most), (last, least) = best, worst
    if first == last:
        of = "right" if gold else "of one mind with the consensus"
        return f"The only judge whose verdicts can be read, {first}, is {of} in {percent(most)}."
    if gold:
        return (
            f"The best judge on these labels is {first}, right in {percent(most)}; the weakest is "
            f"{last}, right in {percent(least)}."
        )
    return (
        f"Nearest to the consensus is {first}, of one mind with it in {percent(most)}; furthest is "
        f"{last}, in {percent(least)}. That does not tell which of the two is right."
    )


def _together(resample: Resample, found: Measured, judges: Table) -> list[str]:
    at = len(found.judges)
    majority, consensus = judges.rows[at][2], judges.rows[at + 1][2]
    told = []
    if isinstance(majority, Figure) and majority.value is not None and len(found.panel) > 1:
        of = "right" if found.gold else "of one mind with the consensus"
        told.append(f"The majority of the judges is {of} in {percent(majority)}.")
    if isinstance(consensus, Figure) and consensus.value is not None:
        unseen = "measured on labels it has not seen"
        told.append(f"The consensus is right in {percent(consensus)}, {unseen}.")
    elif not found.gold and found.consensus is not None and not found.consensus.why:
        item, sure = found.consensus.item, found.consensus.mass.max(axis=1)
        told.append(
            f"The consensus itself expects to be right in {percent(resample.share(item, sure))}; "
            "nothing holds it to that."
        )
    return told


def _notes(panel: Panel, found: Measured) -> list[str]:
    notes = []
    if any(one.why == UNMAPPED for one in found.judges):
        notes.append(WHICH_LABEL)
    elif panel.votes.truth_with(panel.gold).of_label is None:
        notes.append(sentence(CUT_ASSUMED.format(C=len(found.classes))))
    notes += only_rank(rankers(panel.judged))
    heard = np.bincount(panel.judged.rater, minlength=len(found.judges)) > 0
    silent = [one.who for one, voted in zip(found.judges, heard, strict=True) if not voted]
    notes += mute(silent)
    unseen = [one.who for one in found.judges if not len(one.item) and one.who not in silent]
    if unseen:
        has = "has" if len(unseen) == 1 else "have"
        notes.append(f"{listed(unseen)} {has} no vote on a labelled item.")
    if not found.gold:
        notes.append(GOLD_ALONE)
    return notes
