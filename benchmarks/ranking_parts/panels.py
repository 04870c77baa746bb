"""Simulated judges: what they say of pairs whose order is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from w2s_judge.comparisons import Comparisons

Noise: TypeAlias = Literal["flips", "bradley-terry"]


@dataclass(frozen=True, eq=False, slots=True)
class Simulated:
    """Comparisons, (N,) true strengths, and the share of the comparisons that are right."""

    comparisons: Comparisons
    truth: np.ndarray
    right: float


@dataclass(frozen=True, slots=True)
class Panel:
    """Judges who compare all pairs of n objects once, in each of `questions` questions.

    skills : one number a judge. `flips`: the share of pairs that it gets right, whatever the pair;
             `bradley-terry`: what it multiplies the difference of two strengths by (strengths are
             standard normal), so that it errs on near pairs
    shared : probability that a judge repeats on a pair what all others who do also say: the answer
             of one more judge of its own skill, so that its share of right answers stays
    """

    n: int
    skills: tuple[float, ...]
    noise: Noise
    shared: float = 0.0
    questions: int = 200

    def drawn(self, seed: int) -> Simulated:
        """The same for the same seed; sides are shown by lot."""
        rng = np.random.default_rng(seed)
        upper, lower = np.triu_indices(self.n, 1)
        strength = rng.standard_normal((self.questions, self.n))
        gap = strength[:, upper] - strength[:, lower]
        cells = (len(self.skills), self.questions, len(upper))
        skill = np.array(self.skills)[:, None, None]
        if self.noise == "flips":
            p = np.where(gap > 0, skill, 1 - skill)
        else:
            p = 1 / (1 + np.exp(-skill * gap))
        draw = rng.random(cells)
        together = rng.random(cells) < self.shared
        says = np.where(together, rng.random(cells[1:]), draw) < p
        start = self.n * np.arange(self.questions)[:, None]
        made = _comparisons(
            np.broadcast_to(start + upper, cells), np.broadcast_to(start + lower, cells),
            says, rng, [f"q{q}" for q in range(self.questions)], self.n,
        )  # fmt: skip
        return Simulated(made, strength.ravel(), float((says == (gap > 0)).mean()))


@dataclass(frozen=True, slots=True)
class Models:
    """Models that answer many questions; what is sought is the order of the models.

    The quality of an answer is the model's strength (normal, `spread`) and a standard normal
    of its own; judges are as in `Panel` with `bradley-terry`.

    pairs  : pairs compared in a question, drawn by lot, the same for all judges; None: all
    fooled : standard deviation of what all judges see in a model beside its strength: their
             shared error
    """

    models: int = 30
    questions: int = 40
    skills: tuple[float, ...] = (0.75, 0.75, 0.75, 0.75)
    spread: float = 0.5
    pairs: int | None = None
    fooled: float = 0.0

    def drawn(self, seed: int) -> Simulated:
        """`truth` has one entry a model; objects of a question are its models in order."""
        rng = np.random.default_rng(seed)
        strength = self.spread * rng.standard_normal(self.models)
        seen = strength + self.fooled * rng.standard_normal(self.models)
        quality = seen + rng.standard_normal((self.questions, self.models))
        upper, lower = np.triu_indices(self.models, 1)
        count = len(upper) if self.pairs is None else self.pairs
        kept = np.argsort(rng.random((self.questions, len(upper))), axis=1)[:, :count]
        rows = np.arange(self.questions)[:, None]
        gap = quality[rows, upper[kept]] - quality[rows, lower[kept]]
        cells = (len(self.skills), self.questions, count)
        p = 1 / (1 + np.exp(-np.array(self.skills)[:, None, None] * gap))
        says = rng.random(cells) < p
        made = _comparisons(
            np.broadcast_to(self.models * rows + upper[kept], cells),
            np.broadcast_to(self.models * rows + lower[kept], cells),
            says, rng, [f"q{q}" for q in range(self.questions)], self.models,
        )  # fmt: skip
        truly = strength[upper[kept]] > strength[lower[kept]]
        return Simulated(made, strength, float((says == truly).mean()))

    def names(self) -> tuple[str, ...]:
        """(N,) the model of each object."""
        return tuple(f"m{k}" for k in range(self.models)) * self.questions


def _comparisons(
    one: np.ndarray, two: np.ndarray, one_wins: np.ndarray, rng: np.random.Generator,
    questions: Sequence[str], n: int,
) -> Comparisons:  # fmt: skip
    """Of (J, Q, P) pairs; which side is shown first is drawn."""
    turned = rng.random(one.shape) < 0.5
    left, right = np.where(turned, two, one).ravel(), np.where(turned, one, two).ravel()
    first = (one_wins != turned).ravel()
    outcome = np.zeros((first.size, 3))
    outcome[:, 0], outcome[:, 2] = first, ~first
    question = np.repeat(np.arange(len(questions), dtype=np.int32), n)
    return Comparisons(
        tuple(f"o{k}" for k in range(n * len(questions))), question, tuple(questions),
        tuple(f"j{j}" for j in range(len(one))),
        left.astype(np.int32), right.astype(np.int32),
        np.repeat(np.arange(len(one), dtype=np.int32), one[0].size),
        outcome, question[left],
    )  # fmt: skip
