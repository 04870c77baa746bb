"""`w2s-judge score`: outputs in, votes and scores in a run folder."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

from w2s_judge.aggregation.contract import METHODS
from w2s_judge.cascade.learn import Cascade
from w2s_judge.errors import InputError
from w2s_judge.judges.seat import Seat
from w2s_judge.scoring.design import Design
from w2s_judge.scoring.engine import ending
from w2s_judge.scoring.plan import Plan, plan
from w2s_judge.scoring.settings import Settings
from w2s_judge.scoring.tally import Tally
from w2s_judge.store import folder as folders
from w2s_judge.store import manifest as manifests
from w2s_judge.store.journal import Journal
from w2s_judge.store.reading import answered
from w2s_judge.store.run import Run
from w2s_judge.store.schema import connect
from w2s_judge.store.shapes import each_shape, shapes, staged
from w2s_judge.workflows import records
from w2s_judge.workflows.asking import ask, now
from w2s_judge.workflows.before_asking import (
    asked_of,
    check_askable,
    check_prices,
    check_recorded,
    count_unpriced,
)
from w2s_judge.workflows.cascade_options import CascadeJob, asked_for
from w2s_judge.workflows.cascade_session import Session, cascade_ready
from w2s_judge.workflows.cascade_setup import check_cascade
from w2s_judge.workflows.choosing import Chosen, choose_rubrics, described, seats_at
from w2s_judge.workflows.comparing import designed
from w2s_judge.workflows.fresh_folder import folder_for
from w2s_judge.workflows.gold import GoldFile, rubrics_with_gold
from w2s_judge.workflows.rescoring import Choice, rescore
from w2s_judge.workflows.seating import placed
from w2s_judge.workflows.source import run_folder, stage_file
from w2s_judge.workflows.watching import Silence, Watcher


@dataclass(frozen=True, slots=True)
class Job:
    """All that `score` can be told. Paths as the user gave them; `rubrics` () chooses by task."""

    path: Path
    panel: Path | None = None
    rubrics: tuple[str, ...] = ()
    out: Path | None = None
    reader: str | None = None
    skip_bad: bool = False
    max_calls: int | None = None
    budget_usd: float | None = None
    seed: int = 0
    block: int = 256
    allow_own_family: bool = False
    allow_import: bool = False
    method: str | None = None
    gold: Path | None = None
    compare: str = "all"
    one_order: bool = False
    cascade: CascadeJob | None = None

    @property
    def folder(self) -> Path:
        """The run folder: `out`, or the input's name with .w2s beside it."""
        return self.out if self.out is not None else run_folder(self.path)


@dataclass(slots=True)
class Prepared:
    """A job whose items are staged and whose questions are counted; nothing is asked yet."""

    job: Job
    db: sqlite3.Connection
    chosen: Chosen
    seats: tuple[Seat, ...]
    missing: tuple[str, ...]  # judges that cannot sit, in words
    plan: Plan
    design: Design
    input: dict[str, Any] = field(default_factory=dict)


def score(
    path: str | Path,
    *,
    panel: str | Path | None = None,
    rubrics: str | Sequence[str] = (),
    out: str | Path | None = None,
    reader: str | None = None,
    skip_bad: bool = False,
    max_calls: int | None = None,
    budget_usd: float | None = None,
    seed: int = 0,
    block: int = 256,
    allow_own_family: bool = False,
    allow_import: bool = False,
    method: str | None = None,
    gold: str | Path | None = None,
    compare: str = "all",
    one_order: bool = False,
    cascade: bool | Cascade = False,
    prices: Mapping[str, float] | None = None,
    relearn: bool = False,
    watcher: Watcher | None = None,
) -> Run:
    """Score a file of outputs; the same call again resumes. Works inside a running event loop.

    `panel` is a panel.toml, None the embedded panel; `rubrics` are names or paths, () chooses by
    each item's task. `max_calls` and `budget_usd` are ceilings on all that the run folder has ever
    called and spent. `method` and `gold` are `aggregate`'s, for the scores at the end; None goes on
    as the run's last aggregation did. `compare` says which pairs a rubric of comparisons is asked
    about: "all", "4" (each response in four, connected) or "undecided" (those that this run's
    scores of single responses leave open); `one_order` asks each in one order.

    `cascade` True, or a `Cascade` with its settings, asks all judges about the items with gold,
    learns there what each is worth, and asks dearer ones only where cheaper ones leave it open.
    `prices` are of asking a judge about one thing judged, by its name, and take the place of the
    panel's; `relearn` learns a plan anew where the run holds one.

    Gives the run, with `run.summary` as `w2s-judge score --json` prints it. Raises `InputError`,
    `ConfigurationError` and `RunFolderError` before any call.
    """
    job = Job(
        Path(path), Path(panel) if panel is not None else None,
        (rubrics,) if isinstance(rubrics, str) else tuple(rubrics),
        Path(out) if out is not None else None, reader, skip_bad, max_calls, budget_usd, seed,
        block, allow_own_family, allow_import, method, Path(gold) if gold is not None else None,
        compare, one_order, asked_for(cascade, prices, method, relearn=relearn),
    )  # fmt: skip
    return run_job(job, watcher if watcher is not None else Silence())


def run_job(job: Job, watcher: Watcher) -> Run:
    """Score as the job says; the folder is held by this process meanwhile."""
    if not job.path.exists():
        raise InputError("there is no such file", path=str(job.path))
    # Everything that can be wrong without the items is found before a folder is made.
    chosen = choose_rubrics(job.rubrics)
    seats, missing = seats_at(job.panel, chosen, allow_import=job.allow_import)
    check_prices(seats, job.budget_usd)
    if job.method is not None:
        METHODS.get(job.method)
    labels = None if job.gold is None else GoldFile.read(job.gold)
    if job.cascade is not None:
        check_cascade(job, labels)
    with ExitStack() as stack:
        keep = stack.enter_context(folder_for(job.folder))
        stack.enter_context(folders.held(job.folder))
        db = stack.enter_context(closing(connect(job.folder / folders.DATABASE)))
        prepared = prepare(job, db, chosen, seats, missing, job.folder)
        check_askable(prepared)
        if labels is not None:
            rubrics_with_gold(labels, asked_of(prepared))
        check_recorded(prepared)
        ask_all: Session = partial(_session, prepared, labels)
        if job.cascade is not None:
            ask_all = cascade_ready(prepared, job.cascade, check_cascade(job, labels))
        keep()
        for line in described(prepared.chosen, prepared.plan, prepared.input, prepared.missing):
            watcher.say(line)
        if job.cascade is None and manifests.load(db).get("cascade"):
            watcher.say(f"{job.folder} holds a cascade: without --cascade all judges are asked all")
        others = set(manifests.load(db).get("rubrics", {})) - set(prepared.chosen.rubrics)
        if others:
            watcher.say(
                f"{job.folder} also holds {', '.join(sorted(others))} from an earlier command"
            )
        summary = ask_all(watcher)
    return Run(job.folder, summary)


def prepare(
    job: Job,
    db: sqlite3.Connection,
    chosen: Chosen,
    seats: tuple[Seat, ...],
    missing: tuple[str, ...],
    scored: Path,
) -> Prepared:
    """Stage the items and count the questions; `scored` is the run folder whose scores count."""
    source, digest, rejected = stage_file(
        db, job.path, reader=job.reader, skip_bad=job.skip_bad, seed=job.seed,
        rejected=job.folder / folders.REJECTED if job.skip_bad else None,
    )  # fmt: skip
    counts = staged(db)
    kinds = shapes(db)
    chosen = chosen.for_tasks([shape.task for shape in kinds])
    design = designed(
        job.compare, scored, chosen.rubrics.values(), one_order=job.one_order, seed=job.seed
    )
    planned = plan(
        each_shape(db) if design.by_item else kinds, chosen.choice, seats, chosen.rubrics, design,
        allow_own_family=job.allow_own_family,
    )  # fmt: skip
    told = {
        "path": str(job.path), "sha256": digest, "recognised": source.described(),
        "items": counts.items, "responses": counts.responses, "rejected": rejected,
        "unknown_family": counts.unknown_family,
    }  # fmt: skip
    return Prepared(job, db, chosen, seats, missing, planned, design, told)


def _session(prepared: Prepared, labels: GoldFile | None, watcher: Watcher) -> dict[str, Any]:
    """Ask, write the scores and the manifest, and sum up."""
    job, db = prepared.job, prepared.db
    settings = Settings(
        block=job.block,
        max_calls=inf if job.max_calls is None else job.max_calls,
        budget_usd=inf if job.budget_usd is None else job.budget_usd,
        allow_own_family=job.allow_own_family,
        design=prepared.design,
    )
    began = now()
    if job.budget_usd is not None:
        count_unpriced(db, prepared.seats)
    journal = Journal(db, now)
    try:
        places = placed(journal, prepared.seats)
        tallies = {
            seat.name: Tally(seat.name, prepared.plan.by_judge[seat.name])
            for seat in prepared.seats
        }
        manifest = records.begun(prepared, places, began, manifests.load(db))
        manifests.save(db, job.folder, manifest)
        asking = ask(
            db, places, prepared.chosen.choice, prepared.chosen.rubrics, tallies, settings,
            journal, watcher,
        )  # fmt: skip
        rubrics = [(one.name, one.hash) for one in prepared.chosen.rubrics.values()]
        done = {place.seat.name: answered(db, place.number, rubrics) for place in places}
        end = ending(tallies, done, asking.reasons)
        spent = journal.spent()
    finally:
        journal.close()
    counts = rescore(db, job.folder, Choice(job.method, labels, asked_of(prepared)))
    summary = records.summed_up(prepared, tallies, end, asking, spent, counts)
    manifests.save(db, job.folder, records.ended(manifests.load(db), summary, now()))
    return summary
