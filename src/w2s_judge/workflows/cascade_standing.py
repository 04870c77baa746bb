"""Where each thing judged stands in a cascade, and what a stage decides about it.

What was decided is read from the run and written back at once, so that a resumed run takes no
decision twice. Stages are numbered from 0 here, from 1 where people read them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from w2s_judge.arrays import Bools, Ints
from w2s_judge.calibration.metrics import top
from w2s_judge.cascade.decide import decide, go_on_at_most
from w2s_judge.cascade.learn import Cascade
from w2s_judge.gold import Gold
from w2s_judge.store.courses import Course, answers_by, courses, keep_courses
from w2s_judge.store.matrices import whole
from w2s_judge.store.reading import Asked
from w2s_judge.workflows.cascade_levels import Levels
from w2s_judge.workflows.cascade_record import Planned, Source
from w2s_judge.workflows.cascade_things import Longs, Things, place_of

NOT_YET = -1


@dataclass(eq=False, slots=True)
class Standing:
    """One rubric of a cascade. `gold` is by the numbers of the things; these are the pilot.

    reached : (T,) the last stage that was decided for the thing, `NOT_YET` before the first
    goes_on : (T,) whether that stage left it open
    rank    : (T,) its turn in the next stage, 0 first
    """

    things: Things
    gold: Gold
    source: Source
    planned: Planned | None
    reached: Longs = field(init=False)
    goes_on: Bools = field(init=False)
    rank: Longs = field(init=False)

    def __post_init__(self) -> None:
        count = self.things.T
        self.reached = np.full(count, NOT_YET, dtype=np.int64)
        self.goes_on = np.ones(count, dtype=np.bool_)
        self.rank = np.zeros(count, dtype=np.int64)

    @property
    def outside(self) -> Bools:
        """(T,) the things that are not the pilot's."""
        mask = np.ones(self.things.T, dtype=np.bool_)
        mask[self.gold.item] = False
        return mask

    @property
    def pilot(self) -> Longs:
        """Numbers of the things with a gold label."""
        return self.gold.item.astype(np.int64)

    @property
    def stages(self) -> int:
        """How many stages the plan has; 0 before there is one."""
        return 0 if self.planned is None else len(self.planned.learned.stages)

    def read(self, db: sqlite3.Connection, asked: Asked) -> None:
        """Take what the run has decided so far."""
        for one in courses(db, asked):
            thing = self.things.at.get((one.item, one.responses))
            if thing is not None:
                self.reached[thing] = one.stage
                self.goes_on[thing] = one.open
                self.rank[thing] = one.rank

    def entered(self, stage: int) -> Bools:
        """(T,) the things outside the pilot that came to a stage."""
        before = (self.reached == stage - 1) & self.goes_on
        entered: Bools = self.outside & ((self.reached >= stage) | before)
        return entered

    def waiting(self, stage: int) -> Bools:
        """(T,) those of them about which the stage has not decided."""
        waiting: Bools = self.entered(stage) & (self.reached < stage)
        return waiting

    def stopped(self, stage: int) -> Bools:
        """(T,) those that went no further."""
        stopped: Bools = self.outside & (self.reached == stage) & ~self.goes_on
        return stopped

    def room(self, stage: int) -> int:
        """How many things more a stage may let go on; those that did have taken of a budget."""
        if self.planned is None:
            return 0
        most = go_on_at_most(self.planned.learned, stage, int(self.outside.sum()))
        return max(most - int(self.entered(stage + 1).sum()), 0)

    def asking_order(self, stage: int) -> Longs:
        """The things of a stage as they are asked: by lot at first, then the most open first."""
        entered = np.flatnonzero(self.entered(stage))
        if stage == 0:
            return entered[np.lexsort((entered, self.things.lot[entered]))]
        turn = np.where(self.reached[entered] == stage - 1, self.rank[entered], -1)
        return entered[np.lexsort((self.things.lot[entered], turn))]

    def decide(
        self,
        db: sqlite3.Connection,
        asked: Asked,
        stage: int,
        settings: Cascade,
        awaited: Mapping[str, int],
    ) -> tuple[tuple[str, ...], Levels | None]:
        """Decide a stage for what has its votes; `awaited` are judges by number in the run.

        What lacks an answer of these is decided when it is there. Gives notes, and how sure a stage
        is that is not the last.
        """
        if self.planned is None:
            raise ValueError("a stage is decided once the pilot has taught how")
        lacking = np.zeros(self.things.T, dtype=np.bool_)
        here = {name: number for name, number in awaited.items() if name in self.judges(stage)}
        for things in self.lacking(db, asked, here).values():
            lacking |= things
        ready = self.waiting(stage) & ~lacking
        if not ready.any():
            return (), None
        open_ = np.zeros(self.things.T, dtype=np.bool_)
        rank = np.zeros(self.things.T, dtype=np.int64)
        notes, levels = tuple[str, ...](), None
        if stage < self.stages - 1:
            learned = self.planned.learned
            votes = self.things.framed(whole(db, asked))
            # All that came here are in the fit; what is new is decided, what was decided stays.
            came = self.entered(stage) & ~lacking
            made = decide(learned, stage, votes, self.gold, came, self.planned.settings(settings))
            silent = ready & (votes.support == 0)  # nothing but the prior speaks for a label
            open_[made.order[ready[made.order]][: self.room(stage)]] = True
            open_ |= silent
            rank[made.order] = 1 + np.arange(len(made.order))
            rank[silent] = 0
            notes = made.notes[1:]
            if (spoken := ready & ~silent).any():
                levels = Levels.of(top(made.consensus.posterior[spoken])[0])
        self._keep(db, asked, stage, np.flatnonzero(ready), open_, rank)
        return notes, levels

    def _keep(
        self,
        db: sqlite3.Connection,
        asked: Asked,
        stage: int,
        ready: Longs,
        open_: Bools,
        rank: Longs,
    ) -> None:
        self.reached[ready] = stage
        self.goes_on[ready] = open_[ready]
        self.rank[ready] = rank[ready]
        things = self.things
        keep_courses(
            db,
            asked.name,
            (
                (
                    Course(
                        int(things.position[t]), place_of(things.responses[t]), stage,
                        bool(open_[t]), int(rank[t]),
                    ),
                    things.orders[t][0] or "",
                )
                for t in ready.tolist()
            ),
        )  # fmt: skip

    def judges(self, stage: int) -> tuple[str, ...]:
        """The judges that a stage asks."""
        return () if self.planned is None else self.planned.learned.stages[stage].judges

    def in_full(
        self,
        db: sqlite3.Connection,
        asked: Asked,
        numbers: Mapping[str, int],
        cut_short: Collection[str],
    ) -> tuple[Ints, Bools]:
        """Read from the answers that are there; `numbers` are all judges' in the run.

        (T,) the last stage that has asked about the thing in full, `NOT_YET` for none; the pilot
        was asked by all. (T,) the things that the first stage had not come to: those that come, by
        lot, after the last that each judge they lack has answered, where these were `cut_short`.
        What a judge left out before that was asked, and the call failed (or is on its way).
        """
        judges = [name for stage in range(self.stages) for name in self.judges(stage)]
        lacking = self.lacking(db, asked, {name: numbers[name] for name in judges})
        last = np.full(self.things.T, NOT_YET, dtype=np.int32)
        whole = np.ones(self.things.T, dtype=np.bool_)
        for stage in range(self.stages):
            whole &= ~self.outside | self.entered(stage)
            for name in self.judges(stage):
                whole &= ~lacking[name]
            last[whole] = stage
        turn = np.full(self.things.T, -1, dtype=np.int64)
        order = self.asking_order(0)
        turn[order] = np.arange(len(order))
        unasked = self.outside & (last == NOT_YET)
        for name in self.judges(0):
            may = self.things.may[:, self.things.judges.index(name)]
            come = turn[self.outside & may & ~lacking[name]].max(initial=-1)
            unasked &= ~lacking[name] | ((turn > come) & (name in cut_short))
        return last, unasked

    def lacking(
        self, db: sqlite3.Connection, asked: Asked, numbers: Mapping[str, int]
    ) -> dict[str, Bools]:
        """By judge, (T,) the things that lack an answer of it."""
        found = {}
        for name, number in numbers.items():
            j = self.things.judges.index(name)
            wanted = self.things.shown * self.things.may[:, j] * self.things.repeats[j]
            given = np.zeros(self.things.T, dtype=np.int64)
            for place, count in answers_by(db, asked, number).items():
                if place in self.things.at:
                    given[self.things.at[place]] = count
            found[name] = given < wanted
        return found
