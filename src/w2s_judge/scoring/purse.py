"""The ceiling on calls and dollars: reserved before a call, settled after it, never passed."""

from __future__ import annotations

import asyncio

from w2s_judge.store.journal import Journal

LEASE = 64  # calls granted at a time; what a kill -9 may count too much


class NotSent(Exception):
    """The session is to stop: nothing was sent."""


class CeilingReached(NotSent):
    """No further call fits under the ceiling."""


class Purse:
    """Counts everything the run folder has ever spent. `inf` is no ceiling."""

    def __init__(
        self, journal: Journal, max_calls: float, max_usd: float, stopping: asyncio.Event
    ) -> None:
        self._stopping = stopping
        spent = journal.spent()
        self.max_calls, self.max_usd = max_calls, max_usd
        self.calls, self.usd = spent.calls, spent.usd  # settled
        self.open_calls, self.open_usd = 0, 0.0  # reserved
        self._journal = journal
        self._start_calls, self._start_usd = spent.calls, spent.usd
        self._leased_calls, self._leased_usd = 0, 0.0
        self._settled = asyncio.Event()

    async def reserve(self, usd: float) -> None:
        """Take one call that may cost up to `usd`; waits where a call under way may leave room."""
        while not self._stopping.is_set():
            if self.calls + self.open_calls >= self.max_calls:
                raise CeilingReached(f"the ceiling of {self.max_calls:,.0f} calls is reached")
            if self.usd + self.open_usd + usd <= self.max_usd:
                self._take(1, usd)
                return
            if not self.open_calls:
                raise CeilingReached(
                    f"the next call may cost {usd:.6f} USD, and {self.usd:.6f} of the "
                    f"{self.max_usd:g} USD are spent"
                )
            self._settled.clear()
            await self._settled.wait()
        raise NotSent

    def reserve_free(self, calls: int) -> int:
        """Take up to so many calls that cost nothing; gives how many there is room for."""
        granted = int(min(calls, max(0, self.max_calls - self.calls - self.open_calls)))
        if granted:
            self._take(granted, 0.0)
        return granted

    def _take(self, calls: int, usd: float) -> None:
        self.open_calls += calls
        self.open_usd += usd
        made = self.calls + self.open_calls - self._start_calls
        paid = self.usd + self.open_usd - self._start_usd
        if made > self._leased_calls or paid > self._leased_usd:
            room = self.max_calls - self._start_calls
            self._leased_calls = int(min(made + LEASE, max(made, room)))
            top = max(0.0, self.max_usd - self._start_usd)
            self._leased_usd = max(paid, min(paid + LEASE * usd, top))
            self._journal.lease(self._leased_calls, self._leased_usd)

    def settle(self, reserved: float, counted: float, calls: int = 1) -> None:
        """A reserved call is over and counts `counted` dollars."""
        self.open_calls -= calls
        self.open_usd = self.open_usd - reserved if self.open_calls else 0.0
        self.calls += calls
        self.usd += counted
        self._settled.set()

    def give_back(self, reserved: float, calls: int = 1) -> None:
        """A reserved call was not made."""
        self.open_calls -= calls
        self.open_usd = self.open_usd - reserved if self.open_calls else 0.0
        self._settled.set()
