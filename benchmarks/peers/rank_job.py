"""What the ranking scripts share: comparisons in as npz, scores of every fold out as npz.

They run in environments of their own, so this needs numpy alone.
"""

from __future__ import annotations

import argparse
import json
import resource
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from child import asking

FIRST, TIE, SECOND = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Pairs:
    """`left`, `right` (M,) numbers below N, `rater` (M,), `said` (M,): FIRST, TIE or SECOND."""

    left: Any
    right: Any
    rater: Any
    said: Any
    N: int

    def only(self, kept: Any) -> Pairs:
        """Some of the comparisons."""
        return Pairs(self.left[kept], self.right[kept], self.rater[kept], self.said[kept], self.N)

    def wins(self, *, half: bool) -> list[tuple[int, int]]:
        """(winner, loser) pairs in their order; `half`: wins twice, ties once each way round."""
        found: list[tuple[int, int]] = []
        rows = zip(self.left.tolist(), self.right.tolist(), self.said.tolist(), strict=True)
        for left, right, said in rows:
            if said == TIE:
                found += [(left, right), (right, left)] if half else []
            else:
                won = (left, right) if said == FIRST else (right, left)
                found += [won, won] if half else [won]
        return found


Fit = Callable[[Pairs], Any]  # returns (N,) scores, NaN where it has none


def run(fits: Mapping[str, Fit]) -> None:
    """Fits the method that the command line names, without each fold and with all.

    The scores (folds + 1, N) are those of the last fit last. `--limit` CPU seconds are for one fit:
    together they get that many times the fits.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--method", choices=sorted(fits), required=True)
    parser.add_argument("--limit", type=int, default=60, help="CPU seconds of a fit")
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    with np.load(chosen.pairs, allow_pickle=False) as file:
        columns = [file[name] for name in ("left", "right", "rater", "said")]
        fold, pairs = file["fold"], Pairs(*columns, int(file["objects"]))
    held = [*range(int(fold.max()) + 1), -1]
    scores, spent = [], 0.0
    for one in held:
        train = pairs.only(fold != one)
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime) + chosen.limit + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))  # SIGXCPU
        with asking() as phase:
            scores.append(np.asarray(fits[chosen.method](train), dtype=np.float64))
        spent += phase.cpu_s
    np.savez(chosen.out, scores=np.stack(scores))
    print(json.dumps({"cpu_s": spent / len(held)}), flush=True)
