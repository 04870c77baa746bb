"""Texts that are the same but for white space, case, and the way a letter is composed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import numpy as np

from w2s_judge.arrays import Ints


def evened(text: str) -> str:
    """The text with runs of white space as one space, none at the ends, and no case.

    Caseless and canonical as Unicode's definition D145 has it: NFD, case fold, and NFD again (here
    NFC, which tells the same texts apart).
    """
    if text.isascii():
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFD", text).casefold()
    return " ".join(unicodedata.normalize("NFC", folded).split())


def same_text(one: str, other: str) -> bool:
    """Whether two texts are the same after `evened`."""
    return one == other or evened(one) == evened(other)


def text_numbers(texts: Iterable[str]) -> Ints:
    """(n,) a number for each text; the same for texts that are the same after `evened`."""
    known: dict[str, int] = {}
    return np.array([known.setdefault(evened(text), len(known)) for text in texts], dtype=np.int32)
