"""The command line in a process of its own, against the server that `make test-vllm` started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

MODEL = "smollm2"
EXAMPLES = Path(__file__).parents[2] / "examples" / "outputs.jsonl"


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Scored:
    """A run: what `score --json` printed, and every vote by judge."""

    code: int
    summary: dict[str, Any]
    votes: dict[str, list[dict[str, Any]]]
    rows: list[dict[str, Any]]


class Product:
    """`w2s-judge` with a panel of judges on the server; `folder` holds what a test writes."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder

    def panel(self, judges: dict[str, dict[str, Any]]) -> Path:
        """A panel.toml with one chat judge a name; keys that are given win."""
        fixed = {"kind": "chat", "model": MODEL, "base_url": f"{self.url}/v1", "timeout": 300.0}
        text = ""
        for name, keys in judges.items():
            row = {"name": name, **fixed, **keys}
            text += "[[judge]]\n" + "".join(f"{k} = {_toml(v)}\n" for k, v in row.items())
        path = self.folder / "panel.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *words: object) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "w2s_judge", *map(str, words)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=900,
            cwd=self.folder,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def check(self, judges: dict[str, dict[str, Any]], rubric: str) -> dict[str, dict[str, Any]]:
        """The findings of `check --json`, by judge."""
        ran = self.run("check", "--panel", self.panel(judges), "--rubric", rubric, "--json")
        assert ran.code in (0, 3), ran.err
        return {finding["judge"]: finding for finding in ran.json()}

    def score(
        self, judges: dict[str, dict[str, Any]], rubric: str, items: int | Path = 4
    ) -> Scored:
        """Score the first items of the example, or a file."""
        path = items if isinstance(items, Path) else self.first(items)
        out = self.folder / f"{'-'.join(judges)}.w2s"
        ran = self.run(
            "score", path, "--panel", self.panel(judges), "--rubric", rubric, "--out", out, "--json"
        )
        assert ran.code in (0, 3), ran.err
        lines = self.run("votes", out).out.splitlines()
        votes: dict[str, list[dict[str, Any]]] = {name: [] for name in judges}
        for vote in map(json.loads, lines):
            votes[vote["judge"]].append(vote)
        scores = (out / "scores.jsonl").read_text(encoding="utf-8").splitlines()
        return Scored(ran.code, ran.json(), votes, [json.loads(line) for line in scores])

    def first(self, items: int) -> Path:
        """The first items of the example, two responses each."""
        path = self.folder / "outputs.jsonl"
        lines = EXAMPLES.read_text(encoding="utf-8").splitlines()[:items]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def counted(self, name: str) -> float:
        """What the server has counted of something since it began."""
        past_any_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with past_any_proxy.open(f"{self.url}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        found = [line for line in lines if line.partition("{")[0] == name]
        assert found, f"the server counts no {name}"
        return sum(float(line.rpartition(" ")[2]) for line in found)


def _toml(value: Any) -> str:
    """TOML for a value of a panel: JSON's is TOML's but for tables."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)


@pytest.fixture(scope="session")
def url() -> str:
    """The server's URL, without the path."""
    given = os.environ.get("W2S_JUDGE_VLLM_URL")
    if not given:
        pytest.skip("no server: `make test-vllm` starts one")
    return given


@pytest.fixture(scope="module")
def product_for(url: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Product]:
    """Make a product with a new folder."""
    return lambda name: Product(url, tmp_path_factory.mktemp(name))


@pytest.fixture
def product(url: str, tmp_path: Path) -> Product:
    return Product(url, tmp_path)
