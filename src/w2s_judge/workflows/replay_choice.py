"""Which policy to name: the cheapest that is shown to lose little to the full panel.

Policies are compared on the same labels, and the more there are, the sooner one of them looks as
good by luck. By Bonferroni's inequality (Dunn 1961) intervals that each fail with probability
(1 - .95) / N fail anywhere among N policies with at most 1 - .95, so that whichever is named for
its interval is as good as told with .95.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.audit.part import Figure
from w2s_judge.calibration.estimates import COVERAGE, DRAWS, ROUNDING, mean_difference, most_unseen
from w2s_judge.workflows.replay_figures import Judged, Line, figure
from w2s_judge.workflows.replay_policies import FULL


@dataclass(frozen=True, eq=False, slots=True)
class Choice:
    """A policy, and whether it is shown to lose at most the margin.

    behind : accuracy minus the full panel's; the interval holds over all policies together
    among  : how many policies were compared with the full panel
    """

    line: Line
    behind: Figure
    shown: bool
    among: int


def choice(lines: Sequence[Line], judged: Judged, margin: float) -> Choice | None:
    """The cheapest that is shown to lose at most `margin`, else the one that may lose least.

    With a promise of few errors those are compared that claim as many labels, but for `margin`, as
    the full panel. None where nothing is compared with it.
    """
    least = max((line.claimed for line in lines if line.policy == FULL), default=0.0) - margin
    others = [
        line
        for line in lines
        if line.policy != FULL and line.behind.low is not None and line.claimed >= least
    ]
    if not others:
        return None
    among = len(others)
    near = [line for line in others if _low(line.behind) >= -margin]  # the wider ends are below
    for line in sorted(near, key=lambda line: line.price):
        behind = over_all(line, judged, among)
        if _low(behind) >= -margin:
            return Choice(line, behind, shown=True, among=among)
    best = max(others, key=lambda line: _low(line.behind))
    return Choice(best, over_all(best, judged, among), shown=False, among=among)


def over_all(line: Line, judged: Judged, among: int) -> Figure:
    """The difference to the full panel with an interval that holds for `among` policies at once.

    It is of the same bootstrap as the interval of the policy alone, drawn `among` times as often,
    so that as many draws lie beyond its ends. A bootstrap knows of no loss that it has not seen:
    where no prompt lost anything the lower end leaves room for the exact bound on those that do.
    """
    coverage = 1 - (1 - COVERAGE) / among
    found = mean_difference(
        line.off, judged.weight, judged.group, draws=DRAWS * among, coverage=coverage
    )
    _, prompt = np.unique(judged.group, return_inverse=True)
    if np.bincount(prompt, weights=judged.weight * line.off).min() > -ROUNDING:
        unseen = max(found.value - most_unseen(found.groups, coverage), -1.0)
        found = replace(found, low=min(found.low, unseen))
    return figure(found)


def _low(of: Figure) -> float:
    return -1.0 if of.low is None else of.low
