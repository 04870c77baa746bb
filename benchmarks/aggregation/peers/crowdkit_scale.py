"""crowd-kit's Dawid-Skene on votes from a file: to its own convergence, or a number of iterations.

Runs in an environment of its own, so it needs no module beside it.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
from crowdkit.aggregation import DawidSkene


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--votes", type=Path, required=True, help="npz: item, rater, label, shape")
    parser.add_argument("--out", type=Path, required=True, help="npz: the last posterior")
    parser.add_argument("--iterations", type=int, nargs="*", default=[], help="early stop off")
    chosen = parser.parse_args()
    with np.load(chosen.votes, allow_pickle=False) as file:
        columns = {
            name: file[key] for name, key in (("task", "item"), ("worker", "rater"), ("label",) * 2)
        }
        items, _, labels = map(int, file["shape"])
    table = pd.DataFrame(columns)
    seconds = {}
    # A tolerance of -inf is never met: the loop then runs its full length.
    for count in chosen.iterations or [0]:
        method = DawidSkene(n_iter=count, tol=-np.inf) if count else DawidSkene()
        begun = time.process_time()
        method.fit(table)
        seconds[count] = time.process_time() - begun
        done = len(method.loss_history_)
    posterior = method.probas_.reindex(index=range(items), columns=range(labels), fill_value=0.0)
    np.savez(chosen.out, posterior=posterior.to_numpy())
    print(json.dumps({"seconds": seconds, "iterations": done}))


if __name__ == "__main__":
    main()
