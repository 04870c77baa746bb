"""The aggregation benchmark says what is to be reached and whether it was; methods by size."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
sys.path += [str(BENCHMARKS), str(BENCHMARKS / "aggregation")]

import every_method  # noqa: E402
from aggregation_parts import before, copies, graded, sets  # noqa: E402
from aggregation_parts.figures import Figures, Interval  # noqa: E402
from aggregation_parts.lines import Line  # noqa: E402
from aggregation_parts.reach import reached  # noqa: E402

# Goals


def told(accuracy: float, ece: float = 0.03, auc: float | None = None) -> Figures:
    return Figures(100, accuracy, auc, ece, ece, ece, 0.3, 0.5)


def rows_of(lines: list[Line]) -> list[list[str]]:
    table = reached(lines).splitlines()[4:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table]


def test_goals_of_copies_and_of_independent_judges() -> None:
    lines = []
    for drawn, gold, ours in (
        (copies.ROWS[0], 0, told(0.839)),
        (copies.ROWS[2], 0, told(0.5)),  # without gold the mirror has no goal
        (copies.ROWS[2], copies.GOLD_SIZE, told(0.9, ece=0.06)),
        (copies.APART[0], 0, told(0.9)),
        (copies.APART[1], 0, told(0.9)),
    ):
        name = copies.set_name(drawn, copies.ITEMS)
        lines.append(Line(copies.BLOCK, name, "one-source", ours, gold=gold))
        lines.append(Line(copies.BLOCK, name, "dawid-skene", told(0.906), gold=gold))
    found = [(row[1], row[3], row[4]) for row in rows_of(lines)]
    assert found == [
        ("one-source, accuracy", ".839", "NO"),
        ("one-source, accuracy", ".900", "yes"),
        ("one-source, ECE", ".060", "NO"),
        ("one-source, least accuracy minus dawid-skene", "-.006", "NO"),
    ]


def test_the_goal_on_graded_votes_is_one_methods() -> None:
    lines = [
        Line(graded.BLOCK, sets.CIVIL, "rotated-factors", told(0.7778, auc=0.8526)),
        Line(graded.BLOCK, sets.CIVIL, "item-factor" + graded.ON_MEDIANS, told(0.79, auc=0.85)),
        Line(graded.BLOCK, sets.CIVIL, "crowd-kit GLAD", told(0.9, auc=0.9)),  # a peer's
        Line(graded.BLOCK, sets.CIVIL, "mean", told(0.9, auc=0.9), gold=100),
    ]
    kept = [("accuracy of the best (rotated-factors)", "yes"), ("AUC", "yes")]
    found = [(row[1], row[4]) for row in rows_of(lines)]
    assert [one[1] for one in found] == [one[1] for one in kept]
    assert found[0][0] == kept[0][0]


def test_goals_against_auto_as_it_was() -> None:
    earlier = before.read(before.BASELINE)["rte"].figures
    now = told(earlier.accuracy, ece=earlier.ece10 - 0.01)
    changed = {before.EARLIER: Interval(-0.002, -0.004, -0.001)}
    rows = rows_of([Line(before.BLOCK, "rte", "auto", now, differences=changed)])
    assert [row[4] for row in rows[:3]] == ["yes", "NO", "yes"]
    assert [row[3] for row in rows[:3]] == ["-.002", "-.001", "-.010"]


# Every method by size


def test_a_method_too_slow_for_a_size_is_tried_on_smaller_ones() -> None:
    def measure(_: str, name: str, kind: str, items: int) -> dict[str, float | str]:
        slow = name == "mean" and items > 100_000
        return {"error": "limit of 60 CPU s" if slow else "", "seconds": 1.5, "peak_mb": 80.0}

    found = list(every_method.rows(measure, quick=False))
    hard, soft = ([text for text, _ in found if f" {kind} |" in text] for kind in ("hard", "soft"))
    assert len(hard) == len(soft) == len(found) / 2
    (mean,) = [text for text in hard if text.startswith("| mean |")]
    assert "300,000: limit of 60 CPU s; 100,000: 1.50" in mean
    assert mean.endswith("| NO |")
    assert sum(not kept for _, kept in found) == 1  # of soft votes nothing is promised


def test_a_job_fits_a_method_and_says_what_it_took() -> None:
    command = [sys.executable, str(BENCHMARKS / "aggregation" / "scale.py"), "--job", "method"]
    for name in ("gold-weighted", "triplets"):
        done = subprocess.run(
            [*command, name, "hard", "300"], capture_output=True, text=True, check=True
        )
        said = json.loads(done.stdout)
        assert said["error"] == ""
        assert said["seconds"] >= 0
