"""A cascade for people: stage by stage, and what it saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console

from w2s_judge.terminal.amounts import dollars
from w2s_judge.terminal.tables import say, show

UNIT = "in the unit of --price"


def show_cascade(console: Console, name: str, told: Mapping[str, Any]) -> None:
    """One rubric: a row for the pilot and each stage, and the sum beside the full panel."""
    pilot, unit, amount = told["pilot"], told["unit"], _amount(told["plan"])
    own = amount is not dollars
    wait = any(one["waiting"] for one in told["stages"])
    none = ("",) * (2 + wait)
    rows = [("pilot", "all", f"{pilot['asked']:,}", *none, *_bill(pilot, own=own))]
    rows += [
        (
            str(one["stage"]), ", ".join(one["judges"]), f"{one['asked'] - one['waiting']:,}",
            f"{one['stopped']:,}", f"{one['went_on']:,}",
            *((f"{one['waiting']:,}",) if wait else ()), *_bill(one, own=own),
        )
        for one in told["stages"]
    ]  # fmt: skip
    if told["other"]["calls"]:
        rows.append(("other", "", "", *none, *_bill(told["other"], own=own)))
    last = (*(("wait",) if wait else ()), "calls", *(("cost", "--price") if own else ("cost",)))
    show(
        console, f"{name}: cascade",
        ("stage", "judges", f"{unit} decided about", "stop there", "go on", *last), rows,
    )  # fmt: skip
    say(console, cascade_lines(name, told))


def _bill(one: Mapping[str, Any], *, own: bool) -> tuple[str, ...]:
    """Calls, dollars, and the price in the user's unit where there is one."""
    paid = (f"{one['calls']:,}", dollars(one["usd"]))
    return (*paid, _plain(one["price"])) if own else paid


def _amount(plan: Mapping[str, Any] | None) -> Callable[[float], str]:
    return dollars if plan is None or plan["dollars"] else _plain


def cascade_lines(name: str, told: Mapping[str, Any]) -> list[str]:
    """What it came to, in sentences."""
    plan = told["plan"]
    if plan is None:
        return [
            f"{name}: the pilot is not complete, so that nothing is learned yet and nothing is "
            "asked beyond it."
        ]
    waiting = sum(one["waiting"] for one in told["stages"])
    lines = [*_asked(told, waiting), *(f"{name}, {line}" for line in told["advice"])]
    if told["other"]["calls"]:
        lines.append(
            f"Other: {told['other']['calls']:,} calls that no stage of this plan asked for, made "
            "under an earlier one or without a cascade."
        )
    if not waiting and told["unjudged"] > 0:
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


def _asked(told: Mapping[str, Any], waiting: int) -> list[str]:
    """How much of the full panel was asked, and what was expected."""
    plan, saved = told["plan"], told["saved"]
    if saved["answers"] is None:
        return []
    amount = _amount(plan)
    so_far = " so far" if waiting else ""
    text = (
        f"Asked{so_far} for {told['answers']:,} of the full panel's {told['full_answers']:,} "
        f"answers: {1 - saved['answers']:.0%}"
    )
    if saved["price"] is not None:
        unit = "" if plan["dollars"] else f" {UNIT}"
        text += (
            f", at {1 - saved['price']:.0%} of its price ({amount(told['price'])} of "
            f"{amount(told['full_price'])}{unit})"
        )
    lines = [f"{text}."]
    if not waiting and told["outside"] and saved["price"] is not None:
        came = sum(one["price"] for one in told["stages"]) / told["outside"]
        lines.append(
            f"One thing judged outside the pilot came to {amount(came)}; {amount(plan['price'])} "
            f"was expected, of {amount(plan['full_price'])} for all judges."
        )
    return lines


def _plain(number: float) -> str:
    return f"{number:,.4g}"


def estimate_lines(told: Mapping[str, Any]) -> list[str]:
    """What `--estimate` says of a cascade, rubric by rubric."""
    lines = []
    for name, one in told.items():
        pilot, most = one["pilot"], one["outside_at_most"]
        amount = dollars if one["dollars"] else _plain
        unit = "" if one["dollars"] else f", prices {UNIT}"
        if one["mixed"]:
            lines.append(f"{name}: {one['mixed']}.")
        if one["expected_price"] is not None:
            lines.append(
                f"{name}: the cascade that this run holds expects {amount(one['expected_price'])} "
                f"for one of {one['outside']:,} {one['unit']} outside the pilot, of "
                f"{amount(one['full_price'])} for all judges: about "
                f"{amount(one['expected_price'] * one['outside'])} in all, answers that it has "
                f"included{unit}."
            )
            continue
        lines.append(
            f"{name}: the pilot asks all judges about {one['gold']:,} {one['unit']} with a gold "
            f"label: {pilot['calls']:,} calls, {amount(pilot['price'])}. What it teaches decides "
            f"about the other {one['outside']:,}: between 0 and {most['calls']:,} calls, "
            f"{amount(0)} and {amount(most['price'])}{unit}."
        )
    return lines
