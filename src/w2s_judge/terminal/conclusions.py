"""What `aggregate` says at the end: the consensus beside its rivals, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from w2s_judge.terminal.tables import say, show

SHOWN = 30  # raters above which they are in the fit's file alone


def show_conclusion(console: Console, told: Mapping[str, Any]) -> None:
    """One rubric's consensus: labels, rivals, what it rests on, advice."""
    name = told["rubric"] or "votes"
    say(console, headlines(told))
    rivals = told["comparison"]
    if rivals:
        console.print()
        show(
            console, f"{name}: on {rivals[0]['n']:,} gold items that no fit saw",
            ("", "accuracy", "95 % interval", "ECE", "consensus is ahead by"),
            [_rival(one) for one in rivals],
        )  # fmt: skip
        say(console, [f"{one['name']}: {one['which']}" for one in rivals if one["which"]])
        console.print()
    known = any(one["agrees"] is not None or one["right"] for one in told["judges"].values())
    if known and len(told["judges"]) <= SHOWN:
        if not rivals:
            console.print()
        show(
            console, f"{name}: judges",
            ("rater", "votes", "agrees", "right on gold", "95 % interval"),
            [_judge(rater, one) for rater, one in told["judges"].items()],
        )  # fmt: skip
        console.print()
    say(console, [f"- {line}" for line in (*told["notes"], *told["advice"])])
    if told["path"]:
        say(console, [f"Rows: {told['path']}; fit: {told['fit_path']}"])


def headlines(told: Mapping[str, Any]) -> list[str]:
    """What was aggregated by what, the labels that came of it, and how it was calibrated."""
    labels = "  ".join(f"{label}: {n:,}" for label, n in told["labels"].items() if n)
    none = f"  no label: {told['no_label']:,}" if told["no_label"] else ""
    prior = ", ".join(f"{name} {share:.3g}" for name, share in (told["prior"] or {}).items())
    lines = [
        f"{told['rubric'] or 'Votes'}: {told['votes']:,} votes by {len(told['judges'])} raters on "
        f"{told['items']:,} items, method {told['method']}",
        f"Labels: {labels or 'none'}{none}",
        f"Calibration: {told['calibration']}: {told['calibrated']}",
        f"Prior: {prior or 'none'} ({told['prior_source'] or 'none'})"
        + (f"; high votes mean {told['classes'][-1]}" if told["oriented"] else ""),
        f"Effective votes: {told['effective_votes']['text']}",
    ]
    if told["selection"] is not None:
        lines.append(promise(told["selection"]))
    fit = told["fit"]
    if fit is not None and not fit["converged"]:
        lines.append(
            f"NOT CONVERGED after {fit['iterations']} iterations: take the posteriors as a sketch"
        )
    return lines


def promise(selection: Mapping[str, Any]) -> str:
    """What `--max-error` came to."""
    asked = (
        f"Promise: at most {selection['max_error']:g} of the labels wrong, with confidence "
        f"{selection['confidence']:g}"
    )
    if selection["threshold"] is None:
        why = selection["why"]
        return f"{asked}: NOT KEPT by any threshold, so no label is claimed beyond gold's. {why}"
    if len(selection.get("stages", ())) > 1:
        return f"{asked}, over all stages: {selection['why']}"
    return (
        f"{asked}: kept from {selection['threshold']:.3f} on, where {selection['errors']} of "
        f"{selection['accepted']} labels that were held back are wrong (at most "
        f"{selection['upper_bound']:.3f}); covers {selection['coverage']:.0%} of those"
    )


def _judge(name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    right = one["right"]
    return (
        name, f"{one['votes']:,}", "–" if one["agrees"] is None else f"{one['agrees']:.3f}",
        "–" if right is None else f"{right['share']:.3f} of {right['n']:,}",
        "–" if right is None else f"{right['low']:.3f} to {right['high']:.3f}",
    )  # fmt: skip


def _rival(one: Mapping[str, Any]) -> tuple[str, ...]:
    ahead = one.get("ahead")
    return (
        one["name"], f"{one['accuracy']:.3f}", f"{one['low']:.3f} to {one['high']:.3f}",
        f"{one['ece']:.3f}",
        "" if ahead is None
        else f"{ahead['difference']:+.3f} ({ahead['low']:+.3f} to {ahead['high']:+.3f})",
    )  # fmt: skip
