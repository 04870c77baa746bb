"""A run folder that a refused command leaves as it was: one that it made is taken away again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from w2s_judge.errors import W2SJudgeError
from w2s_judge.store import folder as folders


@contextlib.contextmanager
def folder_for(folder: Path) -> Iterator[Callable[[], None]]:
    """Make the folder of a run, or check the one that is there; gives what says that it stays.

    Until that is called an error takes away the folder and what is in it, if it was not there
    before.
    """
    stays = folder.exists()

    def keep() -> None:
        nonlocal stays
        stays = True

    folders.prepare(folder)
    try:
        yield keep
    except W2SJudgeError:
        if not stays:
            _take_away(folder)
        raise


def _take_away(folder: Path) -> None:
    """Only what a command makes before its first question; what else is there is left."""
    beside = ("", "-wal", "-shm", "-journal")
    for name in (*(folders.DATABASE + end for end in beside), folders.LOCK, folders.REJECTED):
        (folder / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()
