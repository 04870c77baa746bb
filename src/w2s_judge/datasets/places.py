"""Where in which file something stands, for messages about it."""

from __future__ import annotations

from dataclasses import dataclass

from w2s_judge.errors import InputError


@dataclass(frozen=True, slots=True)
class Place:
    """A file as the user named it, and what its rows are counted in: "line" or "row"."""

    path: str
    unit: str = "line"

    def error(self, what: str, line: int | None = None, remedy: str = "") -> InputError:
        """What is wrong at a line (1-based), or with the whole file."""
        return InputError(what, path=self.path, line=line, unit=self.unit, remedy=remedy)

    def lines(self, first: int, second: int) -> str:
        """Two places for a message: `line 3 and line 9`."""
        return f"{self.unit} {first} and {self.unit} {second}"
