"""crowd-kit's GLAD and MACE on votes from a file, from a stated start and to a stated end.

Runs in an environment of its own, so it needs no module beside it. Raters and labels are numbered
by their first vote: crowd-kit's MACE adds up the habits by sorted names and looks them up by first
vote, and mixes raters where the two orders differ (`--names as-they-are` leaves it so).
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
from crowdkit.aggregation import GLAD, MACE

RARE = 1e-8  # MACE's probabilities of a start are above 0


class BegunMACE(MACE):
    """MACE from given habits: (J,) trust and (J, L) labels, by first vote."""

    begun: tuple[np.ndarray, np.ndarray] | None = None

    def _initialize(self, n_workers: int, n_labels: int) -> None:
        super()._initialize(n_workers, n_labels)
        if self.begun is not None:
            trust, labels = self.begun
            self.spamming_ = np.clip(np.column_stack([1 - trust, trust]), RARE, 1)
            self.thetas_ = np.clip(labels, RARE, 1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--votes", type=Path, required=True, help="npz: item, rater, label, shape")
    parser.add_argument("--method", choices=("glad", "mace"), required=True)
    parser.add_argument(
        "--names", choices=("by-first-vote", "as-they-are"), default="by-first-vote"
    )
    parser.add_argument("--iterations", type=int, help="exactly so many, early stop off")
    parser.add_argument("--inner", type=float, nargs=2, help="GLAD's inner tolerance, iterations")
    parser.add_argument("--begun", type=Path, help="npz for MACE: trust (J,), labels (J, L)")
    parser.add_argument("--out", type=Path, required=True, help="npz: the last posterior")
    chosen = parser.parse_args()
    with np.load(chosen.votes, allow_pickle=False) as file:
        item, rater, label = (file[name] for name in ("item", "rater", "label"))
        items, _, labels = map(int, file["shape"])
    raters, rater_names = pd.factorize(rater)
    voted, label_names = pd.factorize(label)
    renamed = chosen.names == "by-first-vote"
    table = pd.DataFrame(
        {"task": item, "worker": raters if renamed else rater, "label": voted if renamed else label}
    )
    if chosen.method == "glad":
        method = glad(chosen)
    else:
        method = BegunMACE(n_restarts=1, n_iter=chosen.iterations or 50)
        if chosen.begun is not None:
            with np.load(chosen.begun, allow_pickle=False) as file:
                method.begun = (
                    file["trust"][rater_names],
                    file["labels"][rater_names][:, label_names],
                )
    begun = time.process_time()
    method.fit(table)
    took = time.process_time() - begun
    found = method.probas_.rename(columns=dict(enumerate(label_names)) if renamed else {})
    found = found.reindex(index=range(items), columns=range(labels), fill_value=0.0)
    np.savez(chosen.out, posterior=found.to_numpy())
    print(json.dumps({"seconds": took, "iterations": len(getattr(method, "loss_history_", []))}))


def glad(chosen: argparse.Namespace) -> GLAD:
    """Its own stop, or exactly so many iterations with the inner maximisation as stated."""
    method = GLAD()
    if chosen.iterations:
        method.n_iter, method.tol = chosen.iterations, -np.inf
    if chosen.inner:
        method.m_step_tol, method.m_step_max_iter = chosen.inner[0], int(chosen.inner[1])
    return method


if __name__ == "__main__":
    main()
