"""How right and how honest the product's aggregation is, beside peers' and plain baselines.

    python benchmarks/aggregation.py [--block civil llmbar people panels ...] [--peers]
    python benchmarks/aggregation.py --quick

Prints tables in Markdown; README.md beside this file says what is in them. Without the votes under
--data nothing is measured, and that is said.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from aggregation_parts import before, copies, graded, llmbar, people, scale_maps, small_panels
from aggregation_parts.fits import Plan
from aggregation_parts.lines import Line
from aggregation_parts.peers import Bench
from aggregation_parts.reach import reached
from environments import default_folder

HERE = Path(__file__).parent
DATA = HERE.parent.parent / "shared" / "data" / "crowd"
SCALE = HERE / "aggregation" / "scale.py"
Report = Callable[[Plan], Iterator[tuple[str, list[Line]]]]
BLOCKS: dict[str, Report] = {
    graded.BLOCK: graded.report,
    llmbar.BLOCK: llmbar.report,
    people.BLOCK: people.report,
    small_panels.BLOCK: small_panels.report,
    scale_maps.BLOCK: scale_maps.report,
    before.BLOCK: before.report,
    copies.BLOCK: copies.report,
}
DRAWN = (copies.BLOCK,)  # blocks that need no votes from elsewhere
QUICK, QUICK_DRAWS = (people.BLOCK, graded.BLOCK), 2
TIMED = "scale"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--block", nargs="+", default=["all"], choices=["all", *BLOCKS, TIMED])
    parser.add_argument("--quick", action="store_true", help="a minute, for a first look and CI")
    parser.add_argument("--peers", action="store_true", help="crowd-kit, snorkel and cleanlab, too")
    parser.add_argument("--envs", type=Path, default=default_folder(), help="peers' environments")
    parser.add_argument("--cache", type=Path, help="peers' results; default: results/ in --envs")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of NAME/votes.csv[.gz]")
    parser.add_argument("--draws", type=int, default=60, help="of gold labels")
    parser.add_argument("--json", type=Path, help="write every line's figures there")
    return parser.parse_args()


def main() -> int:
    chosen = arguments()
    blocks = [*BLOCKS, TIMED] if "all" in chosen.block else chosen.block
    if chosen.quick:
        blocks = list(QUICK)
    bench = Bench(chosen.envs, chosen.cache or chosen.envs / "results")
    with_peers = chosen.peers and not chosen.quick
    draws = QUICK_DRAWS if chosen.quick else chosen.draws
    plan = Plan(chosen.data, draws, chosen.quick, bench if with_peers else None)
    lines: list[Line] = []
    code = 0
    for block in blocks:
        if block == TIMED:
            code = _timed(chosen) or code
        elif block not in DRAWN and not chosen.data.is_dir():
            print(f"{block}: left out, there are no votes in {chosen.data} (--data)")
        else:
            for text, found in BLOCKS[block](plan):
                print(text, end="\n\n", flush=True)
                lines += found
    if lines and not chosen.quick:
        print(reached(lines))
    if chosen.json:
        chosen.json.write_text(json.dumps([line.as_json() for line in lines], indent=1) + "\n")
    return code


def _timed(chosen: argparse.Namespace) -> int:
    """The block of sizes and times is a script of its own, so that its memory can be measured."""
    command = [sys.executable, str(SCALE), "--envs", str(chosen.envs), "--data", str(chosen.data)]
    command += ["--peers"] if chosen.peers else []
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
