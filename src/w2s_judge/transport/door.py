"""One pooled aiohttp session for all endpoints: posts JSON, gives back status and bytes.

It follows no redirect, so that a key never reaches a host that the user did not name, and it
retries nothing: the engine is the only loop.
"""

from __future__ import annotations

import json
import urllib.request
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp

from w2s_judge.errors import ConfigurationError, ConnectionTrouble
from w2s_judge.transport.endpoint import Endpoint
from w2s_judge.transport.wire import HttpResponse, Request

MAX_REPLY_BYTES = 32 * 2**20


class Door:
    """An open session; use as an async context manager."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._entries: dict[Endpoint, tuple[str, dict[str, str], str | None]] = {}
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}

    async def __aenter__(self) -> Self:
        # The engine bounds what is in flight, for each endpoint; the pool itself is unbounded.
        connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=300)
        self._session = aiohttp.ClientSession(connector=connector, auto_decompress=True)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    def _entry(self, endpoint: Endpoint) -> tuple[str, dict[str, str], str | None]:
        entry = self._entries.get(endpoint)
        if entry is None:
            base = endpoint.base_url.rstrip("/")
            entry = self._entries[endpoint] = (base, endpoint.headers(), proxy_for(base))
        return entry

    async def post(self, endpoint: Endpoint, request: Request, timeout: float) -> HttpResponse:
        """Send one request; `timeout` in seconds covers all of it. Raises `ConnectionTrouble`."""
        if self._session is None:
            raise RuntimeError("the door is not open")
        base, headers, proxy = self._entry(endpoint)
        limit = self._timeouts.get(timeout)
        if limit is None:
            limit = self._timeouts[timeout] = aiohttp.ClientTimeout(total=timeout)
        try:
            async with self._session.post(
                base + request.path,
                data=json.dumps(request.body, ensure_ascii=False).encode(),
                headers=headers,
                timeout=limit,
                allow_redirects=False,
                proxy=proxy,
            ) as response:
                body = await _body(response)
                kept = {} if response.status == 200 else _lowered(response)
                return HttpResponse(response.status, body, kept)
        except aiohttp.ClientConnectorError as error:
            why = error.os_error.strerror or str(error.os_error)
            raise ConnectionTrouble(
                f"cannot connect to {base}: {why}; is the server running there?", sent=False
            ) from error
        except aiohttp.InvalidURL as error:
            raise ConfigurationError(f"{base} is not a URL that can be called") from error
        except TimeoutError as error:
            raise ConnectionTrouble(f"no answer from {base} within {timeout:g} s") from error
        except (aiohttp.ClientError, ConnectionError) as error:
            raise ConnectionTrouble(f"the connection to {base} broke: {error!r}") from error


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """The whole body, but no more than a vote can need, whatever its length is said to be."""
    declared = response.content_length
    if declared is not None and declared <= MAX_REPLY_BYTES and not _is_packed(response):
        return await response.read()
    pieces, size = [], 0
    async for piece in response.content.iter_chunked(1 << 16):
        pieces.append(piece)
        size += len(piece)
        if size > MAX_REPLY_BYTES:
            raise ConnectionTrouble(f"the answer has over {MAX_REPLY_BYTES:,} bytes: no vote has")
    return b"".join(pieces)


def _is_packed(response: aiohttp.ClientResponse) -> bool:
    return "Content-Encoding" in response.headers


def _lowered(response: aiohttp.ClientResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def proxy_for(base_url: str) -> str | None:
    """The proxy that the environment names for this URL (HTTPS_PROXY, NO_PROXY), if any."""
    parts = urlsplit(base_url)
    if not parts.hostname or urllib.request.proxy_bypass(parts.hostname):
        return None
    return urllib.request.getproxies().get(parts.scheme)
