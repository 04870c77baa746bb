"""What a workflow tells while it works: the command line shows it, Python may ignore it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from w2s_judge.scoring.tally import Tally


class Watcher(Protocol):
    """Is told of a session of asking. Called from the thread that called the workflow."""

    def say(self, line: str) -> None:
        """Something that a person should know."""

    def began(self, tallies: Sequence[Tally]) -> None:
        """Asking begins; the tallies go on counting by themselves."""

    def tick(self) -> None:
        """Some time has passed, a fraction of a second."""

    def ended(self) -> None:
        """Asking is over."""


class Silence:
    """A watcher that shows nothing."""

    def say(self, line: str) -> None:
        """Nothing."""

    def began(self, tallies: Sequence[Tally]) -> None:
        """Nothing."""

    def tick(self) -> None:
        """Nothing."""

    def ended(self) -> None:
        """Nothing."""
