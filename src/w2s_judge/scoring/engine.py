"""Every judge by every question: feeds the lanes, stops them, and says how it ended.

Questions go out in seeded random item order and all judges of an item close together: a lane's
queue is short, so the fastest judge is never far ahead of the slowest, and a run that is stopped
is an unbiased sample of the whole.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from w2s_judge.errors import W2SJudgeError
from w2s_judge.judges.contracts import LocalJudge
from w2s_judge.judges.seat import Seat
from w2s_judge.scoring.call import Session
from w2s_judge.scoring.local import Chair, LocalLane, Turn
from w2s_judge.scoring.plan import Choice, eligible, may_ask
from w2s_judge.scoring.selection import Selection, everything
from w2s_judge.scoring.served import ServedLane
from w2s_judge.scoring.settings import Ending
from w2s_judge.scoring.tally import Tally
from w2s_judge.store.journal import FLUSH_SECONDS
from w2s_judge.types import Item, Question

SLICE = 32  # items that are looked up at once: longer would hold up the replies that come in


@dataclass(frozen=True, slots=True)
class Place:
    """A judge's place in this run: its number there, and the form in which it answered before."""

    seat: Seat
    number: int
    form: str | None


class Engine:
    """One session over the staged items of a run, or over a selection of questions about them."""

    def __init__(
        self,
        db: sqlite3.Connection,
        places: Sequence[Place],
        choice: Choice,
        tallies: Mapping[str, Tally],
        session: Session,
        selection: Selection | None = None,
    ) -> None:
        self._choice, self.session = choice, session
        self._places = places
        self._tallies = tallies
        self._design = session.settings.design
        repeats = max((place.seat.repeats for place in places), default=1)
        self._selection = selection or everything(db, self._design, repeats)
        self._under_way: set[tuple[bytes, int]] = set()
        self._over: set[tuple[bytes, int]] = set()  # of these, those whose vote may be uncommitted
        self._local = LocalLane(session)
        self._local.finished = self._finished
        self._chairs: dict[int, Chair] = {}
        self._lanes: dict[int, ServedLane] = {}
        for place in places:
            self._seat(place)
        self.unanswered: Counter[str] = Counter()  # by rubric: a judge takes it, none has an answer
        self._turns: dict[int, list[Question]] = {number: [] for number in self._chairs}

    def _seat(self, place: Place) -> None:
        seat, number = place.seat, place.number
        tally = self._tallies[seat.name]
        if isinstance(seat.judge, LocalJudge):
            self._chairs[number] = Chair(seat, number, tally)
            return
        lane = ServedLane(seat, number, place.form, tally, self.session)
        lane.finished = lambda question: self._finished(number, question)
        self._lanes[number] = lane

    def _finished(self, number: int, question: Question) -> None:
        self._over.add((question.key, number))

    async def run(self) -> None:
        """Ask until all is asked or the session is stopped. What is stored is committed."""
        try:
            async with asyncio.TaskGroup() as all_:
                flusher = all_.create_task(self._flush())
                async with asyncio.TaskGroup() as group:
                    for lane in self._lanes.values():
                        group.create_task(lane.run())
                    if self._chairs:
                        group.create_task(self._local.run())
                    group.create_task(self._feed())
                flusher.cancel()
        except BaseExceptionGroup as several:
            raise first_of(several) from several
        finally:
            self.session.journal.flush()

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self.session.journal.flush()

    async def _feed(self) -> None:
        since_turn = 0
        for slice_ in self._selection.items(min(SLICE, self.session.settings.block)):
            if self.session.stopping.is_set():
                break
            await self._feed_slice(slice_)
            since_turn += len(slice_)
            if since_turn >= self.session.settings.block:
                since_turn = 0
                await self._take_turns()
        if not self.session.stopping.is_set():
            for tally in self._tallies.values():
                tally.planned = tally.seen  # exact now, where a judge had no record of some
        await self._take_turns()
        for lane in self._lanes.values():
            await lane.queue.put(None)
        if self._chairs:
            await self._local.queue.put(None)

    def _asked(self, slice_: list[tuple[int, Item]]) -> list[tuple[int, Question, list[Place]]]:
        """The questions about these items, each with the judges that can be asked."""
        asked = []
        for position, item in slice_:
            for name in self._choice(item.task):
                rubric = self.session.rubrics[name]
                for question in self._selection.questions(rubric, item):
                    places = self._willing(question)
                    if places:
                        asked.append((position, question, places))
                    elif self._counts(question) and self._is_unanswered(question):
                        self.unanswered[name] += 1
        return asked

    async def _feed_slice(self, slice_: list[tuple[int, Item]]) -> None:
        rubrics = self.session.rubrics
        asked = self._asked(slice_)
        journal = self.session.journal
        journal.plan(
            (position, question, rubrics[question.rubric].hash) for position, question, _ in asked
        )
        journal.flush()  # so that what is no longer under way can be seen in the run
        self._under_way -= self._over
        self._over.clear()
        known = journal.answered({question.key for _, question, _ in asked})
        waiting: list[tuple[int, Question]] = []
        for _, question, places in asked:
            for place in places:
                cell = (question.key, place.number)
                tally = self._tallies[place.seat.name]
                tally.seen += 1
                if cell in known or cell in self._under_way:
                    tally.before += 1
                elif place.number in self._chairs:
                    self._under_way.add(cell)
                    self._turns[place.number].append(question)
                elif not self.session.stopping.is_set():
                    self._under_way.add(cell)
                    waiting.append((place.number, question))
        for number, question in waiting:
            await self._lanes[number].queue.put(question)
        await asyncio.sleep(0)  # where all is answered already, replies must still get in

    async def _take_turns(self) -> None:
        """Hand what has gathered for the local judges to their lane."""
        turns: list[Turn] = [
            (self._chairs[number], asked) for number, asked in self._turns.items() if asked
        ]
        self._turns = {number: [] for number in self._chairs}
        if turns:
            await self._local.queue.put(turns)

    def _counts(self, question: Question) -> bool:
        """True for one of a pair's two orders: it is pairs that are counted."""
        return question.order != "ba" or self._design.one_order

    def _is_unanswered(self, question: Question) -> bool:
        """True where a judge may be asked this, and has no answer recorded, as a replay."""
        allow = self.session.settings.allow_own_family
        return question.variant == "base" and any(
            may_ask(place.seat, question, allow_own_family=allow) for place in self._places
        )

    def _willing(self, question: Question) -> list[Place]:
        allow = self.session.settings.allow_own_family
        return [
            place
            for place in self._places
            if _repeat_of(question) <= place.seat.repeats
            and self._selection.asks(place.number, question)
            and eligible(place.seat, question, allow_own_family=allow)
        ]


def _repeat_of(question: Question) -> int:
    kind, _, number = question.variant.partition(":")
    return int(number) if kind == "repeat" else 1


def first_of(several: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to tell of a group: one of ours where there is one, else the first."""
    flat = [
        first_of(error) if isinstance(error, BaseExceptionGroup) else error
        for error in several.exceptions
    ]
    return next((error for error in flat if isinstance(error, W2SJudgeError)), flat[0])


def ending(
    tallies: Mapping[str, Tally], answered: Mapping[str, int], stopped: Sequence[str]
) -> Ending:
    """How a session ended: from its counters, what is answered in the run, and why it stopped."""
    left = sum(
        max(0, tally.planned - min(tally.planned, answered[name]))
        for name, tally in tallies.items()
    )
    reasons = list(dict.fromkeys(stopped))
    for tally in tallies.values():
        if tally.out_of_reach is not None:
            reasons.append(f"{tally.judge} is out of reach: {tally.out_of_reach}")
        elif tally.failed:
            reasons.append(f"{tally.judge} gave no answer to {tally.failed:,}: {tally.note}")
    return Ending("stopped" if left and reasons else "complete", left, tuple(reasons))
