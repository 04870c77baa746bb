"""The tables that the benchmarks print, in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from rows import Row

HEAD = ("client", "calls", "runs", "calls/s", "CPU-s per 1,000", "whole wall s", "whole CPU-s")
HEAD_REST = ("max in flight", "peak MB", "request B", "lost", "invented", "error")


def table(groups: Sequence[Sequence[Row]]) -> str:
    """One line a client: medians over its runs that ended well, with the range in brackets."""
    return _markdown((*HEAD, *HEAD_REST), [_line(group) for group in groups])


def _line(group: Sequence[Row]) -> list[str]:
    first = group[0]
    good = [row for row in group if not row.error]
    error = next((row.error for row in group if row.error), "")
    start = [first.client, f"{first.calls:,}", str(len(group))]
    if not good:
        return [*start, *[""] * (len(HEAD) - len(start) + len(HEAD_REST) - 1), error]
    served = [row.served or {} for row in good]
    checked = [row.checked for row in good if row.checked]
    # A client that does not tell its asking phase is given its whole process, and marked.
    mark = "" if first.asking_s is not None else " (whole)"
    return [
        *start,
        _spread(good, lambda row: row.rate, ",.0f") + mark,
        _spread(good, lambda row: row.cpu_per_1000, ".3f") + mark,
        _spread(good, lambda row: row.process_s, ".1f"),
        _spread(good, lambda row: row.process_cpu_s, ".2f"),
        str(max(counts["max_in_flight"] for counts in served)),
        f"{max(row.peak_mb for row in good):.0f}",
        f"{median(c['request_bytes'] / max(1, c['calls']) for c in served):,.0f}",
        str(sum(one.lost + one.abstained for one in checked)),
        str(sum(one.invented for one in checked)),
        error,
    ]


def _spread(group: Sequence[Row], figure: Callable[[Row], float], form: str) -> str:
    found = sorted(map(figure, group))
    middle = format(median(found), form)
    return middle if len(found) == 1 else f"{middle} [{found[0]:{form}}-{found[-1]:{form}}]"


def faults_table(found: Sequence[Row]) -> str:
    """One line a run: what the server did to it, and what came of it."""
    kinds = list((found[0].served or {}).get("faults", {}))
    head = ["client", "votes wanted", "calls sent", *kinds, "calls/s", "CPU-s per 1,000"]
    lines = []
    for row in found:
        served, checked = row.served or {"calls": 0, "faults": {}}, row.checked
        counts = [str(served["faults"].get(kind, 0)) for kind in kinds]
        figures = ["", ""] if row.error else [f"{row.rate:,.0f}", f"{row.cpu_per_1000:.3f}"]
        outcome = [checked.lost, checked.abstained, checked.invented] if checked else [""] * 3
        start = [row.client, f"{row.calls:,}", f"{served['calls']:,}"]
        lines.append([*start, *counts, *figures, *map(str, outcome), row.error])
    return _markdown([*head, "lost", "abstained", "invented", "error"], lines)


def _markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    safe = [[cell.replace("|", "/") for cell in line] for line in lines]
    rule = ["---"] * len(head)
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *safe))
