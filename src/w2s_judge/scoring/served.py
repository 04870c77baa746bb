"""The lane of a served judge: workers within an adaptive window, no batch barriers.

A judge's way of reading is settled by its first questions, asked one at a time: a way that the
endpoint lacks, or whose first replies cannot be read, gives way to the next, and that is said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from w2s_judge.errors import BadReply, EndpointLacks, JudgeUnusable, RateLimited, TransportError
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
FIRST_ATTEMPTS = 3  # failures of a judge that has never answered, before it is out of reach
REJECTIONS = 20  # questions that it may reject before it is
MANY_LIMITS = 5  # 429s in a row for one question, before we wait longer than we are asked to
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
        trial = Trial(self.session.settings.patience)
        form = judge = self.judge
        unread: tuple[Abstention, Answer] | None = None
        while not self.closed:
            answer = await self._attempt(judge, form, question, trial)
            if answer is False:
                if unread is not None and trial.rejected:  # asked again, it was not even taken
                    self._keep(
                        Vote(question, self.seat.name, unread[0], unread[1].reply), unread[1], trial
                    )
                return
            if answer is True:
                if form is not self.judge:
                    form = judge = self.judge
                continue
            outcome = self.session.rubrics[question.rubric].read(answer.reply, question)
            if isinstance(outcome, Abstention) and outcome.reason in UNREAD:
                if self._may_ask_again(outcome, answer, trial):
                    trial.reasks += 1
                    unread = (outcome, answer)
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

    async def _attempt(
        self,
        judge: ServedJudge | SdkJudge,
        form: ServedJudge | SdkJudge,
        question: Question,
        trial: Trial,
    ) -> Answer | bool:
        """One call: its answer, or True where it is worth another, or False."""
        try:
            answer = await self.caller.call(judge, question, trial)
        except EndpointLacks as lack:
            if self._settled and lack.billable:  # one odd answer, after others were read
                return await self._try_again(BadReply(str(lack)), trial)
            if form is self.judge:  # else another question has found it out already
                self._give_way(str(lack))
            return True
        except TransportError as error:
            return await self._try_again(error, trial)
        self._well()
        return answer

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
        self._remember()
        await self._reread()

    def _remember(self) -> None:
        self.tally.way = self.judge.way
        self.session.journal.found_form(self.number, self.judge.form_name)

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
            self._close(f"{why}; leave `read` out of its panel row, or name another way")
            return
        self.tally.note = f"read as {following.form_name} instead of {self.judge.form_name}: {why}"
        self.judge = following
        if self._settled:
            self._remember()

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
        now, wait = self.session.clock(), None
        if error.retried and not (self._never_answered and trial.failures + 1 >= FIRST_ATTEMPTS):
            wait = trial.failed(now, error.retry_after, counts=not limited)
        if wait is None:
            self._fail(error, trial)
            return False
        if limited:
            trial.limited += 1
            if trial.limited > MANY_LIMITS:  # its Retry-After, if any, is not the whole truth
                self.tally.note = f"the endpoint keeps asking for fewer calls: {error}"
                wait = max(wait, min(30.0, 2.0 ** (trial.limited - MANY_LIMITS)))
            self.caller.window.limited(wait)
        else:
            self._troubles += 1
            if error.retry_after is not None or self._troubles > TROUBLES:
                self.caller.window.pause(wait)
        if await rest(wait, self.session.stopping):
            return True
        self.tally.failed += 1
        self.tally.note = str(error)
        return False

    @property
    def _never_answered(self) -> bool:
        return self._last_success == float("-inf")

    def _fail(self, error: TransportError, trial: Trial) -> None:
        """A question without an answer. Where nothing comes back at all, it is the judge."""
        if trial.reasks and not error.retried:
            trial.rejected = True
            return
        self.tally.failed += 1
        self.tally.note = str(error)
        began = self._last_success if trial.began is None else trial.began
        if error.retried and self._last_success < began:
            self._close(str(error))
        elif not error.retried and self._never_answered and self.tally.failed >= REJECTIONS:
            self._close(f"it rejected its first {REJECTIONS} questions: {error}")

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
