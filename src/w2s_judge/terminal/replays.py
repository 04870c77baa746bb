"""What `replay` says: what was found, the policies, and where the page is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text

from w2s_judge.audit.part import Table
from w2s_judge.audit.spoken import written
from w2s_judge.terminal.harmless import harmless
from w2s_judge.terminal.tables import say, show
from w2s_judge.workflows.replay import Replays

WIDEST = 200  # characters of a cell
POLICIES = {"policy": "policy", "share": "price", "accuracy": "accuracy", "behind": "minus full"}
HONEST, CLAIMED = {"ece": "ECE"}, {"claimed": "claimed", "error": "wrong"}
PLANS = {"policy": "policy", "stage": "stage", "judges": "judges added, in their order"}


def show_replay(console: Console, found: Replays, *, page: Path | None) -> None:
    """Rubric by rubric."""
    for name, part in found.rubrics.items():
        console.print(Text(harmless(name), style="bold"))
        say(console, part.sentences)
        console.print()
        policies = part.table("policies")
        if policies is not None:
            title = "Policies; price as a share of the full panel's; in brackets 95 % intervals"
            claims = any(record["claimed"] < 1 for record in policies.flat())
            _show(console, policies, title, POLICIES | (CLAIMED if claims else HONEST))
        plans = part.table("plans")
        if plans is not None and plans.rows:
            _show(
                console, plans, "Who is asked, stage by stage (the plan learned most often)", PLANS
            )
        console.print()
        say(console, [f"- {note}" for note in part.notes])
    if page is not None:
        say(console, [f"Page: {page}"])
    else:
        say(console, ["Price against accuracy as a plot: -o replay.html"])


def _show(console: Console, found: Table, title: str, heads: Mapping[str, str]) -> None:
    places = {column.name: k for k, column in enumerate(found.columns)}
    rows = [
        [written(row[places[name]], found.columns[places[name]].kind)[:WIDEST] for name in heads]
        for row in found.rows
    ]
    show(console, title, list(heads.values()), rows)
