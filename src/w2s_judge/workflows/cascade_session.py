"""`score --cascade`: the pilot, the plan, stage after stage, and the consensus of it all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from w2s_judge.errors import ConfigurationError
from w2s_judge.scoring.settings import Settings
from w2s_judge.store import manifest as manifests
from w2s_judge.store.journal import spent
from w2s_judge.store.matrices import whole
from w2s_judge.workflows import records
from w2s_judge.workflows.asking import now
from w2s_judge.workflows.before_asking import count_unpriced
from w2s_judge.workflows.cascade_asking import Rounds
from w2s_judge.workflows.cascade_end import CascadeEnd
from w2s_judge.workflows.cascade_learning import learned_from, no_plan
from w2s_judge.workflows.cascade_options import CascadeJob
from w2s_judge.workflows.cascade_pilot import check_pilot
from w2s_judge.workflows.cascade_prices import (
    expected_prices,
    in_dollars,
    mixed,
    paid_prices,
    worst_call,
)
from w2s_judge.workflows.cascade_record import Planned, keep_plan
from w2s_judge.workflows.cascade_setup import asked_now, read_standings, standings
from w2s_judge.workflows.cascade_standing import Standing
from w2s_judge.workflows.cascade_told import cascade_told
from w2s_judge.workflows.cascade_turns import Batch
from w2s_judge.workflows.cascade_unseen import expected_price, gap
from w2s_judge.workflows.gold import GoldFile
from w2s_judge.workflows.lengths import mean_bytes
from w2s_judge.workflows.rescoring import Choice, rescore
from w2s_judge.workflows.watching import Watcher

if TYPE_CHECKING:
    from w2s_judge.workflows.score import Prepared


Session: TypeAlias = Callable[[Watcher], dict[str, Any]]
"""Asks all there is to ask, and gives the summary."""

CEILING = (
    "every price was given with --price, in what unit is not known: --budget-usd is a ceiling "
    "alone, and does not shape the plan; without --price the panel's dollars do"
)
MARGIN = 0.03  # of what is left of a budget after the pilot, for prices that come out higher


def cascade_ready(prepared: Prepared, cascade: CascadeJob, labels: GoldFile) -> Session:
    """Check all that can be wrong with a cascade; gives what runs it."""
    found = standings(prepared, cascade, labels, manifests.load(prepared.db))
    check_pilot(prepared, found)
    return lambda watcher: cascade_session(prepared, cascade, found, labels, watcher)


def cascade_session(
    prepared: Prepared,
    cascade: CascadeJob,
    found: Mapping[str, Standing],
    labels: GoldFile,
    watcher: Watcher,
) -> dict[str, Any]:
    """Ask, decide, write the scores and the manifest, and sum up."""
    job, db = prepared.job, prepared.db
    began = now()
    if job.budget_usd is not None:
        count_unpriced(db, prepared.seats)
    rounds = Rounds(prepared, _settings(prepared), watcher)
    manifest = records.begun(prepared, rounds.places(), began, manifests.load(db))
    manifests.save(db, job.folder, manifest)
    read_standings(rounds, found, relearn=cascade.relearn)
    _Session(rounds, cascade, found).run()
    places, asked = rounds.places(), asked_now(rounds, found)
    ends = {}
    for name, one in found.items():
        full = one.in_full(db, asked[name], rounds.numbers(), rounds.cut_short())
        why = rounds.unplanned.get(name)
        ends[name] = CascadeEnd(one, cascade.settings, labels, full, why).into_run
    counts = rescore(db, job.folder, Choice(job.method, labels, tuple(found), ends))
    end = rounds.ending()
    summary = records.summed_up(prepared, rounds.tallies(), end, rounds.asking, spent(db), counts)
    told = {name: cascade_told(db, one, asked[name], places) for name, one in found.items()}
    summary = {**summary, "cascade": told}
    manifests.save(db, job.folder, records.ended(manifests.load(db), summary, now()))
    return summary


def _settings(prepared: Prepared) -> Settings:
    job = prepared.job
    return Settings(
        block=job.block,
        max_calls=inf if job.max_calls is None else job.max_calls,
        budget_usd=inf if job.budget_usd is None else job.budget_usd,
        allow_own_family=job.allow_own_family,
        design=prepared.design,
    )


class _Session:
    def __init__(
        self, rounds: Rounds, cascade: CascadeJob, standings: Mapping[str, Standing]
    ) -> None:
        self.rounds, self.cascade, self.standings = rounds, cascade, standings
        self.asked = asked_now(rounds, standings)
        self.sizes: Mapping[str, float] = {}

    def run(self) -> None:
        """As far as it goes: until all is decided, a ceiling is reached, or Ctrl-C."""
        absent = self._pilot()
        if self.rounds.stopped:
            return
        if any(one.planned is None for one in self.standings.values()):
            self.sizes = mean_bytes(self.rounds.prepared)
        for name, one in self.standings.items():
            if one.planned is None and not self._missing(name, one, absent):
                self._learn(name, one)
        stages = max(one.stages for one in self.standings.values())
        for stage in range(stages):
            self._stage(stage)
            if self.rounds.stopped:
                return

    def _pilot(self) -> dict[str, int]:
        batches = {}
        for name, one in self.standings.items():
            order = one.pilot[np.lexsort((one.pilot, one.things.lot[one.pilot]))]
            judges = tuple(
                judge for j, judge in enumerate(one.things.judges) if one.things.may[:, j].any()
            )
            batches[name] = Batch(one.things, order, judges)
            if one.planned is None:
                self._say(
                    f"{name}, pilot: all {len(judges)} judges are asked about the {len(order):,} "
                    f"{one.things.unit} with a gold label"
                )
        return self.rounds.ask(batches)

    def _missing(self, name: str, one: Standing, absent: Mapping[str, int]) -> bool:
        """Whether the pilot lacks answers of a judge that may be back another time."""
        lacking = one.lacking(self.rounds.db, self.asked[name], absent)
        waits = [judge for judge, things in lacking.items() if things[one.pilot].any()]
        if waits:
            self._say(
                f"{name}: the pilot lacks answers of {', '.join(waits)}, and nothing is learned "
                "without them: the same command asks again"
            )
        return bool(waits)

    def _learn(self, name: str, one: Standing) -> None:
        prepared, asked = self.rounds.prepared, self.asked[name]
        db, given = prepared.db, self.cascade.given
        size = self.sizes.get(name, 0.0)
        guessed = expected_prices(one.things, prepared.seats, size, given)
        prices = paid_prices(db, asked, one.things, one.pilot, self.rounds.places(), guessed, given)
        budget = self._budget(one, size)
        settings = replace(self.cascade.settings, budget=budget)
        votes = one.things.framed(whole(db, asked))
        try:
            learned = learned_from(settings, votes, one.gold, prices)
            if prepared.job.budget_usd is not None and not in_dollars(one.source.prices):
                learned = replace(learned, why=(*learned.why, CEILING))
            expected = expected_price(learned, votes, one.gold, settings)
        except ConfigurationError as error:  # the pilot is paid for: its votes are scored
            self._unlearned(name, error)
            return
        one.planned = Planned(one.source, learned, prices, budget, expected)
        keep_plan(db, prepared.job.folder, name, one.planned)
        for line in (mixed(one.source.prices), *learned.why, gap(one.planned)):
            if line is not None:
                self._say(f"{name}: {line}")

    def _unlearned(self, name: str, error: ConfigurationError) -> None:
        ceiling = self.rounds.prepared.job.budget_usd
        why = no_plan(name, error, spent(self.rounds.db).usd, ceiling)
        self.rounds.unplanned[name] = why
        self._say(why)

    def _budget(self, one: Standing, size: float) -> float | None:
        """Dollars for one thing judged outside the pilots, of what is left but a margin.

        A call is only made where its worst cost fits, so that the room for one is kept free, and
        `MARGIN` for prices that come out higher. None where there is no budget, or where prices
        are in a unit of the user's.
        """
        given, prepared = self.cascade.settings.budget, self.rounds.prepared
        ceiling = prepared.job.budget_usd
        if given is not None or ceiling is None:
            return given
        if not in_dollars(one.source.prices):
            return None
        left = (ceiling - spent(self.rounds.db).usd) * (1 - MARGIN)
        left = max(left - worst_call(prepared.seats, size), 0.0)
        outside = sum(int(one.outside.sum()) for one in self.standings.values())
        return left / max(outside, 1)

    def _stage(self, stage: int) -> None:
        here = {name: one for name, one in self.standings.items() if stage < one.stages}
        batches = {
            name: Batch(one.things, one.asking_order(stage), one.judges(stage))
            for name, one in here.items()
        }
        for name, one in here.items():
            waiting = int(one.waiting(stage).sum())
            if waiting:
                self._say(
                    f"{name}, stage {stage + 1} of {one.stages}: {', '.join(one.judges(stage))} "
                    f"asked about {waiting:,} {one.things.unit}"
                )
        if not any(len(batch.order) for batch in batches.values()):
            return
        absent = self.rounds.ask(batches)
        if self.rounds.stopped:
            return
        for name, one in here.items():
            self._decide(name, one, stage, absent)

    def _decide(self, name: str, one: Standing, stage: int, absent: Mapping[str, int]) -> None:
        waiting = one.waiting(stage)
        if not waiting.any():
            return
        settings = self.cascade.settings
        # With a promise what lacks an answer is claimed neither here nor at a later stage.
        awaited = absent if settings.max_error is None else self.rounds.numbers()
        notes, levels = one.decide(self.rounds.db, self.asked[name], stage, settings, awaited)
        for note in notes:
            self._say(f"{name}, stage {stage + 1}: {note}")
        if levels is not None and one.planned is not None and settings.max_error is None:
            one.planned = one.planned.seeing(stage, levels)
            keep_plan(self.rounds.db, self.rounds.prepared.job.folder, name, one.planned)
        decided = waiting & (one.reached == stage)
        on = int((decided & one.goes_on).sum())
        text = f"{name}, stage {stage + 1}: {int(decided.sum()) - on:,} stop here, {on:,} go on"
        late = int((waiting & ~decided).sum())
        if late:
            text += f", {late:,} wait for an answer that did not come"
        self._say(text)

    def _say(self, line: str) -> None:
        self.rounds.watcher.say(line)
