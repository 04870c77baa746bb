"""Block people: people's votes on nominal labels, no gold; sets count equally."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from aggregation_parts.baselines import MAJORITY
from aggregation_parts.fits import AUTO, Plan, lines_of, without_gold
from aggregation_parts.foot import foot
from aggregation_parts.lines import Line, cost, gain, markdown, share, signed
from aggregation_parts.sets import BLUEBIRD, PEOPLE, load

BLOCK = "people"
QUICK = ("rte",)
HEAD = (
    "method", "sets", "accuracy", "auto on these", "ECE 10 width", "ECE 15 mass", "perfect",
    "Brier", "log-loss", "CPU s, all", "peak MB, most", "note",
)  # fmt: skip
MEANS = (
    "Means over the sets of this list where the method finishes, each set counting the same; 'auto "
    f"on these' is auto's mean over the same sets. {BLUEBIRD} has a column below and is in no mean."
)
DATA = "Labels are nominal, classes are the labels that occur in votes or gold, no prior is given."


def report(plan: Plan) -> Iterator[tuple[str, list[Line]]]:
    """One table of means, one of accuracies and one of ECEs by set, one of auto's differences."""
    lines: list[Line] = []
    for name in (*(QUICK if plan.quick else PEOPLE), BLUEBIRD):
        voted = load(name, plan.data)
        lines += lines_of(BLOCK, voted, without_gold(voted, plan))
    shown = [
        "## People's votes, no gold",
        _means([line for line in lines if line.set != BLUEBIRD]),
        foot(lines, plan, MEANS, DATA),
        "### Accuracy by set",
        _by_set(lines, "accuracy"),
        "### ECE (10 equal-width bins) by set",
        _by_set(lines, "ece10"),
        *_differences(lines),
    ]
    yield "\n\n".join(shown), lines


def _means(lines: Sequence[Line]) -> str:
    rows = []
    autos = {line.set: line.figures for line in lines if line.method == AUTO}
    for method in dict.fromkeys(line.method for line in lines):
        mine = [line for line in lines if line.method == method]
        found = [line.figures for line in mine if line.figures is not None]
        missing = [f"{line.set}: {line.note}" for line in mine if line.figures is None]
        if not found:
            rows.append([method, "0", *[""] * (len(HEAD) - 3), "; ".join(missing)])
            continue
        same = [autos.get(line.set) for line in mine if line.figures is not None]
        there = [one.accuracy for one in same if one is not None]
        auto = share(float(np.mean(there))) if len(there) == len(found) else ""
        names = ("ece10", "ece15", "perfect", "brier")
        means = [share(float(np.mean([getattr(one, name) for one in found]))) for name in names]
        accuracy = share(float(np.mean([one.accuracy for one in found])))
        loss = f"{np.mean([one.log_loss for one in found]):.3f}"
        costs = [cost(sum(line.cpu_s for line in mine)), f"{max(x.peak_mb for x in mine):.0f}"]
        notes = dict.fromkeys(line.note for line in mine if line.note and line.figures is not None)
        note = "; ".join([*notes, *missing])
        rows.append([method, str(len(found)), accuracy, auto, *means, loss, *costs, note])
    return markdown(HEAD, rows)


def _by_set(lines: Sequence[Line], name: str) -> str:
    sets = list(dict.fromkeys(line.set for line in lines))
    cells = {(line.method, line.set): line.figures for line in lines}
    rows = []
    for method in dict.fromkeys(line.method for line in lines):
        found = [cells.get((method, one)) for one in sets]
        rows.append([method, *("" if one is None else share(getattr(one, name)) for one in found)])
    return markdown(["method", *sets], rows)


def _differences(lines: Sequence[Line]) -> list[str]:
    """Auto minus each other method, by set; none where there is no auto."""
    autos = {line.set: line for line in lines if line.method == AUTO and line.figures}
    if not autos:
        return []
    methods = [one for one in dict.fromkeys(line.method for line in lines) if one != AUTO]
    rows = []
    for method in methods:
        spans = [line.differences.get(method) for line in autos.values()]
        counted = [
            span.mean
            for name, span in zip(autos, spans, strict=True)
            if span is not None and name != BLUEBIRD
        ]
        mean = signed(float(np.mean(counted))) if counted else ""
        rows.append([method, mean, *map(gain, spans)])
    worst = [
        name
        for name, line in autos.items()
        if (span := line.differences.get(MAJORITY)) is not None and span.high < -0.01
    ]
    under = ", ".join(worst) or "none"
    said = f"Sets whose interval is wholly more than a point under plain majority: {under}."
    return [
        "### auto minus each method, by set [95 %]",
        markdown(["minus", "mean", *autos], rows),
        said,
    ]
