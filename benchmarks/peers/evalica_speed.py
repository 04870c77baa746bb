"""CPU seconds of evalica's Bradley-Terry, and its scores, on comparisons in an npz file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import evalica
import numpy as np
from child import asking
from evalica import Winner
from rank_job import FIRST, TIE

LIMIT = 100_000  # iterations: it is to stop by its tolerance
SAID = {FIRST: Winner.X, TIE: Winner.Draw}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tolerance", type=float, required=True)
    parser.add_argument("--repeats", type=int, required=True)
    chosen = parser.parse_args()
    with np.load(chosen.pairs, allow_pickle=False) as file:
        left, right, said = (file[name] for name in ("left", "right", "said"))
        objects = int(file["objects"])
    winners = [SAID.get(one, Winner.Y) for one in said.tolist()]
    call, whole, default = [], [], []
    for _ in range(chosen.repeats):
        with asking() as indexed:
            _, _, index = evalica.indexing(left, right)
        with asking() as phase:
            found = evalica.bradley_terry(
                left, right, winners, index, tolerance=chosen.tolerance, limit=LIMIT
            )
        call.append(phase.cpu_s)
        whole.append(phase.cpu_s + indexed.cpu_s)
        with asking() as phase:
            evalica.bradley_terry(left, right, winners, index)
        default.append(phase.cpu_s)
    score = np.full(objects, np.nan)
    score[found.scores.index.to_numpy()] = found.scores.to_numpy()
    np.savez(chosen.out, score=score)
    seconds = {"call": min(call), "with index": min(whole), "own tolerance": min(default)}
    print(json.dumps({"seconds": seconds, "iterations": found.iterations}), flush=True)


if __name__ == "__main__":
    main()
