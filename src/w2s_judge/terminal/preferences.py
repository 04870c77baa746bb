"""What `pairs` says: what was written, what was left out and why, how much of it is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from w2s_judge.preferences.card import check_text
from w2s_judge.preferences.card_facts import CheckFact
from w2s_judge.preferences.reasons import Reason
from w2s_judge.terminal.tables import say, show

REMEDIES = {
    Reason.BELOW: "lower --min-p, or give --gold so that p is calibrated",
    Reason.TIED: "raise --max-tie, or ask more judges",
    Reason.RANKS_ONLY: "these judges' votes are no probabilities before about 10 gold pairs that "
    "the strategy draws say what they are worth (20 with --max-error): give --gold, or label more",
    Reason.UNPROMISED: "label more, or allow a larger --max-error",
    Reason.ALONE: "pairs need two responses to a prompt",
    Reason.VETOED: "lower the bar of --veto",
    Reason.UNCLEARED: "score the rubric that vetoes for all responses; where its judges only rank, "
    "aggregate it with --gold first",
    Reason.ONE_ORDER: "score again without --one-order, so that both orders are asked",
    Reason.NEVER_COMPARED: "score with --compare all, or take --strategy above-bar",
    Reason.NO_VOTE: "no judge voted on both responses: `w2s-judge score` fills what is missing",
    Reason.BETWEEN: "lower --min-p",
    Reason.UNASKED: "score the prompts under every --rubric that is named",
}


def show_pairs(console: Console, told: Mapping[str, Any]) -> None:
    """The counts, the files, the noise, the lengths, and the notes."""
    rows = sum(file["rows"] for file in told["files"])
    say(
        console,
        [f"{rows:,} {told['kind']} for {told['format']} in {told['path']}, of "
         f"{told['candidates']:,} candidates from {told['prompts']:,} prompts; strategy "
         f"{told['strategy']}, " + ", ".join(f"{k} {v}" for k, v in told["thresholds"].items())],
    )  # fmt: skip
    console.print()
    if told["dropped"]:
        show(
            console, "left out, in dropped.jsonl", ("reason", "count"),
            [(reason, f"{count:,}") for reason, count in told["dropped"].items()],
        )  # fmt: skip
        console.print()
    say(console, [*_quality(told), *(f"- {note}" for note in told["notes"])])
    if not rows:
        say(console, [_why_nothing(told["dropped"])])
    else:
        names = ", ".join(f"{file['name']} ({file['rows']:,})" for file in told["files"])
        say(console, [f"Files: {names}; card: README.md"])


def _quality(told: Mapping[str, Any]) -> list[str]:
    noise, checked = told["noise"], told["checked"]
    lines = []
    if told["by_gold"]:
        lines.append(
            f"{told['by_gold']:,} of them are what human labels say, the others the panel's"
        )
    lines.append(
        f"Estimated wrong among the panel's: {noise['rate']:.1%} ({noise['low']:.1%} to "
        f"{noise['high']:.1%}), from {noise['source']}"
        if noise is not None
        else f"Nothing was checked: {told['noise_unknown']}"
    )
    if checked is not None:
        lines.append(
            f"By --check, labels that nothing was fitted to: {check_text(CheckFact(**checked))}"
        )
    lengths = told["lengths"]
    if lengths is not None and lengths["warning"]:
        lines.append(f"WARNING: {lengths['warning']}")
    return lines


def _why_nothing(dropped: Mapping[str, int]) -> str:
    """Which bar removed most, and what may be done about it."""
    if not dropped:
        return "Nothing to write: the run has no prompt with two responses that were judged."
    judged = {name: n for name, n in dropped.items() if name != Reason.UNASKED.text} or dropped
    most = max(judged, key=lambda reason: judged[reason])
    remedy = next((text for reason, text in REMEDIES.items() if most.startswith(reason.text)), "")
    return f"Nothing was written, mostly for `{most}`{': ' + remedy if remedy else ''}."
