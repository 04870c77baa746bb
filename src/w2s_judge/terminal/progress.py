"""Progress while judges are asked: bars in a terminal, lines elsewhere, or nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from w2s_judge.scoring.tally import Tally
from w2s_judge.terminal.amounts import pace, tokens
from w2s_judge.terminal.harmless import harmless

LINE_EVERY = 10.0  # seconds between lines where the output is no terminal


class Bars:
    """One bar a judge, in a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = _progress(console)
        self._tallies: list[tuple[TaskID, Tally]] = []
        self._notes: dict[str, str] = {}
        self._began = 0.0

    def say(self, line: str) -> None:
        """Print above the bars."""
        self._console.print(harmless(line, 2000), markup=False, highlight=False)

    def began(self, tallies: Sequence[Tally]) -> None:
        """Show the bars, anew for each session of asking; those of the last one stay above."""
        self._began = time.monotonic()
        self._progress, self._tallies = _progress(self._console), []
        for tally in tallies:
            task = self._progress.add_task(harmless(tally.judge, 40), shown="", total=1)
            self._tallies.append((task, tally))
        self._progress.start()

    def tick(self) -> None:
        """Look at the tallies."""
        for task, tally in self._tallies:
            now = pace(tally, time.monotonic() - self._began)
            shown = (
                f"{now.done:,}/{now.total:,}  {now.per_second:.1f} calls/s  "
                f"{tokens(now.tokens)} tokens  {now.cost}  {now.left}"
            )
            self._progress.update(task, completed=now.done, total=now.total or 1, shown=shown)
            say_note(self, self._notes, tally)

    def ended(self) -> None:
        """Leave the bars as they are."""
        if self._tallies:
            self.tick()
            self._progress.stop()


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[shown]}", markup=False),
        console=console,
    )


class Lines:
    """A line a judge now and then, for logs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tallies: Sequence[Tally] = ()
        self._notes: dict[str, str] = {}
        self._began = self._last = 0.0

    def say(self, line: str) -> None:
        """Print a line."""
        self._console.print(harmless(line, 2000), markup=False, highlight=False, soft_wrap=True)

    def began(self, tallies: Sequence[Tally]) -> None:
        """Remember the tallies."""
        self._tallies = tallies
        self._began = self._last = time.monotonic()

    def tick(self) -> None:
        """Print a line a judge if some time has passed."""
        for tally in self._tallies:
            say_note(self, self._notes, tally)
        if time.monotonic() - self._last >= LINE_EVERY:
            self._last = time.monotonic()
            self._lines()

    def ended(self) -> None:
        """Print the last state, if lines were printed before."""
        self.tick()
        if self._last > self._began:
            self._lines()

    def _lines(self) -> None:
        for tally in self._tallies:
            now = pace(tally, time.monotonic() - self._began)
            self.say(
                f"{tally.judge}: {now.done:,} of {now.total:,}, {now.per_second:.1f} calls/s, "
                f"{tokens(now.tokens)} tokens, {now.cost}, left: {now.left}"
            )


def say_note(shown: Bars | Lines, told: dict[str, str], tally: Tally) -> None:
    """Tell a judge's news once: falling back to another way of reading, out of reach."""
    news = tally.out_of_reach or tally.note
    if news is not None and told.get(tally.judge) != news:
        told[tally.judge] = news
        shown.say(f"{tally.judge}: {news}")
