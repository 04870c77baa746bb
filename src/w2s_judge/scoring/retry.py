"""When a failed call is tried again: tenacity's wait and stop objects are the policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tenacity import RetryCallState, stop_after_attempt, stop_after_delay, wait_random_exponential


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a question is tried: failures other than 429 count as attempts."""

    attempts: int = 6
    total_seconds: float = 900.0
    first_wait: float = 0.5
    longest_wait: float = 30.0
    reasks: int = 2  # replies that could not be read, per question


class Trial:
    """The trials of one question, as tenacity counts them, from the first time it is sent."""

    def __init__(self, patience: Patience) -> None:
        nothing: Any = None
        self._state = RetryCallState(nothing, None, (), {})
        self._state.attempt_number = 0
        self._stop = stop_after_attempt(patience.attempts) | stop_after_delay(
            patience.total_seconds
        )
        self._wait = wait_random_exponential(
            multiplier=patience.first_wait, max=patience.longest_wait
        )
        self._patience = patience
        self.began: float | None = None
        self.calls = 0
        self.reasks = 0
        self.limited = 0  # 429s
        self.rejected = False  # a re-ask was: the reply before it stands

    def sent(self, now: float) -> None:
        """A call goes out; the first one starts the clock. `now` is monotonic seconds."""
        self.calls += 1
        if self.began is None:
            self.began = self._state.start_time = now

    @property
    def failures(self) -> int:
        """Failures that counted."""
        return self._state.attempt_number

    def failed(self, now: float, asked_for: float | None, *, counts: bool) -> float | None:
        """Note a failure; the seconds to wait before the next try, or None to give up.

        `asked_for` is the server's Retry-After: more than is left of our patience is an end.
        A 429 does not count as an attempt: the endpoint is well and asks for time.
        """
        if counts or self._state.attempt_number == 0:
            self._state.attempt_number += 1
        self._state.outcome_timestamp = now
        if self._stop(self._state):
            return None
        if asked_for is None:
            return float(self._wait(self._state))
        began = now if self.began is None else self.began
        too_long = now + asked_for - began > self._patience.total_seconds
        return None if too_long else asked_for
