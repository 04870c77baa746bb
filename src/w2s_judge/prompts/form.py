"""The form of a rubric file: what a user's TOML must look like, said by pydantic.

    name = "tone"                  # how votes and the command line call it
    task = "tone"
    arity = 1                      # 1: rates a response; 2: compares two
    ordered = true                 # optional; the labels are a scale
    cannot_tell = "?"              # always offered, never a label
    mirror = ["B", "T", "A"]       # arity 2, optional: each label once the responses have swapped

    [[label]]                      # ascending; of a comparison from "first is better" on
    name = "1"
    meaning = "rude"
    utility = 0.0                  # in [0, 1]

    [truth]
    classes = ["rude", "kind"]     # ascending; may be left out with map = "identity"
    cut = "3"                      # from this label on the upper class; a list for more classes
    # map = "identity" | "learned" # in place of cut

    [prompt]
    shared = "...{scale}...{rules}...{answer}"
    judged = "...{prompt}...{reference}...{evidence}...{response}"   # or {response_a}, {response_b}
    reference = "...{reference}"   # optional passage, shown if there is a reference answer
    evidence = "...{evidence}"     # optional passage, shown if evidence was gathered

The one file of this room that imports pydantic.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from w2s_judge.prompts.labels import LONGEST
from w2s_judge.prompts.plain import plain
from w2s_judge.prompts.rubric import Rubric
from w2s_judge.prompts.slots import slots
from w2s_judge.prompts.truth import Cut
from w2s_judge.prompts.wording import Texts

_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Label(_Form):
    name: str
    meaning: str = Field(min_length=1)
    utility: float = Field(ge=0, le=1, allow_inf_nan=False)


class _Truth(_Form):
    classes: list[str] | None = None
    cut: str | list[str] | None = None
    map: Literal["identity", "learned"] | None = None

    @model_validator(mode="after")
    def _one_map(self) -> Self:
        if (self.cut is None) == (self.map is None):
            raise ValueError('give either cut = "LABEL" or map = "identity" or "learned"')
        return self


class _Prompt(_Form):
    shared: str
    judged: str
    reference: str | None = None
    evidence: str | None = None

    @field_validator("shared", "judged", "reference", "evidence")
    @classmethod
    def _trimmed(cls, text: str | None) -> str | None:
        return None if text is None else text.strip()

    @model_validator(mode="after")
    def _slots(self) -> Self:
        _once("shared", self.shared, ("scale", "rules", "answer"))
        for name in ("reference", "evidence"):
            passage = getattr(self, name)
            if passage is not None:
                _once(name, passage, (name,))
        return self


class RubricForm(_Form):
    """A rubric file as read, before it is a `Rubric`."""

    name: _Name
    task: _Name
    arity: Literal[1, 2]
    ordered: bool = True
    cannot_tell: str
    mirror: list[str] | None = None
    label: list[_Label] = Field(min_length=2)
    truth: _Truth
    prompt: _Prompt

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _check_names((*self._labels, self.cannot_tell))
        passages = [n for n in ("reference", "evidence") if getattr(self.prompt, n) is not None]
        answers = ("response",) if self.arity == 1 else ("response_a", "response_b")
        _once("judged", self.prompt.judged, (*answers, *passages), optional=("prompt",))
        self._cut()
        self._mirror()
        return self

    @property
    def _labels(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.label)

    def rubric(self) -> Rubric:
        """Build the rubric that the file describes."""
        return Rubric(
            name=self.name,
            task=self.task,
            arity=self.arity,
            labels=self._labels,
            meanings=tuple(" ".join(label.meaning.split()) for label in self.label),
            utilities=tuple(label.utility for label in self.label),
            ordered=self.ordered,
            classes=tuple(self.truth.classes or self._labels),
            cut=self._cut(),
            cannot_tell=self.cannot_tell,
            mirror=self._mirror(),
            texts=Texts(**self.prompt.model_dump()),
        )

    def _cut(self) -> Cut:
        labels, classes = self._labels, tuple(self.truth.classes or self._labels)
        if len(classes) < 2 or len(set(classes)) < len(classes) or not all(classes):
            raise ValueError("truth.classes: give two or more, each with a name of its own")
        if self.truth.map == "identity" and classes != labels:
            raise ValueError('truth.classes: with map = "identity" they are the labels')
        if self.truth.map is not None:
            return Cut(self.truth.map)
        if not self.ordered:
            raise ValueError("truth.cut: a cut needs a scale; these labels are not ordered")
        given = self.truth.cut
        names = [given] if isinstance(given, str) else list(given or ())
        strange = [name for name in names if name not in labels]
        if strange:
            raise ValueError(f"truth.cut: {strange[0]!r} is no label")
        starts = tuple(labels.index(name) for name in names)
        rising = all(a < b for a, b in zip((0, *starts), starts, strict=False))
        if len(starts) != len(classes) - 1 or not rising:
            raise ValueError(
                "truth.cut: name the first label of every class but the first, ascending"
            )
        return Cut("ordered", starts)

    def _mirror(self) -> tuple[int, ...]:
        labels = self._labels
        if self.arity == 1:
            if self.mirror is not None:
                raise ValueError("mirror: only comparisons (arity 2) have one")
            return tuple(range(len(labels)))
        names = list(reversed(labels)) if self.mirror is None else self.mirror
        if sorted(names) != sorted(labels):
            raise ValueError("mirror: it must name each label once")
        mirror = tuple(labels.index(name) for name in names)
        if any(mirror[other] != own for own, other in enumerate(mirror)):
            raise ValueError(
                "mirror: swapping the responses twice must lead back to the same label"
            )
        return mirror


def _check_names(offered: Sequence[str]) -> None:
    for name in offered:
        if not name or len(name) > LONGEST or name != " ".join(name.split()):
            raise ValueError(
                f"label {name!r}: 1 to {LONGEST} characters, without blanks at its ends"
            )
        if any(unicodedata.category(c).startswith("C") for c in name):
            raise ValueError(f"label {name!r}: control and invisible characters cannot be answered")
    bare = [plain(name).strip() for name in offered]
    if not all(bare) or len(set(bare)) < len(bare):
        raise ValueError(
            "labels and cannot_tell: no two may be alike, quotes and Markdown marks apart, and "
            "none may be nothing else"
        )


def _once(where: str, text: str, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> None:
    found = slots(text)
    known = ", ".join(f"{{{name}}}" for name in (*required, *optional))
    for name in found:
        if name not in (*required, *optional):
            raise ValueError(
                f"prompt.{where}: there is no slot {{{name}}} here; there are {known} (braces that "
                "are meant literally are doubled)"
            )
    for name in required:
        if found.count(name) != 1:
            raise ValueError(
                f"prompt.{where}: {{{name}}} must stand there once, it does {found.count(name)} "
                "times"
            )
    for name in optional:
        if found.count(name) > 1:
            raise ValueError(f"prompt.{where}: {{{name}}} may stand there once only")
