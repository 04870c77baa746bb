"""GED's tables on data at hand, rankers beside peers on held-out comparisons, and their speed.

    python benchmarks/ged.py [--block simulated unequal models real heldout speed] [--peers]
    python benchmarks/ged.py --quick

Prints tables in Markdown; README.md beside this file says what is in them. Without the data under
--data the blocks that need it are left out, and that is said.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from environments import default_folder
from ranking_parts import held_out, models, real, simulated, speed, unequal
from ranking_parts.lines import Line, Plan
from ranking_parts.peers import Bench

HERE = Path(__file__).parent
DATA = HERE.parent.parent / "shared" / "data" / "crowd"
Report = Callable[[Plan], Iterator[tuple[str, list[Line]]]]
BLOCKS: dict[str, Report] = {
    simulated.BLOCK: simulated.report,
    unequal.BLOCK: unequal.report,
    models.BLOCK: models.report,
    real.BLOCK: real.report,
    held_out.BLOCK: held_out.report,
    speed.BLOCK: speed.report,
}
NEED_DATA = (real.BLOCK, held_out.BLOCK)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--block", nargs="+", default=["all"], choices=["all", *BLOCKS])
    parser.add_argument("--quick", action="store_true", help="under a minute, no peers: for CI")
    parser.add_argument("--peers", action="store_true", help="evalica, choix and crowd-kit, too")
    parser.add_argument("--envs", type=Path, default=default_folder(), help="peers' environments")
    parser.add_argument("--cache", type=Path, help="peers' results; default: results/ in --envs")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of NAME/votes.csv[.gz]")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn, folds included")
    parser.add_argument("--json", type=Path, help="write every line's figures there")
    return parser.parse_args()


def main() -> int:
    chosen = arguments()
    blocks = list(BLOCKS) if "all" in chosen.block else chosen.block
    bench = Bench(chosen.envs, chosen.cache or chosen.envs / "results")
    with_peers = chosen.peers and not chosen.quick
    plan = Plan(chosen.data, chosen.seed, chosen.quick, bench if with_peers else None)
    lines: list[Line] = []
    for block in blocks:
        if block in NEED_DATA and not chosen.data.is_dir():
            print(f"{block}: left out, there are no comparisons in {chosen.data} (--data)")
            continue
        for text, found in BLOCKS[block](plan):
            print(text, end="\n\n", flush=True)
            lines += found
    if chosen.json:
        chosen.json.write_text(json.dumps([line.as_json() for line in lines], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
