"""Comparisons as arrays, and what a ranker makes of them.

Letters: N objects, Q questions, J raters, M comparisons. Objects of different questions are never
compared; a file without questions has one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.consensus import Fit

SUMS_TO_ONE = 1e-6  # how far from 1 the mass of an outcome may sum
FIRST, TIE, SECOND = 0, 1, 2


@dataclass(frozen=True, eq=False, repr=False)
class Comparisons:
    """Who was better of two, as raters saw it.

    objects   : names, length N; a name may recur in another question
    question  : (N,) index into questions
    questions : names, length Q
    raters    : names of the judges, length J; both orders of a judge are one rater
    left      : (M,) index into objects, the one that was shown first
    right     : (M,) index into objects, of the same question as left and another object
    rater     : (M,) index into raters
    outcome   : (M, 3) mass on left better, tie, right better; rows sum to 1
    group     : (M,) comparisons with one number answer the same prompt, or are about the same pair
                where there is one question: what a bootstrap draws
    weight    : (M,) how much a comparison counts, above 0; None: all alike
    ordered   : False where nothing was shown first (made of separate ratings): no position term
    uncalibrated : (J,) True where a rater's mass ranks and is no probability; None: none does
    """

    objects: tuple[str, ...]
    question: Ints
    questions: tuple[str, ...]
    raters: tuple[str, ...]
    left: Ints
    right: Ints
    rater: Ints
    outcome: Floats
    group: Ints
    weight: Floats | None = None
    ordered: bool = True
    uncalibrated: Bools | None = None

    def __post_init__(self) -> None:
        for name, column in (("right", self.right), ("rater", self.rater), ("group", self.group)):
            if len(column) != self.M:
                raise ValueError(f"{name} must have one entry a comparison")
        if len(self.question) != self.N:
            raise ValueError("question has one entry an object")
        if self.outcome.shape != (self.M, 3):
            raise ValueError(f"outcome must have shape (M, 3) = ({self.M}, 3)")
        if self.weight is not None and (len(self.weight) != self.M or (self.weight <= 0).any()):
            raise ValueError("weight has one number above 0 a comparison")
        if self.uncalibrated is not None and len(self.uncalibrated) != self.J:
            raise ValueError("uncalibrated has one entry a rater")
        if (self.left == self.right).any():
            raise ValueError("an object cannot be compared with itself")
        if (self.question[self.left] != self.question[self.right]).any():
            raise ValueError("objects of different questions cannot be compared")
        if self.M and np.abs(self.outcome.sum(axis=1) - 1).max() > SUMS_TO_ONE:
            raise ValueError("the mass of an outcome sums to 1")

    def __repr__(self) -> str:
        return f"Comparisons({self.M}: N={self.N}, Q={self.Q}, J={self.J})"

    @property
    def N(self) -> int:  # noqa: N802 (the field's letter)
        """Number of objects."""
        return len(self.objects)

    @property
    def Q(self) -> int:  # noqa: N802
        """Number of questions."""
        return len(self.questions)

    @property
    def J(self) -> int:  # noqa: N802
        """Number of raters."""
        return len(self.raters)

    @property
    def M(self) -> int:  # noqa: N802
        """Number of comparisons."""
        return len(self.left)

    @property
    def weights(self) -> Floats:
        """(M,) what each comparison counts, 1 where nothing is given."""
        return np.ones(self.M) if self.weight is None else self.weight

    def only(self, kept: npt.NDArray[Any]) -> Comparisons:
        """The same objects, questions and raters with some of the comparisons (mask or indices)."""
        return replace(
            self,
            left=self.left[kept],
            right=self.right[kept],
            rater=self.rater[kept],
            outcome=self.outcome[kept],
            group=self.group[kept],
            weight=None if self.weight is None else self.weight[kept],
        )

    def of_objects(self, kept: Bools) -> Comparisons:
        """Some of the objects (a mask, (N,)) and the comparisons between them."""
        number = np.cumsum(kept, dtype=np.int32) - 1
        some = self.only(kept[self.left] & kept[self.right])
        return replace(
            some,
            objects=tuple(name for name, stays in zip(self.objects, kept, strict=True) if stays),
            question=self.question[kept],
            left=number[some.left].astype(np.int32),
            right=number[some.right].astype(np.int32),
        )

    def pooled(self, names: tuple[str, ...]) -> Comparisons:
        """One question in which objects of one name are one: models over all questions.

        `names` (N,) says what each object is, such as its model. Comparisons within a name tell
        nothing of it and are left out; the groups stay, so that a bootstrap draws prompts.
        """
        known = {name: k for k, name in enumerate(dict.fromkeys(names))}
        of_object = np.array([known[name] for name in names], dtype=np.int32)
        left, right = of_object[self.left], of_object[self.right]
        return replace(
            self.only(left != right),
            objects=tuple(known),
            question=np.zeros(len(known), dtype=np.int32),
            questions=("",),
            left=left[left != right],
            right=right[left != right],
        )


@dataclass(frozen=True, eq=False)
class Ranking:
    """Objects in order, within each question and connected part of it.

    score     : (N,) higher is better, in the method's own unit; scores of different components
                cannot be set against each other
    rank      : (N,) 1 is best in its component; equal scores share the best of their ranks
    component : (N,) connected part of the comparison graph, numbered from 0 within each question
    method    : the method's name
    low, high : (N,) 95 % bootstrap interval of the score, NaN where there is none; None before one
                was made
    position  : what being shown first is worth, in the score's unit, where it is estimated
    tie       : Davidson's tie parameter nu, 0 or above, where it is estimated
    weight    : (J,) what a rater counts (its discrimination), where the method weighs them
    lean      : (J,) each rater's own lean to the first, where it is estimated
    fit       : how an iterative method ended
    settings  : the method with its settings, as text
    notes     : what a reader of the numbers must know, in plain words
    """

    score: Floats
    rank: Ints
    component: Ints
    method: str
    low: Floats | None = None
    high: Floats | None = None
    position: float | None = None
    tie: float | None = None
    weight: Floats | None = None
    lean: Floats | None = None
    fit: Fit | None = None
    settings: str = ""
    notes: tuple[str, ...] = ()
