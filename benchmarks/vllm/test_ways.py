"""`w2s-judge check` and `score` against vLLM, in every way of reading and through both APIs.

The model is far too small for the task: what it says matters less than that every vote is what it
said, and that what cannot be read is no vote.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from w2s_judge.judges.chat import ChatJudge
from w2s_judge.judges.forms import BY_STRUCTURED_OUTPUTS, LOGPROB, TEXT, Form
from w2s_judge.prompts import load
from w2s_judge.prompts.fence import code_for, judged_texts
from w2s_judge.transport.door import Door
from w2s_judge.transport.endpoint import Endpoint
from w2s_judge.transport.wire import HttpResponse
from w2s_judge.types import Abstention, Item, Mass, Question, Reply, Response

MODEL = "smollm2"
SAFETY = load("safety")
ITEM = Item("1", "How do I bake bread?", (Response("Mix flour, water and yeast, then bake it."),))
QUESTION = SAFETY.question(ITEM, (0,))
COMPLETIONS = {"api": "completions"}
BOTH = pytest.mark.parametrize("api", ["chat", "completions"])
# So small a model repeats itself without end; extra_body is how a user would help it.
HELPED = {"extra_body": {"repetition_penalty": 1.3}}
ONE_TOKEN: dict[str, dict[str, Any]] = {
    "default-chat": {},
    "default-completions": COMPLETIONS,
    "logprob-chat": {"read": "logprob"},
    "logprob-completions": {"read": "logprob", **COMPLETIONS},
}


class Read:
    """A run and what the server counted meanwhile."""

    def __init__(self, product: Any) -> None:
        names = ("prompt_tokens", "generation_tokens", "prefix_cache_queries", "prefix_cache_hits")
        before = {name: product.counted(f"vllm:{name}_total") for name in names}
        self.scored = product.score(ONE_TOKEN, "safety")
        self.counted = {
            name: product.counted(f"vllm:{name}_total") - was for name, was in before.items()
        }


@pytest.fixture(scope="module")
def read(product_for: Callable[[str], Any]) -> Read:
    return Read(product_for("one-token"))


async def post(url: str, judge: ChatJudge, question: Question = QUESTION) -> HttpResponse:
    async with Door() as door:
        return await door.post(Endpoint(f"{url}/v1"), judge.request(question), 300.0)


async def ask(url: str, judge: ChatJudge) -> Reply:
    return judge.read(await post(url, judge), QUESTION)


def judge(form: Form, api: Any, **more: Any) -> ChatJudge:
    return ChatJudge("j", MODEL, {"safety": SAFETY}, form=form, api=api, **more)


def label_of(vote: dict[str, Any]) -> str:
    """The one label that a vote in words has all its mass on."""
    assert sorted(vote["mass"].values()) == [0, 0, 0, 0, 1]
    return max(vote["mass"], key=vote["mass"].get)


# -- one token -----------------------------------------------------------------------------------


def test_check_asks_every_judge_in_its_way(product):
    words = {"max_tokens": 64, **HELPED}
    judges = {**ONE_TOKEN, "json": {"read": "json", **words}, "text": {"read": "text", **words}}
    found = product.check(judges, "safety")
    assert list(found) == list(judges)
    for name in ONE_TOKEN:
        assert found[name]["ok"], found[name]
        assert found[name]["read"] == "logprob"
        assert found[name]["answer"].startswith("safety: ")
    for name in ("json", "text"):
        assert found[name]["read"] == name
        assert found[name]["ok"] or "the reply is" in found[name]["remarks"][-1]


@pytest.mark.parametrize("name", ONE_TOKEN)
def test_a_vote_is_what_the_tokens_say(read, name):
    votes = read.scored.votes[name]
    assert len(votes) == 9
    assert any(vote["mass"] for vote in votes)
    for vote in votes:
        assert vote["read"] == "logprob"
        top = json.loads(vote["raw"])["top"]
        assert len(top) == 20
        on = {
            label: sum(math.exp(p) for token, p in top if token.strip() == label)
            for label in SAFETY.labels
        }
        inside = sum(on.values())
        assert vote["outside"] == pytest.approx(1 - inside, abs=2e-3)
        if vote["mass"] is None:
            assert vote["abstained"] in ("unreadable", "cannot_tell")
            continue
        assert sum(vote["mass"].values()) == pytest.approx(1)
        assert set(vote["bounded"] or ()) == {label for label, p in on.items() if p == 0}
        for label in SAFETY.labels:
            if not vote["bounded"]:
                assert vote["mass"][label] == pytest.approx(on[label] / inside, abs=2e-3)
            assert vote["mass"][label] > 0


def test_the_best_way_is_found_without_being_named(read):
    for name, told in read.scored.summary["judges"].items():
        assert (told["read"], told["note"], told["failed"]) == ("logprob", None, 0), name
    named, default = (read.scored.votes[f"{way}-chat"] for way in ("logprob", "default"))
    assert [vote["item"] for vote in named] == [vote["item"] for vote in default]


def test_every_token_is_counted_as_the_server_counts_it(read):
    judges = read.scored.summary["judges"].values()
    for kind, counted in (("prompt", "prompt_tokens"), ("completion", "generation_tokens")):
        assert sum(told[f"{kind}_tokens"] for told in judges) == read.counted[counted]
    for votes in read.scored.votes.values():
        assert all(vote["completion_tokens"] == 1 for vote in votes)
        assert all(vote["prompt_tokens"] > 300 for vote in votes)


def test_the_shared_opening_is_reused(read, capsys):
    share = read.counted["prefix_cache_hits"] / read.counted["prefix_cache_queries"]
    with capsys.disabled():
        print(f" [{share:.0%} of the prompt tokens came from vLLM's cache] ", end="")
    # Without it a second judge with the same wording would still find its own: 40 % at most.
    assert share > 0.5


@BOTH
async def test_another_question_finds_the_opening_in_the_cache(url, api):
    other = Item("2", "Which tea keeps me awake?", (Response("A strong black one, most likely."),))
    asked = judge(LOGPROB[0], api)
    await post(url, asked)
    usage = (await post(url, asked, SAFETY.question(other, (0,)))).json()["usage"]
    # vLLM reuses whole blocks, of 128 tokens here.
    assert usage["prompt_tokens_details"]["cached_tokens"] >= 128


@pytest.mark.parametrize("form", LOGPROB, ids=str)
@BOTH
async def test_as_many_tokens_are_listed_as_were_asked_for(url, api, form):
    reply = await ask(url, judge(form, api))
    assert len(reply.logprobs) == form.top


def test_pairs_are_asked_in_both_orders(product):
    scored = product.score({"pairs": {"read": "logprob"}}, "safety-pair", 2)
    votes = scored.votes["pairs"]
    assert sorted(vote["order"] for vote in votes) == ["ab", "ab", "ba", "ba"]
    assert all((vote["mass"] is None) == (vote["abstained"] is not None) for vote in votes)
    assert len(scored.rows) == 2


# -- words ---------------------------------------------------------------------------------------


def test_json_by_response_format(product):
    row = {"read": "json", "max_tokens": 128, **HELPED}
    scored = product.score({"chat": row, "completions": {**row, **COMPLETIONS}}, "safety", 2)
    for votes in scored.votes.values():
        assert len(votes) == 4
        assert all(vote["read"] == "json" for vote in votes)
        whole = [vote for vote in votes if vote["abstained"] != "truncated"]
        assert whole, "no reply in JSON came to its end"
        for vote in whole:
            said = json.loads(vote["raw"])
            assert list(said) == ["reasoning", "verdict"]
            assert vote["reasoning"] == (said["reasoning"] or None)
            if said["verdict"] == SAFETY.cannot_tell:
                assert vote["abstained"] == "cannot_tell"
            else:
                assert label_of(vote) == said["verdict"]


@BOTH
async def test_json_by_structured_outputs(url, api):
    asked = judge(BY_STRUCTURED_OUTPUTS, api, extra_body=HELPED["extra_body"])
    reply = await ask(url, asked)
    assert (reply.way, reply.finish) == ("json", "stop")
    said = json.loads(reply.text)
    assert said["verdict"] in SAFETY.offered
    outcome = SAFETY.read(reply, QUESTION)
    if said["verdict"] == SAFETY.cannot_tell:
        assert isinstance(outcome, Abstention)
        assert outcome.reason == "cannot_tell"
    else:
        assert isinstance(outcome, Mass)
        assert SAFETY.labels[outcome.p.index(1.0)] == said["verdict"]


def test_no_verdict_in_the_text_is_no_vote(product):
    row = {"read": "text", "max_tokens": 32}
    scored = product.score({"chat": row, "completions": {**row, **COMPLETIONS}}, "safety", 2)
    for votes in scored.votes.values():
        assert len(votes) == 4
        for vote in votes:
            assert vote["read"] == "text"
            assert vote["prompt_tokens"] > 300
            if vote["mass"] is None:
                reasons = ("unreadable", "truncated", "refused", "cannot_tell")
                assert vote["abstained"] in reasons
                continue
            lines = vote["raw"].splitlines()
            verdicts = [line for line in lines if "verdict" in line.casefold()]
            assert label_of(vote) in (verdicts or [vote["raw"]])[-1]
    for told in scored.summary["judges"].values():
        assert told["votes"] + sum(told["abstained"].values()) == 4


@BOTH
async def test_the_verdict_line_is_read(url, api):
    # The pattern stands in for a model that can follow the form; the verdict is its own.
    code = code_for(QUESTION.key, judged_texts(QUESTION))
    pattern = {"regex": rf"[A-Za-z ]{{1,30}}\.\nVERDICT {code}: [1-5]"}
    reply = await ask(url, judge(TEXT, api, extra_body={"structured_outputs": pattern}))
    outcome = SAFETY.read(reply, QUESTION)
    assert isinstance(outcome, Mass)
    assert SAFETY.labels[outcome.p.index(1.0)] == reply.text[-1]


@BOTH
async def test_a_cut_off_reply_is_asked_again_with_twice_the_room(url, api):
    asked = judge(TEXT, api, max_tokens=6, extra_body={"min_tokens": 6})
    reply = await ask(url, asked)
    assert (reply.finish, reply.usage.completion_tokens) == ("length", 6)
    assert SAFETY.read(reply, QUESTION) == Abstention("truncated", reasoning=reply.text.strip())
    again = await ask(url, asked.again(reply))
    assert again.usage.completion_tokens == 12


def test_samples_have_a_seed_each(product):
    row = {"read": "json", "max_tokens": 64, "temperature": 0.8, "repeats": 2, **HELPED}
    votes = product.score({"sampled": row}, "safety", 1).votes["sampled"]
    assert sorted(vote["variant"] for vote in votes) == ["base", "base", "repeat:2", "repeat:2"]
