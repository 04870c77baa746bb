"""`litellm` against a server of its own, where litellm is installed."""

import asyncio
import math
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from w2s_judge.errors import (
    ConfigurationError,
    ConnectionTrouble,
    EndpointLacks,
    JudgeUnusable,
    RateLimited,
    RequestRejected,
    ServerTrouble,
)
from w2s_judge.judges.contracts import LocalJudge, SdkJudge, ServedJudge
from w2s_judge.judges.litellm_sdk import load_litellm, price_of
from w2s_judge.judges.panel import JudgeSpec, Price, Seat, seat
from w2s_judge.judges.sdk import SdkChat
from w2s_judge.prompts.load import load
from w2s_judge.types import Item, Response

pytest.importorskip("litellm", reason="the extra litellm is not installed")

# litellm's own classes warn as they are made; that is not ours to fix.
pytestmark = pytest.mark.filterwarnings("ignore:Item :UserWarning")

SAFETY = load("safety")
QUESTION = SAFETY.question(Item("1", "How do I bake bread?", (Response("Use flour."),)), (0,))
KEY = "the-key-of-the-test"
PROVIDERS = ("openai/m", "groq/m", "anthropic/claude-3-haiku", "gemini/gemini-2.0-flash")

Handler = Callable[[web.Request, dict[str, Any]], web.Response]
Serve = Callable[[Handler], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    runners: list[web.AppRunner] = []

    async def start(handler: Handler) -> str:
        async def answer(request: web.Request) -> web.Response:
            return handler(request, await request.json())

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runners.append(web.AppRunner(app))
        await runners[-1].setup()
        await web.TCPSite(runners[-1], "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runners[-1].addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def sit(monkeypatch) -> AsyncIterator[Callable[..., SdkChat]]:
    seats: list[Seat] = []
    monkeypatch.setenv("W2S_TEST_KEY", KEY)

    def make(base_url: str, **more: Any) -> SdkChat:
        fields = {"model": "openai/m", "api_key_env": "W2S_TEST_KEY", "timeout": 5.0} | more
        spec = JudgeSpec("j", "litellm", base_url=base_url, **fields)
        seats.append(seat(spec, {"safety": SAFETY}, folder=Path()))
        judge = seats[-1].judge
        assert isinstance(judge, SdkChat)
        return judge

    yield make
    for one in seats:
        await one.judge.close()


def completion(text: str = "4", **choice: Any) -> web.Response:
    message = {"role": "assistant", "content": text}
    return web.json_response(
        {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message} | choice],
            "usage": {"prompt_tokens": 11, "completion_tokens": 2, "total_tokens": 13},
        }
    )


def fault(status: int, message: str, code: str | None = None, **headers: str) -> web.Response:
    body = {"error": {"message": message, "type": "t", "code": code, "param": None}}
    return web.json_response(body, status=status, headers=headers)


async def test_is_an_sdk_judge_and_no_other_shape(sit):
    judge = sit("http://127.0.0.1:9")
    assert isinstance(judge, SdkJudge)
    assert not isinstance(judge, ServedJudge | LocalJudge)


async def test_reads_words(serve, sit):
    seen = []

    def handler(request: web.Request, body: dict[str, Any]) -> web.Response:
        seen.append((request.path, request.headers["Authorization"], body))
        return completion("fine")

    judge = sit(await serve(handler), read="text", extra_body={"top_k": 5})
    reply = await judge.ask(QUESTION)
    assert (reply.text, reply.way, reply.finish) == ("fine", "text", "stop")
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (11, 2)
    [(path, key, body)] = seen
    assert (path, key) == ("/chat/completions", f"Bearer {KEY}")
    assert body["messages"] == judge.request(QUESTION).body["messages"]
    assert (body["temperature"], body["max_tokens"], body["top_k"]) == (0.0, 512, 5)


async def test_reads_log_probabilities(serve, sit):
    top = [
        {"token": "4", "logprob": math.log(0.7), "bytes": [52]},
        {"token": "5", "logprob": math.log(0.2), "bytes": [53]},
    ]
    logprobs = {"content": [{**top[0], "top_logprobs": top}]}
    judge = sit(await serve(lambda *_: completion(logprobs=logprobs)))
    reply = await judge.ask(QUESTION)
    assert reply.logprobs == tuple((t["token"], pytest.approx(t["logprob"])) for t in top)


async def test_a_provider_without_log_probabilities_is_asked_for_json(serve, sit):
    reached = []
    judge = sit(
        await serve(lambda request, _: reached.append(request) or completion()),
        model="anthropic/claude-3-haiku",
    )
    with pytest.raises(EndpointLacks):
        await judge.ask(QUESTION)
    assert not reached
    ways = []
    following: SdkChat | None = judge
    while following is not None:
        ways.append(following.way)
        following = following.otherwise()
    assert ways == ["logprob", "logprob", "json", "text"]


async def test_a_seed_is_left_out_where_the_provider_knows_none(serve, sit):
    seen = []

    def handler(request: web.Request, body: dict[str, Any]) -> web.Response:
        seen.append("seed" in body)
        return fault(500, "enough") if "system" in body else completion()

    url = await serve(handler)
    await sit(url, read="text", temperature=0.5).ask(QUESTION)
    anthropic = sit(url, model="anthropic/claude-3-haiku", read="text", temperature=0.5)
    with pytest.raises((ServerTrouble, ConnectionTrouble)):
        await anthropic.ask(QUESTION)
    assert seen == [True, False]


@pytest.mark.parametrize("model", PROVIDERS)
@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, "invalid_api_key", JudgeUnusable),
        (404, "model_not_found", JudgeUnusable),
        (408, None, ConnectionTrouble),
        (429, "rate_limit_exceeded", RateLimited),
        (429, "insufficient_quota", JudgeUnusable),
        (500, None, ServerTrouble),
        (503, None, ServerTrouble),
        (400, "context_length_exceeded", RequestRejected),
        (422, None, RequestRejected),
    ],
)
async def test_an_exception_is_the_error_of_its_status_and_is_not_retried(
    serve, sit, model, status, code, error
):
    calls = []

    def handler(request: web.Request, body: dict[str, Any]) -> web.Response:
        calls.append(request)
        return fault(status, "no: sk-abcdefghijklmnopqrst", code, **{"Retry-After": "7"})

    judge = sit(await serve(handler), model=model, read="text")
    with pytest.raises(error) as caught:
        await judge.ask(QUESTION)
    assert len(calls) == 1
    if error in (RateLimited, ServerTrouble):
        assert caught.value.retry_after == 7.0
    if status == 401:
        assert "abcdefghij" not in str(caught.value)


@pytest.mark.parametrize("model", PROVIDERS)
async def test_a_content_filter_is_an_answer(serve, sit, model):
    judge = sit(
        await serve(lambda *_: fault(400, "no", "content_filter")), model=model, read="text"
    )
    assert (await judge.ask(QUESTION)).finish == "content_filter"


@pytest.mark.parametrize("model", PROVIDERS)
async def test_no_redirect_is_followed(serve, sit, model):
    reached = []
    there = await serve(lambda request, _: reached.append(request) or completion())
    here = await serve(lambda *_: web.Response(status=307, headers={"Location": there + "/x"}))
    with pytest.raises(JudgeUnusable, match="redirects"):
        await sit(here, model=model, read="text").ask(QUESTION)
    assert not reached


async def test_no_key_of_another_goes_to_a_named_host(serve, sit, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai-and-nobody-else")
    seen = []

    def handler(request: web.Request, body: dict[str, Any]) -> web.Response:
        seen.append(dict(request.headers))
        return completion()

    await sit(await serve(handler), api_key_env=None, read="text").ask(QUESTION)
    assert "of-openai" not in str(seen)


async def test_a_dead_host_and_a_silent_one_are_connection_troubles(sit):
    with pytest.raises((ConnectionTrouble, ServerTrouble)):
        await sit("http://127.0.0.1:9").ask(QUESTION)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    judge = sit(f"http://127.0.0.1:{port}", timeout=0.3)
    with pytest.raises(ConnectionTrouble, match="within"):
        await judge.ask(QUESTION)
    await judge.close()
    server.close()
    await server.wait_closed()


def test_one_judge_serves_in_several_event_loops(endpoint, wire, monkeypatch):
    monkeypatch.setenv("W2S_TEST_KEY", KEY)
    url = endpoint(lambda *_: wire.completion("4")).url
    spec = JudgeSpec("j", "litellm", "openai/m", url, "W2S_TEST_KEY", read="text")
    judge = seat(spec, {"safety": SAFETY}, folder=Path()).judge

    async def once() -> str:
        try:
            return (await judge.ask(QUESTION)).text
        finally:
            await judge.close()

    assert [asyncio.run(once()) for _ in range(3)] == ["4", "4", "4"]


def test_azure_is_sent_to_the_kind_that_reaches_it():
    spec = JudgeSpec("j", "litellm", "azure/gpt-4o-mini")
    with pytest.raises(ConfigurationError, match='kind = "openai"'):
        seat(spec, {"safety": SAFETY}, folder=Path())


def test_prices_come_from_litellms_own_list():
    cost = load_litellm().model_cost["gpt-4o-mini"]
    expected = (cost["input_cost_per_token"] * 1e6, cost["output_cost_per_token"] * 1e6)
    assert price_of("gpt-4o-mini") == expected
    assert price_of("openai/gpt-4o-mini") == expected
    assert price_of("groq/gpt-4o-mini") is None
    assert price_of("no/such-model") is None
    spec = JudgeSpec("j", "litellm", "openai/gpt-4o-mini")
    sitting = seat(spec, {"safety": SAFETY}, folder=Path())
    assert sitting.price == Price(*expected)
    assert sitting.endpoint is not None
    assert sitting.endpoint.base_url == "litellm:openai"


def test_nothing_is_fetched_or_read_when_it_is_imported(tmp_path):
    """In a process where no connection can be made, with a .env in the working folder."""
    (tmp_path / ".env").write_text("W2S_FROM_A_FILE=yes\n")
    code = (
        "import socket, os\n"
        "def refuse(*a, **k): raise SystemExit('a connection was tried')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from w2s_judge.judges.litellm_sdk import load_litellm, price_of\n"
        "load_litellm(); assert price_of('gpt-4o-mini')\n"
        "assert 'W2S_FROM_A_FILE' not in os.environ\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if not k.startswith("LITELLM_")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
