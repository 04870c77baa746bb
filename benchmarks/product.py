"""Runs `w2s-judge score` on generated items against the benchmark's server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fake_answers import MARKER
from measure import Ended, FakeServer, run
from workload import MODEL, write_items

RUBRIC = "safety"
ANSWER_CHARS = 100  # with the text of the rubric as much as the other clients send
PANEL = """\
[[judge]]
name = "fake"
kind = "chat"
model = "{model}"
base_url = "{base_url}"
read = "{read}"
concurrency = {in_flight}
timeout = {timeout}
"""


@dataclass(frozen=True, slots=True)
class Settings:
    """One run: `items` calls, `in_flight` at a time; `timeout` is seconds for one attempt."""

    items: int
    in_flight: int = 64
    read: str = "logprob"
    timeout: float = 60.0
    limit_s: float = 900.0


def command() -> str:
    """The command line beside the Python that runs the benchmark, or the one on the path."""
    beside = Path(sys.executable).parent / "w2s-judge"
    return str(beside) if beside.is_file() else "w2s-judge"


def score(server: FakeServer, folder: Path, settings: Settings) -> Ended:
    """Makes the input and the panel in `folder` and scores into `folder / "run"`."""
    items, panel = folder / "items.jsonl", folder / "panel.toml"
    write_items(items, settings.items, ANSWER_CHARS)
    panel.write_text(
        PANEL.format(
            model=MODEL,
            base_url=server.base_url,
            read=settings.read,
            in_flight=settings.in_flight,
            timeout=settings.timeout,
        )
    )
    words = [command(), "score", str(items), "--panel", str(panel), "--rubric", RUBRIC]
    words += ["--out", str(folder / "run"), "--quiet", "--json"]
    return run(words, cwd=folder, limit_s=settings.limit_s)


def stored_votes(folder: Path) -> Iterator[tuple[int, str | None]]:
    """What `w2s-judge votes` says is stored: (item number, likeliest label or None)."""
    words = [command(), "votes", str(folder / "run"), "--format", "jsonl"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=folder) as process:
        assert process.stdout is not None
        for line in process.stdout:
            vote = json.loads(line)
            known = MARKER.fullmatch(vote["item"])
            mass = vote["mass"]
            yield int(known[1]) if known else -1, max(mass, key=mass.get) if mass else None
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}")
