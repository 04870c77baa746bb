"""CPU seconds of evalica's Bradley-Terry, and its scores, on comparisons in an npz file.

It is called in three ways; its index is part of the call but where it is handed over.
"""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path

import evalica
import numpy as np
from child import asking
from evalica import Winner
from rank_job import FIRST, TIE

INDEXED = "integer arrays and a ready index"
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
    names = [[f"m{one}" for one in side.tolist()] for side in (left, right)]
    _, _, index = evalica.indexing(left, right)
    forms = {
        INDEXED: partial(evalica.bradley_terry, left, right, winners, index),
        "integer arrays": partial(evalica.bradley_terry, left, right, winners),
        "names in lists": partial(evalica.bradley_terry, *names, winners),
    }
    seconds = dict.fromkeys(forms, float("inf"))
    found = {}
    for _ in range(chosen.repeats):
        for name, call in forms.items():
            with asking() as phase:
                found[name] = call(tolerance=chosen.tolerance, limit=LIMIT)
            seconds[name] = min(seconds[name], phase.cpu_s)
    fitted = found[INDEXED]
    score = np.full(objects, np.nan)
    score[fitted.scores.index.to_numpy()] = fitted.scores.to_numpy()
    np.savez(chosen.out, score=score)
    print(json.dumps({"seconds": seconds, "iterations": fitted.iterations}), flush=True)


if __name__ == "__main__":
    main()
