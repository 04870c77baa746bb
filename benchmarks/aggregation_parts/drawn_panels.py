"""Panels of judges drawn by a seed, whose errors correlate by a known amount within clusters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from w2s_judge.votes import VoteMatrix


@dataclass(frozen=True, slots=True)
class Drawn:
    """`right` (J,) accuracies; judges of a cluster have equal ones and errors correlated by `rho`.

    Each of them takes the error of a common draw with probability sqrt(rho), else its own, so that
    two of them share a draw with probability rho. Two classes, half of the items each; mistakes
    are as likely in either.
    """

    name: str
    right: tuple[float, ...]
    clusters: tuple[tuple[int, ...], ...] = ()
    rho: float = 0.0

    def votes(self, items: int, seed: int) -> tuple[VoteMatrix, np.ndarray]:
        """Votes of every judge on every item, and the truth (items,)."""
        rng = np.random.default_rng([seed, items])
        J = len(self.right)  # noqa: N806
        u = rng.random((items, J))
        for members in self.clusters:
            common = rng.random(items)
            for j in members:
                u[:, j] = np.where(rng.random(items) < np.sqrt(self.rho), common, u[:, j])
        truth = rng.integers(0, 2, items)
        label = np.where(u < np.array(self.right), truth[:, None], 1 - truth[:, None])
        matrix = VoteMatrix(
            tuple(f"i{k}" for k in range(items)),
            tuple(f"judge {j}" for j in range(J)),
            ("no", "yes"),
            np.repeat(np.arange(items), J).astype(np.int32),
            np.tile(np.arange(J), items).astype(np.int32),
            np.arange(items, dtype=np.int32),
            (None,) * J,
            label=label.ravel().astype(np.int32),
            ordered=False,
        )
        return matrix, truth

    def ideal(self, votes: VoteMatrix) -> np.ndarray:
        """(I, 2) posterior of one who knows how the panel was drawn."""
        assert votes.label is not None
        label = votes.label.reshape(votes.I, votes.J)
        score = np.zeros((votes.I, 2))
        for members in self._sources():
            for truth in (0, 1):
                wrong = label[:, members] != truth
                score[:, truth] += np.log(self._chance(wrong, 1 - self.right[members[0]]))
        score -= score.max(axis=1, keepdims=True)
        rows = np.exp(score)
        return np.asarray(rows / rows.sum(axis=1, keepdims=True))

    def covariance(self) -> np.ndarray:
        """(J, J) mean products of votes coded -1 and 1, exact."""
        lean = 2 * np.array(self.right) - 1
        table = np.outer(lean, lean)
        for members in self.clusters:
            for j, k in product(members, members):
                table[j, k] += 4 * self.rho * self.right[j] * (1 - self.right[j])
        np.fill_diagonal(table, 1.0)
        return table

    def _sources(self) -> Iterator[list[int]]:
        inside = {j for members in self.clusters for j in members}
        yield from ([j] for j in range(len(self.right)) if j not in inside)
        yield from (list(members) for members in self.clusters)

    def _chance(self, wrong: np.ndarray, error: float) -> np.ndarray:
        """(I,) probability of these errors (I, m) of one cluster: over who took the common draw."""
        m = wrong.shape[1]
        follows = np.sqrt(self.rho) if m > 1 else 0.0
        own = np.where(wrong, error, 1 - error)
        total = np.zeros(len(wrong))
        for taken in product((False, True), repeat=m):
            who = np.array(taken)
            weight = np.prod(np.where(who, follows, 1 - follows))
            alone = own[:, ~who].prod(axis=1)
            every, none = wrong[:, who].all(axis=1), ~wrong[:, who].any(axis=1)
            shared = error * every + (1 - error) * none
            total += weight * alone * (shared if who.any() else 1.0)
        return total
