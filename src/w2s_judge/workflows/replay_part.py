"""A replay in figures: price and accuracy of each policy, with intervals, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.audit.part import Cell, Column, Figure, Part, Table
from w2s_judge.audit.spoken import percent, points, sentence
from w2s_judge.calibration.estimates import Estimate, estimated_share, mean_difference
from w2s_judge.cascade.replay import Replayed
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.replay_lessons import Averages
from w2s_judge.workflows.replay_policies import FULL

COLUMNS = (
    Column("policy", "policy"),
    Column("judges", "judges asked", "number"),
    Column("price", "price of one", "number"),
    Column("share", "of the full price", "share"),
    Column("accuracy", "accuracy", "share"),
    Column("behind", "minus full", "signed"),
    Column("ece", "ECE", "share"),
    Column("claimed", "labels claimed", "share"),
    Column("error", "wrong among them", "share"),
)
MEANING = (
    "a row is a policy: what it would have paid for one thing judged outside the labels it learned "
    "from, how often its likeliest class is right there, and how far that is from the full panel"
)
INTERVALS = (
    "Intervals are over labelled prompts; what a policy learns varies with the draw of its labels "
    "as well: figures are means over {draws}."
)
PILOT = (
    "The {size} labels that a policy learns from are asked of every judge: at the full price, and "
    "in no figure here."
)


@dataclass(slots=True)
class Outcome:
    """What became of one policy over the draws."""

    policy: str
    sums: Averages
    judges: list[float] = field(default_factory=list)
    eces: list[float] = field(default_factory=list)
    plans: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, at: Ints, done: Replayed) -> None:
        """One draw, judged on gold labels at these positions."""
        self.sums.add(at, done.right, done.prices, done.kept.astype(np.float64))
        self.judges.append(float(done.asked.mean()))
        self.eces.append(done.ece)
        if done.learned is not None and self.policy.startswith("cascade"):
            self.plans.append(tuple(", ".join(one.judges) for one in done.learned.stages))


@dataclass(frozen=True, slots=True)
class _Line:
    """The figures of one policy; `share` of the full price, None where that is 0."""

    policy: str
    judges: float
    price: float
    share: float | None
    accuracy: Figure
    behind: Figure
    ece: float
    claimed: float
    error: float | None

    @property
    def cells(self) -> tuple[Cell, ...]:
        return (
            self.policy, self.judges, self.price, self.share, self.accuracy, self.behind,
            self.ece, self.claimed, self.error,
        )  # fmt: skip


def part_of(
    title: str,
    outcomes: Sequence[Outcome],
    votes: VoteMatrix,
    gold: Gold,
    prices: Mapping[str, float],
    size: int,
    draws: int,
    margin: float,
    notes: Sequence[str],
) -> Part:
    """Sentences, the table of policies, the prices and the plans."""
    seen = outcomes[0].sums.times > 0  # the same of all policies
    full = next(one for one in outcomes if one.policy == FULL)
    group, weight = votes.group[gold.item][seen], gold.weight[seen]
    whole = sum(prices.values())
    lines = [_line(one, full, seen, group, weight, whole) for one in outcomes]
    rows = tuple(line.cells for line in lines)
    return Part(
        "replay",
        title,
        _sentences(lines, margin),
        (
            Table("policies", "Policies", MEANING, COLUMNS, rows),
            _prices(prices),
            _plans(outcomes),
        ),
        notes=(
            PILOT.format(size=size),
            INTERVALS.format(draws="1 draw" if draws == 1 else f"{draws} draws"),
            *(sentence(note) for note in notes),
        ),
    )


def _line(
    one: Outcome, full: Outcome, seen: Bools, group: Ints, weight: Floats, whole: float
) -> _Line:
    sums, times = one.sums, one.sums.times[seen]
    right = sums.right[seen] / times
    price, kept, wrong = (
        float(np.average(column[seen] / times, weights=weight))
        for column in (sums.price, sums.kept, sums.wrong)
    )
    off = right - full.sums.right[seen] / full.sums.times[seen]
    return _Line(
        policy=one.policy,
        judges=float(np.mean(one.judges)),
        price=price,
        share=price / whole if whole else None,
        accuracy=_figure(estimated_share(right, weight, group)),
        behind=Figure(None, why="it is the full panel")
        if one is full
        else _figure(mean_difference(off, weight, group)),
        ece=float(np.mean(one.eces)),
        claimed=kept,
        error=wrong / kept if kept else None,
    )


def _figure(of: Estimate) -> Figure:
    return Figure(of.value, of.low, of.high, of.n, of.groups)


def _sentences(lines: Sequence[_Line], margin: float) -> tuple[str, ...]:
    """The full panel, and the cheapest policy that is shown to lose little to it."""
    full = next(line for line in lines if line.policy == FULL)
    told = f"The full panel is right on {percent(full.accuracy)} of the labelled items."
    others = [line for line in lines if line is not full and line.behind.low is not None]
    if not others:
        return (told,)
    near = [line for line in others if line.behind.low is not None and line.behind.low >= -margin]
    least = f"{100 * margin:g} points"
    if near:
        best = min(near, key=lambda line: line.price)
        said = f"The cheapest policy that loses at most {least} to it is {best.policy}"
    else:
        best = max(others, key=lambda line: line.behind.low or -1.0)
        said = (
            f"No policy is shown to lose at most {least} to it: more labels would tell. The one "
            f"that may lose least is {best.policy}"
        )
    share = "" if best.share is None else f"{percent(best.share)} of the full price, "
    return (told, f"{said}: {share}{points(best.behind)} against the full panel.")


def _prices(prices: Mapping[str, float]) -> Table:
    whole = sum(prices.values())
    rows = tuple(
        (name, price, price / whole if whole else None)
        for name, price in sorted(prices.items(), key=lambda one: (-one[1], one[0]))
    )
    columns = (
        Column("judge", "judge"),
        Column("price", "price of one", "number"),
        Column("share", "of the full price", "share"),
    )
    return Table("prices", "Prices", "what asking a judge about one thing costs", columns, rows)


def _plans(outcomes: Sequence[Outcome]) -> Table:
    """The plan that each cascade learned most often, a row a stage, and in how many draws."""
    rows: list[tuple[Cell, ...]] = []
    for one in outcomes:
        if one.plans:
            plan = max(sorted(set(one.plans)), key=one.plans.count)
            often = one.plans.count(plan)
            rows += [(one.policy, k, judges, often) for k, judges in enumerate(plan, 1)]
    columns = (
        Column("policy", "policy"),
        Column("stage", "stage", "count"),
        Column("judges", "judges added, in their order"),
        Column("draws", "draws", "count"),
    )
    meaning = "which judges a cascade asks at each stage, in the draws where this plan was learned"
    return Table("plans", "Plans", meaning, columns, tuple(rows))
