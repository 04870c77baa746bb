"""Texts side by side: several workers of one thread each, rather than one worker of many threads.

As fast where the cores are idle, and twice as fast or more where they are not (threads of one
model wait for each other at every layer). And a text's score does not depend on how many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Generic, TypeVar

W = TypeVar("W")
T = TypeVar("T")
R = TypeVar("R")


class Crew(Generic[W]):
    """Workers (a model each, say) that take tasks in turn; the calling thread waits."""

    def __init__(self, workers: Sequence[W]) -> None:
        self._idle: SimpleQueue[W] = SimpleQueue()
        for worker in workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(len(workers), thread_name_prefix="embedded")

    def map(self, work: Callable[[W, T], R], tasks: Sequence[T]) -> list[R]:
        """Return work(some worker, task) of each task, in order; the first error is raised."""

        def one(task: T) -> R:
            worker = self._idle.get()
            try:
                return work(worker, task)
            finally:
                self._idle.put(worker)

        return list(self._threads.map(one, tasks))

    def close(self) -> None:
        """Wait for what is under way, and end the threads."""
        self._threads.shutdown(cancel_futures=True)
