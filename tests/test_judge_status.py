"""Every HTTP status and every shape of error body: what it means for a judge."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.errors import (
    EndpointLacks,
    JudgeUnusable,
    RateLimited,
    RequestRejected,
    ServerTrouble,
    W2SJudgeError,
)
from w2s_judge.judges.complaint import complaint_of
from w2s_judge.judges.retry_after import retry_after
from w2s_judge.judges.status import Asked, filtered, raise_for_status
from w2s_judge.transport.wire import HttpResponse

ASKED = Asked("the/model", "logprob", "Judge this.", True, "THE_KEY")


def response(status: int, body: Any = None, **headers: str) -> HttpResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, content, headers)


def openai(message: str, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return {"error": error}


def vllm(message: str, code: int = 400, param: str | None = None) -> dict[str, Any]:
    error = {"message": message, "type": "BadRequestError", "param": param, "code": code}
    return {"error": error}


def raised(got: HttpResponse, asked: Asked = ASKED) -> W2SJudgeError:
    with pytest.raises(W2SJudgeError) as caught:
        raise_for_status(got, asked)
    return caught.value


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_success_is_no_error(status):
    raise_for_status(response(status), ASKED)


@pytest.mark.parametrize("status", [408, 409, 425, 500, 502, 503, 504, 520, 524, 529, 599])
def test_an_unwell_server_is_tried_again(status):
    error = raised(response(status, b"<html>\x1b[31mbad gateway</html>", **{"retry-after": "3"}))
    assert isinstance(error, ServerTrouble)
    assert (error.status, error.retry_after, error.retried) == (status, 3.0, True)
    assert "\x1b" not in str(error)


def test_too_many_calls_wait_as_long_as_asked():
    error = raised(response(429, openai("slow down"), **{"retry-after": "1.5"}))
    assert isinstance(error, RateLimited)
    assert error.retry_after == 1.5


def test_no_quota_is_no_matter_of_waiting():
    error = raised(response(429, openai("You exceeded your current quota", "insufficient_quota")))
    assert isinstance(error, JudgeUnusable)
    assert "credit" in str(error)


def test_a_minutes_quota_is_a_matter_of_waiting():
    body = [{"error": {"code": 429, "message": "You exceeded your current quota", "status": "R"}}]
    assert isinstance(raised(response(429, body)), RateLimited)


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (401, "THE_KEY"),
        (407, "THE_KEY"),
        (402, "credit"),
        (403, "the/model"),
        (404, "the/model"),
        (405, "/v1"),
        (410, "the/model"),
    ],
)
def test_a_closed_door_says_what_to_do(status, remedy):
    error = raised(response(status, openai("no")))
    assert isinstance(error, JudgeUnusable)
    assert remedy in str(error)
    assert not error.retried


def test_a_missing_key_names_the_panels_field():
    asked = Asked("m", "text", "", False, None)
    assert "api_key_env" in str(raised(response(401, openai("who are you")), asked))


def test_a_key_that_the_server_repeats_is_not_shown():
    body = openai("Incorrect API key provided: sk-proj-abcdefghijklmnop1234. See the/model docs")
    error = str(raised(response(401, body)))
    assert "abcdefghijklmnop" not in error
    assert "the/model" in error


def test_a_model_unknown_by_code_is_unusable_whatever_the_status():
    error = raised(response(400, openai("no such model", "model_not_found")))
    assert isinstance(error, JudgeUnusable)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_names_the_host_and_nothing_of_the_address(status):
    place = "https://user:secret@elsewhere.example/v1?key=abc"
    error = raised(response(status, b"", location=place))
    assert isinstance(error, JudgeUnusable)
    assert "elsewhere.example" in str(error)
    assert "base_url" in str(error)
    assert "secret" not in str(error)
    assert "abc" not in str(error)
    assert isinstance(raised(response(status, b"", location="http://[")), JudgeUnusable)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, openai("'logprobs' is not supported with this model", "unsupported_parameter")),
        (400, openai("This model does not support it", None, "top_logprobs")),
        (400, openai("Invalid value: must be <= 5", None, "top_logprobs")),
        (400, vllm("Requested sample logprobs of 20, which is greater than max allowed: 5")),
        (422, {"detail": [{"loc": ["body", "logprobs"], "msg": "Extra inputs are not permitted"}]}),
        (501, openai("logprobs are not implemented")),
        (400, {"object": "error", "message": "logprobs unsupported", "code": 40001}),
        (400, {"error": "logprobs unsupported"}),
        (400, b"logprobs unsupported"),
    ],
)
def test_a_way_that_is_not_offered_gives_way_to_the_next(status, body):
    assert isinstance(raised(response(status, body)), EndpointLacks)
    last = Asked("m", "logprob", "", False)
    error = raised(response(status, body), last)
    assert isinstance(error, JudgeUnusable)
    assert "'read'" in str(error)


@pytest.mark.parametrize(
    "message",
    [
        "response_format is not supported",
        "Invalid schema for response_format 'verdict'",
        "structured_outputs: extra inputs are not permitted",
        "json_schema is unavailable for this model",
        "failed to parse grammar",
    ],
)
def test_json_that_is_not_offered_gives_way_to_the_next(message):
    asked = Asked("m", "json", "Judge this.", True)
    assert isinstance(raised(response(400, openai(message)), asked), EndpointLacks)


def test_words_of_another_way_are_no_lack_of_this_one():
    asked = Asked("m", "text", "Judge this.", False)
    error = raised(response(400, openai("logprobs and response_format are fine words")), asked)
    assert isinstance(error, RequestRejected)


def test_an_error_that_quotes_the_judged_text_does_not_switch_the_way():
    asked = Asked("m", "logprob", "Judge: logprobs are an unsupported parameter", True)
    body = vllm("cannot tokenise 'logprobs are an unsupported parameter'")
    assert isinstance(raised(response(400, body), asked), RequestRejected)
    by_field = openai("no", "unsupported_parameter", "logprobs")
    assert isinstance(raised(response(400, by_field), asked), EndpointLacks)


def test_a_field_of_the_panel_that_is_not_taken_names_the_panel():
    body = openai("Unsupported value: 'temperature' does not support 0", "unsupported_value")
    error = raised(response(400, body))
    assert isinstance(error, JudgeUnusable)
    assert "panel" in str(error)
    limit = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    error = raised(response(400, openai(limit, "unsupported_parameter", "max_tokens")))
    assert "max_completion_tokens = " in str(error)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, openai("maximum context length is 2048 tokens", "context_length_exceeded")),
        (400, vllm("This model's maximum context length is 2048 tokens. However, you requested")),
        (400, {"error": {"code": 400, "message": "request exceeds the context size", "n_ctx": 2}}),
        (413, b"too large"),
        (422, {"detail": "no"}),
        (418, b""),
        (431, b""),
    ],
)
def test_one_question_that_cannot_be_asked_is_rejected_alone(status, body):
    error = raised(response(status, body))
    assert isinstance(error, RequestRejected)
    assert error.status == status


def test_a_servers_words_are_short_and_on_one_line():
    body = openai("first\nsecond \x1b[2J\u202e " + "x" * 5000)
    message = str(raised(response(413, body)))
    assert "first second" in message
    assert len(message) < 400
    assert message.isprintable()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, openai("The response was filtered", "content_filter")),
        (400, {"error": {"message": "x", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}),
        (400, openai("no", "content_policy_violation")),
        (
            400,
            openai("Invalid prompt: your prompt was flagged as potentially violating our policy"),
        ),
        (400, openai("Content Exists Risk")),
        (403, {"error": {"message": "x", "code": 403, "metadata": {"reasons": ["harassment"]}}}),
        (400, openai("x", "data_inspection_failed")),
    ],
)
def test_a_content_filter_is_an_answer(status, body):
    assert filtered(response(status, body), "Judge this.")


def test_a_judged_text_that_speaks_of_filters_is_no_filter():
    body = openai("bad request: 'Content Exists Risk'")
    assert filtered(response(400, body), "Judge: content exists risk") is None
    assert filtered(response(500, openai("x", "content_filter")), "") is None


# -- how long to wait ---------------------------------------------------------------------------

DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": DATE}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:27:00 GMT", "date": DATE}, 0.0),
        ({"x-ratelimit-reset-requests": "1m30s"}, 90.0),
        ({"x-ratelimit-reset-requests": "20ms"}, 0.02),
        ({"x-ratelimit-reset-tokens": "2.5s"}, 2.5),
        ({"x-ratelimit-reset-tokens": "2.5 parsecs"}, None),
        (
            {
                "x-ratelimit-reset-requests": "8s",
                "x-ratelimit-remaining-requests": "12",
                "x-ratelimit-reset-tokens": "3s",
                "x-ratelimit-remaining-tokens": "0",
            },
            3.0,
        ),
        ({"x-ratelimit-reset": "1792567685", "date": DATE}, 5.0),
        ({"x-ratelimit-reset": "1792567685000", "date": DATE}, 5.0),
        ({"x-ratelimit-reset": "4"}, 4.0),
    ],
)
def test_reads_how_long_to_wait(headers, seconds):
    assert retry_after(headers) == (None if seconds is None else pytest.approx(seconds))


def test_a_date_is_measured_from_the_clock_where_the_server_has_none():
    at = {"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}
    assert retry_after(at, clock=lambda: 1792567680.0) == pytest.approx(30.0)


@given(
    st.dictionaries(
        st.sampled_from(["retry-after", "retry-after-ms", "date", "x-ratelimit-reset"]),
        st.text(max_size=30),
    )
)
def test_any_header_gives_a_wait_or_none(headers):
    wait = retry_after(headers, clock=lambda: 0.0)
    assert wait is None or 0 <= wait < float("inf")


@given(st.binary(max_size=200))
def test_any_body_is_a_complaint(body):
    assert complaint_of(HttpResponse(400, body)).shown().isprintable()
