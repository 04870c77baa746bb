"""What all commands share: the application, options, codes, and how things are said."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from w2s_judge import __version__

STOPPED, NOTHING_WRITTEN = 3, 4

app = typer.Typer(
    name="w2s-judge",
    help="Weak judges in, honest probabilities and preference data out.\n\n"
    "Start with: w2s-judge score outputs.jsonl",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Panel = Annotated[
    Path | None, typer.Option(help="The judges, as `init` writes them. Default: the embedded ones.")
]
MaxCalls = Annotated[
    int | None, typer.Option(min=0, help="Ceiling on all calls this run folder ever makes.")
]
BudgetUsd = Annotated[
    float | None, typer.Option(min=0.0, help="Ceiling on all it ever spends, in US dollars.")
]
Estimate = Annotated[
    bool, typer.Option("--estimate", help="Tell calls, tokens and cost; ask nothing.")
]
AllowImport = Annotated[
    bool, typer.Option("--allow-import", help="Let the panel name Python code to import.")
]


Gold = Annotated[
    Path | None, typer.Option(help="Human labels: a file that `label` wrote, or item,label.")
]


class RepeatedVotes(StrEnum):
    """What becomes of two votes by one judge on one item of a file."""

    REFUSE = "refuse"
    COUNT = "count"
    MEAN = "mean"


OneRubric = Annotated[str | None, typer.Option(help="Only this rubric. Default: all.")]
Levels = Annotated[
    str | None, typer.Option(help="The ordered vote labels of a file: 0:9, or low,mid,high")
]
Repeats = Annotated[
    RepeatedVotes, typer.Option(help="What becomes of two votes by one judge on one item.")
]
Prior = Annotated[
    str | None, typer.Option(help="Share of every truth class, ascending: unsafe=0.2,safe=0.8")
]
Confidence = Annotated[
    float | None, typer.Option(help="How sure --max-error is to be. Default: 0.9.")
]


@app.callback(invoke_without_command=True)
def _top(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    if version:
        typer.echo(f"w2s-judge {__version__}")
        raise typer.Exit


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    import json as json_

    # A terminal would act on control characters that JSON leaves as they are.
    typer.echo(json_.dumps(value, indent=2, ensure_ascii=sys.stdout.isatty()))


def complain(message: str) -> None:
    """Say what is wrong on standard error, made harmless."""
    from w2s_judge.terminal.harmless import harmless

    typer.echo(f"w2s-judge: {harmless(message, 4000)}", err=True)
