"""`probe`: the judges of a run are asked again about rewritten responses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from w2s_judge.cli.app import (
    STOPPED,
    AllowImport,
    BudgetUsd,
    Estimate,
    Json,
    MaxCalls,
    Panel,
    app,
    complain,
    print_json,
)
from w2s_judge.cli.asking import watcher


@app.command()
def probe(
    run: Annotated[Path, typer.Argument(help="A run folder, such as outputs.w2s")],
    sample: Annotated[
        int, typer.Option(min=1, help="How many responses (or pairs) a rubric are asked about.")
    ] = 100,
    probe: Annotated[
        list[str] | None,
        typer.Option(
            help="whitespace, padding, disavowal, verdict or instruction; may be repeated. "
            "Default: all. The very same text is asked again besides, to know the noise."
        ),
    ] = None,
    rubric: Annotated[
        list[str] | None,
        typer.Option(help="A rubric of the run, or its TOML file; may be repeated. Default: all."),
    ] = None,
    panel: Panel = None,
    max_calls: MaxCalls = None,
    budget_usd: BudgetUsd = None,
    estimate: Estimate = False,
    seed: Annotated[int, typer.Option(help="Seed of the sample.")] = 0,
    allow_import: AllowImport = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show nothing but errors.")] = False,
    json: Json = False,
) -> None:
    """Ask the judges again about harmlessly rewritten responses; the same command resumes.

    Tells how often a verdict flips. The answers stay out of the scores; `audit` tests them.

    Example: w2s-judge probe outputs.w2s --panel panel.toml --sample 100 --budget-usd 1
    """
    from w2s_judge.workflows.probe import estimate_probe, run_probe
    from w2s_judge.workflows.probe_plan import ProbeJob

    job = ProbeJob(
        run, sample, tuple(probe or ()), tuple(rubric or ()), panel, max_calls, budget_usd, seed,
        allow_import,
    )  # fmt: skip
    if estimate:
        from w2s_judge.terminal.probing import show_probe_estimate

        told = estimate_probe(job)
        print_json(told) if json else show_probe_estimate(told)
        return
    done = run_probe(job, watcher(quiet=quiet, aside=json))
    if json:
        print_json(done.told())
    elif not quiet:
        from rich.console import Console

        from w2s_judge.terminal.probing import show_probed

        show_probed(Console(), done)
    if not done.complete:
        if quiet or json:
            for reason in done.summary["reasons"]:
                complain(f"stopped: {reason}")
        raise typer.Exit(STOPPED)
