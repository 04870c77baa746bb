"""A local OpenAI-compatible server with a fixed delay, and faults if asked for.

    python benchmarks/fake_server.py [--delay 0.05] [--faults 0.05 --seed 7] [--port 0]

It prints its port as one line of JSON, serves `/v1/chat/completions`, `/v1/models` and `/stats`
on 127.0.0.1, and ends when its standard input closes or after `--max-seconds`. HTTP is read by
hand: on two cores a framework here would take the time that the client is measured by.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import struct
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from fake_answers import completion, item_of, label_of, prompt_of

KINDS = ("429", "500", "malformed", "truncated", "reset", "stall")
MALFORMED = b'{"id": "chatcmpl-0", "choices": [{"index": 0, "message": {"role": "assist'
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 411: "Length Required"}
REASONS |= {429: "Too Many Requests", 500: "Internal Server Error"}


@dataclass(slots=True)
class Service:
    """What the server is told, and what it counts. Delays are seconds, `faults` is a share."""

    delay: float = 0.05
    stall: float = 30.0
    faults: float = 0.0
    seed: int = 7
    calls: int = 0
    answered: int = 0
    unmarked: int = 0
    abandoned: int = 0
    in_flight: int = 0
    max_in_flight: int = 0
    request_bytes: int = 0
    faulted: Counter[str] = field(default_factory=Counter)
    draw: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)

    def fault(self) -> str | None:
        """The fault that the call which now arrives will meet, by the seed."""
        if self.faults and self.draw.random() < self.faults:
            kind = self.draw.choice(KINDS)
            self.faulted[kind] += 1
            return kind
        return None

    def stats(self) -> bytes:
        """All counts, and the CPU seconds that this server took, as JSON."""
        names = ("calls", "answered", "unmarked", "abandoned", "in_flight", "max_in_flight")
        counts = {name: getattr(self, name) for name in (*names, "request_bytes")}
        counts |= {"faults": {kind: self.faulted[kind] for kind in KINDS}}
        return json.dumps({**counts, "cpu_s": time.process_time()}).encode()


class Connection(asyncio.Protocol):
    """One kept-alive connection: requests in order, each answered after the delay."""

    __slots__ = ("buffer", "busy", "service", "timer", "transport")

    def __init__(self, service: Service) -> None:
        self.service = service
        self.buffer = bytearray()
        self.busy = False
        self.timer: asyncio.TimerHandle | None = None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def connection_lost(self, _error: Exception | None) -> None:
        if self.timer is not None:
            self.timer.cancel()
        if self.busy:
            self.service.abandoned += 1
            self._leave()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.busy:
            self._take()

    def _take(self) -> None:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self.buffer[:end])
        length = _content_length(head)
        if length is None:
            self._send(411, b"{}")
            self.transport.close()
            return
        if len(self.buffer) < end + 4 + length:
            return
        body = bytes(self.buffer[end + 4 : end + 4 + length])
        del self.buffer[: end + 4 + length]
        method, path = head.split(b" ", 2)[:2]
        if method == b"POST" and path.endswith(b"/chat/completions"):
            self._asked(body)
        else:
            self._told(path)

    def _told(self, path: bytes) -> None:
        if path == b"/stats":
            self._send(200, self.service.stats())
        elif path.endswith(b"/models"):
            self._send(200, b'{"object": "list", "data": [{"id": "fake", "object": "model"}]}')
        else:
            self._send(404, b'{"error": {"message": "no such path", "code": 404}}')

    def _asked(self, body: bytes) -> None:
        service = self.service
        service.calls += 1
        service.request_bytes += len(body)
        service.in_flight += 1
        service.max_in_flight = max(service.max_in_flight, service.in_flight)
        self.busy = True
        fault = service.fault()
        wait = service.stall if fault == "stall" else service.delay
        if wait:
            self.timer = asyncio.get_running_loop().call_later(wait, self._answer, body, fault)
        else:
            self._answer(body, fault)

    def _answer(self, body: bytes, fault: str | None) -> None:
        self.timer = None
        self._leave()
        if fault in (None, "stall", "truncated"):
            self._reply(body, cut=fault == "truncated")
        elif fault == "reset":
            # Lingering for 0 s makes the kernel send a reset in place of an orderly close.
            linger = struct.pack("ii", 1, 0)
            self.transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, linger
            )
            self.transport.abort()
        elif fault == "malformed":
            self._send(200, MALFORMED)
        elif fault == "429":
            self._send(429, b'{"error": {"message": "slow down"}}', b"Retry-After: 0\r\n")
        else:
            self._send(500, b'{"error": {"message": "something broke"}}')
        if self.buffer and not self.transport.is_closing():
            self._take()

    def _reply(self, body: bytes, *, cut: bool) -> None:
        try:
            request = json.loads(body)
        except ValueError:
            self._send(400, b'{"error": {"message": "the request is not JSON"}}')
            return
        prompt = prompt_of(request)
        number = item_of(prompt)
        if number is None:
            self.service.unmarked += 1
        answer = completion(request, prompt, "3" if number is None else label_of(number), cut=cut)
        # Every other cut reply, and each one-token reply, breaks off in the body itself.
        if cut and (request.get("logprobs") or self.service.faulted["truncated"] % 2):
            self.transport.write(_head(200, len(answer)) + b"\r\n" + answer[: len(answer) // 2])
            self.transport.close()
            return
        if not cut:
            self.service.answered += 1
        self._send(200, answer)

    def _leave(self) -> None:
        self.busy = False
        self.service.in_flight -= 1

    def _send(self, status: int, body: bytes, more: bytes = b"") -> None:
        self.transport.write(_head(status, len(body)) + more + b"\r\n" + body)


def _head(status: int, length: int) -> bytes:
    line = f"HTTP/1.1 {status} {REASONS[status]}\r\n"
    return f"{line}Content-Type: application/json\r\nContent-Length: {length}\r\n".encode()


def _content_length(head: bytes) -> int | None:
    """Bytes of the body: 0 where none is announced, None where only chunks would tell."""
    low = head.lower()
    if b"\r\ntransfer-encoding:" in low:
        return None
    at = low.find(b"\r\ncontent-length:")
    return int(low[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


async def serve(service: Service, *, port: int, max_seconds: float) -> None:
    """Serves until standard input closes or the time is over; prints the port first."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    server = await loop.create_server(lambda: Connection(service), "127.0.0.1", port, backlog=1024)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    loop.add_reader(sys.stdin, _listen, over)
    try:
        await asyncio.wait_for(over.wait(), max_seconds)
    except TimeoutError:
        print(f"the server's time of {max_seconds:.0f} s is over", file=sys.stderr)
    finally:
        server.close()


def _listen(over: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 65536):
        over.set()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--delay", type=float, default=0.05, help="seconds (default 0.05)")
    parser.add_argument("--faults", type=float, default=0.0, help="share of calls (default 0)")
    parser.add_argument("--stall", type=float, default=30.0, help="seconds of a stalled call")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--port", type=int, default=0, help="0 (default) takes a free one")
    parser.add_argument("--max-seconds", type=float, default=1800.0)
    chosen = parser.parse_args()
    service = Service(chosen.delay, chosen.stall, chosen.faults, chosen.seed)
    asyncio.run(serve(service, port=chosen.port, max_seconds=chosen.max_seconds))


if __name__ == "__main__":
    main()
