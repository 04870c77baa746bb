"""`litellm`: providers that litellm alone reaches. Nothing is fetched when it is imported."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from w2s_judge.errors import ConfigurationError, ConnectionTrouble, JudgeUnusable, MissingExtra
from w2s_judge.judges.chat import chat_judge
from w2s_judge.judges.complaint import Complaint
from w2s_judge.judges.contracts import Judge
from w2s_judge.judges.kind import CALL_KEYS, Kind, Making
from w2s_judge.judges.openai_sdk import NO_KEY, TIMEOUT
from w2s_judge.judges.sdk import SdkChat
from w2s_judge.judges.spec import JudgeSpec
from w2s_judge.judges.status import redirected
from w2s_judge.transport.wire import HttpResponse, Request

if TYPE_CHECKING:
    import aiohttp

_AT_IMPORT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it fetches a price list from the web
    "LITELLM_MODE": "PRODUCTION",  # else it reads a .env file from the working folder
}
_KEYS_IN_OWN_HEADERS = ("anthropic", "gemini", "vertex_ai", "vertex_ai_beta")


def load_litellm() -> Any:
    """The litellm module, imported so that it sends and fetches nothing of its own.

    Raises `MissingExtra` where it is not installed. Takes seconds the first time.
    """
    if importlib.util.find_spec("litellm") is None:
        raise MissingExtra("litellm", "a judge of the kind litellm")
    for name, value in _AT_IMPORT.items():
        os.environ.setdefault(name, value)
    litellm: Any = importlib.import_module("litellm")
    litellm.telemetry = False
    litellm.suppress_debug_info = True
    return litellm


def price_of(model: str) -> tuple[float, float] | None:
    """US dollars for a million tokens in and out by litellm's own list, or None if not in it."""
    prices = load_litellm().model_cost
    provider, _, bare = model.partition("/")
    entry = prices.get(model)
    if entry is None and bare:
        entry = prices.get(bare)
        if entry is not None and not str(entry.get("litellm_provider", "")).startswith(provider):
            return None
    entry = entry or {}
    asked, answered = entry.get("input_cost_per_token"), entry.get("output_cost_per_token")
    if not isinstance(asked, int | float) or not isinstance(answered, int | float):
        return None
    return asked * 1e6, answered * 1e6


@dataclass(frozen=True)
class LitellmLine:
    """litellm's `acompletion` with its retries off.

    Calls go out through a session of ours that refuses redirects: litellm's own clients would
    follow them, and take a key that is not in the Authorization header along. Providers with such
    keys get a client on top of that session; Azure's cannot be given one and is left to `openai`.
    """

    model: str
    base_url: str | None
    key_env: str | None
    timeout: float = TIMEOUT
    _sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = field(
        default_factory=WeakKeyDictionary, repr=False, compare=False
    )

    async def post(self, request: Request, /) -> HttpResponse:
        """Send one request; raises `ConnectionTrouble` where nothing came back."""
        litellm = load_litellm()
        key = os.environ.get(self.key_env, "").strip() if self.key_env else None
        if key is None and self.base_url is not None:
            key = NO_KEY
        session = self._session()
        ours: dict[str, Any] = {
            "api_key": key,
            "base_url": self.base_url,
            "timeout": self.timeout,
            "num_retries": 0,
            "max_retries": 0,
            "shared_session": session,
        }
        try:
            _, provider, *_ = litellm.get_llm_provider(model=self.model, api_base=self.base_url)
            if provider in _KEYS_IN_OWN_HEADERS:
                ours["client"] = _client(session, self.timeout)
            answer = await litellm.acompletion(**(self._body(request) | ours))
        except Exception as error:
            return _failed(error, self.timeout)
        return HttpResponse(200, json.dumps(answer.model_dump(), default=str).encode())

    async def close(self) -> None:
        """End the connections of the running event loop."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()
            # litellm keeps its clients by event loop; one with a closed session must not be found.
            load_litellm().in_memory_llm_clients_cache.flush_cache()

    def _body(self, request: Request) -> dict[str, Any]:
        """The fields to send, without a seed where litellm would refuse the call for it."""
        body = dict(request.body)
        if "seed" in body:
            known = load_litellm().get_supported_openai_params(model=self.model) or ()
            if "seed" not in known:
                del body["seed"]
        return body

    def _session(self) -> aiohttp.ClientSession:
        import aiohttp  # slow to import, and most panels have no judge of this kind

        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None:
            session = self._sessions[loop] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), raise_for_status=_refuse_redirect
            )
        return session


def _client(session: aiohttp.ClientSession, timeout: float) -> Any:
    handlers: Any = importlib.import_module("litellm.llms.custom_httpx.http_handler")
    return handlers.AsyncHTTPHandler(timeout=timeout, shared_session=session)


async def _refuse_redirect(response: aiohttp.ClientResponse) -> None:
    if 300 <= response.status < 400:
        raise JudgeUnusable(
            redirected(response.status, response.headers.get("Location", "")),
            status=response.status,
        )


def _failed(error: Exception, timeout: float) -> HttpResponse:
    """Turn litellm's exception into the response it stands for; raise ours if there was none."""
    from openai import APIConnectionError, APITimeoutError

    links = list(_chain(error))
    for link in links:
        if isinstance(link, JudgeUnusable):
            raise link
    said = Complaint(str(error)).shown()
    answered = [link for link in links if _status(link) is not None]
    if isinstance(error, APITimeoutError):
        raise ConnectionTrouble(f"no answer within {timeout:g} s") from error
    if isinstance(error, APIConnectionError):
        raise ConnectionTrouble(said) from error
    if not answered:
        raise JudgeUnusable(f"litellm fails on this call: {said}") from error
    body = _body_of(answered[-1])
    if type(error).__name__ == "ContentPolicyViolationError":
        body = json.dumps({"error": {"message": said, "code": "content_policy_violation"}}).encode()
    headers = {name: value for link in answered for name, value in _headers(link).items()}
    return HttpResponse(_status(error) or _status(answered[-1]) or 500, body, headers)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those behind it: the last with a status is the provider's own word."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__


def _status(error: BaseException) -> int | None:
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) and 400 <= status < 600 else None


def _body_of(error: BaseException) -> bytes:
    content = getattr(getattr(error, "response", None), "content", None)
    if isinstance(content, bytes) and content:
        return content
    return str(getattr(error, "message", None) or error).encode("utf-8", "replace")


def _headers(error: BaseException) -> dict[str, str]:
    given = getattr(getattr(error, "response", None), "headers", None)
    given = given or getattr(error, "headers", None) or {}
    return {str(name).lower(): str(value) for name, value in dict(given).items()}


def _made(spec: JudgeSpec, making: Making) -> Judge:
    litellm = load_litellm()
    if (spec.model or "").startswith("azure/"):
        raise ConfigurationError(
            f"judge '{spec.name}': Azure is reached by kind = \"openai\" with base_url and "
            "api_version, not by litellm"
        )
    if "shared_session" not in inspect.signature(litellm.acompletion).parameters:
        raise ConfigurationError(
            f"judge '{spec.name}': this litellm is too old to have its redirects refused\n"
            "  pip install -U litellm"
        )
    line = LitellmLine(
        model=spec.model or "",
        base_url=spec.base_url,
        key_env=spec.api_key_env,
        timeout=spec.timeout or TIMEOUT,
    )
    return SdkChat(chat_judge(spec, making, standard_only=True), line)


KIND = Kind(
    name="litellm",
    summary="providers that litellm reaches, with its prices for the budget",
    keys=CALL_KEYS,
    required=("model",),
    make=_made,
    price_of=price_of,
)
