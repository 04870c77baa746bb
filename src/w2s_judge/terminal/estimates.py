"""`score --estimate` for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from w2s_judge.terminal.amounts import dollars, tokens
from w2s_judge.terminal.harmless import harmless
from w2s_judge.terminal.tables import show


def show_estimate(told: Mapping[str, Any]) -> None:
    """A table of calls, tokens and dollars; nothing was asked."""
    console = Console()
    rows = [
        (
            name, f"{one['calls']:,}", tokens(one["prompt_tokens"]),
            tokens(one["completion_tokens"]), dollars(one["usd"]),
        )
        for name, one in [*told["judges"].items(), ("all", told)]
    ]  # fmt: skip
    title = f"{told['input']['items']:,} items, {told['input']['responses']:,} responses"
    show(console, title, ("judge", "calls", "tokens in", "tokens out", "cost"), rows)
    lines = ["Tokens are guessed from the length of the questions; re-asks come on top."]
    if told["usd"] is None:
        lines.append("Cost '?': add usd_per_1m_in and usd_per_1m_out to the judge's panel row.")
    if told["already_called"]:
        lines.append(
            f"This run folder has made {told['already_called']:,} calls already: what it holds is "
            "not asked again, so less will be needed."
        )
    lines += told["left_out"]
    lines += [
        f"Not asked under {name}: {one['count']:,}. {one['why']}"
        for name, one in told["not_asked"].items()
    ]
    for line in lines:
        console.print(harmless(line, 2000), markup=False, highlight=False, soft_wrap=True)
