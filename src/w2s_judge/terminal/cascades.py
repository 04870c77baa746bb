"""A cascade for people: stage by stage, and what it saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from w2s_judge.terminal.amounts import dollars
from w2s_judge.terminal.tables import say, show


def show_cascade(console: Console, name: str, told: Mapping[str, Any]) -> None:
    """One rubric: a row for the pilot and each stage, and the sum beside the full panel."""
    pilot, unit = told["pilot"], told["unit"]
    rows = [("pilot", "all", f"{pilot['asked']:,}", "", "", f"{pilot['calls']:,}",
             dollars(pilot["usd"]))]  # fmt: skip
    rows += [
        (
            str(one["stage"]), ", ".join(one["judges"]), f"{one['asked']:,}",
            f"{one['stopped']:,}", f"{one['went_on']:,}", f"{one['calls']:,}", dollars(one["usd"]),
        )
        for one in told["stages"]
    ]  # fmt: skip
    show(
        console, f"{name}: cascade",
        ("stage", "judges", f"{unit} asked about", "stop there", "go on", "calls", "cost"), rows,
    )  # fmt: skip
    say(console, cascade_lines(name, told))


def cascade_lines(name: str, told: Mapping[str, Any]) -> list[str]:
    """What it came to, in sentences."""
    lines = []
    saved, plan = told["saved"], told["plan"]
    waiting = sum(one["waiting"] for one in told["stages"])
    if plan is None:
        lines.append(
            f"{name}: the pilot is not complete, so that nothing is learned yet and nothing is "
            "asked beyond it."
        )
    if plan is not None and saved["answers"] is not None:
        so_far = " so far" if waiting else ""
        text = (
            f"{told['answers']:,} answers{so_far} in place of the full panel's "
            f"{told['full_answers']:,}: {saved['answers']:.0%} are not asked"
        )
        if saved["price"] is not None:
            amount = dollars if plan["dollars"] else _plain
            text += (
                f", {saved['price']:.0%} of its price are not spent ({amount(told['price'])} of "
                f"{amount(told['full_price'])})"
            )
        lines.append(f"{text}.")
    if not waiting and plan is not None and told["unjudged"] > 0:
        lines.append(
            f"{told['unjudged']:,} {told['unit']} have no vote: no judge that was to be asked has "
            "an answer to them."
        )
    if waiting:
        lines.append(
            f"{waiting:,} {told['unit']} wait for their stage: they have what was said of them so "
            "far. The most open are asked first, so that a cascade that is stopped is no fair "
            "sample of the whole."
        )
    return lines


def _plain(number: float) -> str:
    return f"{number:,.4g}"


def estimate_lines(told: Mapping[str, Any]) -> list[str]:
    """What `--estimate` says of a cascade, rubric by rubric."""
    lines = []
    for name, one in told.items():
        pilot, most = one["pilot"], one["outside_at_most"]
        if one["expected_price"] is not None:
            lines.append(
                f"{name}: the cascade that this run holds expects {_plain(one['expected_price'])} "
                f"for one of {one['outside']:,} {one['unit']} outside the pilot, of "
                f"{_plain(one['full_price'])} for all judges: about "
                f"{_plain(one['expected_price'] * one['outside'])} in all, answers that it has "
                "included."
            )
            continue
        lines.append(
            f"{name}: the pilot asks all judges about {one['gold']:,} {one['unit']} with a gold "
            f"label: {pilot['calls']:,} calls, {dollars(pilot['usd'])}. What it teaches decides "
            f"about the other {one['outside']:,}: between 0 and {most['calls']:,} calls, $0 and "
            f"{dollars(most['usd'])}."
        )
    return lines
