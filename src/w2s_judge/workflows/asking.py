"""Runs the engine in a thread with an event loop of its own, so that a notebook's goes on.

The calling thread waits; Ctrl-C there stops the session gently, a second one at once.
"""

from __future__ import annotations

import asyncio
import datetime
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from w2s_judge.prompts.rubric import Rubric
from w2s_judge.scoring.call import Session
from w2s_judge.scoring.engine import Engine, Place
from w2s_judge.scoring.plan import Choice
from w2s_judge.scoring.purse import Purse
from w2s_judge.scoring.selection import Selection
from w2s_judge.scoring.settings import Settings
from w2s_judge.scoring.tally import Tally
from w2s_judge.store.journal import Journal
from w2s_judge.transport.door import Door
from w2s_judge.workflows.watching import Watcher

TICK = 0.2  # seconds


def now() -> str:
    """UTC as ISO 8601, to the millisecond."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


@dataclass(slots=True)
class Asking:
    """How the asking of a session went: seconds, and why it was stopped if it was."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    reasons: list[str] = field(default_factory=list)
    interrupted: bool = False
    unanswered: dict[str, int] = field(default_factory=dict)  # by rubric: nobody had an answer


class _Session:
    """The engine in its thread, and the two ways to stop it from outside."""

    def __init__(
        self,
        db: sqlite3.Connection,
        places: Sequence[Place],
        choice: Choice,
        rubrics: Mapping[str, Rubric],
        tallies: Mapping[str, Tally],
        settings: Settings,
        journal: Journal,
        selection: Selection | None,
    ) -> None:
        self.asking = Asking()
        self.error: BaseException | None = None
        self._given = (db, places, choice, rubrics, tallies, settings, journal, selection)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping: asyncio.Event | None = None
        # An interrupted Thread.join can take a running thread for a finished one (3.11 and 3.12),
        # so it is this event that is waited for.
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, name="w2s-judge-engine")

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except asyncio.CancelledError:
            pass
        except BaseException as error:
            self.error = error
        finally:
            self.over.set()

    async def _main(self) -> None:
        db, places, choice, rubrics, tallies, settings, journal, selection = self._given
        self._stopping = asyncio.Event()
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        began, cpu = time.perf_counter(), time.process_time()
        try:
            async with Door() as door:
                purse = Purse(journal, settings.max_calls, settings.budget_usd, self._stopping)
                session = Session(
                    journal, purse, door, rubrics, settings, time.monotonic, now,
                    self._stop_here, self._stopping,
                )  # fmt: skip
                engine = Engine(db, places, choice, tallies, session, selection)
                await engine.run()
                self.asking.unanswered = dict(engine.unanswered)
        finally:
            self.asking.wall_s = time.perf_counter() - began
            self.asking.cpu_s = time.process_time() - cpu

    def _stop_here(self, reason: str) -> None:
        if self._stopping is not None:
            self._stopping.set()
        if reason not in self.asking.reasons:
            self.asking.reasons.append(reason)

    def stop(self, reason: str) -> None:
        """From another thread: finish what is in flight, then end."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop_here, reason)

    def abandon(self) -> None:
        """From another thread: end now; calls in flight are counted, their replies lost."""
        if self._loop is not None and self._task is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)


def ask(
    db: sqlite3.Connection,
    places: Sequence[Place],
    choice: Choice,
    rubrics: Mapping[str, Rubric],
    tallies: Mapping[str, Tally],
    settings: Settings,
    journal: Journal,
    watcher: Watcher,
    selection: Selection | None = None,
) -> Asking:
    """Ask all that is open, of a selection where one is given.

    Errors of the engine are raised here, after what came is stored.
    """
    session = _Session(db, places, choice, rubrics, tallies, settings, journal, selection)
    watcher.began(tuple(tallies.values()))
    session.thread.start()
    try:
        while not session.over.is_set():
            try:
                session.over.wait(TICK)
                watcher.tick()
            except KeyboardInterrupt:
                _interrupt(session, watcher)
    finally:
        # Whatever the showing of it may raise, nothing is asked on behind a closed run.
        if not session.over.is_set():
            session.stop("the watcher failed")
            session.over.wait()
        session.thread.join()
        watcher.ended()
    if session.error is not None:
        raise session.error
    return session.asking


def _interrupt(session: _Session, watcher: Watcher) -> None:
    if session.asking.interrupted:
        session.abandon()
        return
    session.asking.interrupted = True
    session.stop("interrupted")
    watcher.say("Stopping: finishing the calls in flight and storing them (Ctrl-C again: at once).")
