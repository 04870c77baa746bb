"""Child processes and what they cost: wall and CPU seconds, peak memory, output."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended: exit status, seconds, peak resident MB, and what it said."""

    code: int
    wall_s: float
    cpu_s: float
    peak_mb: float
    output: str
    errors: str

    def last_json(self) -> dict[str, Any]:
        """The last line of the output, or all of it, as a JSON object; {} where it is none."""
        whole = self.output.strip()
        for text in (whole.rpartition("\n")[2], whole):
            try:
                found = json.loads(text)
            except ValueError:
                continue
            if isinstance(found, dict):
                return found
        return {}


def run(
    command: Sequence[str], *, cwd: Path, limit_s: float, environment: Mapping[str, str] = {}
) -> Ended:
    """Runs a command in a session of its own; its whole group is ended after `limit_s` seconds.

    CPU and peak memory are the kernel's figures for this child (`wait4`). The peak counts from
    the fork on, so the caller must itself stay smaller than what it measures.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        begun = time.perf_counter()
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        late = threading.Timer(limit_s, os.killpg, (child.pid, signal.SIGKILL))
        late.start()
        try:
            _, status, used = os.wait4(child.pid, 0)
        finally:
            late.cancel()
        wall = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    cpu = used.ru_utime + used.ru_stime
    return Ended(child.returncode, wall, cpu, used.ru_maxrss / 1024, *texts)


@dataclass(frozen=True, slots=True)
class FakeServer:
    """The benchmark's server while it runs."""

    port: int

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def stats(self) -> dict[str, Any]:
        """The server's own counts."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", "/stats")
            found: dict[str, Any] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return found


@contextmanager
def serving(
    *, delay: float = 0.05, faults: float = 0.0, seed: int = 7, limit_s: float = 1800.0
) -> Iterator[FakeServer]:
    """A fresh server process with counts at 0; it ends with the block."""
    command = [sys.executable, str(HERE / "fake_server.py"), "--delay", str(delay)]
    command += ["--faults", str(faults), "--seed", str(seed), "--max-seconds", str(limit_s)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield FakeServer(json.loads(process.stdout.readline())["port"])
    finally:
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        process.stdout.close()
