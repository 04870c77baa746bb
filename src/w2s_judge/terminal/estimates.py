"""`score --estimate` for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from w2s_judge.terminal.amounts import dollars, tokens
from w2s_judge.terminal.cascades import estimate_lines
from w2s_judge.terminal.tables import say, show


def show_estimate(told: Mapping[str, Any]) -> None:
    """A table of calls, tokens and dollars; nothing was asked."""
    console = Console()
    title = f"{told['input']['items']:,} items, {told['input']['responses']:,} responses"
    lines = show_calls(console, title, told)
    if told["already_called"]:
        lines.append(
            f"This run folder has made {told['already_called']:,} calls already: what it holds is "
            "not asked again, so less will be needed."
        )
    if told["cascade"]:
        lines[0] = "The table is of all judges about everything. " + lines[0]
        if not all(one["dollars"] for one in told["cascade"].values()):
            lines[0] += " Its dollars are the panel's; prices by --price follow."
        lines += estimate_lines(told["cascade"])
    lines += told["left_out"]
    lines += [
        f"Not asked under {name}: {one['count']:,}. {one['why']}"
        for name, one in told["not_asked"].items()
    ]
    say(console, lines)


def show_calls(console: Console, title: str, told: Mapping[str, Any]) -> list[str]:
    """A row a judge and one for all; gives the lines that explain the figures."""
    rows = [
        (
            name, f"{one['calls']:,}", tokens(one["prompt_tokens"]),
            tokens(one["completion_tokens"]), dollars(one["usd"]),
        )
        for name, one in [*told["judges"].items(), ("all", told)]
    ]  # fmt: skip
    show(console, title, ("judge", "calls", "tokens in", "tokens out", "cost"), rows)
    lines = ["Tokens are guessed from the length of the questions; re-asks come on top."]
    if told["usd"] is None:
        lines.append("Cost '?': add usd_per_1m_in and usd_per_1m_out to the judge's panel row.")
    return lines
