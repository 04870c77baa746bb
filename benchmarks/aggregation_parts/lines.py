"""One line of a table: a method on a set, what came out, what it cost."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aggregation_parts.figures import Figures, Interval

HEAD = ("method", "accuracy", "AUC", "ECE 10 width", "ECE 15 mass", "perfect", "Brier", "log-loss")
COST_HEAD = ("CPU s", "peak MB", "note")


@dataclass(frozen=True, slots=True)
class Line:
    """`differences` are of accuracy, in points of probability, to the named methods.

    With gold: `figures` are means over draws, `errors` their standard errors (accuracy, ECE 10),
    `cpu_s` that of one fit. `under` is the share of small panels on which the method is more than
    a standard error under plain majority.
    """

    block: str
    set: str
    method: str
    figures: Figures | None = None
    errors: tuple[float, float] | None = None
    differences: Mapping[str, Interval] = field(default_factory=dict)
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    gold: int = 0
    draws: int = 0
    under: float | None = None
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """All of it, for a file."""
        return dataclasses.asdict(self)


def table(lines: Sequence[Line], *, against: Sequence[str] = ()) -> str:
    """One row a line; `against` names the differences that get a column."""
    auc = any(line.figures is not None and line.figures.auc is not None for line in lines)
    head = [name for name in HEAD if auc or name != "AUC"]
    head += [f"minus {name} [95 %]" for name in against] + list(COST_HEAD)
    return markdown(head, [_cells(line, auc, against) for line in lines])


def _cells(line: Line, auc: bool, against: Sequence[str]) -> list[str]:
    found = line.figures
    if found is None:
        empty = len(HEAD) - 1 - (not auc) + len(against) + 2
        return [line.method, *[""] * empty, line.note]
    accuracy, ece = share(found.accuracy), share(found.ece10)
    if line.errors:
        accuracy += f" ± {share(line.errors[0])}"
        ece += f" ± {share(line.errors[1])}"
    cells = [line.method, accuracy]
    cells += [share(found.auc)] if auc else []
    cells += [ece, *map(share, (found.ece15, found.perfect, found.brier))]
    cells.append(f"{found.log_loss:.3f}")
    cells += [gain(line.differences.get(name)) for name in against]
    return [*cells, cost(line.cpu_s), f"{line.peak_mb:.0f}", line.note]


def share(value: float | None) -> str:
    """A number between 0 and 1, ".772"."""
    return "" if value is None else f"{value:.3f}".replace("0.", ".", 1)


def gain(interval: Interval | None) -> str:
    """A difference and its interval, "+.021 [+.010, +.032]"."""
    if interval is None:
        return ""
    return f"{signed(interval.mean)} [{signed(interval.low)}, {signed(interval.high)}]"


def signed(value: float) -> str:
    """A difference, "+.021"."""
    return f"{value:+.3f}".replace("0.", ".", 1)


def cost(seconds: float) -> str:
    """CPU seconds with as many digits as the clock deserves."""
    return f"{seconds:.3f}" if seconds < 1 else f"{seconds:.1f}"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    safe = [[cell.replace("|", "/") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *safe))
