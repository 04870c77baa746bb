"""Whether memory grows with a run's length: peak of `w2s-judge score` at N/10 and at N items.

    python benchmarks/memory.py [--items 200000]

The server answers at once. The larger run may take at most 1.3 times the memory of the smaller;
exit code 1 where it takes more, or where a vote is lost or invented.
"""

from __future__ import annotations

import argparse
import resource
import sys

import rows
from rows import Load, Row

MAX_RATIO = 1.3
MOST_ITEMS = 1_000_000  # an item's marker has six digits
LIMIT_S = 3600.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=200_000, help="of the larger run")
    parser.add_argument("--in-flight", type=int, default=64)
    chosen = parser.parse_args()
    if not 10 <= chosen.items <= MOST_ITEMS:
        parser.error(f"--items must be from 10 to {MOST_ITEMS}")
    found = []
    print("| items | peak MB | wall s | CPU-s | lost | abstained | invented | error |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for items in (chosen.items // 10, chosen.items):
        found.append(rows.scored(Load(items, chosen.in_flight, delay=0.0), limit_s=LIMIT_S))
        print(_line(found[-1]), flush=True)
    if not all(_good(row) for row in found):
        print("\nno ratio: a run failed, or its votes are not those that the server gave")
        return 1
    ratio = found[1].peak_mb / found[0].peak_mb
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nten times the items take {ratio:.2f} times the memory, at most {MAX_RATIO} promised")
    print(f"(this process, below which a peak cannot be seen: {own:.0f} MB)")
    return 0 if ratio <= MAX_RATIO else 1


def _line(row: Row) -> str:
    cells = [f"{row.calls:,}", f"{row.peak_mb:.1f}", f"{row.process_s:.1f}"]
    one = row.checked
    counts = (one.lost, one.abstained, one.invented) if one else ("", "", "")
    cells += [f"{row.process_cpu_s:.1f}", *map(str, counts), row.error]
    return "| " + " | ".join(cells) + " |"


def _good(row: Row) -> bool:
    return not row.error and row.checked is not None and row.checked.right


if __name__ == "__main__":
    sys.exit(main())
