"""The embedded judges: small models that come inside wheels, asked in this process.

    method      reads                                                    rubrics
    profanity   word and character counts (alt-profanity-check)          toxicity
    refusal     phrases of a reply that turns a request down             safety
    minilm      nearness to exemplars, sentence embeddings               toxicity, safety
    smollm2     the same by a language model's mean hidden state         toxicity, safety
    channel     which list of exemplars makes the text likelier; slow    toxicity, safety

Their scores rank and are no probabilities. None of them can tell right law from wrong, or which of
two answers is better, so none declares such a rubric. Importing this package loads no model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

Method: TypeAlias = Literal["profanity", "refusal", "minilm", "smollm2", "channel"]

METHODS: tuple[Method, ...] = get_args(Method)

BOTH = frozenset(("toxicity", "safety"))

RUBRICS: Mapping[Method, frozenset[str]] = {
    "profanity": frozenset(("toxicity",)),
    "refusal": frozenset(("safety",)),
    "minilm": BOTH,
    "smollm2": BOTH,
    "channel": BOTH,
}
"""What each method can judge."""

FAMILIES: Mapping[Method, str] = {
    "profanity": "profanity",
    "refusal": "refusal",
    "minilm": "minilm",
    "smollm2": "smollm",
    "channel": "smollm",
}
"""Whose mistakes each shares: two readings of one model are one family."""

MODELS: Mapping[Method, str] = {
    "profanity": "alt-profanity-check",
    "refusal": "refusal-phrases",
    "minilm": "all-MiniLM-L6-v2-int8",
    "smollm2": "SmolLM2-135M-Instruct-Q4_1",
    "channel": "SmolLM2-135M-Instruct-Q4_1",
}

DEFAULT_METHODS: tuple[Method, ...] = ("profanity", "refusal", "minilm", "smollm2")

DEFAULT_PANEL: tuple[Mapping[str, object], ...] = tuple(
    {
        "name": method,
        "kind": "local",
        "method": method,
        "family": FAMILIES[method],
        "rubrics": tuple(sorted(RUBRICS[method])),
    }
    for method in DEFAULT_METHODS
)
"""The panel where none is given: rows in the shape of a panel file's `[[judge]]`. The channel is
not in it: it takes seconds a text."""
