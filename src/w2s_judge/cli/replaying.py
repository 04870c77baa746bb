"""`replay`: what policies of asking would have cost and got right, on votes that are there."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from w2s_judge.cli.app import (
    Confidence,
    Json,
    Levels,
    OneRubric,
    Prior,
    RepeatedVotes,
    Repeats,
    app,
    print_json,
)


@app.command()
def replay(
    source: Annotated[
        Path,
        typer.Argument(metavar="RUN|VOTES", help="A run folder, or votes as CSV, JSONL, Parquet."),
    ],
    gold: Annotated[
        Path | None,
        typer.Option(help="Human labels. Default: those of the run's last aggregation."),
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            help="full, cascade, cascade:0.4 (of the full price), judge:NAME, first:K, "
            "cheapest:K. Repeatable. Default: full, cascade, cascade:0.2, cascade:0.4, "
            "cascade:0.6."
        ),
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(
            metavar="JUDGE=NUMBER",
            help="What asking a judge about one thing costs. Default: what the run paid.",
        ),
    ] = None,
    learn: Annotated[
        int | None, typer.Option(help="Labels that a policy learns from. Default: 100, or half.")
    ] = None,
    draws: Annotated[int, typer.Option(help="How often labels to learn from are drawn.")] = 5,
    margin: Annotated[
        float, typer.Option(help="How much accuracy a policy may lose and still be as good.")
    ] = 0.02,
    stages: Annotated[
        int | None, typer.Option(help="Batches of judges, 1 to 5. Default: 3.")
    ] = None,
    decided: Annotated[
        float | None, typer.Option(help="From which probability an item stops. Default: 0.95.")
    ] = None,
    max_error: Annotated[
        float | None, typer.Option(help="Claim labels only where at most this share is wrong.")
    ] = None,
    confidence: Confidence = None,
    method: Annotated[str, typer.Option(help="How votes are aggregated.")] = "auto",
    prior: Prior = None,
    rubric: OneRubric = None,
    levels: Levels = None,
    repeats: Repeats = RepeatedVotes.REFUSE,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The page with the plot, such as replay.html."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of draws and folds.")] = 0,
    json: Json = False,
) -> None:
    """Replay policies of asking on recorded votes: price against accuracy, with intervals.

    Example: w2s-judge replay outputs.w2s --gold gold.csv --policy cascade:0.4 --policy full
    """
    from w2s_judge.terminal.counting import at_work
    from w2s_judge.workflows.audit import check_targets
    from w2s_judge.workflows.replay import replay as run_replay
    from w2s_judge.workflows.replay import write_replay

    check_targets(out, None, (source, gold))
    with nullcontext() if json else at_work() as said:
        found = run_replay(
            source, gold=gold, policies=policy or (), prices=price or (), learn=learn, draws=draws,
            margin=margin, stages=stages, decided=decided, max_error=max_error,
            confidence=confidence, method=method, prior=prior, rubric=rubric, levels=levels,
            repeats=repeats.value, seed=seed, said=said,
        )  # fmt: skip
        if out is not None:
            write_replay(found, out)
    if json:
        print_json(found.told())
        return
    from rich.console import Console

    from w2s_judge.terminal.replays import show_replay

    show_replay(Console(), found, page=out)
