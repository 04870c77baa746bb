"""Block copies: near copies among drawn judges, their mirror images, and independent judges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from aggregation_parts.baselines import MAJORITY, Estimator, majority
from aggregation_parts.drawn_panels import Drawn
from aggregation_parts.figures import Figures, figures, standard_error
from aggregation_parts.fits import AUTO, Plan
from aggregation_parts.foot import foot
from aggregation_parts.forked import Arrays, Done, forked
from aggregation_parts.lines import Line, cost, markdown, share
from w2s_judge.aggregation.auto import Auto
from w2s_judge.aggregation.dawid_skene import DawidSkene
from w2s_judge.aggregation.one_source import OneSource
from w2s_judge.gold import Gold

BLOCK = "copies"
IDEAL, UNTEMPERED = "ideal", "one-source, sources independent"
ROWS = (
    Drawn("3 copies of .65 (.9), 2 of .80", (0.65,) * 3 + (0.8,) * 2, ((0, 1, 2),), 0.9),
    Drawn("3 copies of .65 (.5), 2 of .80", (0.65,) * 3 + (0.8,) * 2, ((0, 1, 2),), 0.5),
    Drawn("mirror of the first: 3 of .977, 2 of .594 (.336)",
          (0.977,) * 3 + (0.594,) * 2, ((3, 4),), 0.336),
    Drawn("mirror of the second: 3 of .869, 2 of .622 (.32)",
          (0.869,) * 3 + (0.622,) * 2, ((3, 4),), 0.32),
)  # fmt: skip
APART = (
    Drawn("independent: .95 .9 .6 .6 .55", (0.95, 0.9, 0.6, 0.6, 0.55)),
    Drawn("independent: .90 to .55, 8", tuple(np.linspace(0.9, 0.55, 8))),
    Drawn("independent: 5 of .75", (0.75,) * 5),
)
MORE = (
    Drawn("3 of .65, 2 of .80, all independent", (0.65,) * 3 + (0.8,) * 2),
    Drawn("3 copies of .75 (.5), 2 of .75", (0.75,) * 5, ((0, 1, 2),), 0.5),
    Drawn("3 copies of .75 (.9), 2 of .75", (0.75,) * 5, ((0, 1, 2),), 0.9),
    Drawn("3 copies of .80 (.5), 2 of .80", (0.8,) * 5, ((0, 1, 2),), 0.5),
    Drawn("3 copies of .80 (.9), 2 of .80", (0.8,) * 5, ((0, 1, 2),), 0.9),
    Drawn("2 pairs (.5) of 8, all .75", (0.75,) * 8, ((0, 1), (2, 3)), 0.5),
    Drawn("2 pairs (.9) of 8, all .75", (0.75,) * 8, ((0, 1), (2, 3)), 0.9),
    Drawn("2 pairs of .65 (.9), 4 of .75", (0.65,) * 4 + (0.75,) * 4, ((0, 1), (2, 3)), 0.9),
    Drawn("4 copies of .60 (.7), 3 of .75", (0.6,) * 4 + (0.75,) * 3, ((0, 1, 2, 3),), 0.7),
)
ITEMS, GOLD_SIZE, DRAWS = 5000, 25, 4
SMALLER = {1000: 6, 500: 12, 150: 20}  # items, and panels of so many: small ones scatter more
SEEDS = {ITEMS: 3, **SMALLER}
FIELDS = ("n", "accuracy", "auc", "ece10", "ece15", "perfect", "brier", "log_loss")
SAID = (
    "Accuracy / ECE (10 equal-width bins), means over {seeds} panels{draws}. In brackets: the "
    "correlation of errors. Methods at their defaults; 'sources independent' is one-source with "
    "between=0. Plain Dawid-Skene stands for the peers: crowd-kit's and snorkel's accuracies on "
    "the two rows of copies differ from it by less than .001 (.650 and .665 on panels drawn with "
    "other seeds). 'ideal' knows how the panel was drawn. A panel and its mirror have the same "
    "covariances of votes (largest difference {gap:.4f}), so that without gold a method that is "
    "right on the one is wrong on the other."
)


def report(plan: Plan) -> Iterator[tuple[str, list[Line]]]:
    """Without gold, with 25 labels, and the rows of copies at fewer items."""
    for items in (ITEMS,) if plan.quick else SEEDS:
        seeds = 2 if plan.quick else SEEDS[items]
        rows = (*ROWS, *APART, *MORE) if items == ITEMS else (*ROWS, *APART)
        for size in (0, GOLD_SIZE):
            text, lines = _table(rows, items, size, seeds)
            name = f"{size} gold labels" if size else "no gold"
            said = SAID.format(
                seeds=seeds, gap=_gap(), draws=f", {DRAWS} draws of gold each" if size else ""
            )
            title = f"## Near copies, {items:,} items, {name}"
            yield f"{title}\n\n{text}\n\n{foot(lines, plan, said)}", lines


def _methods(gold: bool) -> dict[str, Estimator]:
    one, plain = OneSource(), OneSource(between=0.0)
    chosen: dict[str, Estimator] = {
        MAJORITY: majority,
        "dawid-skene": lambda v, g: DawidSkene()(v, g).posterior,
        "one-source": lambda v, g: one(v, g).posterior,
        AUTO: lambda v, g: Auto()(v, g).posterior,
    }
    return chosen if gold else {**chosen, UNTEMPERED: lambda v, g: plain(v, g).posterior}


def _table(rows: Sequence[Drawn], items: int, size: int, seeds: int) -> tuple[str, list[Line]]:
    tried: Mapping[str, Estimator | None] = {IDEAL: None, **_methods(size > 0)}
    done = {name: forked(_work(one, rows, items, size, seeds)) for name, one in tried.items()}
    lines = [
        _line(set_name(row, items), k, name, one, size)
        for k, row in enumerate(rows)
        for name, one in done.items()
    ]
    cells = []
    for row in rows:
        mine = [line for line in lines if line.set == set_name(row, items)]
        cells.append([row.name, *(_pair(line) for line in mine)])
    spent = ["CPU s, all", *(cost(one.cpu_s) for one in done.values())]
    return markdown(["panel", *done], [*cells, spent]), lines


def _work(
    estimate: Estimator | None, rows: Sequence[Drawn], items: int, size: int, seeds: int
) -> Callable[[], Arrays]:
    """Work that gives `figures` (rows, fits, fields); without an estimator, the ideal's."""

    def work() -> Arrays:
        found, every = [], np.arange(items)
        for row in rows:
            each: list[list[float]] = []
            for seed in range(seeds):
                votes, truth = row.votes(items, seed)
                for gold in _golds(truth, size, seed, votes.labels):
                    known = row.ideal(votes) if estimate is None else estimate(votes, gold)
                    kept = every if gold is None else np.delete(every, gold.item)
                    each.append(_row(figures(known[kept], truth[kept])))
            found.append(each)
        return {"figures": np.array(found)}

    return work


def _golds(
    truth: np.ndarray, size: int, seed: int, classes: tuple[str, ...]
) -> Iterator[Gold | None]:
    """One None, or draws of so many labels with both classes among them."""
    if not size:
        yield None
        return
    rng = np.random.default_rng([seed, size])
    left = DRAWS
    while left:
        item = np.sort(rng.choice(len(truth), size, replace=False)).astype(np.int32)
        if 0 < truth[item].mean() < 1:
            left -= 1
            yield Gold(item, truth[item].astype(np.int32), classes)


def _row(found: Figures) -> list[float]:
    return [float("nan") if (x := getattr(found, name)) is None else float(x) for name in FIELDS]


def set_name(row: Drawn, items: int) -> str:
    """As the lines call a drawn panel of so many items."""
    return f"{row.name}, {items} items"


def _line(where: str, k: int, name: str, one: Done, size: int) -> Line:
    if one.error:
        return Line(BLOCK, where, name, gold=size, note=one.error)
    table = one.arrays["figures"][k]
    mean = table.mean(axis=0)
    return Line(
        BLOCK,
        where,
        name,
        Figures(int(mean[0]), *map(float, mean[1:])),
        (standard_error(table[:, 1]), standard_error(table[:, 3])),
        cpu_s=one.cpu_s / one.arrays["figures"][..., 0].size,
        peak_mb=one.peak_mb,
        gold=size,
        draws=len(table),
    )


def _pair(line: Line) -> str:
    found = line.figures
    return line.note if found is None else f"{share(found.accuracy)} / {share(found.ece10)}"


def _gap() -> float:
    """The largest difference between covariances of a panel and its mirror."""
    return max(
        float(np.abs(one.covariance() - mirror.covariance()).max())
        for one, mirror in zip(ROWS[:2], ROWS[2:], strict=True)
    )
