"""What each judge says how often, and how much of an ordered scale it uses.

The effective number of labels is exp(entropy) of the judge's verdicts (Hill 1973, order 1): 1 for
a judge that always says the same, L for one that says all L labels equally often. The entropy of
few verdicts is too low on average, the more so in draws from them. Its interval is therefore that
of the jackknife over prompts (Zahl 1977, which also takes off the bias), widened to hold the value.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import special

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.audit.median_of_others import median_of_others
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Cell, Column, Figure, Part, Table, Test
from w2s_judge.audit.resample import TAIL, Resample, Sizes, ratio
from w2s_judge.audit.spoken import decimal, number, percent
from w2s_judge.audit.sums_by import rows_of, sums_by
from w2s_judge.audit.top_label import NONE, top_label

LEAST = 0.5  # less than half of the scale that the others use
PROMPTS = 10  # worth of prompts below which there is no interval, as of other figures
FEWEST = 30  # verdicts from which on a judge's scale is looked at
GRADES = 4  # labels from which on an ordered scale is one that can be used in part
SHOWN = 101  # labels up to which all are listed: a scale of 0 to 100
CUT = "its scores only rank: they were cut into two classes, so that it has no scale"
CELLS = 5_000  # judges times labels that are worked out; the judges with most votes come first

LABELS = (
    Column("judge", "Judge"),
    Column("label", "Label"),
    Column("share", "Share of its verdicts", "share"),
    Column("count", "Verdicts", "count"),
)
SCALE = (
    Column("judge", "Judge"),
    Column("used", "Labels used", "count"),
    Column("effective", "Effective number of labels", "number"),
    Column("commonest_two", "Share of its two commonest", "share"),
)


def scale_use(panel: Panel, resample: Resample) -> Part:
    """Histograms; and for ordered labels, four or more, how much of the scale a judge uses.

    A test a judge with 30 verdicts, kind "scale-use": its effective number of labels is less than
    half of the median of the other judges'. Not of judges whose scores were cut into verdicts.
    """
    votes = panel.votes
    said = top_label(votes)
    spoken = np.flatnonzero(said != NONE)
    judge = panel.judge_of_rater[votes.rater[spoken]] if votes.V else np.zeros(0, dtype=np.int32)
    count = np.bincount(judge, minlength=len(panel.judges))
    most = max(1, CELLS // max(votes.L, 1))
    chosen = np.sort(np.argsort(-count, kind="stable")[:most])
    chosen = chosen[count[chosen] > 0]
    if not len(chosen):
        return Part("scale_use", "")
    notes = []
    if len(chosen) < int((count > 0).sum()):
        notes.append(f"Labels are counted for the {most:,} judges with most votes.")
    place = np.full(len(panel.judges), -1)
    place[chosen] = np.arange(len(chosen))
    kept = place[judge] >= 0
    item, of = votes.item[spoken[kept]], place[judge[kept]]
    key = of * votes.L + said[spoken[kept]]
    sums = sums_by(resample, item, key, len(chosen) * votes.L)
    share = _shares(sums.reshape(len(sums), len(chosen), votes.L))
    names = [panel.judges[j] for j in chosen]
    items = [item[rows] for rows in rows_of(of, len(chosen))]
    tables: list[Table] = []
    if votes.L <= SHOWN:
        tables.append(_labels(names, panel.votes.labels, items, sums[0], share, resample))
    else:
        notes.append(f"{votes.L} labels are too many to list how often each was said.")
    if not votes.ordered or votes.L < GRADES:
        return Part("scale_use", "", (), tuple(tables), (), tuple(notes))
    verdicts = said[spoken[kept]]
    labels = [verdicts[rows] for rows in rows_of(of, len(chosen))]
    cut = np.isin(names, panel.cut)
    table, tests, sentences = _scale(names, items, labels, share, cut, resample)
    return Part("scale_use", "", sentences, (*tables, table), tests, tuple(notes))


def _shares(sums: Floats) -> Floats:
    """(1 + B, judges, L) shares of a judge's verdicts, NaN in draws where it has none."""
    total = np.broadcast_to(sums.sum(axis=2, keepdims=True), sums.shape)
    return ratio(np.maximum(sums, 0.0), total)


def effective_number(share: Floats) -> Floats:
    """exp(entropy) of shares along the last axis; NaN where they are."""
    return np.asarray(np.exp(special.entr(share).sum(axis=-1)))


def effective_labels(resample: Resample, item: Ints, label: Ints, L: int) -> Figure:  # noqa: N803
    """exp(entropy) of verdicts `label` (k,) in [0, L), with the jackknife's interval over prompts.

    With H that of all verdicts and H_g that without prompt g (of n), the jackknife has
    n H - (n - 1) mean of H_g, and (n - 1) / n sum of (H_g - their mean)^2 as its variance.
    """
    size = resample.weights.shape[1]
    place = resample.block[item].astype(np.int64) * L + label
    blocks = np.bincount(place, minlength=size * L).reshape(size, L)
    blocks = blocks[blocks.any(axis=1)].astype(np.float64)
    total, n = blocks.sum(axis=0), len(blocks)
    entropy = float(special.entr(total / total.sum()).sum())
    plain = resample.figure(np.full(len(resample.weights) + 1, np.exp(entropy)), item)
    sizes = Sizes.of(resample.group[item])
    if np.count_nonzero(total) < 2 or sizes.worth < PROMPTS:
        return plain
    rest = total - blocks
    without = special.entr(rest / rest.sum(axis=1, keepdims=True)).sum(axis=1)
    middle = n * entropy - (n - 1) * float(without.mean())
    spread = np.sqrt((n - 1) / n * float(((without - without.mean()) ** 2).sum()))
    half = special.stdtrit(max(sizes.freedom, 1.0), 1 - TAIL) * spread
    low, high = (float(np.clip(np.exp(end), 1.0, L)) for end in (middle - half, middle + half))
    value = float(np.exp(entropy))
    return replace(plain, low=min(low, value), high=max(high, value), why="")


def _labels(
    names: list[str], labels: tuple[str, ...], items: list[Ints], count: Floats, share: Floats,
    resample: Resample,
) -> Table:  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for j, name in enumerate(names):
        for k, label in enumerate(labels):
            many = round(float(count[j * len(labels) + k]))
            rows.append((name, label, resample.figure(share[:, j, k], items[j]), many))
    return Table(
        "labels", "What each judge says", "How often a judge's verdict is each label.", LABELS,
        tuple(rows),
    )  # fmt: skip


def _scale(
    names: list[str], items: list[Ints], labels: list[Ints], share: Floats, cut: Bools,
    resample: Resample,
) -> tuple[Table, tuple[Test, ...], tuple[str, ...]]:  # fmt: skip
    effective = effective_number(share)
    effective[:, cut] = np.nan
    two = np.sort(share, axis=2)[:, :, -2:].sum(axis=2)
    enough = np.array([len(item) >= FEWEST for item in items]) & ~cut
    others = np.full(effective.shape, np.nan)
    others[:, enough] = median_of_others(effective[:, enough])
    less = 1 - ratio(effective, others)
    rows: list[tuple[Cell, ...]] = []
    tests = []
    for j, name in enumerate(names):
        used = int((share[0, j] > 0).sum())
        if cut[j]:
            none = Figure(None, why=CUT)
            rows.append((name, used, none, none))
            continue
        figure = effective_labels(resample, items[j], labels[j], share.shape[2])
        common = resample.figure(two[:, j], items[j])
        rows.append((name, used, figure, common))
        if np.isfinite(less[0, j]):
            p = resample.p_value(less[:, j], items[j])
            tests.append(_test(name, figure, common, float(others[0, j]), float(less[0, j]), p))
    table = Table(
        "scale", "Use of the scale",
        "How many labels a judge uses: all that it ever says, and how many equally frequent ones "
        "its verdicts are worth (exp of their entropy); and the share of its two commonest.",
        SCALE, tuple(rows),
    )  # fmt: skip
    if cut.all():
        return table, (), ()
    least, most = (int(pick(effective[0])) for pick in (np.nanargmin, np.nanargmax))
    sentence = (
        f"Of {share.shape[2]} labels, judges use between {decimal(effective[0, least], 1)} "
        f"({names[least]}) and {decimal(effective[0, most], 1)} ({names[most]}), counted as "
        "equally frequent ones."
    )
    return table, tuple(tests), (sentence,)


def _test(
    name: str, effective: Figure, common: Figure, others: float, less: float, p: float
) -> Test:
    return Test(
        "scale-use",
        (name,),
        f"{name} uses little of the scale: {number(effective, digits=1)} labels, counted as "
        f"equally frequent ones, where the median judge uses {decimal(others, 1)}. Its two "
        f"commonest are {percent(common)} of its verdicts.",
        f"Put the judges on one scale before averaging them (what w2s-judge does by default), or "
        f"ask {name} with a better described scale.",
        less,
        LEAST,
        "share of the scale that the others use and it does not",
        p,
    )
