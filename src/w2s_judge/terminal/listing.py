"""`list` for people."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console

from w2s_judge.terminal.harmless import harmless


def show_listing(told: Mapping[str, Mapping[str, str]]) -> None:
    """Headings, and a line for each thing under them."""
    console = Console()
    for heading, things in told.items():
        console.print(heading.capitalize(), style="bold")
        width = max((len(name) for name in things), default=0)
        for name, what in things.items():
            line = f"  {harmless(name):<{width}}  {harmless(what)}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        console.print()
