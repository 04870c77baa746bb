"""Every method of the registry on a million items: seconds, memory, and what is too much for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import scale_jobs
from aggregation_parts.forked import Arrays, forked

from w2s_judge.aggregation.contract import METHODS, Method
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

SIZES = (1_000_000, 300_000, 100_000, 30_000, 10_000)
QUICK_SIZES = (10_000,)
KINDS = ("hard", "soft")
SECONDS, GOLD_SIZE = 60, 100
HEAD = "| method | votes | CPU s | peak MB | promise | kept |\n|---|---|---|---|---|---|"
SAID = (
    "Items x judges x labels: 3 labels (in an order, for methods that need one), 2 for methods of "
    f"two classes only; methods that need gold have {GOLD_SIZE} labels, the others none. One fit "
    "from the votes, which are in the peak, too. A size that takes more than "
    f"{SECONDS} s is followed by a smaller one. Hard votes of 5 judges have at most 243 patterns, "
    "each fitted once; soft votes have as many as items, and nothing is promised about them."
)
Told = Mapping[str, float | str]
Measure = Callable[..., Told]  # the words of a job, to its figures


def rows(measure: Measure, *, quick: bool) -> Iterator[tuple[str, bool]]:
    """Each row as text, and whether its promise is kept (of soft votes there is none)."""
    sizes = QUICK_SIZES if quick else SIZES
    for kind in KINDS:
        for method in METHODS.all():
            yield _row(measure, method, kind, sizes)


def _row(measure: Measure, method: Method, kind: str, sizes: tuple[int, ...]) -> tuple[str, bool]:
    """The first of the sizes that is done within the limit; later ones where it is not."""
    failed = ""
    for items in sizes:
        told = measure("method", method.name, kind, items)
        if not told["error"]:
            break
        failed += f"{items:,}: {told['error']}; "
    spent = f"{failed}{items:,}: " if failed else ""
    kept = not failed and float(told["seconds"]) <= SECONDS
    promised = kind == "hard"
    cells = [
        method.name,
        f"{sizes[0]:,} x {scale_jobs.JUDGES} x {_labels(method)} {kind}",
        spent + (f"{told['seconds']:.2f}" if not told["error"] else "no size that was tried"),
        f"{told['peak_mb']:.0f}",
        f"at most {SECONDS} s" if promised else "",
        ("yes" if kept else "NO") if promised else "",
    ]
    return f"| {' | '.join(cells)} |", kept or not promised


def job(name: str, kind: str, items: int) -> dict[str, float | str]:
    """One fit in a child of this process, with at most `SECONDS` of CPU."""
    method = METHODS.get(name)
    votes, right = scale_jobs.dense_and_truth(items, labels=_labels(method), soft=kind == "soft")
    votes = replace(votes, ordered=method.graded)
    few = np.arange(GOLD_SIZE, dtype=np.int32)
    gold = Gold(few, right[few], votes.labels) if method.needs_gold else None
    done = forked(lambda: _fit(method, votes, gold), limit_s=SECONDS)
    return {"error": done.error, "seconds": float(done.arrays.get("seconds", 0.0))}


def _fit(method: Method, votes: VoteMatrix, gold: Gold | None) -> Arrays:
    """Seconds; without building the settings, and without handing the posterior over."""
    aggregate = method.make()
    return {"seconds": np.array(scale_jobs.seconds(lambda: aggregate(votes, gold)))}


def _labels(method: Method) -> int:
    return 2 if method.binary else scale_jobs.LABELS
