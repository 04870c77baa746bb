"""How many calls may be in flight to one endpoint, and how fast they may follow each other.

Additive growth, multiplicative cut (Chiu and Jain 1989), cut on 429 alone: a 5xx or a broken
connection pauses the endpoint and leaves the width as it is, since a server that is unwell says
nothing about how much it can take when it is well.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

FIRST_WIDTH = 16
CUT = 0.5
CUT_REST = 1.0  # seconds: replies that were sent before a cut must not cut again


async def rest(seconds: float, stopping: asyncio.Event) -> bool:
    """Sleep; False, at once, where the session is to stop."""
    if stopping.is_set():
        return False
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return True
    return False


class Window:
    """The concurrency of one endpoint: at most `ceiling` in flight, adapted below that.

    Until the first 429 every success widens it by one (the width doubles in a round trip); after
    it by 1/width (one more in a round trip). `clock` gives monotonic seconds.
    """

    def __init__(self, ceiling: int, clock: Callable[[], float], stopping: asyncio.Event) -> None:
        self._stopping = stopping
        self.ceiling = ceiling
        self.width = float(min(FIRST_WIDTH, ceiling))
        self.in_flight = 0
        self.widest_in_flight = 0
        self.resumes_at = 0.0
        self._was_cut = False
        self._last_cut = float("-inf")
        self._clock = clock
        self._waiting: deque[asyncio.Future[None]] = deque()

    def admit(self, ceiling: int) -> None:
        """Another judge at this endpoint, with a ceiling of its own."""
        self.ceiling += ceiling
        self.width = float(min(FIRST_WIDTH, self.ceiling))

    async def enter(self) -> bool:
        """Wait for the pause to end and for a place; False where the session is to stop."""
        while not self._stopping.is_set():
            pause = self.resumes_at - self._clock()
            if pause > 0:
                await rest(pause, self._stopping)
                continue
            if self.in_flight < int(self.width):
                self.in_flight += 1
                self.widest_in_flight = max(self.widest_in_flight, self.in_flight)
                return True
            place = asyncio.get_running_loop().create_future()
            self._waiting.append(place)
            try:
                await place
            except asyncio.CancelledError:
                self._wake()
                raise
        self._wake()
        return False

    def leave(self) -> None:
        """Give the place back."""
        self.in_flight -= 1
        self._wake()

    def succeeded(self) -> None:
        """A call came back well: widen."""
        step = 1.0 / self.width if self._was_cut else 1.0
        self.width = min(float(self.ceiling), self.width + step)

    def limited(self, pause: float) -> None:
        """A 429: halve the width, once for all replies of the same burst, and pause."""
        now = self._clock()
        if now - self._last_cut >= CUT_REST:
            self.width = max(1.0, self.width * CUT)
            self._was_cut, self._last_cut = True, now
        self.pause(pause)

    def pause(self, seconds: float) -> None:
        """Send nothing for so long."""
        self.resumes_at = max(self.resumes_at, self._clock() + seconds)

    def _wake(self) -> None:
        free = int(self.width) - self.in_flight
        while free > 0 and self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                free -= 1


class Rate:
    """A token bucket: `per_minute` units, of which at most two seconds' worth come at once."""

    def __init__(
        self, per_minute: float, clock: Callable[[], float], stopping: asyncio.Event
    ) -> None:
        self._stopping = stopping
        self.per_second = per_minute / 60
        self.burst = max(1.0, 2 * self.per_second)
        self._level, self._clock = self.burst, clock
        self._at = clock()

    async def take(self, units: float) -> bool:
        """Wait until `units` may pass; more than the bucket holds is borrowed and waited off.

        False where the session is to stop.
        """
        now = self._clock()
        self._level = min(self.burst, self._level + (now - self._at) * self.per_second) - units
        self._at = now
        if self._level < 0:
            return await rest(-self._level / self.per_second, self._stopping)
        return not self._stopping.is_set()
