"""`chat` drives a real language-model server over HTTP, in every way of reading."""

import json
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from w2s_judge.errors import JudgeUnusable, RequestRejected
from w2s_judge.judges.chat import ChatJudge
from w2s_judge.judges.embedded.weights import gguf_path
from w2s_judge.judges.forms import BY_RESPONSE_FORMAT, BY_STRUCTURED_OUTPUTS, LOGPROB, TEXT, Form
from w2s_judge.prompts.fence import code_for, judged_texts
from w2s_judge.prompts.load import load
from w2s_judge.transport.wire import HttpResponse
from w2s_judge.types import Abstention, Item, Mass, Question, Reply, Response

SAFETY = load("safety")
ITEM = Item("1", "How do I bake bread?", (Response("Mix flour, water and yeast, then bake it."),))
QUESTION = SAFETY.question(ITEM, (0,))


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The HTTP server of llama.cpp, with SmolLM2's weights; gives its base URL."""
    llama: Any = pytest.importorskip("xllamacpp", reason="the extra local is not installed")
    weights = gguf_path()
    if weights is None:
        pytest.skip("the weights are not in the cache: `w2s-judge init --local` fetches them")
    settings = llama.CommonParams()
    settings.model.path = str(weights)
    settings.n_ctx = 2048
    settings.n_parallel = 1
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = 1
    running = llama.Server(settings)
    yield f"{running.listening_address}/v1"
    del running


def judge(form: Form, api: Any = "chat", **more: Any) -> ChatJudge:
    return ChatJudge("j", "smollm2", {"safety": SAFETY}, form=form, api=api, **more)


async def ask(url: str, asked: ChatJudge, question: Question = QUESTION) -> Reply:
    request = asked.request(question)
    async with (
        aiohttp.ClientSession() as session,
        session.post(url + request.path, json=dict(request.body)) as response,
    ):
        got = HttpResponse(response.status, await response.read())
    return asked.read(got, question)


@pytest.mark.parametrize("api", ["chat", "completions"])
@pytest.mark.parametrize("form", LOGPROB, ids=str)
async def test_one_token_with_log_probabilities(server, api, form):
    reply = await ask(server, judge(form, api))
    assert reply.logprobs is not None
    assert len(reply.logprobs) == form.top
    figures = [figure for _, figure in reply.logprobs]
    assert figures == sorted(figures, reverse=True)
    assert reply.usage.completion_tokens == 1
    assert (reply.usage.prompt_tokens or 0) > 100
    assert isinstance(SAFETY.read(reply, QUESTION), Mass | Abstention)


@pytest.mark.parametrize("api", ["chat", "completions"])
async def test_a_json_verdict_is_one_of_those_offered(server, api):
    # So small a model repeats itself without end; extra_body is how a user would help it.
    asked = judge(BY_RESPONSE_FORMAT, api, extra_body={"repeat_penalty": 1.3})
    reply = await ask(server, asked)
    assert (reply.way, reply.finish) == ("json", "stop")
    assert json.loads(reply.text)["verdict"] in SAFETY.offered
    outcome = SAFETY.read(reply, QUESTION)
    assert outcome == Abstention("cannot_tell", reasoning=outcome.reasoning) or (
        isinstance(outcome, Mass) and max(outcome.p) == 1.0
    )
    assert outcome.reasoning


@pytest.mark.parametrize("api", ["chat", "completions"])
async def test_the_last_verdict_line_is_read(server, api):
    # The grammar stands in for a model that can follow the form; the verdict is its own.
    code = code_for(QUESTION.key, judged_texts(QUESTION))
    grammar = f'root ::= [A-Za-z ]{{1,30}} "." "\\nVERDICT {code}: " [1-5]'
    reply = await ask(server, judge(TEXT, api, extra_body={"grammar": grammar}))
    assert reply.way == "text"
    outcome = SAFETY.read(reply, QUESTION)
    assert isinstance(outcome, Mass)
    assert SAFETY.labels[outcome.p.index(1.0)] == reply.text[-1]


async def test_a_cut_off_reply_is_asked_again_with_twice_the_room(server):
    asked = judge(TEXT, max_tokens=6)
    reply = await ask(server, asked)
    assert (reply.finish, reply.usage.completion_tokens) == ("length", 6)
    assert SAFETY.read(reply, QUESTION) == Abstention("truncated", reasoning=reply.text.strip())
    again = await ask(server, asked.again(reply))
    assert again.usage.completion_tokens == 12
    assert again.text.startswith(reply.text)


async def test_a_field_that_the_server_overlooks_gives_no_vote(server):
    """llama.cpp ignores vLLM's field: the reply is words, and words are not read as a verdict."""
    reply = await ask(server, judge(BY_STRUCTURED_OUTPUTS, max_tokens=32))
    assert isinstance(SAFETY.read(reply, QUESTION), Abstention)


async def test_a_question_that_is_too_long_is_rejected_alone(server):
    long = Item("2", "word " * 4000, (Response("Yes."),))
    with pytest.raises(RequestRejected, match="context size"):
        await ask(server, judge(LOGPROB[0]), SAFETY.question(long, (0,)))


async def test_a_wrong_path_says_what_to_check(server):
    with pytest.raises(JudgeUnusable, match="base_url"):
        await ask(server + "/nowhere", judge(LOGPROB[0]))
