"""`check` for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from w2s_judge.terminal.harmless import harmless
from w2s_judge.terminal.tables import show
from w2s_judge.workflows.check import Finding


def show_findings(findings: Sequence[Finding]) -> None:
    """A line a judge, then what to know and what to do."""
    console = Console()
    show(
        console, "Judges", ("judge", "state", "rubrics", "read", "seconds", "answer"),
        [
            (
                one.judge, "ok" if one.ok else "NOT OK", ", ".join(one.rubrics) or "–",
                one.read or "–", "–" if one.seconds is None else f"{one.seconds:.2f}",
                one.answer or "–",
            )
            for one in findings
        ],
    )  # fmt: skip
    for one in findings:
        for remark in one.remarks:
            line = f"{one.judge}: {remark}"
            console.print(harmless(line, 2000), markup=False, highlight=False, soft_wrap=True)
