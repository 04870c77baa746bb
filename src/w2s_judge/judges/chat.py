"""`chat`: any OpenAI-compatible endpoint, vLLM's server foremost, asked for a verdict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from json.encoder import encode_basestring
from typing import Any, Self
from urllib.parse import urlsplit

from w2s_judge.errors import BadReply, EndpointLacks
from w2s_judge.judges.answer import Answer, answer_in, clean
from w2s_judge.judges.forms import LOGPROB, Api, Form, forms_of
from w2s_judge.judges.kind import CALL_KEYS, Kind, Making
from w2s_judge.judges.spec import JudgeSpec
from w2s_judge.judges.status import Asked, filtered, raise_for_status
from w2s_judge.prompts.rubric import Rubric
from w2s_judge.transport.wire import HttpResponse, Request
from w2s_judge.types import Question, Reply, Way

WORDS_FOR_A_VERDICT = 512
"""Tokens that a verdict with a short reasoning may take, unless the panel says otherwise."""

MOST_STRETCH = 4
"""How many times as many tokens a re-ask after a cut-off reply may take at most."""

NUDGE = "Your last reply to this could not be read. Keep to the form that is asked for."
_PATHS: Mapping[Api, str] = {"chat": "/chat/completions", "completions": "/completions"}
_CUT_SHORT = ("length", "max_tokens")

NEW_LIMIT_KEY = "max_completion_tokens"
"""What OpenAI's newer models take in place of `max_tokens`, which they refuse."""

_WANTS_THE_NEW_KEY = "api.openai.com"


@dataclass(frozen=True)
class ChatJudge:
    """Words a question for an endpoint, and reads what it answers. Sends nothing itself.

    `form` is the current way of asking and `ways` the forms to fall back to, best first.
    `max_tokens` bounds replies in words, `verdict_tokens` those read from log-probabilities;
    `limit_key` is the field that carries the bound. `extra_body` is sent as it is. `stretch` (1, 2
    or 4) and `nudged` are set by `again`.
    """

    name: str
    model: str
    rubrics: Mapping[str, Rubric] = field(repr=False)
    form: Form = LOGPROB[0]
    ways: tuple[Form, ...] = ()
    api: Api = "chat"
    temperature: float = 0.0
    max_tokens: int = WORDS_FOR_A_VERDICT
    verdict_tokens: int = 1
    limit_key: str = "max_tokens"
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    key_env: str | None = None
    stretch: int = 1
    nudged: bool = False

    @property
    def way(self) -> Way:
        """How answers are read at present."""
        return self.form.way

    @property
    def form_name(self) -> str:
        """The current form in words, by which a resumed run finds it again."""
        return str(self.form)

    @property
    def most_tokens(self) -> int:
        """The most tokens that a reply to `request` can have."""
        return self.verdict_tokens if self.way == "logprob" else self.max_tokens * self.stretch

    def request(self, question: Question, /) -> Request:
        """The call that asks the question in the current form."""
        wording = self._wording(question)
        body: dict[str, Any] = {"model": self.model}
        if self.api == "chat":
            body["messages"] = [{"role": "user", "content": wording}]
        else:
            body["prompt"] = wording
        body["temperature"] = self.temperature
        body[self.limit_key] = self.most_tokens
        if self.temperature > 0:
            # The key differs from variant to variant: a repeat is another sample, and the same
            # one when the run is repeated.
            body["seed"] = int.from_bytes(question.key[:4], "big") >> 1
        schema = self.rubrics[question.rubric].schema(question) if self.way == "json" else {}
        body.update(self.form.fields(self.api, schema))
        body.update(self.extra_body)
        return Request(_PATHS[self.api], body)

    def read(self, response: HttpResponse, question: Question, /) -> Reply:
        """What a response says.

        Raises a `TransportError` for whatever is no answer, and `EndpointLacks` where the endpoint
        does not offer the current form and another one is left.
        """
        if not 200 <= response.status < 300:
            return self._unanswered(response, question)
        try:
            body = response.json()
        except RecursionError as error:
            raise BadReply("the answer is JSON nested beyond reading") from error
        return self.hear(body, question)

    def hear(self, body: Any, question: Question, /) -> Reply:
        """The same for a decoded body of a successful call."""
        if isinstance(body, dict) and body.get("choices") is None:
            carried = _carried_error(body)
            if carried is not None:
                return self._unanswered(carried, question)
        answer = answer_in(body, self.api)
        if answer.refusal is not None:
            return self._reply(answer, text=answer.refusal, refused=True)
        if self.way != "logprob":
            return self._reply(answer, text=answer.text)
        if answer.tokens is None and answer.finish != "content_filter":
            raise EndpointLacks(
                "the endpoint gives no log-probabilities", billable=True, usage=answer.usage
            )
        return Reply(
            text=answer.text,
            way="logprob",
            logprobs=answer.tokens,
            finish=answer.finish,
            reasoning=answer.reasoning,
            usage=answer.usage,
            raw=_record(answer),
        )

    def otherwise(self) -> Self | None:
        """The same judge asked in the next form, or None."""
        if not self.ways:
            return None
        return replace(self, form=self.ways[0], ways=self.ways[1:], stretch=1, nudged=False)

    def again(self, reply: Reply, /) -> Self:
        """The form that re-asks: more room after a cut-off reply, else a word about the form."""
        cut_short = self.way != "logprob" and reply.finish in _CUT_SHORT
        if cut_short and self.stretch < MOST_STRETCH:
            return replace(self, stretch=self.stretch * 2)
        return replace(self, nudged=True)

    def _wording(self, question: Question) -> str:
        wording = clean(self.rubrics[question.rubric].wording(question, self.way))
        if not self.nudged:
            return wording
        # The cue to answer stays last: a completions endpoint goes on from it.
        body, _, cue = wording.rpartition("\n")
        return f"{body}\n{NUDGE}\n{cue}" if body else f"{NUDGE}\n{cue}"

    def _unanswered(self, response: HttpResponse, question: Question) -> Reply:
        wording = self._wording(question)
        words = filtered(response, wording)
        if words is not None:
            return Reply(text="", way=self.way, finish="content_filter", raw=words)
        raise_for_status(response, self._asked(question))
        raise BadReply(f"status {response.status} is no answer")

    def _asked(self, question: Question) -> Asked:
        wording = self._wording(question)
        return Asked(self.model, self.way, wording, bool(self.ways), self.key_env)

    def _reply(self, answer: Answer, *, text: str, refused: bool = False) -> Reply:
        return Reply(
            text=text,
            way=self.way,
            abstained="refused" if refused else None,
            finish=answer.finish,
            reasoning=answer.reasoning,
            usage=answer.usage,
            raw=text,
        )


def _carried_error(body: Mapping[str, Any]) -> HttpResponse | None:
    """Gateways put an upstream's error into a 200: its code is the status that counts."""
    error = body.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, int) and 400 <= code < 600:
        return HttpResponse(code, json.dumps(body).encode())
    return None


def _record(answer: Answer) -> str:
    """What is kept of a one-token answer: its text, and the tokens with their figures, as JSON.

    Written by hand: the encoder would take as long as all the rest of reading.
    """
    pairs = [f"[{encode_basestring(token)},{figure:.4f}]" for token, figure in answer.tokens or ()]
    return f'{{"text":{encode_basestring(answer.text)},"top":[{",".join(pairs)}]}}'


def chat_judge(spec: JudgeSpec, making: Making, *, standard_only: bool = False) -> ChatJudge:
    """The judge that a panel's row describes. `standard_only`: no field of vLLM's own is sent."""
    api: Api = spec.api or "chat"
    forms = forms_of(spec.read, standard_only=standard_only, sampled=spec.repeats > 1)
    extra = dict(spec.extra_body)
    limit = extra.pop(NEW_LIMIT_KEY, None)
    own_host = urlsplit(spec.base_url or "").hostname == _WANTS_THE_NEW_KEY
    words = spec.max_tokens or limit or WORDS_FOR_A_VERDICT
    return ChatJudge(
        name=spec.name,
        model=spec.model or "",
        rubrics=making.rubrics,
        form=forms[0],
        ways=forms[1:],
        api=api,
        temperature=spec.temperature or 0.0,
        max_tokens=words,
        # The bound of a panel is meant for replies in words, unless there are to be none.
        verdict_tokens=words if spec.read == "logprob" and spec.max_tokens else 1,
        limit_key=NEW_LIMIT_KEY if limit or (own_host and api == "chat") else "max_tokens",
        extra_body=extra,
        key_env=spec.api_key_env,
    )


KIND = Kind(
    name="chat",
    summary="any OpenAI-compatible endpoint (vLLM, llama.cpp, OpenAI, gateways)",
    keys=CALL_KEYS | {"api"},
    required=("model", "base_url"),
    make=chat_judge,
)
