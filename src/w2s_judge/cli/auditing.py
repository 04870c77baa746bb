"""`audit`: whether the judges can be trusted, which of them, on what, and what would help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from w2s_judge.cli.app import (
    Gold,
    Levels,
    OneRubric,
    RepeatedVotes,
    Repeats,
    app,
    print_json,
)

STANDARD_OUTPUT = "-"


@app.command()
def audit(
    source: Annotated[
        Path,
        typer.Argument(metavar="RUN|VOTES", help="A run folder, or votes as CSV, JSONL, Parquet."),
    ],
    gold: Gold = None,
    against: Annotated[
        Path | None, typer.Option(help="An earlier run of the same items: what has moved?")
    ] = None,
    rubric: OneRubric = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The page to write, such as report.html.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="The figures as a file, such as audit.json; - prints them.")
    ] = None,
    levels: Levels = None,
    repeats: Repeats = RepeatedVotes.REFUSE,
    contested: Annotated[
        int, typer.Option(help="How many of the most contested items the page has.")
    ] = 100,
    draws: Annotated[int, typer.Option(help="Bootstrap draws for the intervals.")] = 999,
    seed: Annotated[int, typer.Option(help="Seed of draws and folds.")] = 0,
) -> None:
    """Audit the judges: agreement, shared errors, skill, bias, rates; as a page and as figures.

    Example: w2s-judge audit outputs.w2s --gold gold.jsonl -o report.html --json audit.json
    """
    from rich.console import Console

    from w2s_judge.terminal.audits import show_audit
    from w2s_judge.terminal.counting import at_work
    from w2s_judge.workflows.audit import audit as run_audit
    from w2s_judge.workflows.audit import check_targets, write_audit

    printed = str(json) == STANDARD_OUTPUT
    figures = None if printed else json
    check_targets(out, figures, (source, gold, against))
    with at_work() as said:
        found = run_audit(
            source, gold=gold, against=against, rubric=rubric, levels=levels,
            repeats=repeats.value, contested=contested, draws=draws, seed=seed, said=said,
        )  # fmt: skip
        write_audit(found, out, figures)
    if printed:
        print_json(found.told())
        return
    show_audit(Console(), found, page=out, figures=figures)
