"""`w2s-judge probe`: the judges of a run are asked again about rewritten responses.

Answers are kept in the run under the variant "probe:NAME" and enter no consensus; the scores, and
what is open, stay as they were. Ceilings, prices, progress and resuming are those of `score`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from w2s_judge.audit.part import Part
from w2s_judge.audit.robustness.theme import rewritten
from w2s_judge.scoring.engine import ending
from w2s_judge.scoring.settings import Ending, Settings
from w2s_judge.scoring.tally import Tally
from w2s_judge.store import folder as folders
from w2s_judge.store import manifest as manifests
from w2s_judge.store.journal import Journal, Spent, spent
from w2s_judge.store.schema import SCHEMA, connect
from w2s_judge.workflows.asking import Asking, ask, now
from w2s_judge.workflows.before_asking import count_unpriced
from w2s_judge.workflows.probe_plan import Load, ProbeJob, ProbePlan, dollars, planned, tokens_out
from w2s_judge.workflows.probe_reading import probes_alone
from w2s_judge.workflows.records import judge_record
from w2s_judge.workflows.watching import Silence, Watcher


@dataclass(frozen=True, slots=True)
class Probed:
    """How probing went: `summary` as `told()` has it, and by rubric what all probes so far show."""

    summary: Mapping[str, Any]
    parts: Mapping[str, Part]

    @property
    def complete(self) -> bool:
        """Whether no question of the sample is left."""
        return bool(self.summary["status"] == "complete")

    def told(self) -> dict[str, Any]:
        """As `probe --json` prints it."""
        rubrics = {
            name: {**one, **(self.parts[name].told() if name in self.parts else {})}
            for name, one in self.summary["rubrics"].items()
        }
        return {**self.summary, "rubrics": rubrics}


def probe(
    run: str | Path,
    *,
    sample: int = 100,
    probes: str | Sequence[str] = (),
    rubrics: str | Sequence[str] = (),
    panel: str | Path | None = None,
    max_calls: int | None = None,
    budget_usd: float | None = None,
    seed: int = 0,
    allow_import: bool = False,
    watcher: Watcher | None = None,
) -> Probed:
    """Ask the judges of a run again about `sample` responses (or pairs) a rubric, rewritten.

    `probes` are names of `PROBES`, () all; the very same text is asked again in any case, as the
    measure of noise. `rubrics` are names or paths, () all of the run; `panel` is the panel.toml of
    the run's judges, None the embedded panel. `max_calls` and `budget_usd` are ceilings on all that
    the run folder has ever called and spent. The same call again resumes, and a larger `sample`
    holds the smaller one. Raises `UsageError` for a name that is no probe, `ConfigurationError`
    for a judge that is not the one that voted, and `RunFolderError`, before any call.
    """
    job = ProbeJob(
        Path(run), sample, _several(probes), _several(rubrics),
        None if panel is None else Path(panel), max_calls, budget_usd, seed, allow_import,
    )  # fmt: skip
    return run_probe(job, watcher if watcher is not None else Silence())


def run_probe(job: ProbeJob, watcher: Watcher) -> Probed:
    """Probe as the job says; the folder is held by this process meanwhile."""
    database = folders.require(job.run)
    with folders.held(job.run), closing(connect(database)) as db:
        plan = planned(job, db)
        if job.budget_usd is not None:
            count_unpriced(db, [place.seat for place in plan.places])
        loads = plan.loads(db)
        for line in (*_described(plan, loads), *plan.left_out):
            watcher.say(line)
        return _session(plan, db, loads, watcher)


def estimate_probe(job: ProbeJob) -> dict[str, Any]:
    """What probing would take: calls, tokens and dollars by judge; asks and writes nothing."""
    with closing(connect(folders.require(job.run), read_only=True)) as db:
        plan = planned(job, db)
        loads = plan.loads(db)
        before = spent(db).calls
    seats = [place.seat for place in plan.places]
    judges = {
        seat.name: {
            "calls": loads[seat.name].calls,
            "answered_before": loads[seat.name].answered,
            "prompt_tokens": _tokens_in(plan, loads, seat.name),
            "completion_tokens": tokens_out(seat, loads[seat.name]),
            "usd": dollars(seat, loads[seat.name]),
        }
        for seat in seats
    }
    return {
        **_of_plan(plan),
        "judges": judges,
        "calls": sum(one["calls"] for one in judges.values()),
        "prompt_tokens": sum(one["prompt_tokens"] for one in judges.values()),
        "completion_tokens": sum(one["completion_tokens"] for one in judges.values()),
        "usd": _total([one["usd"] for one in judges.values()]),
        "already_called": before,
    }


def _tokens_in(plan: ProbePlan, loads: Mapping[str, Load], name: str) -> int:
    served = any(place.seat.name == name and place.seat.endpoint for place in plan.places)
    return round(loads[name].tokens) if served else 0


def _total(costs: Sequence[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _several(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _of_plan(plan: ProbePlan) -> dict[str, Any]:
    job = plan.job
    return {
        "schema": SCHEMA,
        "run": str(job.run),
        "sample": job.sample,
        "seed": job.seed,
        "probes": {one.name: one.summary for one in plan.probes},
        "rubrics": {name: {"sampled": count} for name, count in plan.sample.units.items()},
        "left_out": list(plan.left_out),
    }


def _described(plan: ProbePlan, loads: Mapping[str, Load]) -> list[str]:
    units = ", ".join(f"{count:,} under {name}" for name, count in plan.sample.units.items())
    costs = [dollars(place.seat, loads[place.seat.name]) for place in plan.places]
    cost = _total(costs)
    told = "" if cost == 0 else ", cost unknown" if cost is None else f", about ${cost:.2g}"
    judges = ", ".join(f"{name} ({load.calls:,})" for name, load in loads.items())
    calls = sum(load.calls for load in loads.values())
    return [
        f"asking again about {units}: {', '.join(one.name for one in plan.probes)}",
        f"{calls:,} questions: {judges}{told}",
    ]


def _session(
    plan: ProbePlan, db: sqlite3.Connection, loads: Mapping[str, Load], watcher: Watcher
) -> Probed:
    job = plan.job
    settings = Settings(
        max_calls=inf if job.max_calls is None else job.max_calls,
        budget_usd=inf if job.budget_usd is None else job.budget_usd,
        allow_own_family=plan.allow_own_family,
    )
    tallies = {name: Tally(name, load.questions) for name, load in loads.items()}
    journal = Journal(db, now)
    try:
        asking = ask(
            db, plan.places, plan.choice, plan.rubrics, tallies, settings, journal, watcher,
            plan.selection,
        )  # fmt: skip
        done = {name: load.answered for name, load in plan.loads(db).items()}
        end = ending(tallies, done, asking.reasons)
        total = journal.spent()
    finally:
        journal.close()
    cost = _cost(plan, total)
    manifests.save(db, job.run, {**plan.manifest, "cost": cost})
    parts = {}
    for one in plan.asked:
        alone = probes_alone(db, one)
        part = None if alone is None else rewritten(*alone)
        if part is not None:
            parts[one.name] = part
    return Probed(_summed_up(plan, tallies, end, asking, cost), parts)


def _cost(plan: ProbePlan, total: Spent) -> dict[str, Any]:
    """What the folder has spent, as the manifest keeps it; its votes' cost may be unknown."""
    before = plan.manifest.get("cost")
    known = all(place.seat.price.known for place in plan.places)
    known = known and (before is None or before["usd"] is not None)
    return {
        "calls": total.calls,
        "usd": round(total.usd, 8) if known else None,
        "usd_is_upper_bound": total.is_bound,
    }


def _summed_up(
    plan: ProbePlan,
    tallies: Mapping[str, Tally],
    end: Ending,
    asking: Asking,
    cost: Mapping[str, Any],
) -> dict[str, Any]:
    priced = {place.seat.name: place.seat.price.known for place in plan.places}
    return {
        **_of_plan(plan),
        "status": end.status,
        "left": end.left,
        "reasons": list(end.reasons),
        "judges": {
            name: judge_record(tally, unpriced_known=priced[name])
            for name, tally in tallies.items()
        },
        "spent": dict(cost),
        "asking": {
            "wall_s": round(asking.wall_s, 3), "cpu_s": round(asking.cpu_s, 3),
            "calls": sum(tally.calls for tally in tallies.values()),
        },
    }  # fmt: skip
