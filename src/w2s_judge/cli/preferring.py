"""`rank` and `pairs`: responses in order, and preference data for trainers."""

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
    OneRubric,
    app,
    print_json,
)


@app.command()
def rank(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="RUN|VOTES",
            help="A run folder, or a file of comparisons: left, right, judge, winner.",
        ),
    ],
    method: Annotated[
        str | None,
        typer.Option(
            help="A ranker or, for a run, an aggregation method (`list` names both). "
            "Default: as scores.jsonl; for a file bradley-terry."
        ),
    ] = None,
    rubric: OneRubric = None,
    merge: Annotated[
        str,
        typer.Option(
            help="How `ged` makes one ranking of many: borda, kemeny, majority, "
            "weighted-kemeny, weighted-majority."
        ),
    ] = "borda",
    draws: Annotated[int, typer.Option(help="Bootstrap draws for the intervals.")] = 200,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The rows. Default: ranking.jsonl in the run folder."),
    ] = None,
    json: Json = False,
) -> None:
    """Rank responses within items, and models over items with intervals.

    Example: w2s-judge rank votes.csv --method ged -o ranking.jsonl
    """  # fmt: skip
    from w2s_judge.workflows.rank import rank as run_rank

    done = run_rank(
        source, method=method, rubric=rubric, merge=merge, draws=draws, seed=seed, out=out
    )
    if json:
        print_json([one.told() for one in done])
        return
    from rich.console import Console

    from w2s_judge.terminal.rankings import show_ranking

    for one in done:
        show_ranking(Console(), one.told())


class Layout(StrEnum):
    """How texts are written."""

    CONVERSATIONAL = "conversational"
    PLAIN = "plain"


class Kind(StrEnum):
    """Kinds of files."""

    JSONL = "jsonl"
    PARQUET = "parquet"


class Drawing(StrEnum):
    """How rows are resampled."""

    FLIP = "flip"
    DRAW = "draw"


@app.command()
def pairs(
    run: Annotated[Path, typer.Argument(help="A run folder, such as outputs.w2s")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write.")],
    rubric: Annotated[
        list[str] | None,
        typer.Option(help="Which rubric says the better; repeated: averaged. Default: the only."),
    ] = None,
    veto: Annotated[
        list[str] | None,
        typer.Option(help="A rubric that must clear a response first: safety, or safety=0.9"),
    ] = None,
    strategy: Annotated[
        str | None, typer.Option(help="best-worst (default), above-bar, adjacent, best-of-n.")
    ] = None,
    format: Annotated[  # noqa: A002
        str, typer.Option(help="Who reads it: `list` names the formats.")
    ] = "trl-dpo",
    layout: Annotated[Layout, typer.Option(help="Messages, or plain text.")] = (
        Layout.CONVERSATIONAL
    ),
    file: Annotated[Kind, typer.Option(help="The kind of the files.")] = Kind.JSONL,
    method: Annotated[
        str | None,
        typer.Option(help="An aggregation method or a ranker. Default: as scores.jsonl."),
    ] = None,
    gold: Gold = None,
    check: Annotated[
        Path | None,
        typer.Option(help="Labels that nothing is fitted to: how many pairs are right?"),
    ] = None,
    min_p: Annotated[float, typer.Option(help="Least P(chosen is better).")] = 0.8,
    max_tie: Annotated[float, typer.Option(help="Most mass on a tie.")] = 0.5,
    max_error: Annotated[
        float | None,
        typer.Option(help="Instead of --min-p: at most this share is wrong; needs gold."),
    ] = None,
    confidence: Confidence = None,
    validation: Annotated[float, typer.Option(help="Share of the prompts held out.")] = 0.0,
    resample: Annotated[
        Drawing | None,
        typer.Option(help="For trainers that read no p: turn pairs, or draw them, by their p."),
    ] = None,
    keep_meta: Annotated[
        bool, typer.Option("--keep-meta", help="Our columns in the file, not beside it.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of the split, folds, and draws.")] = 0,
    json: Json = False,
) -> None:
    """Write preference data for a trainer, with its card and what was left out.

    Example: w2s-judge pairs outputs.w2s --rubric safety --gold gold.jsonl --min-p 0.8 -o dpo/
    """
    from w2s_judge.terminal.counting import prompts_seen
    from w2s_judge.workflows.conclude import confidence_of
    from w2s_judge.workflows.pair_choice import PairsJob
    from w2s_judge.workflows.pairs import make_pairs

    job = PairsJob(
            run, out, tuple(rubric or ()), tuple(veto or ()), method, strategy, format,
            layout.value, file.value, "columns" if keep_meta else "beside", gold, check, min_p,
            max_tie, max_error, confidence_of(confidence, max_error), validation,
            None if resample is None else resample.value, seed,
    )  # fmt: skip
    with prompts_seen() as seen:
        made = make_pairs(job, seen)
    if json:
        print_json(made.told())
    else:
        from rich.console import Console

        from w2s_judge.terminal.preferences import show_pairs

        show_pairs(Console(), made.told())
    if not made.rows:
        raise typer.Exit(NOTHING_WRITTEN)
