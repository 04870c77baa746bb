"""A `chat` judge whose calls go out through somebody's SDK instead of our own transport."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, Self

from w2s_judge.judges.chat import ChatJudge
from w2s_judge.transport.wire import HttpResponse, Request
from w2s_judge.types import Question, Reply, Way


class Line(Protocol):
    """An SDK's client with its retries off; one for a judge in all its forms.

    `post` gives what came back, whatever its status, and raises `ConnectionTrouble` where nothing
    did. `close` ends the connections of the running event loop; the next call opens them again.
    """

    async def post(self, request: Request, /) -> HttpResponse: ...

    async def close(self) -> None: ...


@dataclass(frozen=True)
class SdkChat:
    """Words and reads as `chat` does; `line` sends."""

    chat: ChatJudge
    line: Line

    @property
    def name(self) -> str:
        """How votes name the judge."""
        return self.chat.name

    @property
    def way(self) -> Way:
        """How answers are read at present."""
        return self.chat.way

    @property
    def form_name(self) -> str:
        """The current form in words."""
        return self.chat.form_name

    @property
    def most_tokens(self) -> int:
        """The most tokens that a reply can have."""
        return self.chat.most_tokens

    def request(self, question: Question, /) -> Request:
        """What the SDK is asked to send."""
        return self.chat.request(question)

    async def ask(self, question: Question, /) -> Reply:
        """Ask once. Raises what `ChatJudge.read` raises, and `ConnectionTrouble`."""
        return self.chat.read(await self.line.post(self.chat.request(question)), question)

    def otherwise(self) -> Self | None:
        """The same judge asked in the next form, or None."""
        chat = self.chat.otherwise()
        return None if chat is None else replace(self, chat=chat)

    def again(self, reply: Reply, /) -> Self:
        """The form that re-asks after a reply that could not be read."""
        return replace(self, chat=self.chat.again(reply))

    async def close(self) -> None:
        """End the connections of the running event loop."""
        await self.line.close()
