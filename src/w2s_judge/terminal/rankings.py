"""What `rank` says: models or objects in order, the judges, and what to know of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from w2s_judge.terminal.tables import say, show

WIDEST = 80  # characters of a name
SHOWN = 40  # objects, or judges, above which they are in the files alone


def show_ranking(console: Console, told: Mapping[str, Any]) -> None:
    """One rubric's ranking over the run, its judges, notes, and where the rows are."""
    name = told["rubric"] or "comparisons"
    say(console, [_headline(name, told)])
    rows = told["ranking"]
    if rows:
        console.print()
        parted = len({row["component"] for row in rows}) > 1
        show(
            console, f"{name}: {'best first' if not parted else 'best first, part by part'}",
            ("", "rank", "score", "95 % interval", *(["part"] if parted else [])),
            [_row(row, parted) for row in rows[:SHOWN]],
        )  # fmt: skip
        if len(rows) > SHOWN:
            say(console, [f"and {len(rows) - SHOWN:,} more, in the file"])
    judges = told["judges"]
    if 1 < len(judges) <= SHOWN:
        console.print()
        weighed = any(one["weight"] is not None for one in judges.values())
        show(
            console, f"{name}: judges",
            ("judge", "comparisons", *(["weight", "lean to the first"] if weighed else []),
             "in a circle in"),
            [_judge(judge, one, weighed) for judge, one in judges.items()],
        )  # fmt: skip
    console.print()
    say(console, [f"- {note}" for note in told["notes"]])
    if told["path"]:
        say(console, [f"Rows: {told['path']}; fit: {told['fit_path']}"])


def _headline(name: str, told: Mapping[str, Any]) -> str:
    line = f"{name}: method {told['method']}"
    if told["comparisons"] is not None:
        line += (
            f"; {told['comparisons']:,} comparisons of {told['objects']:,} objects in "
            f"{told['items']:,} {'question' if told['items'] == 1 else 'questions'}"
        )
    if told["position"] is not None:
        line += f"; being shown first is worth {told['position']:+.3f} of the score"
    cycles = told["cycles"]
    if cycles is not None and cycles["ensemble"] is not None:
        line += (
            f"; majorities run in a circle in {cycles['ensemble']:.1%} of {cycles['of']:,} items"
        )
    if told["fit"] is not None and not told["fit"]["converged"]:
        line += "; NOT CONVERGED: take the scores as a sketch"
    return line


def _row(row: Mapping[str, Any], parted: bool) -> tuple[object, ...]:
    score = "" if row["score"] is None else f"{row['score']:.3f}"
    known = row["low"] is not None
    interval = f"{row['low']:.3f} to {row['high']:.3f}" if known else "unknown"
    part = (row["component"],) if parted else ()
    return (row["object"][:WIDEST], row["rank"], score, interval, *part)


def _judge(judge: str, one: Mapping[str, Any], weighed: bool) -> tuple[object, ...]:
    traits = (
        "" if one["weight"] is None else f"{one['weight']:.2f}",
        "" if one["lean"] is None else f"{one['lean']:+.2f}",
    )
    return (
        judge[:WIDEST],
        f"{one['comparisons']:,}",
        *(traits if weighed else ()),
        "" if one["cyclic"] is None else f"{one['cyclic']:.1%} of {one['cyclic_of']:,} items",
    )
