"""Draw the small dense panels, once, before any method is run on them: writes panels.json.

20 panels of 5 and 20 of 8 judges from each of three sets, by number of the judge in the sorted list
of names; for civilcomments_llm 350 items a panel too, by number in the sorted list of items.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

JUDGES = {"llmbar_orders": 24, "bluebird": 39, "civilcomments_llm": 24}
ITEMS = {"civilcomments_llm": (2435, 350)}
PANELS, SIZES, SEED = 20, (5, 8), 0


def draw() -> list[dict[str, object]]:
    rng = np.random.default_rng(SEED)
    drawn: list[dict[str, object]] = []
    for name, judges in JUDGES.items():
        for size in SIZES:
            for _ in range(PANELS):
                panel: dict[str, object] = {
                    "set": name,
                    "judges": sorted(rng.choice(judges, size, replace=False).tolist()),
                }
                if name in ITEMS:
                    panel["items"] = sorted(rng.choice(*ITEMS[name], replace=False).tolist())
                drawn.append(panel)
    return drawn


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(panel, separators=(",", ":")) for panel in draw())
    Path(__file__).with_name("panels.json").write_text(f"[\n{lines}\n]\n")
