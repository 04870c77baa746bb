"""`openai`: the same judge through OpenAI's SDK, for Azure and for its ways of signing in."""

from __future__ import annotations

import asyncio
import importlib.util
import os
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from w2s_judge.errors import ConnectionTrouble, JudgeUnusable, MissingExtra
from w2s_judge.judges.chat import chat_judge
from w2s_judge.judges.complaint import Complaint
from w2s_judge.judges.contracts import Judge
from w2s_judge.judges.kind import CALL_KEYS, Kind, Making
from w2s_judge.judges.sdk import SdkChat
from w2s_judge.judges.spec import JudgeSpec
from w2s_judge.transport.wire import HttpResponse, Request

OPENAI_URL = "https://api.openai.com/v1"
OPENAI_KEY = "OPENAI_API_KEY"
NO_KEY = "no-key"
"""Sent where a panel names a base URL and no key: the SDK would otherwise take OpenAI's key from
the environment and send it to that host."""

TIMEOUT = 120.0
_NEVER_SENT = ("ConnectError", "ConnectTimeout")


@dataclass(frozen=True)
class OpenAILine:
    """The SDK's client, one for each event loop, opened at its first call.

    With `api_version` it is Azure's, `base_url` is the resource's endpoint and a judge's model the
    deployment; an AD token in AZURE_OPENAI_AD_TOKEN then serves in place of a key. It follows no
    redirect, so that no key reaches another host.
    """

    base_url: str
    key_env: str | None
    api_version: str | None = None
    timeout: float = TIMEOUT
    _clients: WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = field(
        default_factory=WeakKeyDictionary, repr=False, compare=False
    )

    async def post(self, request: Request, /) -> HttpResponse:
        """Send one request; raises `ConnectionTrouble` where nothing came back."""
        import openai

        body = dict(request.body)
        model = body.pop("model")
        try:
            client = self._client()
            if "messages" in body:
                asked = client.chat.completions.with_raw_response.create(
                    model=model, messages=body.pop("messages"), extra_body=body
                )
            else:
                asked = client.completions.with_raw_response.create(
                    model=model, prompt=body.pop("prompt"), extra_body=body
                )
            response = (await asked).http_response
        except openai.APIStatusError as error:
            response = error.response
        except openai.APITimeoutError as error:
            raise ConnectionTrouble(
                f"no answer from {self.base_url} within {self.timeout:g} s",
                sent=_sent(error),
            ) from error
        except openai.APIConnectionError as error:
            raise ConnectionTrouble(
                f"no connection to {self.base_url}: {error.__cause__ or error}", sent=_sent(error)
            ) from error
        except openai.OpenAIError as error:
            raise JudgeUnusable(
                f"the openai SDK will not send: {Complaint(str(error)).shown(redact=True)}"
            ) from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return HttpResponse(response.status_code, response.content, headers)

    async def close(self) -> None:
        """End the connections of the running event loop."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.close()

    def _client(self) -> Any:
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            client = self._clients[loop] = self._opened()
        return client

    def _opened(self) -> Any:
        import openai

        transport = openai.DefaultAsyncHttpxClient(follow_redirects=False, timeout=self.timeout)
        key = os.environ.get(self.key_env, "").strip() if self.key_env else NO_KEY
        if self.api_version is not None:
            return openai.AsyncAzureOpenAI(
                azure_endpoint=self.base_url,
                api_version=self.api_version,
                api_key=key if self.key_env else None,
                timeout=self.timeout,
                max_retries=0,
                http_client=transport,
            )
        return openai.AsyncOpenAI(
            base_url=self.base_url,
            api_key=key,
            timeout=self.timeout,
            max_retries=0,
            http_client=transport,
        )


def _sent(error: BaseException) -> bool:
    return type(error.__cause__).__name__ not in _NEVER_SENT


def _made(spec: JudgeSpec, making: Making) -> Judge:
    if importlib.util.find_spec("openai") is None:
        raise MissingExtra("openai", f"judge '{spec.name}' (kind openai)")
    line = OpenAILine(
        base_url=spec.base_url or OPENAI_URL,
        key_env=spec.api_key_env,
        api_version=spec.api_version,
        timeout=spec.timeout or TIMEOUT,
    )
    return SdkChat(chat_judge(spec, making), line)


KIND = Kind(
    name="openai",
    summary="the same through OpenAI's SDK: Azure, and its own ways of signing in",
    keys=CALL_KEYS | {"api", "api_version"},
    required=("model",),
    make=_made,
    base_url=OPENAI_URL,
    key_env=OPENAI_KEY,
)
