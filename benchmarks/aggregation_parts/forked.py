"""A piece of work in a child of this process: its arrays, CPU seconds and peak memory."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from w2s_judge.errors import W2SJudgeError

Arrays = Mapping[str, np.ndarray]
LIMIT_S = 300


@dataclass(frozen=True, eq=False, slots=True)
class Done:
    """What came of the work.

    `cpu_s` is of the work alone; `peak_mb` is the child's, which starts with what its parent held.
    `error` is one line where the work failed, and then `arrays` is empty; `refused` where it was
    an error that tells a user what to do: such votes are not for the method.
    """

    arrays: Arrays = field(default_factory=dict)
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    error: str = ""
    refused: bool = False


def forked(work: Callable[[], Arrays], *, limit_s: int = LIMIT_S) -> Done:
    """Does the work in a forked child, with at most `limit_s` CPU seconds."""
    sys.stdout.flush()
    with tempfile.TemporaryDirectory() as place:
        child = os.fork()
        if not child:
            _child(work, Path(place), limit_s)
        _, status, used = os.wait4(child, 0)
        code = os.waitstatus_to_exitcode(status)
        said = Path(place) / "said.json"
        if code == -signal.SIGXCPU:
            return Done(error=f"limit of {limit_s} CPU s")
        if code or not said.is_file():
            return Done(error=f"ended with {code}")
        told = json.loads(said.read_text())
        if told["error"]:
            return Done(error=told["error"], refused=told["refused"])
        with np.load(Path(place) / "arrays.npz", allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return Done(arrays, told["cpu_s"], used.ru_maxrss / 1024)


def _child(work: Callable[[], Arrays], place: Path, limit_s: int) -> None:
    code = 1
    try:
        limit = int(time.process_time()) + limit_s + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
        begun, error, refused = time.process_time(), "", False
        try:
            arrays = work()
        except W2SJudgeError as no:
            error, refused = str(no).splitlines()[0], True
        except Exception as broken:  # a method that breaks is a row of the table; the rest go on
            traceback.print_exc()
            error = f"{type(broken).__name__}: {broken}".splitlines()[0]
        cpu_s = time.process_time() - begun
        if not error:
            np.savez(place / "arrays.npz", allow_pickle=False, **arrays)
        said = {"cpu_s": cpu_s, "error": error, "refused": refused}
        (place / "said.json").write_text(json.dumps(said))
        code = 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # no atexit handler of the parent's may run twice
