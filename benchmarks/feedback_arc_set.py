"""How little weight the solvers leave out to break all cycles, and what it costs.

    python benchmarks/feedback_arc_set.py [--seeds 3] [--restarts 100] [--large]

Five judges compare all pairs of n objects, and their votes are netted. Two kinds of votes: `even`,
each vote is flipped against a true order with the given probability; `close`, votes follow
Bradley-Terry strengths (normal, sd 2) and are then flipped, so that neighbours are confused far
more often than others. Printed for each: the total weight and what the true order contradicts; the
weight that points backwards in the greedy, the improved (plain local search, and as it is by
default), the best of restarts of the local search from random orders, and the exact order; CPU
seconds in brackets (one thread; the least of three runs where it is short), means over the seeds,
and the most seconds that the exact order took; then of how many seeds it was proven.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from functools import partial

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when numpy is imported
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from w2s_judge.ranking.best_insertion import settled
from w2s_judge.ranking.feedback_arc_set import (
    backward_weight,
    greedy_order,
    improved_order,
    proven_order,
)

JUDGES, SD = 5, 2.0
SIZES, LARGE = (10, 30, 60, 100), 300
NOISE = (0.05, 0.25)
EXACT_EVEN, EXACT_CLOSE = 100, 60  # objects up to which the exact order is asked for
SHORT = 0.5  # seconds: what takes less is timed three times


def tournament(n: int, noise: float, seed: int, close: bool) -> tuple[np.ndarray, np.ndarray]:
    """(n, n) net preferences, and the true order."""
    rng = np.random.default_rng(seed)
    strength = np.sort(rng.normal(0, SD, n))[::-1]
    right = 1 / (1 + np.exp(-np.subtract.outer(strength, strength))) if close else np.ones((n, n))
    right = right * (1 - noise) + (1 - right) * noise
    votes = np.where(rng.random((JUDGES, n, n)) < right, 1.0, -1.0).sum(axis=0)
    votes = np.triu(votes, 1)
    hidden = rng.permutation(n)
    weight = np.maximum(votes - votes.T, 0)[np.ix_(hidden, hidden)]
    return weight, np.argsort(hidden)


def timed(solver: Callable[[np.ndarray], np.ndarray], weight: np.ndarray) -> tuple[float, float]:
    """Backward weight of the order, and CPU seconds."""
    least = np.inf
    for _ in range(3):
        start = time.process_time()
        order = solver(weight)
        least = min(least, time.process_time() - start)
        if least > SHORT:
            break
    return backward_weight(weight, order), least


def restarted(weight: np.ndarray, restarts: int) -> np.ndarray:
    """The best of local searches from random orders."""
    rng = np.random.default_rng(0)
    skew = weight - weight.T
    orders = (
        settled(skew, rng.permutation(len(weight)).astype(np.int32), 1e-9) for _ in range(restarts)
    )
    return min(orders, key=lambda order: backward_weight(weight, order))


class Exact:
    """The exact solver, and whether it has proven its last order."""

    def __init__(self) -> None:
        self.proven = False

    def __call__(self, weight: np.ndarray) -> np.ndarray:
        order, self.proven = proven_order(weight, most=len(weight))
        return order


def row(n: int, noise: float, close: bool, seeds: int, restarts: int) -> str:
    exact = Exact() if n <= (EXACT_CLOSE if close else EXACT_EVEN) else None
    solvers = [
        greedy_order,
        partial(improved_order, kicks=0),
        improved_order,
        partial(restarted, restarts=restarts),
        *([exact] if exact else []),
    ]
    cells, totals, proven = [], [], 0
    for seed in range(seeds):
        weight, truth = tournament(n, noise, seed, close)
        cells.append([timed(solver, weight) for solver in solvers])
        proven += exact is not None and exact.proven
        totals.append((weight.sum(), backward_weight(weight, truth)))
    means = np.mean(cells, axis=0)
    shown = [f"{cost:.1f} ({seconds:.4f})" for cost, seconds in means]
    if exact:
        longest = np.max(cells, axis=0)[-1, 1]
        shown[-1] = f"{means[-1, 0]:.1f} ({means[-1, 1]:.4f}, at most {longest:.4f})"
        shown.append(f"{proven} of {seeds}")
    best = means[:, 0].min()
    over = f"{100 * (means[2, 0] / best - 1):.2f} %" if best else "0 %"
    total, true = np.mean(totals, axis=0)
    kind = "close" if close else "even"
    columns = [str(n), f"{noise}", kind, f"{total:.0f}", f"{true:.1f}", *shown]
    return " | ".join(["", *columns, *([] if exact else ["-", "-"]), over, ""]).strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="tournaments a row")
    parser.add_argument("--restarts", type=int, default=100, help="of the search, to compare with")
    parser.add_argument("--large", action="store_true", help=f"n = {LARGE}, too: a minute more")
    chosen = parser.parse_args()
    heads = [
        "n", "noise", "votes", "weight", "true order", "greedy", "local search", "improved",
        f"best of {chosen.restarts} restarts", "exact", "proven",
        "improved over best",
    ]  # fmt: skip
    print("| " + " | ".join(heads) + " |")
    print("|" + " --- |" * len(heads))
    for close in (False, True):
        for n in (*SIZES, LARGE) if chosen.large else SIZES:
            for noise in NOISE:
                print(row(n, noise, close, chosen.seeds, chosen.restarts), flush=True)


if __name__ == "__main__":
    main()
