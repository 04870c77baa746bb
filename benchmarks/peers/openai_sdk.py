"""The official SDK: `AsyncOpenAI` with as many tasks as may be in flight."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import openai
from peers.child import Job, asking, job, report
from workload import one_label_request


async def _worker(
    client: openai.AsyncOpenAI, numbers: Iterator[int], verdicts: list[tuple[int, str]]
) -> None:
    for number in numbers:
        answer = await client.chat.completions.create(**one_label_request(number))
        verdicts.append((number, answer.choices[0].message.content or ""))


async def _ask_all(work: Job) -> list[tuple[int, str]]:
    numbers = iter(range(work.calls))
    verdicts: list[tuple[int, str]] = []
    async with openai.AsyncOpenAI(base_url=work.base_url, api_key="none") as client:
        workers = (_worker(client, numbers, verdicts) for _ in range(work.in_flight))
        await asyncio.gather(*workers)
    return verdicts


def main() -> None:
    work = job()
    with asking() as phase:
        verdicts = asyncio.run(_ask_all(work))
    report(phase, work, verdicts)


if __name__ == "__main__":
    main()
