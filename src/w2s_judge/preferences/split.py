"""Training and validation apart by prompt, so that no prompt is learnt and then examined.

The side is drawn from what the prompt says, not from its id: a prompt that comes twice, also with
other case or white space, falls on one side. Whoever adds data later and splits with the same seed
and share finds every prompt where it was; with a larger share validation only gains prompts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from w2s_judge.errors import UsageError
from w2s_judge.preferences.draws import draw, spelt
from w2s_judge.types import Message

Side: TypeAlias = Literal["train", "validation"]
SIDES: tuple[Side, ...] = ("train", "validation")


@dataclass(frozen=True, slots=True)
class Split:
    """`share` in [0, 1): the expected share of prompts in validation, each drawn by itself."""

    share: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1:
            raise UsageError(
                f"a validation share of {self.share:g} leaves nothing to train on, or is negative: "
                "give a number from 0 up to, but not, 1"
            )

    def side(self, prompt: str | tuple[Message, ...], /) -> Side:
        """Where everything with this prompt belongs."""
        if not self.share:
            return "train"
        drawn = draw(self.seed, "split", *spelt(prompt))
        return "validation" if drawn < self.share else "train"
