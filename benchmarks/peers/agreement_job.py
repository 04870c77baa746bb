"""What the agreement scripts share: a table of votes in as npz; values and CPU seconds out as JSON.

They run in environments of their own, so this needs numpy alone.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from child import asking

Figure = Callable[[], float]


def run(figures: Callable[[Any], Mapping[str, Figure]]) -> None:
    """Works out each figure of the table (items, judges), NaN where there is no vote.

    What `figures` makes of the table before it returns is not timed; seconds are the least of
    `--repeats` calls.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--votes", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=1)
    chosen = parser.parse_args()
    with np.load(chosen.votes, allow_pickle=False) as file:
        table = file["table"]
    values: dict[str, float] = {}
    seconds: dict[str, float] = {}
    for name, figure in figures(table).items():
        for _ in range(chosen.repeats):
            with asking() as phase:
                values[name] = float(figure())
            seconds[name] = min(seconds.get(name, float("inf")), phase.cpu_s)
    print(json.dumps({"values": values, "seconds": seconds}), flush=True)
