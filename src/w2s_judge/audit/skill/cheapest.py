"""The cheapest panel that keeps the accuracy.

A panel that is chosen for its accuracy on some labels looks better on them than it is. So each size
is chosen on the other folds of prompts and measured on the fold that is left out; the accuracy is
that of choosing so, the names are those chosen on all labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Cell, Column, Figure, Table
from w2s_judge.audit.resample import Resample, ratio
from w2s_judge.audit.skill.rightness import Answers, Measured
from w2s_judge.audit.skill.subsets import Ballots, Chosen, Subset, best_by_size, items_to_count
from w2s_judge.audit.spoken import MINUS, percent
from w2s_judge.calibration.folds import folds_of
from w2s_judge.calibration.metrics import shared_top
from w2s_judge.sentences import listed

MARGIN = 0.02  # accuracy that a panel may at most lack, by the low end of its interval, to keep it
FEWEST = 30  # labelled prompts under which no panel is chosen
FOLDS = 5
THREE = 3.0  # of n prompts without a difference, at most 3 / n differ (95 %)
PER = 1000  # items


@dataclass(frozen=True, slots=True)
class Settings:
    """margin: accuracy that may be lacking at most; folds of prompts; the seed that deals them."""

    margin: float = MARGIN
    folds: int = FOLDS
    seed: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class Costs:
    """`each` (N,) what a judge takes for an item; dollars where `known`, else 1 a judge; `why`."""

    each: Floats
    known: bool
    why: str = ""


def judge_costs(panel: Panel) -> tuple[float | None, ...]:
    """Dollars of each judge for an item that it answered, by all its calls; None where unknown.

    Both orders, repeats and failed calls of an item are in its cost.
    """
    if not panel.ledger.calls:
        return (None,) * len(panel.judges)
    N = len(panel.judges)  # noqa: N806
    answered = np.bincount(panel.judged.rater, minlength=N)
    if len(panel.ledger.item):
        silent = panel.ledger.item.astype(np.int64) * N + panel.judge_of_rater[panel.ledger.rater]
        voted = panel.judged.item.astype(np.int64) * N + panel.judged.rater
        answered += np.bincount(np.setdiff1d(silent, voted) % N, minlength=N)
    out: list[float | None] = []
    for j, name in enumerate(panel.judges):
        costs = [one.cost_usd for one in panel.ledger.calls if one.judge == name]
        known = [cost for cost in costs if cost is not None]
        whole = known and len(known) == len(costs) and answered[j]
        out.append(float(sum(known) / answered[j]) if whole else None)
    return tuple(out)


def costs_of(panel: Panel, costs: Sequence[float | None], members: Sequence[Answers]) -> Costs:
    """What the members cost, in dollars if these are known of all and not all 0."""
    by_name = dict(zip(panel.judges, costs, strict=True))
    mine = [by_name[one.who] for one in members]
    known = [cost for cost in mine if cost is not None]
    if len(known) == len(mine) and sum(known) > 0:
        return Costs(np.array(known), known=True)
    unknown = [one.who for one, cost in zip(members, mine, strict=True) if cost is None]
    whom = "the judges" if len(unknown) == len(mine) else listed(unknown)
    why = f"What {whom} cost is not known" if unknown else "No judge cost anything"
    return Costs(
        np.ones(len(mine)), known=False, why=f"{why}: a panel's cost is its number of judges."
    )


def cheapest(
    panel: Panel,
    resample: Resample,
    found: Measured,
    costs: Sequence[float | None],
    settings: Settings = Settings(),
) -> tuple[Table | None, tuple[str, ...], tuple[str, ...]]:
    """A row a size, the cheapest that keeps the accuracy in a sentence, and notes.

    It takes gold in 30 prompts and two judges.
    """
    members, every = found.panel, found.majority
    if len(members) < 2 or not found.gold:
        return None, (), ()
    if resample.prompts(every.item) < FEWEST:
        note = f"No smaller panel is sought with labels in fewer than {FEWEST} prompts."
        return None, (), (note,)
    priced = costs_of(panel, costs, members)
    truth = every.truth.argmax(axis=1).astype(np.int32)
    fold = folds_of(truth, resample.group[every.item], settings.folds, settings.seed)
    whole, parts, note = _chosen(members, every, truth, fold, priced, settings)
    rows, kept = [], []
    narrow = resample.narrowed(every.item)
    for size in sorted(whole):
        by_fold = [(parts[f][size], fold == f) for f in range(len(parts)) if size in parts[f]]
        row = _row(narrow, members, every, whole[size], by_fold, priced, settings.margin)
        rows.append(row)
        if row[-1] == "yes" and size < len(members):
            kept.append((float(priced.each[list(whole[size])].sum()), size, row))
    if len(members) not in whole:
        full = tuple(range(len(members)))
        everywhere = np.ones(len(truth), dtype=np.bool_)
        rows.append(
            _row(narrow, members, every, full, [(full, everywhere)], priced, settings.margin)
        )
    table = Table("panels", "Smaller panels", _meaning(settings), _columns(priced), tuple(rows))
    best = min(kept, key=lambda one: one[:2])[2] if kept else None
    sentence = _sentence(best, rows[-1], every, priced, settings)
    return table, (sentence,), tuple(one for one in (priced.why, note) if one)


def _chosen(
    members: Sequence[Answers],
    every: Answers,
    truth: Ints,
    fold: Ints,
    priced: Costs,
    settings: Settings,
) -> tuple[Chosen, tuple[Chosen, ...], str]:
    """Panels by size chosen on all labels, those without each fold, and a note."""
    most = items_to_count(len(members), every.truth.shape[1])
    rows = np.arange(len(truth))
    note = ""
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(settings.seed).permutation(len(rows))[:most])
        note = f"Smaller panels were chosen on {most} of {len(truth)} labelled items, at random."
    place = np.full(int(every.item.max()) + 1, -1)
    place[every.item[rows]] = np.arange(len(rows))
    mass = np.zeros((len(members), len(rows), every.truth.shape[1]))
    for k, one in enumerate(members):
        at = place[one.item]
        mass[k, at[at >= 0]] = (one.mass * one.voice[:, None])[at >= 0]
    ballots = Ballots(mass, truth[rows], every.weight[rows], fold[rows], priced.each)
    whole, parts = best_by_size(ballots)
    return whole, parts, note


def _row(
    resample: Resample,
    members: Sequence[Answers],
    every: Answers,
    names: Subset,
    by_fold: Sequence[tuple[Subset, np.ndarray]],
    priced: Costs,
    margin: float,
) -> tuple[Cell, ...]:
    right = np.zeros(len(every.item))
    for subset, mine in by_fold:
        right[mine] = _right([members[k] for k in subset], every)[mine]
    off = every.weight * (right - every.right)
    sums = resample.sums(every.item, np.stack([off, every.weight], axis=1))
    full = len(names) == len(members)
    why = "this is the whole panel" if full else ""
    against = resample.figure(ratio(sums[:, 0], sums[:, 1]), every.item)
    if full:
        against = Figure(0.0, n=against.n, prompts=against.prompts, why=why)
    cost, total = float(priced.each[list(names)].sum()), float(priced.each.sum())
    return (
        len(names), ", ".join(members[k].name for k in names),
        resample.share(every.item, right, every.weight), against, PER * cost, cost / total,
        "yes" if full or _keeps(against, margin) else "no",
    )  # fmt: skip


def _right(members: Sequence[Answers], every: Answers) -> Floats:
    """(k,) chance that the majority of some members is right on the items of `every`."""
    place = np.full(int(every.item.max()) + 1, -1)
    place[every.item] = np.arange(len(every.item))
    total = np.zeros(every.truth.shape)
    for one in members:
        total[place[one.item]] += one.mass * one.voice[:, None]
    votes = total.sum(axis=1, keepdims=True)
    share = np.divide(total, votes, out=total, where=votes > 0)
    return np.asarray((shared_top(share) * every.truth).sum(axis=1))


def _keeps(against: Figure, margin: float) -> bool:
    if against.low is not None:
        return against.low >= -margin
    same = against.value is not None and against.value >= 0
    return same and against.prompts * margin >= THREE


def _columns(priced: Costs) -> tuple[Column, ...]:
    unit = Column("cost_per_1000", "Cost of 1,000 items", "usd")
    if not priced.known:
        unit = Column("cost_per_1000", "Verdicts for 1,000 items", "number")
    return (
        Column("size", "Judges", "count"),
        Column("judges", "Who"),
        Column("accuracy", "Accuracy", "share"),
        Column("against_full", "Above the whole panel", "signed"),
        unit,
        Column("cost_share", "Share of its cost", "share"),
        Column("keeps", "Keeps the accuracy"),
    )


def _meaning(settings: Settings) -> str:
    return (
        "The best panel of each size by majority (the class with the largest share of the votes' "
        f"mass). The accuracy is that of panels of this size chosen on {settings.folds - 1} of "
        f"{settings.folds} folds of the prompts and measured on the other, so that the choice does "
        "not flatter it; the names are those chosen on all labels. A panel keeps the accuracy "
        "where the low end of the interval of its difference from the whole panel is not below "
        f"{MINUS}{100 * settings.margin:.0f} points."
    )


def _sentence(
    best: tuple[Cell, ...] | None,
    full: tuple[Cell, ...],
    every: Answers,
    priced: Costs,
    settings: Settings,
) -> str:
    lacking = f"within {100 * settings.margin:.0f} points of the whole panel's accuracy"
    if best is None:
        return (
            f"No smaller panel is known to stay {lacking} with {len(every.item)} labels; more "
            "labels may show one."
        )
    told, whole = (percent(one[2]) if isinstance(one[2], Figure) else "" for one in (best, full))
    part = best[5]
    cost = f" at {percent(part)} of its cost" if isinstance(part, float) and priced.known else ""
    return (
        f"The cheapest panel known to stay {lacking} has {best[0]} of {full[0]} judges{cost}: "
        f"{best[1]}. By majority it is right in {told}, the whole panel in {whole}."
    )
