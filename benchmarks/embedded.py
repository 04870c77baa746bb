"""What the embedded judges are worth: the AUC of each and of their mean, on labelled rows.

    python benchmarks/embedded.py [--data ../shared/data/judging] [--channel] [--sample 200]

Every judge of the default panel is asked about every row; the mean is that of the run, the mean of
normal scores. AUC is the chance that a row of the upper class gets the higher score, ties counting
half; its standard error is Hanley and McNeil's (1982). "other half" is the half of the rows that
no shape, phrase or constant was chosen on. Sets that are not there are named and left out. The
slow judge `channel` is asked with --channel, best together with --sample.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from embedded_rows import (
    EXAMPLES,
    ROOT,
    SEED,
    SETS,
    Contrast,
    Row,
    Set,
    other_half,
    question,
    rows_of,
)
from scipy.stats import rankdata

from w2s_judge.aggregation.normal_scores import normal_scores
from w2s_judge.errors import ConfigurationError
from w2s_judge.judges.embedded import DEFAULT_METHODS, METHODS
from w2s_judge.judges.local import LocalEmbedded, ends
from w2s_judge.prompts.load import load


@dataclass
class Asked:
    """A judge's scores on the rows of a set (NaN where it abstained), and the time they took."""

    q: np.ndarray[Any, Any]
    seconds: float


@dataclass
class Bench:
    """The open judges of a panel."""

    judges: dict[str, LocalEmbedded]
    opened: dict[str, float] = field(default_factory=dict)

    def ask(self, rubric: str, rows: Sequence[Row]) -> dict[str, Asked]:
        questions = [question(rubric, row) for row in rows]
        found = {}
        for name, judge in self.judges.items():
            if rubric not in judge.rubrics:
                continue
            top = judge.scales[rubric][1]
            began = time.perf_counter()
            replies = judge.ask(questions)
            seconds = time.perf_counter() - began
            found[name] = Asked(
                np.array([reply.mass[top] if reply.mass else np.nan for reply in replies]), seconds
            )
        return found


def auc(scores: np.ndarray[Any, Any], upper: np.ndarray[Any, Any]) -> tuple[float, float]:
    """AUC and its standard error (Hanley and McNeil 1982); NaN without both classes."""
    n1, n0 = int(upper.sum()), int((~upper).sum())
    if not n1 or not n0:
        return float("nan"), float("nan")
    a = (rankdata(scores)[upper].sum() - n1 * (n1 + 1) / 2) / (n1 * n0)
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    spread = a * (1 - a) + (n1 - 1) * (q1 - a * a) + (n0 - 1) * (q2 - a * a)
    return float(a), float(np.sqrt(max(spread, 0.0) / (n1 * n0)))


def panel_mean(asked: dict[str, Asked]) -> np.ndarray[Any, Any]:
    """Mean over the judges that voted of their normal scores over the run; NaN where none did."""
    z = np.full((len(asked), len(next(iter(asked.values())).q)), np.nan)
    for row, one in zip(z, asked.values(), strict=True):
        voted = ~np.isnan(one.q)
        row[voted] = normal_scores(one.q[voted], np.sort(one.q[voted]))
    count = (~np.isnan(z)).sum(axis=0)
    return np.where(count > 0, np.nansum(z, axis=0) / np.maximum(count, 1), np.nan)


def print_contrast(
    one: Set, contrast: Contrast, rows: Sequence[Row], asked: dict[str, Asked]
) -> None:
    wanted = [contrast.upper(row) for row in rows]
    used = np.array([label is not None for label in wanted])
    upper = np.array([bool(label) for label in wanted])
    unseen = np.array([other_half(row) for row in rows])
    columns = ["judge", "AUC", "SE", "n"] + (["other half"] if one.chosen_on else [])
    print(f"\n### {one.name}, {one.rubric}: {contrast.title}")
    print(f"{int((used & upper).sum())} above, {int((used & ~upper).sum())} below\n")
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    every = {name: one_judge.q for name, one_judge in asked.items()} | {"mean": panel_mean(asked)}
    for name, scores in every.items():
        here = used & ~np.isnan(scores)
        value, error = auc(scores[here], upper[here])
        cells = [name, f"{value:.3f}", f"{error:.3f}", f"{int(here.sum()):,}"]
        if one.chosen_on:
            value, error = auc(scores[here & unseen], upper[here & unseen])
            cells.append(f"{value:.3f} +- {error:.3f}")
        print(f"| {' | '.join(cells)} |", flush=True)


def open_judges(names: Sequence[str], threads: int | None) -> Bench:
    """Load the judges; one that cannot be is named and left out."""
    scales = {name: ends(load(name)) for name in ("toxicity", "safety")}
    bench = Bench({})
    for name in METHODS:
        if name not in names:
            continue
        judge = LocalEmbedded(name, name, scales, threads=threads)
        began = time.perf_counter()
        try:
            judge.__enter__()
        except ConfigurationError as error:
            print(f"left out: {name}: {error}")
            continue
        bench.judges[name], bench.opened[name] = judge, time.perf_counter() - began
    return bench


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data/judging")
    parser.add_argument("--channel", action="store_true", help="ask the slow judge too")
    parser.add_argument("--sample", type=int, help="rows of a set, drawn with a fixed seed")
    parser.add_argument("--threads", type=int, help="texts side by side; default: as in a run")
    chosen = parser.parse_args()
    names = [*DEFAULT_METHODS, *(["channel"] if chosen.channel else [])]
    bench = open_judges(names, chosen.threads)
    print(f"threads: {chosen.threads or 'as in a run'}; opened: " + told(bench.opened, "s"))
    for one in (*SETS, *EXAMPLES):
        rows = rows_of(one, chosen.data)
        if rows is None:
            print(f"\n### {one.name}, {one.rubric}: not there, left out ({chosen.data})")
            continue
        if chosen.sample and len(rows) > chosen.sample:
            rows = random.Random(SEED).sample(rows, chosen.sample)
        asked = bench.ask(one.rubric, rows)
        for contrast in one.contrasts:
            print_contrast(one, contrast, rows, asked)
        print(told({name: len(rows) / a.seconds for name, a in asked.items()}, " rows/s"))
    for name, judge in bench.judges.items():
        if judge.near_copies.count:
            copies = judge.near_copies
            print(f"{name}: {copies.count} near-copies of exemplars, first {copies.items}")
        judge.__exit__(None, None, None)
    return 0


def told(figures: dict[str, float], unit: str) -> str:
    return ", ".join(f"{name} {figure:,.1f}{unit}" for name, figure in figures.items())


if __name__ == "__main__":
    sys.exit(main())
