"""One row of the table: a client, what it did, what it cost, and whether its votes are right."""

from __future__ import annotations

import sys
import tempfile
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import product
from environments import PeerBroken, last_line, python_of
from measure import HERE, Ended, FakeServer, run, serving
from votes import Checked, check, from_file

BARE = "aiohttp pool (bare)"
PRODUCT = "w2s-judge score"
LIMIT_S = 900.0


@dataclass(frozen=True, slots=True)
class Load:
    """What all clients are given: calls, how many at a time, and a server with these manners."""

    calls: int
    in_flight: int = 64
    delay: float = 0.05
    faults: float = 0.0
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one run. Seconds; `asking_*` is from the first request to the last vote stored.

    `error` is the last line that the client said where it failed, and then the rest may be 0.
    """

    client: str
    calls: int
    asking_s: float | None = None
    asking_cpu_s: float | None = None
    process_s: float = 0.0
    process_cpu_s: float = 0.0
    peak_mb: float = 0.0
    served: dict[str, Any] | None = None
    checked: Checked | None = None
    error: str = ""

    @property
    def wall_s(self) -> float:
        """The asking phase where the client tells it, else the whole process."""
        return self.process_s if self.asking_s is None else self.asking_s

    @property
    def cpu_s(self) -> float:
        """As `wall_s`."""
        return self.process_cpu_s if self.asking_cpu_s is None else self.asking_cpu_s

    @property
    def rate(self) -> float:
        """Calls a second."""
        return self.calls / self.wall_s

    @property
    def cpu_per_1000(self) -> float:
        """CPU seconds of the client for 1,000 calls."""
        return 1000 * self.cpu_s / self.calls


def bare(load: Load) -> Row:
    """The yardstick, run by this Python."""
    return _script(BARE, "bare_aiohttp", Path(sys.executable), load)


def peer(name: str, module: str, load: Load, environments: Path) -> Row:
    """A peer in its own environment; whatever goes wrong is in the row."""
    try:
        python = python_of(module, environments)
    except PeerBroken as broken:
        return Row(name, load.calls, error=str(broken))
    return _script(name, module, python, load)


def scored(
    load: Load, *, read: str = "logprob", timeout: float = 60.0, limit_s: float = LIMIT_S
) -> Row:
    """`w2s-judge score`, from a file of items to a run folder; the votes are read back from it."""
    settings = product.Settings(load.calls, load.in_flight, read, timeout, limit_s)
    with _server(load, limit_s) as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            ended = product.score(server, folder, settings)
            if ended.code:
                print(ended.errors, file=sys.stderr)
                return _row(PRODUCT, load, ended, server, None)
            checked = check(product.stored_votes(folder), load.calls)
        except (OSError, RuntimeError) as error:
            return Row(PRODUCT, load.calls, error=last_line(str(error)))
        return _row(PRODUCT, load, ended, server, checked)


def _script(name: str, module: str, python: Path, load: Load) -> Row:
    with _server(load, LIMIT_S) as server, tempfile.TemporaryDirectory() as scratch:
        votes = Path(scratch) / "votes.tsv"
        words = [str(python), "-m", f"peers.{module}", "--base-url", server.base_url]
        words += ["--calls", str(load.calls), "--in-flight", str(load.in_flight)]
        # Peers litter the folder that they run in: it is a scratch folder.
        ended = run(
            [*words, "--votes", str(votes)],
            cwd=Path(scratch),
            limit_s=LIMIT_S,
            environment={"PYTHONPATH": str(HERE)},
        )
        checked = check(from_file(votes), load.calls) if votes.is_file() else None
        return _row(name, load, ended, server, checked)


def _row(name: str, load: Load, ended: Ended, server: FakeServer, checked: Checked | None) -> Row:
    asking = ended.last_json().get("asking") or {}
    error = ""
    if ended.code:
        error = last_line(ended.errors) or last_line(ended.output) or f"exit code {ended.code}"
    return Row(
        client=name,
        calls=load.calls,
        asking_s=asking.get("wall_s"),
        asking_cpu_s=asking.get("cpu_s"),
        process_s=ended.wall_s,
        process_cpu_s=ended.cpu_s,
        peak_mb=ended.peak_mb,
        served=server.stats(),
        checked=checked,
        error=error,
    )


def _server(load: Load, limit_s: float) -> AbstractContextManager[FakeServer]:
    # Longer than the client may take, since the votes are read while it still stands.
    return serving(delay=load.delay, faults=load.faults, seed=load.seed, limit_s=2 * limit_s)
