"""Lines of the tables: methods fitted without gold, peers, and methods over draws of gold."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aggregation_parts import peers
from aggregation_parts.baselines import MAJORITY, WITH_GOLD, Estimator, majority
from aggregation_parts.draws import draws
from aggregation_parts.figures import Figures, Interval, figures, intervals, standard_error
from aggregation_parts.forked import Arrays, Done, forked
from aggregation_parts.lines import Line
from aggregation_parts.sets import VoteSet
from w2s_judge.aggregation.contract import METHODS, Method
from w2s_judge.calibration.metrics import credit
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for: the votes' folder, draws of gold, and peers where `bench` is given."""

    data: Path
    draws: int
    quick: bool = False
    bench: peers.Bench | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Fitted:
    """A method on a set, without gold."""

    method: str
    done: Done
    note: str = ""

    @property
    def posterior(self) -> np.ndarray | None:
        return self.done.arrays.get("posterior")


@dataclass(slots=True)
class Timed:
    """An estimator that counts the CPU seconds spent in it."""

    estimate: Estimator
    cpu_s: float = 0.0

    def __call__(self, votes: VoteMatrix, gold: Gold | None) -> np.ndarray:
        begun = time.process_time()
        posterior = self.estimate(votes, gold)
        self.cpu_s += time.process_time() - begun
        return posterior


def estimator(method: Method) -> Estimator:
    """The method with its defaults, as a function to probabilities."""
    return lambda votes, gold: method.make()(votes, gold).posterior


def applying(votes: VoteMatrix, *, gold: bool) -> list[Method]:
    """The product's methods that may take these votes: graded ones need an order or two labels."""
    orderly = votes.ordered or votes.L == 2
    return [
        method
        for method in METHODS.all()
        if (orderly or not method.graded) and (gold or not method.needs_gold)
    ]


def without_gold(voted: VoteSet, plan: Plan) -> list[Fitted]:
    """Plain majority, every method of the product that applies, and the peers."""
    found = [Fitted(MAJORITY, fork(majority, voted.votes), "counted here")]
    found += [
        Fitted(method.name, fork(estimator(method), voted.votes))
        for method in applying(voted.votes, gold=False)
    ]
    return [*(one for one in found if not one.done.refused), *of_peers(voted, plan)]


def of_peers(voted: VoteSet, plan: Plan) -> list[Fitted]:
    """The peers' posteriors, none where they are not asked for."""
    if plan.bench is None:
        return []
    found = []
    for peer in peers.PEERS:
        done, kept = peers.fit(peer, voted, plan.bench)
        notes = ["cached"] if kept else []
        notes += [] if peer.posterior else ["tells labels alone"]
        found.append(Fitted(peer.name, done, ", ".join(notes)))
    return found


def fork(estimate: Estimator, votes: VoteMatrix) -> Done:
    """One fit without gold in a child process."""
    return forked(lambda: {"posterior": estimate(votes, None)})


def lines_of(block: str, voted: VoteSet, fitted: Sequence[Fitted]) -> list[Line]:
    """Figures on every item with gold, and differences to plain majority and from `auto`."""
    gold = voted.gold
    rows = {one.method: one.posterior[gold.item] for one in fitted if one.posterior is not None}
    right = {name: credit(rows[name], gold.label) for name in rows}
    pairs = [(name, other) for name in rows for other in _others(name, right)]
    columns = [right[name] - right[other] for name, other in pairs]
    spans = intervals(np.column_stack(columns)) if columns else []
    of_pair = dict(zip(pairs, spans, strict=True))
    return [
        Line(
            block,
            voted.name,
            one.method,
            figures(rows[one.method], gold.label) if one.method in rows else None,
            None,
            {other: span for (name, other), span in of_pair.items() if name == one.method},
            one.done.cpu_s,
            one.done.peak_mb,
            note=", ".join(filter(None, (one.note, one.done.error))),
        )
        for one in fitted
    ]


def _others(name: str, right: Mapping[str, np.ndarray]) -> list[str]:
    """What a method is compared with: plain majority; `auto` with everything else, too."""
    return [other for other in (right if name == AUTO else [MAJORITY]) if other != name]


def with_gold(block: str, voted: VoteSet, size: int, plan: Plan) -> tuple[list[Line], int]:
    """Lines of the baselines and the methods with `size` gold labels."""
    methods = {one.name: estimator(one) for one in applying(voted.votes, gold=True)}
    return tried_with_gold(block, voted, size, plan, methods)


def tried_with_gold(
    block: str, voted: VoteSet, size: int, plan: Plan, methods: Mapping[str, Estimator]
) -> tuple[list[Line], int]:
    """Lines of these and the baselines, on the items outside each draw; draws made anew."""
    drawn, anew = draws(voted.gold, size, plan.draws)
    tried = {MAJORITY: majority, **WITH_GOLD, **methods}
    done = {
        name: forked(over_draws(estimate, voted.votes, voted.gold, drawn))
        for name, estimate in tried.items()
    }
    done = {name: one for name, one in done.items() if not one.refused}
    right = {name: one.arrays["right"] for name, one in done.items() if not one.error}
    return [
        _gold_line(block, voted.name, size, name, one, right) for name, one in done.items()
    ], anew


def over_draws(
    estimate: Estimator, votes: VoteMatrix, gold: Gold, drawn: Sequence[np.ndarray]
) -> Callable[[], Arrays]:
    """Work that gives `figures` (draws, fields) and `right` (draws, G), NaN inside a draw.

    And `cpu_s`, seconds in all fits together.
    """

    def work() -> Arrays:
        timed = Timed(estimate)
        found, right = [], np.full((len(drawn), gold.G), np.nan)
        for number, inside in enumerate(drawn):
            outside = np.setdiff1d(np.arange(gold.G), inside)
            posterior = timed(votes, gold.only(inside))[gold.item[outside]]
            label = gold.label[outside]
            found.append(dataclasses.astuple(figures(posterior, label)))
            right[number, outside] = credit(posterior, label)
        table = np.array(found, dtype=np.float64)
        return {"figures": table, "right": right, "cpu_s": np.array(timed.cpu_s)}

    return work


def _gold_line(
    block: str, name: str, size: int, method: str, done: Done, right: Mapping[str, np.ndarray]
) -> Line:
    if done.error:
        return Line(block, name, method, gold=size, note=done.error)
    table = done.arrays["figures"]
    means = [None if np.isnan(value) else float(value) for value in table.mean(axis=0)]
    mean = Figures(int(table[0, 0]), *means[1:])  # type: ignore[arg-type]
    errors = standard_error(table[:, 1]), standard_error(table[:, 3])
    spent = float(done.arrays["cpu_s"]) / len(table)
    return Line(
        block, name, method, mean, errors, paired(method, right), spent, done.peak_mb, size,
        len(table),
    )  # fmt: skip


def paired(method: str, right: Mapping[str, np.ndarray]) -> dict[str, Interval]:
    """Differences to the baselines: an item's is its mean over the draws that left it out."""
    others = [name for name in (MAJORITY, *WITH_GOLD) if name != method and name in right]
    outside = ~np.isnan(right[method])
    seen = outside.any(axis=0)
    count = outside.sum(axis=0)[seen]
    columns = [
        np.where(outside, right[method] - right[other], 0.0).sum(axis=0)[seen] / count
        for other in others
    ]
    return dict(zip(others, intervals(np.column_stack(columns)), strict=True))
