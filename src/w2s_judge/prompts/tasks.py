"""Which rubrics an item gets when the user names none."""

from __future__ import annotations

import re

_FALLBACK = ("safety", "toxicity")
_PAIR = "-pair"

_SYNONYMS = {
    "safety": (
        "safety safe unsafe harm harms harmful harmless harmlessness harmfulness refusal refusals "
        "jailbreak jailbreaks safety-alignment response-safety red-teaming"
    ),
    "toxicity": (
        "toxicity toxic hate hate-speech hatefulness offensive offensiveness abuse abusive "
        "profanity insult insults harassment toxicity-detection"
    ),
    "legal": (
        "legal law legal-correctness legal-accuracy legal-qa legal-question-answering "
        "legal-reasoning legal-advice"
    ),
    "helpfulness": (
        "helpfulness helpful usefulness useful quality response-quality instruction-following "
        "chat assistant"
    ),
}
_RUBRIC_OF = {word: name for name, words in _SYNONYMS.items() for word in words.split()}


def default_rubrics(task: str | None) -> tuple[str, ...]:
    """Names of the built-in rubrics for an item's task; safety and toxicity for an unknown one.

    Case, blanks and underscores do not matter; a task that ends in "-pair" gets the comparison.
    """
    if task is None:
        return _FALLBACK
    word = re.sub(r"[\s_-]+", "-", task.strip().casefold())
    single = word.removesuffix(_PAIR)
    name = _RUBRIC_OF.get(single)
    if name is None:
        return _FALLBACK
    return (name if single == word else name + _PAIR,)
