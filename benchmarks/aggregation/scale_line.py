"""One line of the tables of sizes and seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table; `kept` is None where nothing is promised."""

    what: str
    ours: str
    other: str
    ratio: str
    promise: str
    kept: bool | None

    def __str__(self) -> str:
        verdict = {True: "yes", False: "NO", None: ""}[self.kept]
        cells = (self.what, self.ours, self.other, self.ratio, self.promise, verdict)
        return "| " + " | ".join(cells) + " |"
