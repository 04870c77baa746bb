"""`score`, `init` and `check`: judges are asked, written down, pinged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from w2s_judge.cli.app import (
    NOTHING_WRITTEN,
    STOPPED,
    AllowImport,
    BudgetUsd,
    Estimate,
    Gold,
    Json,
    MaxCalls,
    Panel,
    app,
    complain,
    print_json,
)

if TYPE_CHECKING:
    from w2s_judge.workflows.watching import Watcher


@app.command()
def score(
    outputs: Annotated[Path, typer.Argument(help="JSONL, JSON list or Parquet; .gz and .zst too.")],
    panel: Panel = None,
    rubric: Annotated[
        list[str] | None,
        typer.Option(help="A rubric's name or TOML file; may be repeated. Default: by task."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The run folder. Default: outputs.w2s beside the input.")
    ] = None,
    max_calls: MaxCalls = None,
    budget_usd: BudgetUsd = None,
    estimate: Estimate = False,
    reader: Annotated[
        str | None, typer.Option(help="How rows are read (see `list`). Default: recognised.")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Set bad rows aside in rejected.jsonl.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of the order of asking.")] = 0,
    block: Annotated[
        int, typer.Option(min=1, help="Items between which local judges take turns.")
    ] = 256,
    allow_own_family: Annotated[
        bool, typer.Option("--allow-own-family", help="Let judges judge their own family.")
    ] = False,
    allow_import: AllowImport = False,
    method: Annotated[
        str | None, typer.Option(help="How votes are aggregated at the end. Default: auto.")
    ] = None,
    gold: Gold = None,
    compare: Annotated[
        str,
        typer.Option(
            metavar="all|K|undecided",
            help="Pairs for a rubric that compares: all; each response in K, connected; or those "
            "that this run's scores of single responses leave undecided.",
        ),
    ] = "all",
    one_order: Annotated[
        bool, typer.Option("--one-order", help="Show each pair in one order, by lot, not in both.")
    ] = False,
    cascade: Annotated[
        bool,
        typer.Option(
            "--cascade",
            help="Ask dearer judges only where cheaper ones leave it open; learned on --gold.",
        ),
    ] = False,
    max_error: Annotated[
        float | None,
        typer.Option(
            help="--cascade: claim labels only where at most this share is wrong; in place of "
            "--decided."
        ),
    ] = None,
    confidence: Annotated[
        float | None, typer.Option(help="--cascade: with how much confidence. Default: 0.9.")
    ] = None,
    decided: Annotated[
        float | None,
        typer.Option(
            help="--cascade: from which probability on an item stops; in place of --max-error. "
            "Default: 0.95."
        ),
    ] = None,
    stages: Annotated[
        int | None,
        typer.Option(help="--cascade: batches of judges at most, 1 to 5. Default: 3."),
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(
            metavar="JUDGE=NUMBER",
            help="--cascade: what asking a judge about one thing costs, in place of the panel's "
            "prices, in any unit where all are given; may be repeated.",
        ),
    ] = None,
    relearn: Annotated[
        bool, typer.Option("--relearn", help="--cascade: learn the run's plan anew.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show nothing but errors.")] = False,
    json: Json = False,
) -> None:
    """Score outputs with every judge; the same command again resumes.

    Example: w2s-judge score outputs.jsonl --panel panel.toml --rubric safety --budget-usd 5

    Only as dear as it must be: w2s-judge score outputs.jsonl --panel panel.toml --rubric safety
    --cascade --gold gold.csv --max-error 0.1
    """
    from w2s_judge.workflows.cascade_options import cascade_job
    from w2s_judge.workflows.score import Job, run_job

    staged = cascade_job(
        cascade, stages=stages, decided=decided, max_error=max_error, confidence=confidence,
        price=price or (), relearn=relearn, method=method, seed=seed,
    )  # fmt: skip
    job = Job(
        outputs, panel, tuple(rubric or ()), out, reader, skip_bad, max_calls, budget_usd, seed,
        block, allow_own_family, allow_import, method, gold, compare, one_order, staged,
    )  # fmt: skip
    if estimate:
        from w2s_judge.terminal.estimates import show_estimate
        from w2s_judge.workflows.estimate import estimate_job

        told = estimate_job(job)
        print_json(told) if json else show_estimate(told)
        return
    run = run_job(job, watcher(quiet=quiet, aside=json))
    summary = run.summary or {}
    run.close()
    if json:
        print_json(summary)
    elif not quiet:
        from rich.console import Console

        from w2s_judge.terminal.summaries import show_summary

        show_summary(Console(), summary)
    if summary["status"] != "complete":
        if quiet or json:
            for reason in summary["reasons"]:
                complain(f"stopped: {reason}")
        raise typer.Exit(STOPPED)
    if not kept(summary):
        raise typer.Exit(NOTHING_WRITTEN)


def kept(summary: Mapping[str, Any]) -> bool:
    """Whether every promise of few errors that a cascade was to keep is kept."""
    made = [summary["rubrics"][name]["aggregated"] for name in summary["cascade"] or ()]
    return not any(
        one is not None and one["selection"] and one["selection"]["threshold"] is None
        for one in made
    )


@app.command()
def init(
    vllm: Annotated[
        list[str] | None, typer.Option(help="Models to serve with vLLM; may be repeated.")
    ] = None,
    openai: Annotated[
        list[str] | None, typer.Option(help="Models of the OpenAI API; may be repeated.")
    ] = None,
    local: Annotated[
        bool, typer.Option("--local", help="The embedded judges; fetches their weights.")
    ] = False,
    more: Annotated[
        list[str] | None, typer.Argument(metavar="MODEL...", show_default=False)
    ] = None,
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("panel.toml"),
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a panel.toml and print the commands that serve it.

    Example: w2s-judge init --vllm Qwen/Qwen2.5-1.5B-Instruct google/gemma-3-1b-it
    """
    from w2s_judge.workflows.init import init_panel

    for line in init_panel(
        vllm or (), openai or (), tuple(more or ()), local=local, out=out, force=force
    ):
        typer.echo(line)


@app.command()
def check(
    panel: Panel = None,
    rubric: Annotated[
        list[str] | None, typer.Option(help="Rubrics to check for. Default: the built-in ones.")
    ] = None,
    allow_import: AllowImport = False,
    json: Json = False,
) -> None:
    """Ping every judge: does it answer, in which way, how fast.

    Example: w2s-judge check --panel panel.toml
    """
    from w2s_judge.workflows.check import check_panel

    findings = check_panel(panel, tuple(rubric or ()), allow_import=allow_import)
    if json:
        print_json([finding.told() for finding in findings])
    else:
        from w2s_judge.terminal.findings import show_findings

        show_findings(findings)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(STOPPED)


def watcher(*, quiet: bool, aside: bool) -> Watcher:
    """Bars in a terminal, lines elsewhere; on standard error where JSON goes to standard output."""
    from rich.console import Console

    from w2s_judge.terminal.progress import Bars, Lines
    from w2s_judge.workflows.watching import Silence

    if quiet:
        return Silence()
    console = Console(stderr=aside)
    return Bars(console) if console.is_terminal else Lines(console)
