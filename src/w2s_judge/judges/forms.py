"""The forms in which a judge can be asked for its verdict, best first, for falling back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from w2s_judge.types import Way

Api: TypeAlias = Literal["chat", "completions"]
"""Which of the two OpenAI-style paths is called."""

SchemaBy: TypeAlias = Literal["response_format", "structured_outputs"]
"""The field that carries a JSON schema: OpenAI's, or vLLM's own. (vLLM ignores the older
`guided_json` without a word, so that is never sent.)"""

MOST_TOKENS_LISTED = 20
"""What OpenAI, Azure and vLLM's default allow at the verdict's position."""

FEWER_TOKENS_LISTED = 5
"""What OpenAI's completions and several other providers allow at most."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way of asking. `schema_by` matters to the way "json", `top` to the way "logprob"."""

    way: Way
    schema_by: SchemaBy = "response_format"
    top: int = MOST_TOKENS_LISTED

    def fields(self, api: Api, schema: Mapping[str, object]) -> dict[str, Any]:
        """The fields of a request's body that ask for an answer in this form."""
        if self.way == "logprob":
            if api == "completions":
                return {"logprobs": self.top}
            return {"logprobs": True, "top_logprobs": self.top}
        if self.way != "json":
            return {}
        if self.schema_by == "structured_outputs":
            return {"structured_outputs": {"json": schema}}
        named = {"name": "verdict", "strict": True, "schema": schema}
        by_format = {"response_format": {"type": "json_schema", "json_schema": named}}
        # llama.cpp's completions endpoint overlooks response_format and takes this.
        return by_format | ({"json_schema": schema} if api == "completions" else {})

    def __str__(self) -> str:
        if self.way == "json":
            return f"json by {self.schema_by}"
        return f"logprob of {self.top} tokens" if self.way == "logprob" else self.way


LOGPROB = (Form("logprob"), Form("logprob", top=FEWER_TOKENS_LISTED))
BY_RESPONSE_FORMAT = Form("json", "response_format")
BY_STRUCTURED_OUTPUTS = Form("json", "structured_outputs")
TEXT = Form("text")


def forms_of(
    read: Way | None, *, standard_only: bool = False, sampled: bool = False
) -> tuple[Form, ...]:
    """The forms to try, in order; `read` fixes the way.

    `standard_only` leaves vLLM's own field out. `sampled` leaves log-probabilities out where no
    way is fixed: they come out the same however often they are asked for.
    """
    json_forms = (BY_RESPONSE_FORMAT, BY_STRUCTURED_OUTPUTS)
    first = () if sampled and read is None else LOGPROB
    forms = (*first, *json_forms[: 1 if standard_only else 2], TEXT)
    return forms if read is None else tuple(form for form in forms if form.way == read)
