"""The command line: parse, call a workflow, print.

Nothing heavier than typer is imported before a command runs, so that `--help` is instant.
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from w2s_judge import __version__
from w2s_judge.errors import UsageError, W2SJudgeError

if TYPE_CHECKING:
    from w2s_judge.workflows.watching import Watcher

STOPPED, NOTHING_WRITTEN, DEFECT = 3, 4, 70

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
AllowImport = Annotated[
    bool, typer.Option("--allow-import", help="Let the panel name Python code to import.")
]


Method = Annotated[str, typer.Option(help="How votes are aggregated; `list` names the methods.")]
Gold = Annotated[
    Path | None, typer.Option(help="Human labels: a file that `label` wrote, or item,label.")
]


class RepeatedVotes(StrEnum):
    """What becomes of two votes by one judge on one item of a file."""

    REFUSE = "refuse"
    COUNT = "count"
    MEAN = "mean"


class VoteFormat(StrEnum):
    """Formats of exported votes."""

    jsonl = "jsonl"
    csv = "csv"
    parquet = "parquet"


@app.callback(invoke_without_command=True)
def _top(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    if version:
        typer.echo(f"w2s-judge {__version__}")
        raise typer.Exit


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
    max_calls: Annotated[
        int | None, typer.Option(min=0, help="Ceiling on all calls this run folder ever makes.")
    ] = None,
    budget_usd: Annotated[
        float | None, typer.Option(min=0.0, help="Ceiling on all it ever spends, in US dollars.")
    ] = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Tell calls, tokens and cost; ask nothing.")
    ] = False,
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
    quiet: Annotated[bool, typer.Option("--quiet", help="Show nothing but errors.")] = False,
    json: Json = False,
) -> None:
    """Score outputs with every judge; the same command again resumes.

    Example: w2s-judge score outputs.jsonl --panel panel.toml --rubric safety --budget-usd 5
    """
    from w2s_judge.workflows.score import Job, run_job

    job = Job(
        outputs, panel, tuple(rubric or ()), out, reader, skip_bad, max_calls, budget_usd, seed,
        block, allow_own_family, allow_import, method, gold,
    )  # fmt: skip
    if estimate:
        from w2s_judge.terminal.estimates import show_estimate
        from w2s_judge.workflows.estimate import estimate_job

        told = estimate_job(job)
        print_json(told) if json else show_estimate(told)
        return
    run = run_job(job, _watcher(quiet=quiet, aside=json))
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


@app.command()
def aggregate(
    source: Annotated[
        Path,
        typer.Argument(metavar="RUN|VOTES", help="A run folder, or votes as CSV, JSONL, Parquet."),
    ],
    method: Method = "auto",
    gold: Gold = None,
    prior: Annotated[
        str | None,
        typer.Option(help="Share of every truth class, ascending: unsafe=0.2,safe=0.8"),
    ] = None,
    levels: Annotated[
        str | None, typer.Option(help="The ordered vote labels of a file: 0:9, or low,mid,high")
    ] = None,
    rubric: Annotated[str | None, typer.Option(help="Only this rubric. Default: all.")] = None,
    repeats: Annotated[
        RepeatedVotes, typer.Option(help="What becomes of two votes by one judge on one item.")
    ] = RepeatedVotes.REFUSE,
    max_error: Annotated[
        float | None,
        typer.Option(help="Claim labels only where at most this share is wrong; needs --gold."),
    ] = None,
    confidence: Annotated[float, typer.Option(help="With how much confidence.")] = 0.9,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="For a file: where the rows go.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of folds and bootstraps.")] = 0,
    json: Json = False,
) -> None:
    """Turn votes into calibrated probabilities, beside majority and the best single judge.

    Example: w2s-judge aggregate votes.csv --gold gold.csv --levels 0:9 -o consensus.jsonl
    """
    from w2s_judge.workflows.aggregate import aggregate as run_aggregate

    done = run_aggregate(
        source, method=method, gold=gold, prior=prior, levels=levels, rubric=rubric,
        repeats=repeats.value, out=out, max_error=max_error, confidence=confidence, seed=seed,
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


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    import json as json_

    # A terminal would act on control characters that JSON leaves as they are.
    typer.echo(json_.dumps(value, indent=2, ensure_ascii=sys.stdout.isatty()))


def _watcher(*, quiet: bool, aside: bool) -> Watcher:
    """Bars in a terminal, lines elsewhere; on standard error where JSON goes to standard output."""
    from rich.console import Console

    from w2s_judge.terminal.progress import Bars, Lines
    from w2s_judge.workflows.watching import Silence

    if quiet:
        return Silence()
    console = Console(stderr=aside)
    return Bars(console) if console.is_terminal else Lines(console)


def main() -> None:
    """Run the command line and exit with its code; docs/data.md says what the codes mean."""
    import signal

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: finish, store, say how
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except W2SJudgeError as error:
        complain(str(error))
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        complain("interrupted; the same command goes on where it stopped")
        sys.exit(STOPPED)
    except Exception as error:
        show = getattr(error, "show", None)  # what typer says of arguments that it cannot use
        if show is not None:
            show()
            sys.exit(getattr(error, "exit_code", UsageError.exit_code))
        import traceback

        traceback.print_exc()
        complain("this is a defect of w2s-judge, please report the lines above")
        sys.exit(DEFECT)


def complain(message: str) -> None:
    """Say what is wrong on standard error, made harmless."""
    from w2s_judge.terminal.harmless import harmless

    typer.echo(f"w2s-judge: {harmless(message, 4000)}", err=True)
