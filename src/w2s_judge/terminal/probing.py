"""`probe` and `probe --estimate` for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from shlex import quote
from typing import Any

from rich.console import Console

from w2s_judge.audit.part import Cell, Figure, Part
from w2s_judge.audit.spoken import DASH, percent, written
from w2s_judge.terminal.amounts import dollars
from w2s_judge.terminal.estimates import show_calls
from w2s_judge.terminal.tables import say, show
from w2s_judge.workflows.probe import Probed


def show_probe_estimate(told: Mapping[str, Any]) -> None:
    """A table of calls, tokens and dollars; nothing was asked."""
    console = Console()
    units = ", ".join(f"{one['sampled']:,} under {name}" for name, one in told["rubrics"].items())
    lines = show_calls(console, f"Asking again about {units}", told)
    lines.append(
        f"This run folder has made {told['already_called']:,} calls already; ceilings count these."
    )
    say(console, [*lines, *told["left_out"]])


def show_probed(console: Console, done: Probed) -> None:
    """Flips per judge and probe, rubric by rubric, and what the shifts come to.

    Who is left out was said before anything was asked.
    """
    summary = done.summary
    for name, part in done.parts.items():
        _show_part(console, name, part)
        console.print()
    lines = []
    if not summary["asking"]["calls"] and done.complete:
        lines.append("Everything had an answer already: nothing was asked.")
    cost = summary["spent"]
    lines.append(
        f"The run folder has made {cost['calls']:,} calls in all, {dollars(cost['usd'])}. Answers "
        "to probes are no votes: the scores are as they were."
    )
    if not done.complete:
        lines += [f"Stopped: {reason}" for reason in summary["reasons"]]
        lines.append(
            f"{summary['left']:,} questions are left. The same command goes on where this one "
            "stopped; nothing that is stored is asked again."
        )
    lines.append(
        f"w2s-judge audit {quote(str(summary['run']))} says what of this is beyond chance."
    )
    say(console, lines)


def _show_part(console: Console, rubric: str, part: Part) -> None:
    """A table of flips, one of shifts; judges and rewrites without a figure are left out of it."""
    table = part.table("probes")
    if table is None:
        return
    names = [column.name for column in table.columns]
    rows = [dict(zip(names, row, strict=True)) for row in table.rows]
    probes = tuple(dict.fromkeys(str(row["probe"]) for row in rows))
    for title, column, form in (
        ("verdicts that change [95 % interval]", "flips", _share),
        ("how far the response rises, in utility or rank from 0 to 1", "toward", _shift),
    ):
        known = [row for row in rows if _known(row[column])]
        there = {row["probe"] for row in known}
        shown = [probe for probe in probes if probe in there]
        cells = [
            (judge, *(form(mine.get(probe, {}).get(column)) for probe in shown))
            for judge, mine in _by_judge(known)
        ]
        if cells:
            show(console, f"{rubric}: {title}", ("judge", *shown), cells)
    say(console, [*part.sentences, *(f"Note: {note}" for note in part.notes)])


def _by_judge(
    rows: list[dict[str, Cell]],
) -> Iterator[tuple[str, dict[str, dict[str, Cell]]]]:
    for judge in dict.fromkeys(str(row["judge"]) for row in rows):
        yield judge, {str(row["probe"]): row for row in rows if row["judge"] == judge}


def _known(cell: Cell) -> bool:
    return isinstance(cell, Figure) and cell.value is not None


def _share(cell: Cell) -> str:
    return percent(cell) if isinstance(cell, Figure) and _known(cell) else DASH


def _shift(cell: Cell) -> str:
    return written(cell, "signed")
