"""Lines of the tables, and tables of them with a column a setting."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aggregation_parts.lines import markdown, share

from ranking_parts.peers import Bench

TAU, TOP, RHO = "tau", "top-1", "Spearman"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for: the data's folder, the seed, and peers where `bench` is given."""

    data: Path
    seed: int = 0
    quick: bool = False
    bench: Bench | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What a method has on a set or in a setting: means and their standard errors by name.

    `cpu_s` is the fit's, of one thread; 0 where it was not taken.
    """

    block: str
    setting: str
    method: str
    figures: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    note: str = ""
    cpu_s: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """All of it, for a file."""
        return dataclasses.asdict(self)


def by_setting(lines: Sequence[Line], figure: str) -> str:
    """One row a method, one column a setting, one of the figures."""
    settings = list(dict.fromkeys(line.setting for line in lines))
    cells = {(line.method, line.setting): line for line in lines}
    rows = []
    for method in dict.fromkeys(line.method for line in lines):
        found = [cells.get((method, setting)) for setting in settings]
        rows.append([method, *(_cell(line, figure) for line in found)])
    return markdown([figure, *settings], rows)


def by_figure(lines: Sequence[Line]) -> str:
    """One row a method, one column a figure, and notes, for lines of one setting."""
    names = list(dict.fromkeys(name for line in lines for name in line.figures))
    head = ["method", *names, "note"]
    rows = [[line.method, *(_value(line, name) for name in names), line.note] for line in lines]
    return markdown(head, rows)


def _cell(line: Line | None, figure: str) -> str:
    if line is None:
        return ""
    return _value(line, figure) or line.note


def _value(line: Line, name: str) -> str:
    if name not in line.figures:
        return ""
    mean, error = line.figures[name]
    return share(mean) if error != error else f"{share(mean)} ± {share(error)}"
