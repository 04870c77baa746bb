"""Which of the offered labels a word or a token says, if any."""

from __future__ import annotations

import itertools
from functools import lru_cache

from w2s_judge.prompts.plain import plain

LONGEST = 32
"""Characters that a label may have."""

# How tokenisers write a space or a line end that belongs to a token.
_TOKEN_SPACES = str.maketrans({"▁": " ", "Ġ": " ", "Ċ": " "})
_AFTER = ".,;:!)]}>"
_AROUND = "([{<"
_SHORTEST_START = 2


def says(offered: tuple[str, ...], text: str) -> str | None:
    """Return the label that `text` is, and nothing but it; None if it is none of those offered.

    Blanks, quotes, Markdown marks, brackets and closing punctuation around it are allowed, and
    another case where no two labels differ by case alone.
    """
    if len(text) > 2 * LONGEST:
        return None
    words = _words(offered)
    bare = plain(text).strip()
    for form in (bare, bare.rstrip(_AFTER).lstrip(_AROUND).strip()):
        label = words.get(form) or words.get(form.casefold())
        if label is not None:
            return label
    return None


@lru_cache(maxsize=1 << 16)
def token_says(offered: tuple[str, ...], token: str) -> str | None:
    """Return the label that a token says, or the one that it can only be the start of.

    A start has two characters or more: `uns` is "unsafe" where no other label starts so.
    """
    token = token.translate(_TOKEN_SPACES)
    label = says(offered, token)
    if label is not None:
        return label
    start = plain(token).strip().casefold()
    if len(start) < _SHORTEST_START:
        return None
    begun = [label for label in offered if plain(label).casefold().startswith(start)]
    return begun[0] if len(begun) == 1 else None


def shared_starts(offered: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """List the pairs of labels that one token may not tell apart, by their spelling alone.

    Two labels conflict if one is the beginning of the other ("1" and "10"), or if their first run
    of letters or of digits is the same ("no-harm" and "no-risk").
    """
    pairs = itertools.combinations(offered, 2)
    return tuple((one, two) for one, two in pairs if _conflict(plain(one), plain(two)))


def _conflict(one: str, two: str) -> bool:
    one, two = one.casefold(), two.casefold()
    return one.startswith(two) or two.startswith(one) or _first_run(one) == _first_run(two)


def _first_run(word: str) -> str:
    for kind in (str.isalpha, str.isdigit):
        if kind(word[:1]):
            return "".join(itertools.takewhile(kind, word))
    return word


@lru_cache(maxsize=256)
def _words(offered: tuple[str, ...]) -> dict[str, str]:
    exact = {plain(label): label for label in offered}
    folded = [form.casefold() for form in exact]
    loose = {
        form.casefold(): label
        for form, label in exact.items()
        if folded.count(form.casefold()) == 1
    }
    return loose | exact
