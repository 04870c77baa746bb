"""How far language models that judge err together, on two public sets of their verdicts.

    python benchmarks/dependence.py [--data ../shared/data/crowd]

Prints the table "summary" of the audit's part on dependence, every rater taken for itself, and
exits with 1 where a mean correlation of errors is further than .0005 from what it is known to be.
Without the votes under --data nothing is measured, and that is said.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from aggregation_parts.sets import ORDERS, VANILLA, load

from w2s_judge.aggregation.mean import Mean
from w2s_judge.audit.by_judge import by_judge
from w2s_judge.audit.dependence.theme import dependent
from w2s_judge.audit.dependence.words import CENTRED, UNCENTRED
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Figure
from w2s_judge.audit.resample import Resample

DATA = Path(__file__).parent.parent.parent / "shared" / "data" / "crowd"
KNOWN = {
    VANILLA: {CENTRED: 0.359, UNCENTRED: 0.365},
    ORDERS: {CENTRED: 0.281, UNCENTRED: 0.234},
}
OFF = 0.0005


def summary(name: str, data: Path) -> dict[str, Figure]:
    """The figures of a set by their names; judges in two orders are two raters there."""
    found = load(name, data)
    votes = replace(found.votes, judge=None, order=None)
    panel = Panel(name, votes, by_judge(votes), Mean()(votes, found.gold), found.gold)
    table = dependent(panel, Resample.of(votes.group)).table("summary")
    assert table is not None
    return {str(row[0]): row[1] for row in table.rows if isinstance(row[1], Figure)}


def shown(figure: Figure) -> str:
    if figure.value is None:
        return f"none ({figure.why})"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.4f} ({figure.why})"
    return f"{figure.value:.4f} [{figure.low:.4f}, {figure.high:.4f}]"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=DATA)
    data = parser.parse_args().data
    wrong = 0
    for name, known in KNOWN.items():
        if not (data / name / "votes.csv").is_file():
            print(f"{name}: not measured, there are no votes under {data}")
            continue
        print(f"## {name}\n\n| measure | value | known |\n| --- | --- | --- |")
        for measure, figure in summary(name, data).items():
            expected = known.get(measure)
            off = expected is not None and abs((figure.value or 0.0) - expected) > OFF
            wrong += off
            told = "" if expected is None else f"{expected:.3f}{' OFF' if off else ''}"
            print(f"| {measure} | {shown(figure)} | {told} |")
        print()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
