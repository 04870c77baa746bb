"""litellm: `acompletion` with as many tasks as may be in flight."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

# Before the import: it would otherwise fetch a price map from the web.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm
from peers.child import Job, asking, job, report
from workload import MODEL, one_label_request


async def _worker(base_url: str, numbers: Iterator[int], verdicts: list[tuple[int, str]]) -> None:
    for number in numbers:
        request = {**one_label_request(number), "model": f"openai/{MODEL}"}
        answer = await litellm.acompletion(**request, api_base=base_url, api_key="none")
        verdicts.append((number, answer.choices[0].message.content or ""))


async def _ask_all(work: Job) -> list[tuple[int, str]]:
    numbers = iter(range(work.calls))
    verdicts: list[tuple[int, str]] = []
    workers = (_worker(work.base_url, numbers, verdicts) for _ in range(work.in_flight))
    await asyncio.gather(*workers)
    return verdicts


def main() -> None:
    work = job()
    litellm.telemetry = False
    with asking() as phase:
        verdicts = asyncio.run(_ask_all(work))
    report(phase, work, verdicts)


if __name__ == "__main__":
    main()
