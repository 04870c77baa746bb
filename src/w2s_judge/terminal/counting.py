"""How far a long command has come, where there is a terminal to show it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from w2s_judge.terminal.harmless import harmless


@contextmanager
def prompts_seen() -> Iterator[Callable[[int], None]]:
    """A count of prompts on standard error that is gone at the end; nothing but in a terminal."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} prompts"), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=None)
        yield lambda more: bar.advance(task, more)


@contextmanager
def at_work() -> Iterator[Callable[[str], None]]:
    """What is under way, on standard error, gone at the end; nothing but in a terminal."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda line: bar.update(task, description=escape(harmless(line)))
