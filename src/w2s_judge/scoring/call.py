"""One call to a served judge: its place in the window, its budget, the wire, and the books."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import cast

from w2s_judge.errors import ConnectionTrouble
from w2s_judge.judges.contracts import SdkJudge, ServedJudge
from w2s_judge.judges.seat import Seat
from w2s_judge.prompts.rubric import Rubric
from w2s_judge.scoring.purse import NotSent, Purse
from w2s_judge.scoring.retry import Trial
from w2s_judge.scoring.settings import DEFAULT_CONCURRENCY, Settings
from w2s_judge.scoring.tally import Tally
from w2s_judge.store.journal import Attempt, Journal
from w2s_judge.transport.door import Door
from w2s_judge.transport.endpoint import Endpoint
from w2s_judge.transport.window import Rate, Window
from w2s_judge.transport.wire import Request
from w2s_judge.types import Question, Reply, Usage

BYTES_PER_TOKEN = 4  # for tokens a minute, where a guess will do; budgets count a token a byte


@dataclass(frozen=True, slots=True)
class Session:
    """What all lanes of one session share. `clock` is monotonic seconds, `now` is ISO 8601."""

    journal: Journal
    purse: Purse
    door: Door
    rubrics: Mapping[str, Rubric]
    settings: Settings
    clock: Callable[[], float]
    now: Callable[[], str]
    stop: Callable[[str], None]
    stopping: asyncio.Event
    windows: dict[Endpoint, Window] = field(default_factory=dict)

    def window(self, endpoint: Endpoint | None, ceiling: int) -> Window:
        """The window of an endpoint, shared by the judges there; each adds its own ceiling."""
        if endpoint is None:
            return Window(ceiling, self.clock, self.stopping)
        if endpoint not in self.windows:
            self.windows[endpoint] = Window(ceiling, self.clock, self.stopping)
        else:
            self.windows[endpoint].admit(ceiling)
        return self.windows[endpoint]


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply with what it cost (None: unknown) and how long it took."""

    reply: Reply
    cost: float | None
    latency: float


class Caller:
    """Makes the calls of one judge."""

    def __init__(self, seat: Seat, number: int, tally: Tally, session: Session) -> None:
        self.seat, self.number, self.tally, self.session = seat, number, tally, session
        limits = seat.limits
        self.ceiling = limits.concurrency or DEFAULT_CONCURRENCY
        self.window = session.window(seat.endpoint, self.ceiling)
        self._calls = Rate(limits.requests_per_minute or inf, session.clock, session.stopping)
        self._tokens = Rate(limits.tokens_per_minute or inf, session.clock, session.stopping)
        self._limited = bool(limits.requests_per_minute or limits.tokens_per_minute)
        self._by_sdk = isinstance(seat.judge, SdkJudge)  # once: it is slow to ask
        self._sized = seat.price.known or bool(limits.tokens_per_minute)

    async def call(self, judge: ServedJudge | SdkJudge, question: Question, trial: Trial) -> Answer:
        """Make one call and write it down.

        Raises `TransportError` and `EndpointLacks`, and `NotSent` where nothing was sent.
        """
        request = judge.request(question)
        size, most = 0, judge.most_tokens
        if self._sized:
            size = len(json.dumps(request.body, ensure_ascii=False).encode())
        bound = self.seat.price.bound(size, most) or 0.0
        if not await self.window.enter():
            raise NotSent
        try:
            if self._limited and not await self._paced(size / BYTES_PER_TOKEN + most):
                raise NotSent
            await self.session.purse.reserve(bound)
            trial.sent(self.session.clock())
            return await self._send(judge, request, question, bound)
        finally:
            self.window.leave()

    async def _paced(self, tokens: float) -> bool:
        return await self._calls.take(1) and await self._tokens.take(tokens)

    async def _send(
        self, judge: ServedJudge | SdkJudge, request: Request, question: Question, bound: float
    ) -> Answer:
        counted = bound
        began = self.session.clock()
        try:
            reply = await self._reply(judge, request, question)
            cost = self.seat.price.cost(reply.usage)
            counted = bound if cost is None else cost
            return Answer(
                reply, cost, self._note(question, began, None, reply.usage, cost, counted)
            )
        except BaseException as error:  # a cancelled call was sent and counts too
            billed = getattr(error, "billable", not isinstance(error, Exception))
            usage = getattr(error, "usage", None)
            cost = self.seat.price.cost(usage) if isinstance(usage, Usage) else None
            counted = cost if cost is not None else bound if billed else 0.0
            self._note(question, began, error, usage, cost, counted)
            raise
        finally:
            self.session.purse.settle(bound, counted)

    async def _reply(
        self, judge: ServedJudge | SdkJudge, request: Request, question: Question
    ) -> Reply:
        timeout = self.seat.limits.timeout
        if self._by_sdk:
            try:
                async with asyncio.timeout(timeout):  # SDKs' own count each piece that comes
                    return await cast(SdkJudge, judge).ask(question)
            except TimeoutError as error:
                raise ConnectionTrouble(f"no answer within {timeout:g} s") from error
        endpoint = cast(Endpoint, self.seat.endpoint)
        response = await self.session.door.post(endpoint, request, timeout)
        return cast(ServedJudge, judge).read(response, question)

    def _note(
        self,
        question: Question,
        began: float,
        error: BaseException | None,
        usage: Usage | None,
        cost: float | None,
        counted: float,
    ) -> float:
        """Write the call into the books; gives its latency in seconds."""
        latency = self.session.clock() - began
        tally = self.tally
        tally.calls += 1
        tally.seconds += latency
        if error is not None:
            tally.retried[type(error).__name__] += 1
        tokens_in = usage.prompt_tokens if usage else None
        tokens_out = usage.completion_tokens if usage else None
        tally.prompt_tokens += tokens_in or 0
        tally.completion_tokens += tokens_out or 0
        if cost is None and error is None:
            tally.unpriced += 1
        tally.cost_usd += cost or 0.0
        self.session.journal.attempt(
            Attempt(
                key=question.key,
                judge=self.number,
                at=self.session.now(),
                latency_s=latency,
                error=None if error is None else f"{type(error).__name__}: {error}"[:500],
                prompt_tokens=tokens_in,
                completion_tokens=tokens_out,
                cost_usd=cost,
                counted_usd=counted,
            )
        )
        return latency
