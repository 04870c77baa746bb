"""Tables and lines, with whatever is in them made harmless."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from w2s_judge.terminal.harmless import harmless


def show(
    console: Console, title: str, head: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """A table: the first column is a name, the others are figures or short texts."""
    console.print(Text(harmless(title), style="italic"))
    table = Table(pad_edge=False, box=None)
    for position, name in enumerate(head):
        table.add_column(Text(name), justify="right" if position else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(harmless(cell)) for cell in row))
    console.print(table)


def say(console: Console, lines: Iterable[str]) -> None:
    """Lines of text, wrapped by the terminal alone."""
    for line in lines:
        console.print(harmless(line, 2000), markup=False, highlight=False, soft_wrap=True)
