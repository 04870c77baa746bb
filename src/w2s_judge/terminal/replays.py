"""What `replay` says: what was found, the policies, and where the page is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from w2s_judge.audit.part import Cell, Figure, Part
from w2s_judge.audit.spoken import written
from w2s_judge.terminal.harmless import harmless
from w2s_judge.terminal.tables import say, show
from w2s_judge.workflows.replay import Replays

WIDEST = 200  # characters of a cell
TOLD = {
    "policies": ("policy", "judges", "share", "accuracy", "behind", "ece", "claimed", "error"),
    "plans": ("policy", "stage", "judges"),
}


def show_replay(console: Console, found: Replays, *, page: Path | None) -> None:
    """Rubric by rubric."""
    for name, part in found.rubrics.items():
        console.print(Text(harmless(name), style="bold"))
        say(console, part.sentences)
        console.print()
        _show(console, part, "policies", "Policies (in brackets: 95 % intervals)")
        _show(console, part, "plans", "Who is asked, stage by stage (the plan learned most often)")
        console.print()
        say(console, [f"- {note}" for note in part.notes])
    if page is not None:
        say(console, [f"Page: {page}"])
    else:
        say(console, ["Price against accuracy as a plot: -o replay.html"])


def _show(console: Console, part: Part, table: str, title: str) -> None:
    found = part.table(table)
    if found is None or not found.rows:
        return
    places = [
        k
        for k, column in enumerate(found.columns)
        if column.name in TOLD[table] and _tells([row[k] for row in found.rows])
    ]
    rows = [[written(row[k], found.columns[k].kind)[:WIDEST] for k in places] for row in found.rows]
    show(console, title, [found.columns[k].title for k in places], rows)


def _tells(cells: Sequence[Cell]) -> bool:
    """Whether there is anything in a column, and not 1 everywhere (all labels are claimed)."""
    held = [cell for cell in cells if not (isinstance(cell, Figure) and cell.value is None)]
    return any(cell is not None and cell != 1.0 for cell in held)
