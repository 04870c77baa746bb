"""The three shapes of a judge. The engine alone sends, retries, limits and counts."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from w2s_judge.transport.wire import HttpResponse, Request
from w2s_judge.types import Question, Reply, Way


@runtime_checkable
class ServedJudge(Protocol):
    """Asks over HTTP, and is pure: what to send, and what an answer says.

    `read` raises a `TransportError` for an answer that is none, and `EndpointLacks` where the
    endpoint does not offer this way of reading. `otherwise` is then the same judge with the next
    way, or None; `again` is the form that re-asks after a reply that could not be read.
    """

    @property
    def name(self) -> str: ...

    @property
    def way(self) -> Way: ...

    @property
    def form_name(self) -> str:
        """The current form in words: a way can have several, and a run remembers which it was."""

    @property
    def most_tokens(self) -> int:
        """The most tokens that a reply can have: what a budget reserves."""

    def request(self, question: Question, /) -> Request: ...

    def read(self, response: HttpResponse, question: Question, /) -> Reply: ...

    def otherwise(self) -> Self | None: ...

    def again(self, reply: Reply, /) -> Self: ...


@runtime_checkable
class SdkJudge(Protocol):
    """Asks through somebody's SDK, whose own retries are off; raises our transport errors.

    `request` is what the SDK will be asked to send: the engine bounds its cost by it.
    """

    @property
    def name(self) -> str: ...

    @property
    def way(self) -> Way: ...

    @property
    def form_name(self) -> str:
        """The current form in words: a way can have several, and a run remembers which it was."""

    @property
    def most_tokens(self) -> int:
        """The most tokens that a reply can have: what a budget reserves."""

    def request(self, question: Question, /) -> Request: ...

    async def ask(self, question: Question, /) -> Reply: ...

    async def close(self) -> None:
        """End the connections of the running event loop."""

    def otherwise(self) -> Self | None: ...

    def again(self, reply: Reply, /) -> Self: ...


@runtime_checkable
class LocalJudge(Protocol):
    """Owns a runtime in this process; opened and closed as a context manager, asked in batches."""

    @property
    def name(self) -> str: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...

    def ask(self, questions: Sequence[Question], /) -> Sequence[Reply]: ...


Judge = ServedJudge | SdkJudge | LocalJudge
