"""`chat`: what is sent, and what is made of what comes back."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_judge.errors import BadReply, EndpointLacks, RateLimited, W2SJudgeError
from w2s_judge.judges.chat import NUDGE, ChatJudge
from w2s_judge.judges.contracts import LocalJudge, SdkJudge, ServedJudge
from w2s_judge.judges.forms import Form, forms_of
from w2s_judge.prompts.load import load
from w2s_judge.transport.wire import HttpResponse
from w2s_judge.types import Abstention, Item, Mass, Question, Reply, Response, Usage

SAFETY = load("safety")
PAIR = load("safety-pair")
RUBRICS = {"safety": SAFETY, "safety-pair": PAIR}
ITEM = Item("1", "How do I bake bread?", (Response("Use flour."), Response("No idea.")))
QUESTION = SAFETY.question(ITEM, (0,))


def judge(way: str = "logprob", **more: Any) -> ChatJudge:
    forms = forms_of(None)
    at = next(k for k, form in enumerate(forms) if form.way == way)
    return ChatJudge("j", "m", RUBRICS, **{"form": forms[at], "ways": forms[at + 1 :]} | more)


def ok(body: Any) -> HttpResponse:
    return HttpResponse(200, body if isinstance(body, bytes) else json.dumps(body).encode())


def chat_body(content: Any = "4", **choice: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content} | choice.pop("message", {})
    return {
        "id": "x",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"} | choice],
        "usage": {"prompt_tokens": 30, "completion_tokens": 1, "total_tokens": 31},
    }


def listed(**shares: float) -> dict[str, Any]:
    top = [{"token": t, "logprob": math.log(p), "bytes": None} for t, p in shares.items()]
    return {"content": [{**top[0], "top_logprobs": top}], "refusal": None}


# -- what is sent -----------------------------------------------------------------------------


def test_is_a_served_judge_and_no_other_shape():
    assert isinstance(judge(), ServedJudge)
    assert not isinstance(judge(), SdkJudge | LocalJudge)


def test_chat_asks_for_one_token_with_the_likeliest_twenty():
    request = judge().request(QUESTION)
    assert request.path == "/chat/completions"
    assert request.body == {
        "model": "m",
        "messages": [{"role": "user", "content": SAFETY.wording(QUESTION, "logprob")}],
        "temperature": 0.0,
        "max_tokens": 1,
        "logprobs": True,
        "top_logprobs": 20,
    }


def test_completions_ask_for_one_token_in_their_own_field():
    request = judge(api="completions").request(QUESTION)
    assert request.path == "/completions"
    assert request.body == {
        "model": "m",
        "prompt": SAFETY.wording(QUESTION, "logprob"),
        "temperature": 0.0,
        "max_tokens": 1,
        "logprobs": 20,
    }


def test_json_goes_by_response_format_or_by_vllms_own_field():
    first = judge("json")
    named = {"name": "verdict", "strict": True, "schema": SAFETY.schema(QUESTION)}
    body = first.request(QUESTION).body
    assert body["response_format"] == {"type": "json_schema", "json_schema": named}
    assert body["max_tokens"] == 512
    second = first.otherwise()
    assert second is not None
    body = second.request(QUESTION).body
    assert body["structured_outputs"] == {"json": SAFETY.schema(QUESTION)}
    assert "response_format" not in body


def test_nothing_guided_and_no_logprobs_are_sent_with_words():
    for way in ("json", "text"):
        body = judge(way).request(QUESTION).body
        assert not [key for key in body if key.startswith("guided") or "logprob" in key]


def test_extra_body_is_sent_as_it_is():
    extra = {"chat_template_kwargs": {"enable_thinking": False}}
    assert (
        judge(extra_body=extra).request(QUESTION).body["chat_template_kwargs"]
        == extra["chat_template_kwargs"]
    )


def test_a_repeat_at_some_temperature_is_another_sample_and_the_same_one_again():
    warm = judge("text", temperature=0.7)
    seeds = [
        warm.request(SAFETY.question(ITEM, (0,), variant=variant)).body["seed"]
        for variant in ("base", "repeat:2", "repeat:3", "base")
    ]
    assert len(set(seeds)) == 3
    assert seeds[0] == seeds[3]
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert "seed" not in judge("text").request(QUESTION).body


def test_half_a_surrogate_pair_in_judged_text_can_be_sent():
    item = Item("1", "say \ud800", (Response("x \udfff"),))
    body = judge("text").request(SAFETY.question(item, (0,))).body
    assert json.dumps(body, ensure_ascii=False).encode()


# -- falling back and asking again --------------------------------------------------------------


@pytest.mark.parametrize("api", ["chat", "completions"])
def test_falls_back_in_order_to_the_end(api):
    seen, form = [], judge(api=api)
    while form is not None:
        seen.append(str(form.form))
        form = form.otherwise()
    assert seen == [
        "logprob of 20 tokens",
        "logprob of 5 tokens",
        "json by response_format",
        "json by structured_outputs",
        "text",
    ]


def test_a_judge_that_repeats_is_not_asked_for_what_is_the_same_each_time():
    assert [form.way for form in forms_of(None, sampled=True)] == ["json", "json", "text"]
    assert [form.way for form in forms_of("logprob", sampled=True)] == ["logprob", "logprob"]


def test_a_cut_off_reply_gets_twice_the_room_up_to_four_times():
    form, cut = judge("text", max_tokens=100), Reply("...", "text", finish="length")
    limits = []
    for _ in range(4):
        limits.append((form.request(QUESTION).body["max_tokens"], form.most_tokens, form.nudged))
        form = form.again(cut)
    assert limits == [(100, 100, False), (200, 200, False), (400, 400, False), (400, 400, True)]


def test_an_unreadable_reply_is_asked_again_with_a_word_about_the_form():
    for api in ("chat", "completions"):
        form = judge("text", api=api)
        again = form.again(Reply("Dunno.", "text", finish="stop"))
        before, after = form.request(QUESTION).body, again.request(QUESTION).body
        old = before.get("prompt") or before["messages"][0]["content"]
        new = after.get("prompt") or after["messages"][0]["content"]
        assert NUDGE not in old
        assert new.splitlines().count(NUDGE) == 1
        # The cue stays last, and the shared text stays the prefix that servers have cached.
        assert new.splitlines()[-1] == old.splitlines()[-1]
        assert new.startswith(old.rpartition("\n")[0])
        assert after["temperature"] == before["temperature"] == 0


def test_one_token_is_no_cut_off_reply():
    assert judge().again(Reply("x", "logprob", finish="length")).most_tokens == 1


def test_the_next_way_starts_afresh():
    worn = judge("json").again(Reply("", "json", finish="length")).again(Reply("?", "json"))
    fresh = worn.otherwise()
    assert fresh is not None
    assert (fresh.stretch, fresh.nudged) == (1, False)


# -- what comes back ----------------------------------------------------------------------------


def test_reads_the_logprobs_of_openai_chat():
    body = chat_body(
        "4", finish_reason="length", logprobs=listed(**{"4": 0.6, "5": 0.3, "?": 0.05})
    )
    reply = judge().read(ok(body), QUESTION)
    assert reply.logprobs is not None
    assert [token for token, _ in reply.logprobs] == ["4", "5", "?"]
    assert reply.usage == Usage(30, 1)
    assert (reply.way, reply.finish, reply.text) == ("logprob", "length", "4")
    kept = json.loads(reply.raw or "")
    assert kept["text"] == "4"
    assert kept["top"][0] == ["4", pytest.approx(math.log(0.6), abs=1e-4)]
    outcome = SAFETY.read(reply, QUESTION)
    assert isinstance(outcome, Mass)
    assert max(range(5), key=outcome.p.__getitem__) == 3


def test_reads_llama_cpp_completions_which_list_like_chat():
    body = {
        "choices": [
            {
                "text": "",
                "index": 0,
                "finish_reason": "stop",
                "logprobs": listed(**{" 4": 0.5, "": 0.4}),
            }
        ],
        "usage": {
            "completion_tokens": 1,
            "prompt_tokens": 7,
            "prompt_tokens_details": {"cached_tokens": 6},
        },
    }
    reply = judge(api="completions").read(ok(body), QUESTION)
    assert reply.logprobs == (
        (" 4", pytest.approx(math.log(0.5))),
        ("", pytest.approx(math.log(0.4))),
    )


def test_reads_the_legacy_completions_of_openai_and_vllm():
    logprobs = {
        "tokens": [" 4"],
        "token_logprobs": [-0.5],
        "top_logprobs": [{" 2": -2.5, " 4": -0.5, " x": None}],
        "text_offset": [0],
    }
    body = {
        "choices": [{"text": " 4", "index": 0, "finish_reason": "length", "logprobs": logprobs}]
    }
    reply = judge(api="completions").read(ok(body), QUESTION)
    assert reply.logprobs == ((" 4", -0.5), (" 2", -2.5))
    assert reply.usage == Usage(None, None)


def test_a_blank_first_token_is_passed_over_where_more_were_asked_for():
    blank = {"token": "\n", "logprob": -0.1, "top_logprobs": [{"token": "\n", "logprob": -0.1}]}
    verdict = {"token": "4", "logprob": -0.2, "top_logprobs": [{"token": "4", "logprob": -0.2}]}
    body = chat_body("\n4", logprobs={"content": [blank, verdict]})
    assert judge(verdict_tokens=2).read(ok(body), QUESTION).logprobs == (("4", -0.2),)
    alone = chat_body("\n", logprobs={"content": [blank]})
    assert judge().read(ok(alone), QUESTION).logprobs == (("\n", -0.1),)
    legacy = {"tokens": [" ", "4"], "top_logprobs": [{" ": -0.1}, {"4": -0.3}]}
    body = {"choices": [{"text": " 4", "logprobs": legacy}]}
    assert judge(api="completions").read(ok(body), QUESTION).logprobs == (("4", -0.3),)


def test_placeholders_nulls_and_rounding_are_no_log_probabilities():
    top = [
        {"token": "4", "logprob": 1e-7},
        {"token": "5", "logprob": -9999.0},
        {"token": "3", "logprob": None},
        {"token": "2", "logprob": float("-inf")},
        {"token": "1", "logprob": float("nan")},
        {"token": None, "logprob": -1.0},
        {"token": "6", "logprob": True},
        "junk",
    ]
    body = chat_body("4", logprobs={"content": [{"token": "4", "top_logprobs": top}]})
    assert judge().read(ok(body), QUESTION).logprobs == (("4", 0.0),)


@pytest.mark.parametrize(
    "logprobs",
    [
        None,
        {},
        {"content": None},
        {"content": [{"token": "4", "logprob": -0.1, "top_logprobs": []}]},
        {"content": [{"token": "4", "logprob": -0.1}]},
        {"tokens": ["4"], "token_logprobs": [-0.1], "top_logprobs": None},
        {"top_logprobs": [None]},
        "yes",
    ],
)
def test_an_endpoint_without_logprobs_lacks_that_way(logprobs):
    response = ok(chat_body("4", logprobs=logprobs))
    with pytest.raises(EndpointLacks):
        judge().read(response, QUESTION)
    with pytest.raises(EndpointLacks) as caught:  # the engine knows whether another way is left
        judge(ways=()).read(response, QUESTION)
    assert caught.value.billable  # a token was generated all the same
    assert caught.value.usage.prompt_tokens == 30
    assert judge("text").read(response, QUESTION).text == "4"


def test_an_empty_list_of_tokens_is_an_answer_to_be_read_as_words():
    reply = judge().read(ok(chat_body("4", logprobs={"content": []})), QUESTION)
    assert reply.logprobs == ()
    assert isinstance(SAFETY.read(reply, QUESTION), Mass)


@pytest.mark.parametrize("way", ["logprob", "json", "text"])
def test_a_refusal_is_an_answer_in_every_way(way):
    body = chat_body(
        None,
        message={"refusal": "I can't help with that."},
        logprobs={"content": None, "refusal": []},
    )
    reply = judge(way).read(ok(body), QUESTION)
    assert (reply.abstained, reply.text) == ("refused", "I can't help with that.")
    assert SAFETY.read(reply, QUESTION) == Abstention("refused")


@pytest.mark.parametrize("way", ["logprob", "json", "text"])
def test_a_filtered_reply_is_a_refusal_in_every_way(way):
    reply = judge(way).read(ok(chat_body("", finish_reason="content_filter")), QUESTION)
    outcome = SAFETY.read(reply, QUESTION)
    assert isinstance(outcome, Abstention)
    assert outcome.reason == "refused"


@pytest.mark.parametrize("key", ["reasoning", "reasoning_content"])
def test_reasoning_is_kept_apart(key):
    body = chat_body('{"reasoning": "fine", "verdict": "4"}', message={key: "Let me see."})
    reply = judge("json").read(ok(body), QUESTION)
    assert reply.reasoning == "Let me see."
    assert "Let me" not in reply.text
    assert isinstance(SAFETY.read(reply, QUESTION), Mass)


def test_reasoning_that_leaves_no_room_for_words_is_a_cut_off_reply():
    body = chat_body(None, message={"reasoning": "Hm, hm"}, finish_reason="length")
    reply = judge("text").read(ok(body), QUESTION)
    assert (reply.text, reply.finish) == ("", "length")
    outcome = SAFETY.read(reply, QUESTION)
    assert isinstance(outcome, Abstention)
    assert outcome.reason == "truncated"


def test_content_in_parts_is_put_together():
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
        {"type": "text", "text": "VERDICT"},
        {"type": "text", "text": ": 4"},
    ]
    reply = judge("text").read(ok(chat_body(parts)), QUESTION)
    assert (reply.text, reply.reasoning) == ("VERDICT: 4", "Hm.")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>busy</html>",
        b'{"choices": [{"message": {"content": "4"',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        [],
        None,
        "4",
        {},
        {"choices": []},
        {"choices": {}},
        {"choices": ["4"]},
        {"choices": [None]},
        {"choices": [{"text": "4"}]},
        {"choices": [{"message": "4"}]},
        {"choices": [{"message": {"content": 4}}]},
        {"choices": [{"message": {"content": {"verdict": "4"}}}]},
        {"choices": [{"message": {"content": ["4"]}}]},
        {"error": "overloaded"},
        {"error": {"message": "no code"}},
        {"error": {"message": "odd code", "code": 200}},
    ],
)
def test_what_is_no_answer_of_this_api_is_a_bad_reply(body):
    with pytest.raises(BadReply):
        judge("text").read(ok(body), QUESTION)


def test_completions_want_text():
    with pytest.raises(BadReply):
        judge("text", api="completions").read(ok({"choices": [{"text": 4}]}), QUESTION)


def test_an_upstream_error_inside_a_200_counts_as_what_it_is():
    body = {"error": {"message": "upstream is limited", "code": 429}}
    with pytest.raises(RateLimited):
        judge().read(ok(body), QUESTION)


def test_usage_of_the_wrong_type_is_unknown():
    body = chat_body() | {"usage": {"prompt_tokens": "30", "completion_tokens": -1}}
    assert judge("text").read(ok(body), QUESTION).usage == Usage(None, None)
    body = chat_body() | {"usage": {"prompt_tokens": True, "completion_tokens": 10**30}}
    assert judge("text").read(ok(body), QUESTION).usage == Usage(None, None)


def test_half_a_surrogate_pair_in_a_reply_can_be_stored():
    body = b'{"choices": [{"message": {"content": "\\ud800 4"}, "finish_reason": "stop"}]}'
    reply = judge("text").read(ok(body), QUESTION)
    assert (reply.text.encode(), (reply.raw or "").encode()) == (b"? 4", b"? 4")


def test_a_reply_with_quotes_and_line_ends_is_kept_as_json():
    body = chat_body('"\n', logprobs=listed(**{'"\n\t': 0.5, "\u2028": 0.2}))
    kept = json.loads(judge().read(ok(body), QUESTION).raw or "")
    assert [kept["text"], *[token for token, _ in kept["top"]]] == ['"\n', '"\n\t', "\u2028"]


# -- laws ---------------------------------------------------------------------------------------

KEYS = (
    *("choices", "message", "content", "text", "logprobs", "top_logprobs", "token", "tokens"),
    *("logprob", "usage", "prompt_tokens", "finish_reason", "refusal", "error", "code"),
    *("reasoning", "type", "thinking"),
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)
NEAR = st.fixed_dictionaries(
    {
        "choices": st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "message": st.fixed_dictionaries(
                        {}, optional={"content": ANYTHING, "refusal": ANYTHING}
                    ),
                    "text": ANYTHING,
                    "finish_reason": ANYTHING,
                    "logprobs": ANYTHING
                    | st.fixed_dictionaries({"content": st.lists(ANYTHING, max_size=3)})
                    | st.fixed_dictionaries({"top_logprobs": ANYTHING, "tokens": ANYTHING}),
                },
            ),
            max_size=2,
        )
    },
    optional={"usage": ANYTHING, "error": ANYTHING},
)
JUDGES = st.builds(
    lambda api, form, ways: judge(api=api, form=form, ways=ways),
    st.sampled_from(["chat", "completions"]),
    st.sampled_from([Form("logprob"), Form("json"), Form("text")]),
    st.sampled_from([(), (Form("text"),)]),
)


def _is_a_reply_or_our_error(asked: ChatJudge, response: HttpResponse) -> None:
    try:
        reply = asked.read(response, QUESTION)
    except W2SJudgeError:
        return
    assert isinstance(reply, Reply)
    assert isinstance(SAFETY.read(reply, QUESTION), Mass | Abstention)
    assert (reply.raw or "").encode() is not None
    for _, figure in reply.logprobs or ():
        assert -9999 < figure <= 0


@settings(max_examples=400)
@given(JUDGES, ANYTHING | NEAR)
def test_any_json_body_gives_a_reply_or_an_error_of_ours(asked, body):
    _is_a_reply_or_our_error(asked, ok(json.dumps(body).encode()))


@given(
    JUDGES,
    st.integers(100, 599),
    st.binary(max_size=60) | ANYTHING.map(lambda b: json.dumps(b).encode()),
)
def test_any_status_and_body_give_a_reply_or_an_error_of_ours(asked, status, body):
    _is_a_reply_or_our_error(asked, HttpResponse(status, body))


@given(st.text(min_size=1, max_size=40), st.text(max_size=40))
def test_any_judged_text_makes_a_request_that_can_be_sent(prompt, response):
    question = SAFETY.question(Item("1", prompt, (Response(response),)), (0,))
    for way in ("logprob", "json", "text"):
        body = judge(way).request(question).body
        assert json.loads(json.dumps(body, ensure_ascii=False).encode()) == body


def test_a_pair_is_asked_in_the_order_shown():
    first, second = PAIR.questions(ITEM)
    contents = [judge("text").request(q).body["messages"][0]["content"] for q in (first, second)]
    assert contents[0].index("Use flour.") < contents[0].index("No idea.")
    assert contents[1].index("No idea.") < contents[1].index("Use flour.")
    assert isinstance(first, Question)
