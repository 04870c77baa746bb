"""How often verdicts flip when two responses swap places: LLMBar's published judges.

    python benchmarks/flips.py [--votes ../shared/data/judging/votes_llmbar.jsonl.gz]

Judges on 419 pairs of responses (Zeng et al., ICLR 2024), of whom 58 of 65 were asked in both
orders. Printed are the judges that flip least and most, and all together, as the audit has them.
Exit code 1 where the share of flipped verdicts, over all pairs of a judge and an item with a
verdict in both orders, is off .344 by more than .0005. Without the votes nothing is measured, and
that is said.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from w2s_judge.aggregation.majority import Majority
from w2s_judge.audit.bias.orders import orders
from w2s_judge.audit.by_judge import by_judge
from w2s_judge.audit.label_worth import label_worth
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Figure
from w2s_judge.audit.resample import Resample
from w2s_judge.datasets.vote_files import read_votes

ROOT = Path(__file__).resolve().parent.parent
VOTES = ROOT.parent / "shared" / "data" / "judging" / "votes_llmbar.jsonl.gz"
FLIPS, OFF = 0.344, 0.0005
SHOWN = 3


def told(cell: object) -> str:
    if not isinstance(cell, Figure) or cell.value is None:
        return "-" if isinstance(cell, Figure) else str(cell)
    return f"{cell.value:.3f} ({cell.low:.3f} to {cell.high:.3f})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--votes", type=Path, default=VOTES)
    path = parser.parse_args().votes
    if not path.is_file():
        print(f"{path} is not there: nothing was measured")
        return 0
    votes = read_votes(path).votes
    before = time.process_time()
    judged = by_judge(votes)
    panel = Panel("llmbar", votes, judged, Majority()(judged), arity=2)
    part = orders(panel, Resample.of(votes.group))
    spent = time.process_time() - before
    table = part.table("orders")
    assert table is not None
    *judges, together = table.rows
    judges.sort(key=lambda row: row[2].value)
    print("| judge | pairs | flips | for what was shown first | lean |\n|---|---|---|---|---|")
    for row in (*judges[:SHOWN], *judges[-SHOWN:], together):
        print(f"| {' | '.join(map(told, row))} |")
    flips = together[2].value
    print(f"\n{len(judges)} judges, {spent:.1f} CPU s. {label_worth(panel)[1]}")
    print(f"{flips:.4f} of verdicts flip; {FLIPS} is what is known of these votes")
    return 0 if abs(flips - FLIPS) <= OFF else 1


if __name__ == "__main__":
    sys.exit(main())
