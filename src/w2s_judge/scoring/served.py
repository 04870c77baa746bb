"""The lane of a served judge: workers within an adaptive window, no batch barriers.

A judge's way of reading is settled by its first questions, asked one at a time: a way that the
endpoint lacks, or whose first replies cannot be read, gives way to the next, and that is said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from w2s_judge.errors import EndpointLacks, JudgeUnusable, RateLimited, TransportError
from w2s_judge.judges.contracts import SdkJudge, ServedJudge
from w2s_judge.judges.seat import Seat
from w2s_judge.scoring.call import Answer, Caller, Session
from w2s_judge.scoring.purse import CeilingReached, NotSent
from w2s_judge.scoring.retry import Trial
from w2s_judge.scoring.tally import Tally
from w2s_judge.store.journal import FLUSH_ROWS
from w2s_judge.transport.window import rest
from w2s_judge.types import Abstention, Question, Vote

STRIKES = 3  # unreadable first replies before an unsettled way of reading is given up
UNREAD = ("unreadable", "truncated")
TROUBLES = 3  # failures in a row before the whole endpoint is paused, not the question alone


class ServedLane:
    """One judge's questions on their way: `queue` in, votes into the journal."""

    def __init__(
        self, seat: Seat, number: int, form: str | None, tally: Tally, session: Session
    ) -> None:
        if not isinstance(seat.judge, ServedJudge | SdkJudge):
            raise TypeError(f"{seat.name} is not served")
        self.seat, self.number, self.tally, self.session = seat, number, tally, session
        self.caller = Caller(seat, number, tally, session)
        self.queue: asyncio.Queue[Question | None] = asyncio.Queue(2 * self.caller.ceiling)
        self.finished: Callable[[Question], None] = lambda _: None
        self.judge = in_form(seat.judge, form)
        self._settled = form is not None
        tally.way = self.judge.way if self._settled else None
        self._settling = asyncio.Lock()
        self._unread: list[Question] = []
        self._troubles = 0
        self._last_success = float("-inf")

    @property
    def closed(self) -> bool:
        """True once no question can be asked of this judge any more."""
        return self.tally.out_of_reach is not None

    async def run(self) -> None:
        """Answer what comes through the queue until None comes."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.caller.ceiling):
                    group.create_task(self._work())
            while self._unread:
                self._give_way(f"its first replies as {self.judge.form_name} could not be read")
                await self._reread()
        finally:
            if isinstance(self.judge, SdkJudge):
                await self.judge.close()

    async def _work(self) -> None:
        while (question := await self.queue.get()) is not None:
            if not self._settled:
                async with self._settling:  # one at a time, until one of them has settled it
                    if not self._settled:
                        await self._one(question)
                        continue
            await self._one(question)
        self.queue.put_nowait(None)  # the end mark is for every worker

    async def _one(self, question: Question) -> None:
        try:
            if not (self.closed or self.session.stopping.is_set()):
                await self._ask(question)
        except CeilingReached as ceiling:
            self.session.stop(str(ceiling))
        except NotSent:
            pass
        finally:
            self.finished(question)

    async def _ask(self, question: Question) -> None:
        """Ask until there is a vote, an abstention or no hope."""
        trial = Trial(self.session.settings.patience, self.session.clock())
        form = judge = self.judge
        while not self.closed:
            try:
                trial.calls += 1
                answer = await self.caller.call(judge, question)
            except EndpointLacks as lack:
                if form is self.judge:  # else another question has found it out already
                    self._give_way(str(lack))
                form = judge = self.judge
                continue
            except TransportError as error:
                if await self._try_again(error, trial):
                    continue
                return
            self._well()
            outcome = self.session.rubrics[question.rubric].read(answer.reply, question)
            if isinstance(outcome, Abstention) and outcome.reason in UNREAD:
                if self._may_ask_again(outcome, answer, trial):
                    trial.reasks += 1
                    judge = judge.again(answer.reply)
                    self.tally.retried[outcome.reason] += 1
                    continue
                if not self._settled and judge.otherwise() is not None:
                    await self._strike(question)
                    return
            self._keep(Vote(question, self.seat.name, outcome, answer.reply), answer, trial)
            if not self._settled:
                await self._settle()
            return

    def _may_ask_again(self, outcome: Abstention, answer: Answer, trial: Trial) -> bool:
        if self.session.stopping.is_set() or answer.reply.way == "logprob":
            return False  # a one-token answer at temperature 0 is the same the second time
        untried = not self._settled and self.judge.otherwise() is not None
        if outcome.reason == "unreadable" and untried:
            return False  # another way of reading comes first
        return trial.reasks < self.session.settings.patience.reasks

    def _keep(self, vote: Vote, answer: Answer, trial: Trial) -> None:
        journal = self.session.journal
        journal.vote(
            vote, self.number, cost=answer.cost, attempts=trial.calls, latency=answer.latency
        )
        if isinstance(vote.outcome, Abstention):
            self.tally.abstained[vote.outcome.reason] += 1
        else:
            self.tally.votes += 1
        if journal.waiting >= FLUSH_ROWS:
            journal.flush()

    # -- the way of reading ------------------------------------------------------------------

    async def _settle(self) -> None:
        """A reply was read: this way it is, for this session and those that resume it."""
        self._settled = True
        self.tally.way = self.judge.way
        self.session.journal.found_form(self.number, self.judge.form_name)
        await self._reread()

    async def _strike(self, question: Question) -> None:
        self._unread.append(question)
        if len(self._unread) >= STRIKES:
            self._give_way(
                f"its first {STRIKES} replies as {self.judge.form_name} could not be read"
            )
            await self._reread()

    async def _reread(self) -> None:
        waiting, self._unread = self._unread, []
        for question in waiting:
            await self._one(question)

    def _give_way(self, why: str) -> None:
        """Go on with the next way of reading; with the last one the judge is out of reach."""
        following = self.judge.otherwise()
        if following is None:
            self._close(why)
        else:
            self.tally.note = (
                f"read as {following.form_name} instead of {self.judge.form_name}: {why}"
            )
            self.judge = following

    # -- trouble -----------------------------------------------------------------------------

    def _well(self) -> None:
        self._troubles = 0
        self._last_success = self.session.clock()
        self.caller.window.succeeded()

    async def _try_again(self, error: TransportError, trial: Trial) -> bool:
        """Wait as the error and the policy ask for; False where there is no hope."""
        if isinstance(error, JudgeUnusable):
            self._close(str(error))
            return False
        limited = isinstance(error, RateLimited)
        wait = trial.failed(self.session.clock(), counts=not limited) if error.retried else None
        if wait is None or self.session.stopping.is_set():
            self._fail(error, trial, gave_up=wait is None and error.retried)
            return False
        asked_for = error.retry_after
        if limited:
            wait = wait if asked_for is None else asked_for  # it knows better than we do
            self.caller.window.limited(wait)
        else:
            self._troubles += 1
            wait = max(wait, asked_for or 0.0)
            if asked_for is not None or self._troubles > TROUBLES:
                self.caller.window.pause(wait)
        if await rest(wait, self.session.stopping):
            return True
        self._fail(error, trial, gave_up=False)
        return False

    def _fail(self, error: TransportError, trial: Trial, *, gave_up: bool) -> None:
        """A question without an answer. Nothing came back since it was begun: out of reach."""
        self.tally.failed += 1
        self.tally.note = str(error)
        if gave_up and self._last_success < trial.began:
            self._close(str(error))

    def _close(self, why: str) -> None:
        if not self.closed:
            self.tally.out_of_reach = why


def in_form(judge: ServedJudge | SdkJudge, form: str | None) -> ServedJudge | SdkJudge:
    """The form of the judge by this name, as an earlier session found it."""
    tried: ServedJudge | SdkJudge | None = judge
    while form is not None and tried is not None:
        if tried.form_name == form:
            return tried
        tried = tried.otherwise()
    return judge
