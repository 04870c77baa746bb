"""Of the five lines: what would help most, by a stated order.

An unfinished run is finished first; then labels, where there are none or so few that the accuracy
is open; then judges that do harm; then a panel that is as good and cheaper; then another family.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from w2s_judge.audit.audited import Finding, Verdict
from w2s_judge.audit.cells_of import Row, rows, table_of, value
from w2s_judge.audit.dependence.words import EFFECTIVE
from w2s_judge.audit.panel import CONSENSUS, Panel
from w2s_judge.audit.part import Figure, Part
from w2s_judge.audit.spoken import percent, plural
from w2s_judge.sentences import listed

DEPENDENT = 0.75  # effective votes a judge below which the judges err together
WIDE = 0.1  # half an interval of accuracy that more labels would be worth
# What to do something about first, and what it is called where several judges are concerned.
GRAVE = {
    "worse-than-chance": "the judges that are worse than chance",
    "copy": "near copies",
    "probe": "the judges that a rewrite sways",
}


@dataclass(frozen=True, slots=True)
class Commands:
    """What a user can run: `label` draws items to label, `finish` asks what is open."""

    label: str | None = None
    finish: str | None = None


def most_help(
    panel: Panel,
    parts: Sequence[Part],
    found: Sequence[Finding],
    verdict: Verdict,
    commands: Commands,
) -> str:
    """One sentence of advice, with the command where there is one."""
    if panel.ledger.unasked and commands.finish is not None:
        open_ = plural(panel.ledger.unasked, "question")
        return f"Most would help: to finish the run. {open_} have no answer; {commands.finish}."
    labels = _labels(panel, parts, commands)
    if labels is not None:
        return labels
    for kind, called in GRAVE.items():
        same = [one.test for one in found if one.test.kind == kind]
        if len(same) == 1:
            return f"Most would help: {same[0].advice}"
        if same:
            names = dict.fromkeys(name for test in same for name in test.about)
            return f"Most would help: a panel without {called} ({listed(tuple(names))})."
    if verdict == "no":
        return (
            "Most would help: other judges, or another rubric; these cannot be told from guesses. "
            "See first whether their labels mean what the gold labels mean."
        )
    return _cheaper(parts) or _other(panel, parts)


def _labels(panel: Panel, parts: Sequence[Part], commands: Commands) -> str | None:
    """Whether labels are what is wanting."""
    gold = 0 if panel.gold is None else panel.gold.G
    right = _right(parts)
    if gold and right is not None and right.low is not None and right.high is not None:
        if right.high - right.low <= 2 * WIDE:
            return None
        what = f"more labels. {plural(gold, 'label')} leave it open how right the panel is"
    elif gold:
        what = f"more labels. {plural(gold, 'label')} cannot tell how right the panel is"
    else:
        what = "labels. 25 to 50 tell which judges to trust"
    if gold >= panel.votes.I:
        return f"Most would help: {what}, and all items have one: score and label more prompts."
    drawn = "label items drawn at random" if commands.label is None else commands.label
    return f"Most would help: {what}; {drawn}."


def _right(parts: Sequence[Part]) -> Figure | None:
    for row in rows(parts, "skill", "judges"):
        if row["judge"] == CONSENSUS and isinstance(row.get("accuracy"), Figure):
            return row["accuracy"]  # type: ignore[return-value]
    return None


def _cheaper(parts: Sequence[Part]) -> str | None:
    kept = [row for row in rows(parts, "skill", "panels") if row.get("keeps") == "yes"]
    cheap: Row | None = min(kept, key=lambda row: value(row.get("cost_share"), 1), default=None)
    if cheap is None or value(cheap.get("cost_share"), 1) >= 1:
        return None
    table = table_of(parts, "skill", "panels")
    priced = table is not None and any(column.kind == "usd" for column in table.columns)
    cost = f" at {percent(value(cheap.get('cost_share'), 1))} of the cost" if priced else ""
    keep = "keeps" if cheap.get("size") == 1 else "keep"
    return f"Most would help: fewer judges. {cheap['judges']} {keep} the accuracy{cost}."


def _other(panel: Panel, parts: Sequence[Part]) -> str:
    worth = {str(row["measure"]): row.get("value") for row in rows(parts, "dependence", "summary")}
    N = len(panel.judges)  # noqa: N806
    if value(worth.get(EFFECTIVE), N) < DEPENDENT * N:
        return "Most would help: a judge of another family, since the present ones err together."
    return "Nothing that was measured says what would help most."
