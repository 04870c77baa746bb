"""The yardstick: a pool of aiohttp workers that post, read JSON and keep the label in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import aiohttp
from peers.child import Job, asking, job, report
from workload import one_label_request


async def _worker(
    session: aiohttp.ClientSession,
    url: str,
    numbers: Iterator[int],
    verdicts: list[tuple[int, str]],
) -> None:
    for number in numbers:
        async with session.post(url, json=one_label_request(number)) as response:
            answer = await response.json()
        verdicts.append((number, answer["choices"][0]["message"]["content"]))


async def _ask_all(work: Job) -> list[tuple[int, str]]:
    numbers = iter(range(work.calls))
    verdicts: list[tuple[int, str]] = []
    url = f"{work.base_url}/chat/completions"
    connector = aiohttp.TCPConnector(limit=work.in_flight)
    async with aiohttp.ClientSession(connector=connector) as session:
        workers = (_worker(session, url, numbers, verdicts) for _ in range(work.in_flight))
        await asyncio.gather(*workers)
    return verdicts


def main() -> None:
    work = job()
    with asking() as phase:
        verdicts = asyncio.run(_ask_all(work))
    report(phase, work, verdicts)


if __name__ == "__main__":
    main()
