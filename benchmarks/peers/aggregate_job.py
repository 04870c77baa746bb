"""What the aggregating scripts share: votes in as npz, posterior out as npz, costs as JSON.

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


@dataclass(frozen=True, slots=True)
class Votes:
    """Hard votes: `item`, `rater`, `label` are (V,) numbers below I, J and L."""

    item: Any
    rater: Any
    label: Any
    I: int  # noqa: E741 (the field's letter)
    J: int
    L: int

    def dense(self, missing: float, kind: type) -> Any:
        """(I, J): the label that a rater gave an item, `missing` where it gave none."""
        table = np.full((self.I, self.J), missing, dtype=kind)
        table[self.item, self.rater] = self.label
        return table


Fit = Callable[[Votes], Any]  # returns (I, L) probabilities


def run(fits: Mapping[str, Fit]) -> None:
    """Fits the method that the command line names, with at most `--limit` CPU seconds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--votes", type=Path, required=True)
    parser.add_argument("--method", choices=sorted(fits), required=True)
    parser.add_argument("--limit", type=int, default=60, help="CPU seconds of the fit")
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    with np.load(chosen.votes, allow_pickle=False) as file:
        columns = [file[name] for name in ("item", "rater", "label")]
        votes = Votes(*columns, *map(int, file["shape"]))
    base = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(base.ru_utime + base.ru_stime) + chosen.limit + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))  # SIGXCPU ends the fit
    with asking() as phase:
        posterior = np.asarray(fits[chosen.method](votes), dtype=np.float64)
    np.savez(chosen.out, posterior=posterior)
    print(json.dumps({"cpu_s": phase.cpu_s, "base_mb": base.ru_maxrss / 1024}), flush=True)
