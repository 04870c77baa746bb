"""What the figures on dependence are called, and what they say in plain sentences."""

from __future__ import annotations

from w2s_judge.audit.dependence.error_correlation import ErrorCorrelation
from w2s_judge.audit.part import Figure
from w2s_judge.audit.spoken import number, percent, points

CENTRED, UNCENTRED = "error correlation, centred", "error correlation, uncentred"
EFFECTIVE, EIGEN = "effective votes", "effective votes by eigenvalue"
AGREED, WRONG = "unanimous", "unanimous and wrong"
MAJORITY, ALONE, COST = "majority of verdicts", "majority if independent", "cost of erring together"
NOTHING = 0.05  # correlation that is not worth a warning
MEANINGS = {
    CENTRED: "mean over pairs of judges, within each true class; 0: on their own, 1: together",
    UNCENTRED: "the same without regard to class: classes that are hard for everybody are in it",
    EFFECTIVE: "independent judges that would know as much: n / (1 + (n - 1) correlation)",
    EIGEN: "the same by the largest common component: n / largest eigenvalue",
    AGREED: "share of the items with two or more verdicts where all verdicts are the same",
    WRONG: "of those with a gold label, the share where that verdict is wrong",
    MAJORITY: "share of labelled items that the commonest verdict gets right; ties in part",
    ALONE: "the same if the same judges, each as often right as it is, erred independently",
    COST: "the difference of the two",
}


def worth(errors: ErrorCorrelation, rows: dict[str, Figure]) -> str:
    """How many independent judges these are worth."""
    overall = errors.overall
    n, phi = overall.raters, overall.centred
    verb = "are worth" if errors.gold else "look like"
    together = number(rows[CENTRED])
    told = f"{n} judges {verb} about {number(rows[EFFECTIVE], digits=1)} independent ones: "
    if phi >= NOTHING:
        told += "where one is wrong, others tend to be wrong too "
    else:
        told += "they err nearly on their own "
    told += f"(their errors correlate at {together})"
    if errors.gold:
        return f"{told}."
    return (
        f"{told}. This is measured against the consensus that they made themselves, which as a "
        "rule flatters them: label some items to know."
    )


def of_verdicts(rows: dict[str, Figure]) -> list[str]:
    """On what all agree, and what erring together costs."""
    sentences = []
    agreed, wrong = rows.get(AGREED), rows.get(WRONG)
    if agreed is not None:
        told = f"All judges who voted agree on {percent(agreed)} of the items"
        if wrong is not None and wrong.value is not None:
            told += f"; of those with a gold label {percent(wrong)} are wrong all the same"
        sentences.append(told + ".")
    if MAJORITY in rows:
        majority, alone, cost = rows[MAJORITY], rows[ALONE], rows[COST]
        sentences.append(
            f"The verdict of most judges is right in {percent(majority)} of the labelled items; if "
            f"the same judges erred each on its own it would be {percent(alone)}: {_lost(cost)}."
        )
    return sentences


def _lost(cost: Figure) -> str:
    if cost.value is None:
        return "what erring together costs is unknown"
    if cost.low is not None and cost.high is not None and cost.low <= 0 <= cost.high:
        return "whether erring together costs anything is within chance"
    if cost.value > 0:
        return f"erring together costs {points(cost, signed=False)}"
    return f"erring together gains {points(cost.turned(0.0), signed=False)}"
