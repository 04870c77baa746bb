"""The lane of the judges in this process: one after another within a block of items.

They share the cores, so they take turns in one thread; models stay loaded while memory allows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from w2s_judge.errors import ConfigurationError
from w2s_judge.judges.contracts import LocalJudge
from w2s_judge.judges.seat import Seat
from w2s_judge.scoring.call import Session
from w2s_judge.scoring.tally import Tally
from w2s_judge.store.journal import Attempt
from w2s_judge.types import Abstention, Question, Reply, Vote

CHUNK = 32  # questions asked at once: the most that a stop waits for
ROOM = 1 << 30  # bytes that must be free before another model is loaded beside those there


@dataclass(frozen=True, slots=True)
class Chair:
    """A local judge of the panel, its number in the run and its counters."""

    seat: Seat
    number: int
    tally: Tally


Turn = tuple[Chair, Sequence[Question]]


class LocalLane:
    """Takes blocks of turns through `queue`; None ends it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.queue: asyncio.Queue[list[Turn] | None] = asyncio.Queue(1)
        self.finished: Callable[[int, Question], None] = lambda _number, _question: None
        self._loaded: dict[int, tuple[LocalJudge, ExitStack]] = {}

    async def run(self) -> None:
        """Answer what comes through the queue until None comes, then free the models."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, thread_name_prefix="local-judges") as thread:
            try:
                while (turns := await self.queue.get()) is not None:
                    for chair, questions in turns:
                        for start in range(0, len(questions), CHUNK):
                            part = questions[start : start + CHUNK]
                            await self._chunk(loop, thread, chair, part)
                            for question in part:
                                self.finished(chair.number, question)
            finally:
                await loop.run_in_executor(thread, self._unload)

    async def _chunk(
        self,
        loop: asyncio.AbstractEventLoop,
        thread: ThreadPoolExecutor,
        chair: Chair,
        questions: Sequence[Question],
    ) -> None:
        if self.session.stopping.is_set() or chair.tally.out_of_reach is not None:
            return
        granted = self.session.purse.reserve_free(len(questions))
        if granted < len(questions):
            self.session.stop(
                f"the ceiling of {self.session.purse.max_calls:,.0f} calls is reached"
            )
        if not granted:
            return
        began = self.session.clock()
        try:
            replies = await loop.run_in_executor(thread, self._ask, chair, questions[:granted])
        except ConfigurationError as error:
            chair.tally.out_of_reach = str(error)
            self.session.purse.give_back(0.0, granted)
            return
        self.session.purse.settle(0.0, 0.0, granted)
        latency = (self.session.clock() - began) / granted
        for question, reply in zip(questions, replies, strict=False):
            self._keep(chair, question, reply, latency)
        self.session.journal.flush()

    def _ask(self, chair: Chair, questions: Sequence[Question]) -> Sequence[Reply]:
        """In the thread: load the judge if need be, and ask it."""
        judge = self._open(chair)
        replies = judge.ask(questions)
        if len(replies) != len(questions):
            raise ConfigurationError(
                f"judge {chair.seat.name!r} gave {len(replies)} answers to {len(questions)} "
                "questions: it must give one for each"
            )
        return replies

    def _open(self, chair: Chair) -> LocalJudge:
        if chair.number not in self._loaded:
            if self._loaded and free_memory() < ROOM:
                self._unload()
            if not isinstance(chair.seat.judge, LocalJudge):
                raise TypeError(f"{chair.seat.name} is not a local judge")
            stack = ExitStack()
            self._loaded[chair.number] = (stack.enter_context(chair.seat.judge), stack)
        return self._loaded[chair.number][0]

    def _unload(self) -> None:
        for _, stack in self._loaded.values():
            stack.close()
        self._loaded.clear()

    def _keep(self, chair: Chair, question: Question, reply: Reply, latency: float) -> None:
        tally, journal = chair.tally, self.session.journal
        outcome = self.session.rubrics[question.rubric].read(reply, question)
        tally.calls += 1
        tally.seconds += latency
        tally.way = reply.way
        journal.attempt(
            Attempt(
                question.key, chair.number, self.session.now(), latency, None, None, None, 0.0, 0.0
            )
        )
        vote = Vote(question, chair.seat.name, outcome, reply)
        journal.vote(vote, chair.number, cost=0.0, attempts=1, latency=latency)
        if isinstance(outcome, Abstention):
            tally.abstained[outcome.reason] += 1
        else:
            tally.votes += 1


def free_memory() -> float:
    """Bytes that a program can still take; infinite where the system does not say."""
    meminfo = Path("/proc/meminfo")
    if meminfo.is_file():
        for line in meminfo.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
    return float("inf")
