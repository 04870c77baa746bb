"""What became of each policy over the draws: its price and accuracy, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.audit.part import Cell, Figure
from w2s_judge.calibration.estimates import Estimate, estimated_share, mean_difference
from w2s_judge.cascade.replay import Replayed
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.replay_lessons import Averages
from w2s_judge.workflows.replay_policies import FULL


@dataclass(slots=True)
class Outcome:
    """What became of one policy over the draws."""

    policy: str
    sums: Averages
    judges: list[float] = field(default_factory=list)
    eces: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    with_pilot: list[float] = field(default_factory=list)
    plans: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, at: Ints, done: Replayed) -> None:
        """One draw, judged on gold labels at these positions."""
        self.sums.add(at, done.right, done.prices, done.kept.astype(np.float64))
        self.judges.append(float(done.asked.mean()))
        self.eces.append(done.ece)
        self.accuracies.append(done.accuracy)
        self.with_pilot.append(done.with_pilot)
        if done.learned is not None and self.policy.startswith("cascade"):
            self.plans.append(tuple(", ".join(one.judges) for one in done.learned.stages))


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """The labels that any draw judged policies on: n of them, in prompts, with their weights.

    seen is (G,), of all gold labels; group and weight are (n,).
    """

    seen: Bools
    group: Ints
    weight: Floats

    @classmethod
    def of(cls, outcome: Outcome, votes: VoteMatrix, gold: Gold) -> Judged:
        """They are the same of all policies."""
        seen = outcome.sums.times > 0
        return cls(seen, votes.group[gold.item][seen], gold.weight[seen])


@dataclass(frozen=True, eq=False, slots=True)
class Line:
    """The figures of one policy, means over the draws.

    price      : of one thing judged, outside the labels learned from
    with_pilot : of all things there are, those learned from at the price of every judge
    share      : price as a share of the full price, None where that is 0
    off        : (n,) credit minus the full panel's, label by label
    apart      : accuracy minus the full panel's, draw by draw
    """

    policy: str
    judges: float
    price: float
    with_pilot: float
    share: float | None
    accuracy: Figure
    behind: Figure
    ece: float
    claimed: float
    error: float | None
    off: Floats
    apart: tuple[float, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """A row of the table of policies."""
        return (
            self.policy, self.judges, self.price, self.share, self.accuracy, self.behind,
            self.ece, self.claimed, self.error,
        )  # fmt: skip


def lines_of(
    outcomes: Sequence[Outcome], judged: Judged, prices: Mapping[str, float]
) -> tuple[Line, ...]:
    """A line a policy, beside the full panel, which is one of them."""
    full = next(one for one in outcomes if one.policy == FULL)
    whole = sum(prices.values())
    return tuple(_line(one, full, judged, whole) for one in outcomes)


def figure(of: Estimate) -> Figure:
    """An estimate as tables and sentences have it."""
    return Figure(of.value, of.low, of.high, of.n, of.groups)


def _line(one: Outcome, full: Outcome, judged: Judged, whole: float) -> Line:
    seen, group, weight = judged.seen, judged.group, judged.weight
    sums, times = one.sums, one.sums.times[seen]
    right = sums.right[seen] / times
    price, kept, wrong = (
        float(np.average(column[seen] / times, weights=weight))
        for column in (sums.price, sums.kept, sums.wrong)
    )
    off = right - full.sums.right[seen] / times
    return Line(
        policy=one.policy,
        judges=float(np.mean(one.judges)),
        price=price,
        with_pilot=float(np.mean(one.with_pilot)),
        share=price / whole if whole else None,
        accuracy=figure(estimated_share(right, weight, group)),
        behind=Figure(None, why="it is the full panel")
        if one is full
        else figure(mean_difference(off, weight, group)),
        ece=float(np.mean(one.eces)),
        claimed=kept,
        error=wrong / kept if kept else None,
        off=off,
        apart=tuple(a - b for a, b in zip(one.accuracies, full.accuracies, strict=True)),
    )
