"""What asking costs: `w2s-judge score`, a bare aiohttp pool, and peers, against one local server.

    python benchmarks/client.py [--calls 5000] [--in-flight 64] [--repeats 3] [--peers]
    python benchmarks/client.py --faults [--read logprob json text]

Prints a table and the two ratios that are promised: calls/s at least 85 % of the bare pool's,
CPU seconds per 1,000 calls at most 2.5 times its. README.md beside this file says what is counted.
Exit code 1 where a promise is not kept.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from statistics import median

import rows
from environments import default_folder, pinned
from rows import Load, Row
from table import faults_table, table

MIN_RATE, MAX_CPU = 0.85, 2.5
FAULT_SHARE = 0.05
FAULT_TIMEOUT = 3.0  # seconds: it cuts the stalls of 30 s

# Pinned package, what is used of it, module under peers/, and the most calls that it is given,
# since the slow ones would take minutes.
PEERS = (
    ("openai", "AsyncOpenAI", "openai_sdk", 5000),
    ("litellm", "acompletion", "litellm_sdk", 2000),
    ("inspect_ai", "model_graded_qa", "inspect_ai_scorer", 300),
    ("deepeval", "GEval", "deepeval_geval", 300),
)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--delay", type=float, default=0.05, help="of the server, seconds")
    parser.add_argument("--repeats", type=int, default=3, help="of bare pool and product, in turn")
    parser.add_argument("--faults", action="store_true", help="5 %% of the calls fail")
    parser.add_argument("--seed", type=int, default=7, help="of the faults")
    parser.add_argument(
        "--read", nargs="+", default=["logprob"], choices=["logprob", "json", "text"]
    )
    parser.add_argument("--peers", action="store_true", help="run the other clients, too")
    parser.add_argument("--envs", type=Path, default=default_folder(), help="peers' environments")
    parser.add_argument("--json", type=Path, help="write every run's figures there")
    return parser.parse_args()


def main() -> int:
    chosen = arguments()
    faults = FAULT_SHARE if chosen.faults else 0.0
    load = Load(chosen.calls, chosen.in_flight, chosen.delay, faults, chosen.seed)
    found, kept = with_faults(load, chosen.read) if chosen.faults else side_by_side(load, chosen)
    if chosen.json:
        rows_as_json = [{**dataclasses.asdict(row), "wall_s": row.wall_s} for row in found]
        chosen.json.write_text(json.dumps(rows_as_json, indent=1) + "\n")
    return 0 if kept else 1


def side_by_side(load: Load, chosen: argparse.Namespace) -> tuple[list[Row], bool]:
    """Bare pool and product in turn, so that both meet the same noise; then the peers."""
    yardstick: list[Row] = []
    product: list[Row] = []
    for turn in range(chosen.repeats):
        for one, runs in ((rows.bare, yardstick), (rows.scored, product)):
            runs.append(one(load))
            _say(f"{turn + 1} of {chosen.repeats}", runs[-1])
    others = []
    for package, part, module, most in PEERS if chosen.peers else ():
        smaller = dataclasses.replace(load, calls=min(most, load.calls))
        name = f"{package} {pinned(package, module)} {part}"
        others.append(rows.peer(name, module, smaller, chosen.envs))
        _say("once", others[-1])
    print(table([yardstick, product, *([row] for row in others)]))
    return [*yardstick, *product, *others], _promises(yardstick, product)


def _promises(yardstick: list[Row], product: list[Row]) -> bool:
    wrong = [row for row in (*yardstick, *product) if row.error]
    if wrong:
        print(f"\nno ratios: {wrong[0].client}: {wrong[0].error}")
        return False
    pairs = list(zip(yardstick, product, strict=True))
    rate = median(mine.rate / bare.rate for bare, mine in pairs)
    cpu = median(mine.cpu_per_1000 / bare.cpu_per_1000 for bare, mine in pairs)
    whole = median(mine.process_cpu_s / bare.process_cpu_s for bare, mine in pairs)
    clean = _clean(product)
    print(f"\ncalls/s: {rate:.1%} of the bare pool's, at least {MIN_RATE:.0%} promised")
    print(f"CPU per call: {cpu:.2f} times the bare pool's, at most {MAX_CPU} promised")
    print(f"  (whole processes, imports and reading the input included: {whole:.2f} times)")
    print(f"votes lost or invented: {'none' if clean else 'SOME'}")
    return rate >= MIN_RATE and cpu <= MAX_CPU and clean


def with_faults(load: Load, ways: list[str]) -> tuple[list[Row], bool]:
    """The product alone against the server that fails, once for each way of reading."""
    found = []
    for way in ways:
        row = rows.scored(load, read=way, timeout=FAULT_TIMEOUT)
        found.append(dataclasses.replace(row, client=f"{row.client}, {way}"))
        _say("with faults", found[-1])
    print(faults_table(found))
    clean = not any(row.error for row in found) and _clean(found)
    print(f"\nvotes lost or invented: {'none' if clean else 'SOME, or a run failed'}")
    return found, clean


def _clean(runs: list[Row]) -> bool:
    return all(row.checked is not None and row.checked.right for row in runs)


def _say(which: str, row: Row) -> None:
    said = row.error or f"{row.rate:.0f} calls/s, {row.cpu_per_1000:.3f} CPU-s per 1,000"
    print(f"{row.client} ({which}): {said}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
