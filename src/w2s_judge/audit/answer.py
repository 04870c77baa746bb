"""Can I use this panel? Five lines, by a stated rule.

    cannot tell   no gold labels, too few prompts among them for an interval, or one class alone
    no            the interval of the consensus' balanced accuracy reaches down to chance, 1 / C
    with care     beyond chance, but the lower end is below `GOOD`, or something was found
    yes           the lower end is at least `GOOD`, and nothing was found

That accuracy is on gold items that neither the fit nor its calibration saw.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from w2s_judge.audit.audited import Answer, Finding, RubricAudit, Verdict
from w2s_judge.audit.cells_of import Row, rows, value
from w2s_judge.audit.most_help import Commands, most_help
from w2s_judge.audit.panel import CONSENSUS, MAJORITY, Panel
from w2s_judge.audit.part import Cell, Figure, Part
from w2s_judge.audit.spoken import UNKNOWN, percent
from w2s_judge.audit.watch import where_it_fails, whom_to_watch

GOOD = 0.8  # balanced accuracy
WORST: tuple[Verdict, ...] = ("no", "cannot tell", "with care", "yes")


def answer(
    panel: Panel,
    parts: Sequence[Part],
    found: Sequence[Finding],
    tests: int,
    commands: Commands | None = None,
) -> Answer:
    """The answer for one rubric; `found` are its findings among `tests` that were made."""
    skill = {str(row["judge"]): row for row in rows(parts, "skill", "judges")}
    verdict, why = _verdict(panel, skill, found)
    return Answer(
        verdict,
        (
            _how_right(panel, parts, skill, why),
            _how_independent(panel, parts),
            whom_to_watch(panel, found, tests),
            where_it_fails(panel, parts, found),
            most_help(panel, parts, found, verdict, commands or Commands()),
        ),
    )


def overall(rubrics: Sequence[RubricAudit]) -> Answer:
    """The only rubric's answer, or the worst verdict with a line a rubric."""
    if len(rubrics) == 1:
        return rubrics[0].answer
    verdict = min((one.answer.verdict for one in rubrics), key=WORST.index)
    lines = tuple(
        f"{one.name}: {one.answer.verdict.upper()}. {one.answer.lines[0]}" for one in rubrics
    )
    return Answer(verdict, lines)


def _verdict(panel: Panel, skill: dict[str, Row], found: Sequence[Finding]) -> tuple[Verdict, str]:
    """The verdict, and what it rests on, in words."""
    right = skill.get(CONSENSUS, {}).get("balanced_accuracy")
    if panel.gold is None or not isinstance(right, Figure) or right.value is None:
        return "cannot tell", ""
    if len(np.unique(panel.gold.label)) < 2:
        only = panel.gold.classes[int(panel.gold.label[0])]
        return "cannot tell", f"All labels are {only!r}, so that nobody can be seen to tell apart."
    told = f"Over the classes alike that is {percent(right)}"
    if right.low is None:
        return "cannot tell", f"{told}, without an interval ({right.why})."
    if right.low <= 1 / len(panel.consensus.classes):
        return "no", f"{told}: not beyond a guess."
    if right.low < GOOD:
        return "with care", f"{told}: beyond a guess, but it may be below {percent(GOOD)}."
    if found:
        return "with care", f"{told}; care is due for what was found."
    return "yes", f"{told}."


def _how_right(panel: Panel, parts: Sequence[Part], skill: dict[str, Row], why: str) -> str:
    mine = skill.get(CONSENSUS, {}).get("accuracy")
    if panel.gold is None or not isinstance(mine, Figure) or mine.value is None:
        reason = "there are no gold labels to hold it against"
        if panel.gold is not None:
            reason = mine.why if isinstance(mine, Figure) else "no gold label has a vote"
        return f"Nobody can say how right it is: {reason}{_alike(parts)}."
    others = [(name, row) for name, row in skill.items() if name not in (MAJORITY, CONSENSUS)]
    best = max(others, key=lambda one: value(one[1].get("accuracy"), -1), default=None)
    line = f"On {mine.n:,} labelled items the consensus is right in {percent(mine)}"
    if MAJORITY in skill:
        line += f", the majority in {_said(skill[MAJORITY].get('accuracy'))}"
    if best is not None:
        right = _said(best[1].get("accuracy"))
        line += f", the best judge ({best[0]}, picked on these labels) in {right}"
    return f"{line}. {why}".rstrip()


def _alike(parts: Sequence[Part]) -> str:
    found = next(iter(rows(parts, "agreement", "panel")), {}).get("value")
    if not isinstance(found, Figure) or found.value is None:
        return ""
    return f"; two judges agree in {percent(found)} of cases, which is no proof"


def _said(cell: Cell) -> str:
    return percent(cell) if isinstance(cell, Figure) else UNKNOWN


def _how_independent(panel: Panel, parts: Sequence[Part]) -> str:
    N = len(panel.judges)  # noqa: N806
    if N == 1:
        return "It is one judge: nothing but gold labels tells where it is wrong."
    of = next((one for one in parts if one.name == "dependence"), None)
    if of is not None and of.sentences:
        return of.sentences[0]
    return f"How far the {N} judges err together cannot be told from so few common items."
