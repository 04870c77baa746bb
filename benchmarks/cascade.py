"""What a cascade costs and gets right beside the full panel, and whether its promise is kept.

    python benchmarks/cascade.py [--set llmbar_orders civilcomments_llm] [--draws 20] [--promise]
    python benchmarks/cascade.py --quick

Policies are replayed on recorded votes: 100 gold items with every judge's votes are the pilot, the
others are evaluated on, several draws of the pilot are averaged. Prices per call are fixed here.
Without the votes under --data nothing is replayed, and that is said; the simulation of the promise
needs none. No constant of the cascade was chosen on these sets.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from aggregation_parts.sets import CIVIL, ORDERS
from cascade_parts.promise import promise_lines
from cascade_parts.replays import Row, goal_lines, replayed, table

HERE = Path(__file__).parent
DATA = HERE.parent.parent / "shared" / "data" / "crowd"
DRAWS = 20


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", nargs="+", default=[ORDERS, CIVIL], choices=[ORDERS, CIVIL])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of NAME/votes.csv[.gz]")
    parser.add_argument("--draws", type=int, default=DRAWS, help="of the pilot")
    parser.add_argument("--curve", action="store_true", help="more budgets")
    parser.add_argument(
        "--promise", action="store_true", help="the simulation of the promise alone"
    )
    parser.add_argument("--quick", action="store_true", help="two draws, 200 replications")
    parser.add_argument("--json", type=Path, help="write every line's figures there")
    return parser.parse_args()


def main() -> int:
    chosen = arguments()
    rows: list[Row] = []
    for name in [] if chosen.promise else chosen.set:
        if not (chosen.data / name).is_dir():
            print(f"{name}: left out, there are no votes in {chosen.data} (--data)")
            continue
        draws = 2 if chosen.quick else chosen.draws
        found = replayed(name, chosen.data, draws, curve=chosen.curve)
        print(table(name, found, draws), end="\n\n", flush=True)
        rows += found
    if rows:
        print(goal_lines(rows), end="\n\n", flush=True)
    told, kept = promise_lines(200 if chosen.quick else 2000)
    print("\n".join(told))
    if chosen.json:
        lines = [row.as_json() for row in rows]
        chosen.json.write_text(json.dumps({"rows": lines, "promise": told}, indent=1) + "\n")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
