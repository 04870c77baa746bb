"""A coroutine run to its end from plain code, also where an event loop is running (notebooks)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_coroutine(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run it in a thread with a loop of its own; its result or its error comes back."""
    results: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(asyncio.run(make()))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work, name="w2s-judge-loop")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
