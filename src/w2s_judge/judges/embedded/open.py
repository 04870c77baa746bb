"""Opening a method: the only place that knows which file makes which."""

from __future__ import annotations

from pathlib import Path

from w2s_judge.judges.embedded import Method
from w2s_judge.judges.embedded.exemplars import load
from w2s_judge.judges.embedded.scorer import Scorer


def open_scorer(method: Method, exemplars: Path | None, threads: int) -> Scorer:
    """Load a method's models; heavy packages are imported here and not before.

    Raises `MissingExtra`, `WeightsMissing`, or `ConfigurationError` for wrong exemplars.
    """
    if method == "profanity":
        from w2s_judge.judges.embedded.profanity import Profanity

        return Profanity()
    if method == "refusal":
        from w2s_judge.judges.embedded.refusal import Refusal

        return Refusal()
    lists = load(exemplars)
    if method == "minilm":
        from w2s_judge.judges.embedded.minilm import minilm

        return minilm(lists, threads)
    if method == "smollm2":
        from w2s_judge.judges.embedded.smollm2 import smollm2

        return smollm2(lists, threads)
    from w2s_judge.judges.embedded.channel import Channel

    return Channel(lists, threads)
