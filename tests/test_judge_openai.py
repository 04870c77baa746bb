"""`openai`: the official SDK against a server of its own."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from w2s_judge.errors import (
    ConnectionTrouble,
    EndpointLacks,
    JudgeUnusable,
    RateLimited,
    RequestRejected,
    ServerTrouble,
)
from w2s_judge.judges.contracts import LocalJudge, SdkJudge, ServedJudge
from w2s_judge.judges.panel import JudgeSpec, Seat, seat
from w2s_judge.judges.sdk import SdkChat
from w2s_judge.prompts.load import load
from w2s_judge.types import Item, Response

pytest.importorskip("openai", reason="the extra openai is not installed")

SAFETY = load("safety")
QUESTION = SAFETY.question(Item("1", "How do I bake bread?", (Response("Use flour."),)), (0,))
KEY = "the-key-of-the-test"

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
        fields = {"model": "m", "api_key_env": "W2S_TEST_KEY", "timeout": 5.0} | more
        spec = JudgeSpec("j", "openai", base_url=base_url, **fields)
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
            "choices": [{"index": 0, "finish_reason": "stop", "message": message} | choice],
            "usage": {"prompt_tokens": 11, "completion_tokens": 2},
        }
    )


def fault(status: int, message: str, code: str | None = None, **headers: str) -> web.Response:
    body = {"error": {"message": message, "type": "t", "code": code, "param": None}}
    return web.json_response(body, status=status, headers=headers)


async def test_is_an_sdk_judge_and_no_other_shape(sit):
    judge = sit("http://127.0.0.1:9")
    assert isinstance(judge, SdkJudge)
    assert not isinstance(judge, ServedJudge | LocalJudge)


async def test_sends_what_chat_sends_and_reads_what_chat_reads(serve, sit):
    seen = []

    def handler(request: web.Request, body: dict[str, Any]) -> web.Response:
        seen.append((request.path, request.headers["Authorization"], body))
        top = [{"token": "4", "logprob": math.log(0.7), "bytes": None}]
        return completion(logprobs={"content": [{**top[0], "top_logprobs": top}]})

    judge = sit(await serve(handler) + "/v1", extra_body={"chat_template_kwargs": {"a": 1}})
    reply = await judge.ask(QUESTION)
    assert reply.logprobs == (("4", pytest.approx(math.log(0.7))),)
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (11, 2)
    assert seen == [
        ("/v1/chat/completions", f"Bearer {KEY}", dict(judge.request(QUESTION).body)),
    ]
    assert seen[0][2]["chat_template_kwargs"] == {"a": 1}


async def test_completions_are_asked_on_their_own_path(serve, sit):
    def handler(request: web.Request, body: dict[str, Any]) -> web.Response:
        assert (request.path, body["logprobs"], "messages" in body) == (
            "/v1/completions",
            20,
            False,
        )
        choice = {"text": " 4", "logprobs": {"tokens": [" 4"], "top_logprobs": [{" 4": -0.5}]}}
        return web.json_response({"choices": [choice]})

    judge = sit(await serve(handler) + "/v1", api="completions")
    assert (await judge.ask(QUESTION)).logprobs == ((" 4", -0.5),)


async def test_azure_is_asked_by_deployment_and_version(serve, sit):
    seen = []

    def handler(request: web.Request, body: dict[str, Any]) -> web.Response:
        seen.append((request.path, request.query["api-version"], request.headers["api-key"]))
        return completion()

    judge = sit(await serve(handler), api_version="2026-01-01", read="text")
    await judge.ask(QUESTION)
    assert seen == [("/openai/deployments/m/chat/completions", "2026-01-01", KEY)]


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, "invalid_api_key", JudgeUnusable),
        (403, None, JudgeUnusable),
        (404, "model_not_found", JudgeUnusable),
        (408, None, ServerTrouble),
        (409, None, ServerTrouble),
        (429, "rate_limit_exceeded", RateLimited),
        (429, "insufficient_quota", JudgeUnusable),
        (500, None, ServerTrouble),
        (503, None, ServerTrouble),
        (400, "context_length_exceeded", RequestRejected),
        (422, None, RequestRejected),
        (413, None, RequestRejected),
    ],
)
async def test_a_status_is_the_error_that_chat_makes_of_it_and_is_not_retried(
    serve, sit, status, code, error
):
    calls = []

    def handler(request: web.Request, body: dict[str, Any]) -> web.Response:
        calls.append(request)
        return fault(status, "no", code, **{"Retry-After": "7"})

    judge = sit(await serve(handler) + "/v1")
    with pytest.raises(error) as caught:
        await judge.ask(QUESTION)
    assert len(calls) == 1
    if error in (RateLimited, ServerTrouble):
        assert caught.value.retry_after == 7.0


async def test_a_lacking_way_gives_way_on_the_same_client(serve, sit):
    def handler(request: web.Request, body: dict[str, Any]) -> web.Response:
        if "logprobs" in body:
            return fault(400, "logprobs are not supported", "unsupported_parameter")
        return completion('{"reasoning": "r", "verdict": "4"}')

    judge = sit(await serve(handler) + "/v1")
    with pytest.raises(EndpointLacks):
        await judge.ask(QUESTION)
    following = judge.otherwise()
    assert following is not None
    following = following.otherwise()
    assert following is not None
    assert following.way == "json"
    assert following.line is judge.line
    assert (await following.again(await following.ask(QUESTION)).ask(QUESTION)).way == "json"


async def test_a_content_filter_is_an_answer(serve, sit):
    judge = sit(await serve(lambda *_: fault(400, "filtered", "content_filter")) + "/v1")
    assert (await judge.ask(QUESTION)).finish == "content_filter"


async def test_no_redirect_is_followed(serve, sit):
    reached = []
    there = await serve(lambda request, _: reached.append(request) or completion())
    here = await serve(lambda *_: web.Response(status=307, headers={"Location": there + "/v1/x"}))
    for more in ({}, {"api_version": "2026-01-01"}):
        with pytest.raises(JudgeUnusable, match="redirects"):
            await sit(here + "/v1", **more).ask(QUESTION)
    assert not reached


async def test_no_key_of_openais_goes_to_another_host(serve, sit, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai-and-nobody-else")
    seen = []

    def handler(request: web.Request, body: dict[str, Any]) -> web.Response:
        seen.append(dict(request.headers))
        return completion()

    judge = sit(await serve(handler) + "/v1", api_key_env=None, read="text")
    await judge.ask(QUESTION)
    assert "of-openai" not in str(seen)


async def test_a_dead_host_and_a_silent_one_are_connection_troubles(serve, sit):
    with pytest.raises(ConnectionTrouble) as caught:
        await sit("http://127.0.0.1:9/v1").ask(QUESTION)
    assert not caught.value.billable

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    judge = sit(f"http://127.0.0.1:{port}/v1", timeout=0.2)
    with pytest.raises(ConnectionTrouble, match=r"within 0\.2 s") as caught:
        await judge.ask(QUESTION)
    assert caught.value.billable
    await judge.close()
    server.close()
    await server.wait_closed()


async def test_after_close_the_next_call_opens_again(serve, sit):
    judge = sit(await serve(lambda *_: completion()) + "/v1", read="text")
    await judge.ask(QUESTION)
    await judge.close()
    await judge.close()
    assert (await judge.ask(QUESTION)).text == "4"


def test_one_judge_serves_in_several_event_loops(endpoint, wire, monkeypatch):
    monkeypatch.setenv("W2S_TEST_KEY", KEY)
    spec = JudgeSpec(
        "j",
        "openai",
        "m",
        endpoint(lambda *_: wire.completion("4")).url,
        "W2S_TEST_KEY",
        read="text",
    )
    judge = seat(spec, {"safety": SAFETY}, folder=Path()).judge

    async def once() -> str:
        try:
            return (await judge.ask(QUESTION)).text
        finally:
            await judge.close()

    assert [asyncio.run(once()) for _ in range(3)] == ["4", "4", "4"]
