"""Shared fixtures: a real HTTP endpoint whose behaviour is a function, files, panels, commands."""

from __future__ import annotations

import json
import math
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from w2s_judge.audit.part import Figure, Part

RESET = object()


@dataclass
class Said:
    """What an endpoint answers: a body (dict, bytes or RESET), a status, headers, a delay."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


class Wire:
    """Bodies as an OpenAI-compatible server writes them."""

    reset = RESET
    Said = Said

    @staticmethod
    def completion(text: str, *, finish: str = "stop", logprobs: Any = None) -> dict[str, Any]:
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": finish,
            "logprobs": logprobs,
        }
        usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
        return {"id": "x", "object": "chat.completion", "choices": [choice], "usage": usage}

    @classmethod
    def token(cls, shares: dict[str, float]) -> dict[str, Any]:
        """One token with the probabilities of the likeliest, as `top_logprobs` gives them."""
        top = [{"token": t, "logprob": math.log(p), "bytes": None} for t, p in shares.items()]
        content = [{**top[0], "top_logprobs": top}]
        return cls.completion(top[0]["token"], finish="length", logprobs={"content": content})

    @classmethod
    def verdict(cls, label: str, reasoning: str = "because") -> dict[str, Any]:
        return cls.completion(json.dumps({"reasoning": reasoning, "verdict": label}))

    @staticmethod
    def prompt(body: dict[str, Any]) -> str:
        return str(body["messages"][-1]["content"] if "messages" in body else body["prompt"])


class Endpoint:
    """A server on 127.0.0.1; `reply(body, number)` says what the number-th call gets."""

    def __init__(self, reply: Callable[[dict[str, Any], int], Any]) -> None:
        self.reply = reply
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.at: list[float] = []
        self.in_flight = self.most_in_flight = 0
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_: Any) -> None:
                pass

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                outer.serve(self, raw)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def serve(self, handler: BaseHTTPRequestHandler, raw: bytes) -> None:
        body = json.loads(raw)
        with self._lock:
            number = len(self.bodies)
            self.bodies.append(body)
            self.headers.append(dict(handler.headers))
            self.at.append(time.monotonic())
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            said = self.reply(body, number)
            said = said if isinstance(said, Said) else Said(said)
            if said.delay:
                time.sleep(said.delay)
            self._write(handler, said)
        finally:
            with self._lock:
                self.in_flight -= 1

    @staticmethod
    def _write(handler: BaseHTTPRequestHandler, said: Said) -> None:
        if said.body is RESET:
            linger = struct.pack("ii", 1, 0)
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            handler.connection.close()
            handler.close_connection = True
            return
        content = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
        handler.send_response(said.status)
        for name, value in {"Content-Type": "application/json", **said.headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def wire() -> type[Wire]:
    return Wire


@pytest.fixture
def endpoint() -> Iterator[Callable[[Callable[[dict[str, Any], int], Any]], Endpoint]]:
    opened: list[Endpoint] = []

    def start(reply: Callable[[dict[str, Any], int], Any]) -> Endpoint:
        opened.append(Endpoint(reply))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def outputs(tmp_path: Path) -> Callable[..., Path]:
    """Write rows, or `count` plain ones with the marker item-00012, as a JSONL file."""

    def write(rows: Any = 20, name: str = "outputs.jsonl") -> Path:
        if isinstance(rows, int):
            rows = [
                {"id": f"item-{k:05}", "prompt": f"Question {k}?", "response": f"item-{k:05} says"}
                for k in range(rows)
            ]
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


@pytest.fixture
def panel(tmp_path: Path) -> Callable[..., Path]:
    """Write a panel.toml of chat judges: `panel(one=url, two=url)`; `text` is added to each row."""

    def write(text: str = "", /, **judges: str) -> Path:
        rows = [
            f'[[judge]]\nname = "{name}"\nkind = "chat"\nmodel = "m-{name}"\nbase_url = "{url}"\n'
            f"{text}\n"
            for name, url in judges.items()
        ]
        path = tmp_path / "panel.toml"
        path.write_text("\n".join(rows), encoding="utf-8")
        return path

    return write


@dataclass
class Ran:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., Ran]:
    """Run the installed command line in a process of its own."""

    def run(*words: object, env: dict[str, str] | None = None, timeout: float = 120) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "w2s_judge", *map(str, words)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout,
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "200", **(env or {})},
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command line and leave it running; what still runs at the end is killed."""
    processes: list[subprocess.Popen[str]] = []

    def start(*words: object) -> subprocess.Popen[str]:
        processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "w2s_judge", *map(str, words)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=tmp_path,
                env={**os.environ, "COLUMNS": "200"},
            )
        )
        return processes[-1]

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def sound() -> Callable[[Part], Part]:
    """Check a part of an audit: no NaN, a reason for what is missing, words that are sentences."""

    def checked(part: Part) -> Part:
        for cell in (cell for table in part.tables for row in table.rows for cell in row):
            found = [cell]
            if isinstance(cell, Figure):
                found = [cell.value, cell.low, cell.high]
                assert cell.why or None not in found
            assert all(math.isfinite(one) for one in found if isinstance(one, float))
        for test in part.tests:
            assert 0 <= test.p <= 1
            assert math.isfinite(test.effect)
            assert test.minimum > 0
        said = [(test.sentence, test.advice) for test in part.tests]
        for text in (*part.sentences, *part.notes, *(one for two in said for one in two)):
            assert text.endswith(".")
            assert not re.search(r"\bnan\b", text)
        return part

    return checked
