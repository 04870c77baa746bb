"""What a run says of itself: the manifest before and after, and the summary of a session."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from w2s_judge.prompts import Rubric
from w2s_judge.scoring.engine import Place
from w2s_judge.scoring.plan import UNRECORDED, takes
from w2s_judge.scoring.settings import Ending
from w2s_judge.scoring.tally import Tally
from w2s_judge.store.journal import Spent
from w2s_judge.store.schema import SCHEMA
from w2s_judge.workflows.asking import Asking

if TYPE_CHECKING:
    from w2s_judge.workflows.score import Prepared

PACKAGES = ("w2s-judge", "numpy", "aiohttp", "onnxruntime", "xllamacpp", "alt-profanity-check",
            "litellm", "openai")  # fmt: skip


def versions() -> dict[str, str]:
    """What ran: Python, the system, and the packages that can change a vote."""
    found = {"python": platform.python_version(), "system": platform.platform()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def rubric_record(rubric: Rubric, places: Sequence[Place]) -> dict[str, Any]:
    """A rubric as the manifest keeps it, with the judges that are asked under it."""
    return {
        "hash": rubric.hash,
        "arity": rubric.arity,
        "labels": list(rubric.labels),
        "utilities": list(rubric.utilities),
        "ordered": rubric.ordered,
        "classes": list(rubric.classes),
        "of_label": (
            None
            if rubric.cut.how == "learned"
            else [rubric.cut.class_at(label) for label in range(len(rubric.labels))]
        ),
        "cannot_tell": rubric.cannot_tell,
        "judges": [
            {"name": place.seat.name, "number": place.number, "identity": place.seat.spec.identity}
            for place in places
            if takes(place.seat, rubric.name)
        ],
    }


def begun(
    prepared: Prepared, places: Sequence[Place], began: str, before: Mapping[str, Any]
) -> dict[str, Any]:
    """The manifest of a run that begins or goes on.

    Rubrics that an earlier command asked stay, with the judges that were asked then.
    """
    job = prepared.job
    rubrics = dict(before.get("rubrics", {}))
    for name, rubric in prepared.chosen.rubrics.items():
        if any(prepared.plan.by_rubric.get(name, {}).values()):
            rubrics[name] = rubric_record(rubric, places)
    return {
        "schema": SCHEMA,
        "status": "running",
        "began": before.get("began", began),
        "session_began": began,
        "versions": versions(),
        "input": prepared.input,
        "seed": job.seed,
        "options": {
            "reader": job.reader, "skip_bad": job.skip_bad, "block": job.block,
            "max_calls": job.max_calls, "budget_usd": job.budget_usd,
            "allow_own_family": job.allow_own_family, "rubrics_named": prepared.chosen.named,
            "compare": job.compare, "one_order": job.one_order,
        },
        "panel": [place.seat.spec.public() for place in places],
        "left_out": list(prepared.missing),
        "counts": before.get("counts"),
        "cost": before.get("cost"),
        "rubrics": rubrics,
        "consensus": before.get("consensus", {}),
        "cascade": before.get("cascade", {}),
        "not_asked": not_asked(prepared),
    }  # fmt: skip


def ended(manifest: Mapping[str, Any], summary: Mapping[str, Any], ended_at: str) -> dict[str, Any]:
    """The manifest of a session that is over."""
    return {
        **manifest,
        "status": summary["status"],
        "not_asked": summary["not_asked"],
        "reasons": summary["reasons"],
        "ended": ended_at,
        "counts": {
            "left": summary["left"], "judges": summary["judges"],
            # How a rubric was aggregated stands beside its consensus.
            "rubrics": {
                name: {key: value for key, value in one.items() if key != "aggregated"}
                for name, one in summary["rubrics"].items()
            },
        },
        "cost": summary["spent"],
    }  # fmt: skip


def judge_record(tally: Tally, unpriced_known: bool) -> dict[str, Any]:
    """A judge's session in numbers; a cost that is unknown is null."""
    return {
        "questions": tally.planned,
        "answered_before": tally.before,
        "votes": tally.votes,
        "abstained": dict(tally.abstained),
        "failed": tally.failed,
        "calls": tally.calls,
        "retried": dict(tally.retried),
        "prompt_tokens": tally.prompt_tokens,
        "completion_tokens": tally.completion_tokens,
        "cost_usd": tally.cost_usd if unpriced_known or not tally.unpriced else None,
        "mean_latency_s": round(tally.seconds / tally.calls, 4) if tally.calls else None,
        "read": tally.way,
        "note": tally.out_of_reach or tally.note,
    }


def unfinished(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """What to say of a run whose questions are not all answered."""
    left = (manifest.get("counts") or {}).get("left")
    if not left:
        return ()
    return (f"{left:,} questions of this run have no answer yet: score again to fill them",)


def not_asked(prepared: Prepared, asking: Asking | None = None) -> dict[str, dict[str, Any]]:
    """What no judge could be asked, by rubric: how many responses or pairs, and why."""
    told: dict[str, dict[str, Any]] = {
        name: {"count": count, "why": why} for name, (count, why) in prepared.plan.unasked.items()
    }
    for name, count in (asking.unanswered if asking else {}).items():
        planned, why = prepared.plan.unasked.get(name, (0, ""))
        both = f"{why}; {UNRECORDED}" if why else UNRECORDED
        told[name] = {"count": planned + count, "why": both}
    return told


def warnings(prepared: Prepared) -> list[str]:
    """What a reader of the scores should know of the judges beyond the counts."""
    found = []
    for seat in prepared.seats:
        near = getattr(seat.judge, "near_copies", None)
        if near is not None and near.count:
            found.append(
                f"{seat.name}: {near.count:,} judged texts are nearly the same as one of its "
                f"exemplars (items {', '.join(near.items)}), which flatters it: replace these "
                "exemplars by others with `exemplars` in its panel row"
            )
    return found


def summed_up(
    prepared: Prepared,
    tallies: Mapping[str, Tally],
    end: Ending,
    asking: Asking,
    spent: Spent,
    counts: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """What `score --json` prints: how it ended, judge by judge and rubric by rubric."""
    priced = {seat.name: seat.price.known for seat in prepared.seats}
    known = all(priced.values())
    calls = sum(tally.calls for tally in tallies.values())
    return {
        "schema": SCHEMA,
        "run": str(prepared.job.folder),
        "status": end.status,
        "left": end.left,
        "reasons": list(end.reasons),
        "input": prepared.input,
        "judges": {
            name: judge_record(tally, unpriced_known=priced[name])
            for name, tally in tallies.items()
        },
        "left_out": list(prepared.missing),
        "warnings": warnings(prepared),
        "rubrics": {name: dict(one) for name, one in counts.items()},
        "cascade": None,
        "not_asked": not_asked(prepared, asking),
        "spent": {
            "calls": spent.calls,
            "usd": round(spent.usd, 8) if known else None,
            "usd_is_upper_bound": spent.is_bound,
        },
        "asking": {
            "wall_s": round(asking.wall_s, 3), "cpu_s": round(asking.cpu_s, 3), "calls": calls,
        },
    }  # fmt: skip
