"""`list` and `votes`: what there is, and what was said."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from w2s_judge.cli.app import Json, app, print_json
from w2s_judge.errors import UsageError


class VoteFormat(StrEnum):
    """Formats of exported votes."""

    jsonl = "jsonl"
    csv = "csv"
    parquet = "parquet"


@app.command("list")
def list_(
    run: Annotated[Path | None, typer.Argument(help="A run folder, to see what is in it.")] = None,
    json: Json = False,
) -> None:
    """What there is: rubrics, kinds of judges, embedded judges, readers; or what a run holds.

    Example: w2s-judge list
    """
    from w2s_judge.workflows.listing import holdings, there_is

    told = there_is() if run is None else holdings(run)
    if json:
        print_json(told)
    else:
        from w2s_judge.terminal.listing import show_listing

        show_listing(told)


@app.command()
def votes(
    run: Annotated[Path, typer.Argument(help="A run folder, such as outputs.w2s")],
    rubric: Annotated[str | None, typer.Option(help="Only votes under this rubric.")] = None,
    format: Annotated[  # noqa: A002
        VoteFormat | None, typer.Option(help="The format. Default: by the file's ending, or jsonl.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The file to write. Default: standard output."),
    ] = None,
) -> None:
    """Export every vote and abstention, one a line, with the raw replies.

    Example: w2s-judge votes outputs.w2s --rubric safety --format parquet -o votes.parquet
    """
    from w2s_judge.workflows.votes import export_votes

    ending = "" if out is None else out.suffix.lstrip(".")
    format = format or (VoteFormat(ending) if ending in list(VoteFormat) else VoteFormat.jsonl)  # noqa: A001
    if out is None and format is VoteFormat.parquet and sys.stdout.isatty():
        raise UsageError("parquet is no text for a terminal: name a file with -o")
    try:
        export_votes(run, rubric, format.value, out)
    except BrokenPipeError:
        # Whoever read our output has had enough. Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
