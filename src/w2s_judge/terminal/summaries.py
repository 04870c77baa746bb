"""What `score` says at the end."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote
from typing import Any

from rich.console import Console

from w2s_judge.terminal.amounts import dollars, tokens
from w2s_judge.terminal.cascades import show_cascade
from w2s_judge.terminal.conclusions import show_conclusion
from w2s_judge.terminal.tables import say, show


def show_summary(console: Console, summary: Mapping[str, Any]) -> None:
    """What `score` says at the end: judges, rubrics, what was not asked, where things lie."""
    show(
        console, "Judges",
        ("judge", "votes", "abstained", "failed", "calls", "tokens", "cost", "s/call", "read"),
        [_judge_row(name, one) for name, one in summary["judges"].items() if one["questions"]],
    )  # fmt: skip
    for name, one in (summary["cascade"] or {}).items():
        console.print()
        show_cascade(console, name, one)
    console.print()
    show(
        console, "Scores", ("rubric", "rows", "labels", "no label", "calibration"),
        [
            (
                name, f"{one['rows']:,}",
                "  ".join(f"{label}: {n:,}" for label, n in one["labels"].items() if n) or "–",
                f"{one['no_label']:,}", ", ".join(one["calibrations"]) or "–",
            )
            for name, one in summary["rubrics"].items()
        ],
    )  # fmt: skip
    for one in summary["rubrics"].values():
        if one["aggregated"] is not None:
            console.print()
            show_conclusion(console, one["aggregated"])
    console.print()
    say(console, closing_lines(summary))


def _judge_row(name: str, one: Mapping[str, Any]) -> tuple[object, ...]:
    abstained = ", ".join(f"{reason} {n:,}" for reason, n in one["abstained"].items()) or "0"
    votes = f"{one['votes']:,}"
    if one["answered_before"]:
        votes += f" (+{one['answered_before']:,} before)"
    latency = one["mean_latency_s"]
    return (
        name, votes, abstained, f"{one['failed']:,}", f"{one['calls']:,}",
        tokens(one["prompt_tokens"] + one["completion_tokens"]), dollars(one["cost_usd"]),
        "–" if latency is None else f"{latency:.2g}", one["read"] or "–",
    )  # fmt: skip


def closing_lines(summary: Mapping[str, Any]) -> list[str]:
    """The last lines: what the scores mean, what is left out and why, how to go on."""
    lines = []
    ranks = [
        name for name, one in summary["rubrics"].items() if "uncalibrated" in one["calibrations"]
    ]
    if ranks:
        lines.append(
            f"{' and '.join(ranks)}: the embedded judges only rank: `mass` and `utility` order the "
            "responses and are no probabilities, and `label` is null until gold labels set a "
            "threshold."
        )
    lines += [
        f"{name}: {one['streamed']:,} judged responses were scored by their plain mean, block by "
        f"block; `w2s-judge aggregate {quote(summary['run'])} --rubric {name}` holds all votes in "
        "memory."
        for name, one in summary["rubrics"].items()
        if one["streamed"]
    ]
    lines += [one["warning"] for one in summary["rubrics"].values() if one["warning"]]
    for name, one in summary["judges"].items():
        answered = one["votes"] + sum(one["abstained"].values())
        unread = one["abstained"].get("unreadable", 0)
        if answered and unread > 0.2 * answered:
            lines.append(
                f"{name} could not be read in {unread:,} of {answered:,} replies: "
                "`w2s-judge check` shows its answers; another `read` in its panel row may help."
            )
    unknown = summary["input"]["unknown_family"]
    if unknown:
        lines.append(
            f"{unknown:,} responses have no known model family: a judge of the same family could "
            "not be kept from judging them."
        )
    lines += [*summary["warnings"], *summary["left_out"]]
    for name, one in summary["not_asked"].items():
        lines.append(f"Not asked under {name}: {one['count']:,}. {one['why']}")
    lines.append(
        f"Scores: {summary['run']}/scores.jsonl; votes: w2s-judge votes {quote(summary['run'])}"
    )
    if summary["status"] != "complete":
        lines += [f"Stopped: {reason}" for reason in summary["reasons"]]
        later = ", and what later stages will ask" if summary["cascade"] else ""
        lines.append(
            f"{summary['left']:,} questions are left{later}. The same command goes on where this "
            "one stopped; nothing that is stored is asked again."
        )
    return lines
