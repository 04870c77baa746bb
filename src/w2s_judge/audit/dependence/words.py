"""What the figures on dependence are called, and what they say in plain sentences."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from w2s_judge.audit.dependence.error_correlation import ErrorCorrelation
from w2s_judge.audit.part import Figure
from w2s_judge.audit.spoken import number, percent, points
from w2s_judge.calibration.dependence import Dependence
from w2s_judge.sentences import listed

CENTRED, UNCENTRED = "error correlation, centred", "error correlation, uncentred"
EFFECTIVE, EIGEN = "effective votes", "effective votes by eigenvalue"
AGREED, WRONG = "unanimous", "unanimous and wrong"
MAJORITY, ALONE, COST = "majority of verdicts", "majority if independent", "cost of erring together"
NOTHING = 0.05  # correlation that is not worth a warning
NAMED, MOST_NAMES = 2, 5  # groups of near copies in a sentence, and judges of one
MUCH_FEWER = 0.75  # count by eigenvalue as a share of the other, below which both are told
MEANINGS = {
    CENTRED: (
        "how far two judges are wrong on the same items, mean over pairs; 0: each on its own, 1: "
        "always together. Taken within each true class, so that a class that is hard for everybody "
        "does not count as erring together"
    ),
    UNCENTRED: (
        "the same over all items, classes that are hard for everybody included; much above the "
        "centred one: some class is hard for all"
    ),
    EFFECTIVE: (
        "how many judges that err each on its own would know as much: n / (1 + (n - 1) "
        "correlation), with the centred one"
    ),
    EIGEN: (
        "the same by the largest group that errs together (n / largest eigenvalue of the "
        "correlations): lower where a few judges repeat each other; with many judges and few "
        "items chance alone lowers it"
    ),
    AGREED: "share of the items with two or more verdicts where all verdicts are the same",
    WRONG: "of those with a gold label, the share where that verdict is wrong",
    MAJORITY: "share of labelled items that the commonest verdict gets right; ties in part",
    ALONE: "the same if the same judges, each as often right as it is, erred independently",
    COST: "the difference of the two",
}


def worth(
    errors: ErrorCorrelation, rows: dict[str, Figure], judges: int, copies: Sequence[Sequence[str]]
) -> str:
    """How many independent judges these are worth.

    judges : of the panel;  copies : groups of judges who are near copies of each other
    """
    overall = errors.overall
    n, verb = overall.raters, "are worth" if errors.gold else "look like"
    who = f"{n} judges" if n == judges else f"{n} of the {judges} judges"
    told = f"{who} {verb} about {number(rows[EFFECTIVE], digits=1)} independent ones"
    fewer = _fewer(overall)
    if fewer is not None:
        told += f", by their largest common part only {number(fewer, digits=1)}"
    told += f": {_why(overall, copies, fewer=fewer is not None)}"
    told += f" (the errors of two correlate at {number(rows[CENTRED])} in the mean)."
    if errors.gold:
        return told
    return (
        f"{told} This is measured against the consensus that they made themselves, where an error "
        "that most of them share passes for right, which as a rule flatters them: label some items "
        "to know."
    )


def _fewer(overall: Dependence) -> float | None:
    """The count by eigenvalue, where it is much the smaller; None where it is not.

    Of n judges who err alone on k items chance makes the largest eigenvalue about (1 + sqrt(n / k))
    squared (Marchenko and Pastur 1967): what chance does is not told.
    """
    n, eigen = overall.raters, overall.effective_eigen
    by_chance = n / (1 + sqrt(n / overall.items)) ** 2
    if eigen is None or eigen >= MUCH_FEWER * min(overall.effective, by_chance):
        return None
    return eigen


def _why(overall: Dependence, copies: Sequence[Sequence[str]], *, fewer: bool) -> str:
    if copies:
        named = [f"{_together(one)} nearly repeat each other" for one in copies[:NAMED]]
        more = f", and {len(copies) - NAMED} more groups do" if len(copies) > NAMED else ""
        return "; ".join(named) + more
    if fewer:
        return "some of them are wrong together far more than others"
    if overall.centred >= NOTHING:
        return "where one is wrong, others tend to be wrong too"
    return "they err nearly on their own"


def _together(names: Sequence[str]) -> str:
    if len(names) > MOST_NAMES:
        return listed(names, MOST_NAMES)
    return f"{', '.join(names[:-1])} and {names[-1]}"


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
