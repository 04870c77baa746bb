"""`aggregate` and `label`: votes become probabilities, and people are asked about the rest."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from w2s_judge.cli.app import (
    NOTHING_WRITTEN,
    Confidence,
    Gold,
    Json,
    Levels,
    OneRubric,
    Prior,
    RepeatedVotes,
    Repeats,
    app,
    print_json,
)

Method = Annotated[str, typer.Option(help="How votes are aggregated; `list` names the methods.")]


class OneSourceIs(StrEnum):
    """Which judges are one source, heard several times."""

    CLUSTERS = "clusters"
    FAMILIES = "families"
    APART = "apart"


@app.command()
def aggregate(
    source: Annotated[
        Path,
        typer.Argument(metavar="RUN|VOTES", help="A run folder, or votes as CSV, JSONL, Parquet."),
    ],
    method: Method = "auto",
    gold: Gold = None,
    prior: Prior = None,
    levels: Levels = None,
    rubric: OneRubric = None,
    repeats: Repeats = RepeatedVotes.REFUSE,
    max_error: Annotated[
        float | None,
        typer.Option(help="Claim labels only where at most this share is wrong; needs --gold."),
    ] = None,
    confidence: Confidence = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="For a file: where the rows go.")
    ] = None,
    sources: Annotated[
        OneSourceIs | None,
        typer.Option(
            help="Who counts as one source, an assumption: near copies (default), judges of one "
            "family (column `family` of a file), or nobody."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of folds and bootstraps.")] = 0,
    json: Json = False,
) -> None:
    """Turn votes into calibrated probabilities, beside majority and the best single judge.

    Example: w2s-judge aggregate votes.csv --gold gold.csv --levels 0:9 -o consensus.jsonl
    """
    from w2s_judge.workflows.aggregate import aggregate as run_aggregate
    from w2s_judge.workflows.conclude import confidence_of

    done = run_aggregate(
        source, method=method, gold=gold, prior=prior, levels=levels, rubric=rubric,
        repeats=repeats.value, out=out, max_error=max_error,
        confidence=confidence_of(confidence, max_error), seed=seed,
        sources=None if sources is None else sources.value,
    )  # fmt: skip
    if json:
        print_json([one.told() for one in done])
    else:
        from rich.console import Console

        from w2s_judge.terminal.conclusions import show_conclusion

        for one in done:
            show_conclusion(Console(), one.told())
    if not all(one.promises for one in done):
        raise typer.Exit(NOTHING_WRITTEN)


@app.command()
def label(
    run: Annotated[Path, typer.Argument(help="A run folder, such as outputs.w2s")],
    next: Annotated[  # noqa: A002
        int, typer.Option("--next", min=1, help="How many items to label.")
    ] = 50,
    rubric: Annotated[str | None, typer.Option(help="The rubric to label for.")] = None,
    gold: Gold = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to fill in: .csv or .jsonl.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the draw.")] = 0,
    json: Json = False,
) -> None:
    """Write the items most worth a human label, as a file to fill in and to give to --gold.

    Example: w2s-judge label outputs.w2s --rubric safety --next 50 -o safety.csv
    """
    from w2s_judge.workflows.label import label as run_label

    sheet = run_label(run, next=next, rubric=rubric, gold=gold, out=out, seed=seed)
    if json:
        print_json(sheet.told())
    else:
        for line in sheet.described(run):
            typer.echo(line)
