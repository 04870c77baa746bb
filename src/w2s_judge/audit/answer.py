"""Can I use this panel? Five lines, by a stated rule.

    cannot tell   no gold labels, too few prompts among them for an interval, or one class alone
    no            the interval of the consensus' balanced accuracy reaches down to chance, 1 / C
    with care     beyond chance, but the lower end is below `GOOD`, or something was found
    yes           the lower end is at least `GOOD`, and nothing was found

That accuracy is on gold items that neither the fit nor its calibration saw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from w2s_judge.audit.audited import Answer, Finding, RubricAudit, Verdict
from w2s_judge.audit.dependence.words import EFFECTIVE
from w2s_judge.audit.panel import CONSENSUS, MAJORITY, Panel
from w2s_judge.audit.part import Cell, Figure, Part, Table
from w2s_judge.audit.spoken import UNKNOWN, percent
from w2s_judge.sentences import listed

GOOD = 0.8  # balanced accuracy
NAMED = 3  # judges
DEPENDENT = 0.75  # effective votes a judge below which the judges err together
WIDE = 0.1  # half an interval of accuracy that more labels would be worth

Row: TypeAlias = dict[str, Cell]
# What to do something about first, and what it is called where several judges are concerned.
GRAVE = {
    "worse-than-chance": "the judges that are worse than chance",
    "copy": "near copies",
    "probe": "the judges that a rewrite sways",
}
WORST: tuple[Verdict, ...] = ("no", "cannot tell", "with care", "yes")


def answer(
    panel: Panel, parts: Sequence[Part], found: Sequence[Finding], tests: int, source: str
) -> Answer:
    """The answer for one rubric; `found` are its findings among `tests` that were made."""
    skill = {str(row["judge"]): row for row in rows(parts, "skill", "judges")}
    verdict = _verdict(panel, skill, found)
    return Answer(
        verdict,
        (
            _how_right(panel, parts, skill, verdict),
            _how_independent(panel, parts),
            _whom_to_watch(panel, found, tests),
            _where_it_fails(panel, parts, found),
            _what_would_help(panel, parts, skill, found, source),
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


def rows(parts: Sequence[Part], part: str, table: str) -> list[Row]:
    """The rows of a table by column; [] where there is none."""
    found = _table(parts, part, table)
    if found is None:
        return []
    names = [column.name for column in found.columns]
    return [dict(zip(names, row, strict=True)) for row in found.rows]


def _table(parts: Sequence[Part], part: str, table: str) -> Table | None:
    return next((one.table(table) for one in parts if one.name == part), None)


def _verdict(panel: Panel, skill: dict[str, Row], found: Sequence[Finding]) -> Verdict:
    row = skill.get(CONSENSUS, {})
    right = row.get("balanced_accuracy")
    if isinstance(right, Figure) and right.value is not None and right.low is None:
        right = row.get("accuracy")  # where no draw errs, only that one has an interval
    if not isinstance(right, Figure) or right.low is None or not _both_classes(panel):
        return "cannot tell"
    if right.low <= 1 / len(panel.consensus.classes):
        return "no"
    return "yes" if right.low >= GOOD and not found else "with care"


def _both_classes(panel: Panel) -> bool:
    """Whether gold has more than one class: on one alone nobody can be seen to tell them apart."""
    return panel.gold is not None and len(np.unique(panel.gold.label)) > 1


def _how_right(panel: Panel, parts: Sequence[Part], skill: dict[str, Row], verdict: Verdict) -> str:
    mine = skill.get(CONSENSUS, {}).get("accuracy")
    if panel.gold is None or not isinstance(mine, Figure) or mine.value is None:
        why = "there are no gold labels to hold it against"
        if panel.gold is not None:
            why = mine.why if isinstance(mine, Figure) else "no gold label has a vote"
        return f"Nobody can say how right it is: {why}{_alike(parts)}."
    others = [(name, row) for name, row in skill.items() if name in panel.judges]
    best = max(others, key=lambda one: _value(one[1].get("accuracy")), default=None)
    line = f"On {mine.n:,} labelled items the consensus is right in {percent(mine)}"
    if MAJORITY in skill:
        line += f", the majority in {_said(skill[MAJORITY].get('accuracy'))}"
    if best is not None:
        right = _said(best[1].get("accuracy"))
        line += f", the best judge ({best[0]}, picked on these labels) in {right}"
    if verdict == "no":
        line += "; that is not beyond chance"
    return line + "."


def _alike(parts: Sequence[Part]) -> str:
    found = next(iter(rows(parts, "agreement", "panel")), {}).get("value")
    if not isinstance(found, Figure) or found.value is None:
        return ""
    return f"; two judges agree in {percent(found)} of cases, which is no proof"


def _said(cell: Cell) -> str:
    return percent(cell) if isinstance(cell, Figure) else UNKNOWN


def _value(cell: Cell) -> float:
    return cell.value if isinstance(cell, Figure) and cell.value is not None else -1.0


def _how_independent(panel: Panel, parts: Sequence[Part]) -> str:
    N = len(panel.judges)  # noqa: N806
    if N == 1:
        return "It is one judge: nothing but gold labels tells where it is wrong."
    of = next((one for one in parts if one.name == "dependence"), None)
    if of is not None and of.sentences:
        return of.sentences[0]
    return f"How far the {N} judges err together cannot be told from so few common items."


def _whom_to_watch(panel: Panel, found: Sequence[Finding], tests: int) -> str:
    about = [one for one in found if one.test.kind != "slice"]
    if not about:
        return f"No judge stands out beyond chance (of {tests:,} things tested)."
    names = dict.fromkeys(name for one in about for name in one.test.about if name in panel.judges)
    kinds = Counter(one.test.kind for one in about)
    told = about[0].test.sentence
    if len(about) > 1:
        counts = ", ".join(f"{kind} {many:,}" for kind, many in kinds.items())
        told = f"found are {counts}. Strongest: {told}"
    watch = f"Watch {listed(tuple(names), NAMED)}: " if names else ""
    return f"{watch}{told}"


def _where_it_fails(panel: Panel, parts: Sequence[Part], found: Sequence[Finding]) -> str:
    weak = [one.test.sentence for one in found if one.test.kind == "slice"]
    silent = int((panel.votes.support == 0).sum())
    told = f" {silent:,} items have no vote at all." if silent else ""
    if weak:
        return weak[0] + told
    if panel.ledger.unasked:
        told += f" {panel.ledger.unasked:,} questions of the run have no answer yet."
    sliced = rows(parts, "skill", "slices")
    what = (
        "No part of the data is judged worse than the rest beyond chance."
        if sliced
        else "Nothing is known of parts of the data: there are no tasks, no columns to divide by, "
        "or too few labels in them."
    )
    return what + told


def _what_would_help(
    panel: Panel,
    parts: Sequence[Part],
    skill: dict[str, Row],
    found: Sequence[Finding],
    source: str,
) -> str:
    mine = skill.get(CONSENSUS, {}).get("accuracy")
    if panel.gold is None:
        return (
            "Most would help: labels. 25 to 50 tell which judges to trust; "
            f"`w2s-judge label {source} --next 50` draws them."
        )
    if isinstance(mine, Figure) and (
        mine.low is None or mine.high is None or mine.high - mine.low > 2 * WIDE
    ):
        return (
            f"Most would help: more labels. {mine.n:,} leave it open how right the panel is; "
            f"`w2s-judge label {source} --next 50` draws them."
        )
    for kind in GRAVE:
        same = [one.test for one in found if one.test.kind == kind]
        if len(same) == 1:
            return f"Most would help: {same[0].advice}"
        if same:
            names = dict.fromkeys(name for test in same for name in test.about)
            return f"Most would help: a panel without {GRAVE[kind]} ({listed(tuple(names))})."
    kept = [row for row in rows(parts, "skill", "panels") if row.get("keeps") == "yes"]
    cheap = min(kept, key=lambda row: _number(row.get("cost_share")), default=None)
    if cheap is not None and _number(cheap.get("cost_share")) < 1:
        cost = f" at {percent(_number(cheap.get('cost_share')))} of the cost"
        keep = "keeps" if cheap.get("size") == 1 else "keep"
        return (
            f"Most would help: fewer judges. {cheap['judges']} {keep} the accuracy"
            f"{cost if _priced(parts) else ''}."
        )
    worth = {str(row["measure"]): row.get("value") for row in rows(parts, "dependence", "summary")}
    effective = worth.get(EFFECTIVE)
    if isinstance(effective, Figure) and _value(effective) < DEPENDENT * len(panel.judges):
        return "Most would help: a judge of another family, since the present ones err together."
    return "Nothing that was measured says what would help most."


def _priced(parts: Sequence[Part]) -> bool:
    """Whether the cost of panels is dollars, and not just a number of judges."""
    table = _table(parts, "skill", "panels")
    return table is not None and any(column.kind == "usd" for column in table.columns)


def _number(cell: Cell) -> float:
    return float(cell) if isinstance(cell, (int, float)) else 1.0
