"""Prices per call, fixed here before anything was replayed."""

from __future__ import annotations

import re

from aggregation_parts.sets import CIVIL, ORDERS

from w2s_judge.cascade.asked import judges_of
from w2s_judge.votes import VoteMatrix

MODELS = {
    "GPT-4": 30.0, "ChatGPT": 1.0, "ChatGPT-0301": 1.0, "PaLM2": 1.0, "LLaMA2": 0.7, "Falcon": 0.7,
}  # fmt: skip
REASONED = "CoT"
TIMES = 4.0  # a call with reasoning, beside one without
BILLIONS = re.compile(r"(\d+(?:\.\d+)?)b(?:-|$)", re.IGNORECASE)
UNNAMED = {"Phi-4-mini-instruct": 3.8}


def prices(name: str, votes: VoteMatrix) -> dict[str, float]:
    """Of asking each judge all it is asked about one item: a judge in both orders is two calls."""
    return {judge: _of(name, judge) for judge in judges_of(votes)}


def _of(name: str, judge: str) -> float:
    if name == ORDERS:
        model, prompt = judge.split("/")
        return 2 * MODELS[model] * (TIMES if prompt == REASONED else 1.0)
    if name != CIVIL:
        raise ValueError(f"no prices for {name}")
    if judge in UNNAMED:
        return UNNAMED[judge]
    found = BILLIONS.search(judge)
    if found is None:
        raise ValueError(f"no billions in {judge}")
    return float(found[1])
