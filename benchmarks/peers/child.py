"""What the measured scripts share: their arguments, the clock, and the report to the benchmark."""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Job:
    """Ask `calls` items at `base_url`, at most `in_flight` at a time; verdicts go to `votes`."""

    base_url: str
    calls: int
    in_flight: int
    votes: Path


def job() -> Job:
    """The job from the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--votes", type=Path, required=True)
    chosen = parser.parse_args()
    return Job(chosen.base_url, chosen.calls, chosen.in_flight, chosen.votes)


@dataclass(slots=True)
class Asking:
    """The asking phase: seconds of wall and of CPU (all threads and children of this process)."""

    wall_s: float = 0.0
    cpu_s: float = 0.0


@contextmanager
def asking() -> Iterator[Asking]:
    """Times its block; imports and the making of inputs stay outside."""
    phase = Asking()
    wall, cpu = time.perf_counter(), _cpu()
    yield phase
    phase.wall_s, phase.cpu_s = time.perf_counter() - wall, _cpu() - cpu


def _cpu() -> float:
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, whose))


def report(phase: Asking, work: Job, verdicts: Iterable[tuple[int, str]]) -> None:
    """Writes the verdicts, one `number<TAB>label` a line, and prints the figures as JSON."""
    with work.votes.open("w", encoding="utf-8") as file:
        file.writelines(f"{number}\t{label}\n" for number, label in verdicts)
    figures = {"wall_s": phase.wall_s, "cpu_s": phase.cpu_s, "calls": work.calls}
    print(json.dumps({"asking": figures}), flush=True)
