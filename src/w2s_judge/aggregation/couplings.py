"""How each rater's vote depends on the others', class by class: the regressions of an Ising model.

Given the class y, rater j's vote x_j has the log-odds a_yj + sum_k w_yjk (x_k - mean_yk), a ridge
logistic regression for each rater and class, weighted by the probability of the class (pseudo-
likelihood: J. Besag, JRSS B 36 (1974) 192). A silent rater is at its mean, and has no part in its
own regression on that row. Steps are Newton's with the curvature bounded by a quarter (D. Bohning,
Annals of the Institute of Statistical Mathematics 44 (1992) 197): where all have voted they never
lower the penalised pseudo-likelihood, and one matrix serves all raters.

Letters: n rows, A coupled raters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from w2s_judge.arrays import Floats

LEVEL_RIDGE = 0.1  # of the intercepts: the log-odds of a rater who never varies stay finite
SLACK = 0.1  # added to the class probabilities in the bound, which is kept for some steps
BOUND = 0.25  # most that p (1 - p) is


@dataclass(frozen=True, eq=False, slots=True)
class Rows:
    """Dense rows of the coupled raters.

    value : (n, A) votes in [-1, 1], 0 where silent: what the others' regressions read
    count : (n, A) what they weigh as votes for the class that they lean to, 0 where silent
    items : (n,) items that have the row
    """

    value: Floats
    count: Floats
    items: Floats

    @property
    def complete(self) -> bool:
        """Whether every rater voted, with weight 1 at most, on every row that weighs anything."""
        count = self.count[self.items > 0]
        return bool(((count > 0) & (count <= 1)).all())

    @property
    def vote(self) -> Floats:
        """(n, A) -1 or 1, the class that a vote leans to; 0 where silent."""
        return np.sign(self.value)

    def centred(self, mean: Floats) -> Floats:
        """(n, A + 1) votes less their mean (A,), 0 where silent, and a column of ones."""
        return np.column_stack([self.value - (self.count > 0) * mean, np.ones(len(self.value))])


@dataclass(frozen=True, eq=False, slots=True)
class Couplings:
    """Of both classes: weights (2, A, A + 1), the intercepts last, and means (2, A) they are from.

    weights[y, j, k] is what rater k's vote adds to the log-odds of rater j's.
    """

    weights: Floats
    means: Floats

    @classmethod
    def none(cls, rows: Rows, second: Floats) -> Couplings:
        """Raters who vote independently given the class; `second` (n,) is P(second class)."""
        A = rows.value.shape[1]  # noqa: N806
        weights, means = np.zeros((2, A, A + 1)), np.zeros((2, A))
        for y, share in enumerate((1 - second, second)):
            held = rows.count * (rows.items * share)[:, None]
            total = held.sum(axis=0)
            means[y] = np.sum(held * rows.vote, axis=0) / (total + 2 * LEVEL_RIDGE)
            weights[y, :, -1] = 2 * np.arctanh(np.clip(means[y], -1 + 1e-9, 1 - 1e-9))
        return cls(weights, means)


@dataclass(frozen=True, eq=False, slots=True)
class Regressions:
    """Regressions on F features, with the curvature of the share they were set up with.

    features : (n, F) the votes of the A raters, then intercepts
    inverse  : (A, F, F) of each rater's bounded curvature with the ridge
    free     : effective number of parameters
    """

    rows: Rows
    features: Floats
    ridge: Floats
    inverse: Floats
    free: float

    @classmethod
    def of(cls, rows: Rows, features: Floats, share: Floats, ridge: float) -> Regressions:
        """`share` (n,) is P(class) of each row."""
        A = rows.value.shape[1]  # noqa: N806
        held = rows.items * np.minimum(share + SLACK, 1.0)
        if rows.complete:
            gram = np.repeat((features.T @ (features * held[:, None]))[None], A, axis=0)
        else:
            gram = np.empty((A, features.shape[1], features.shape[1]))
            for j in range(A):
                mine = np.flatnonzero(rows.count[:, j])
                part = features[mine]
                gram[j] = part.T @ (part * (held[mine] * rows.count[mine, j])[:, None])
        gram = gram * BOUND
        own = np.arange(A)
        gram[own, own, :] = gram[own, :, own] = 0.0
        penalty = np.full(features.shape[1], LEVEL_RIDGE)
        penalty[:A] = ridge
        inverse = np.linalg.inv(gram + np.diag(penalty))
        free = float(np.einsum("jkl,jlk->", inverse, gram))
        inverse[own, own, :] = inverse[own, :, own] = 0.0
        return cls(rows, features, penalty, np.asarray(inverse), free)

    def after(self, weights: Floats, share: Floats, steps: int) -> Floats:
        """Weights (A, F) after some steps under P(class) `share` (n,)."""
        held = self.rows.count * (self.rows.items * share)[:, None]
        target = held * (1 + self.rows.vote) / 2
        for _ in range(steps):
            missed = target - held * expit(self.features @ weights.T)
            slope = missed.T @ self.features - weights * self.ridge
            weights = weights + np.einsum("jkl,jl->jk", self.inverse, slope)
        return weights

    def height(self, weights: Floats, share: Floats) -> float:
        """Pseudo-log-likelihood of the votes under P(class) `share`."""
        score = self.features @ weights.T
        each = (1 + self.rows.vote) / 2 * score - np.logaddexp(0.0, score)
        return float((self.rows.items * share) @ np.sum(self.rows.count * each, axis=1))


@dataclass(frozen=True, eq=False, slots=True)
class Maximisation:
    """The regressions of both classes: one a class, or one for both, with an intercept a class."""

    regressions: tuple[Regressions, ...]

    @classmethod
    def of(
        cls, rows: Rows, begun: Couplings, second: Floats, ridge: float, *, shared: bool
    ) -> Maximisation:
        """`second` (n,) is P(second class) for the curvature, `begun` has the means."""
        shares = (1 - second, second)
        features = [rows.centred(mean) for mean in begun.means]
        if not shared:
            pairs = zip(features, shares, strict=True)
            return cls(tuple(Regressions.of(rows, one, share, ridge) for one, share in pairs))
        twice = Rows(*(np.concatenate([one, one]) for one in (rows.value, rows.count, rows.items)))
        votes = np.concatenate([one[:, :-1] for one in features])
        classes = np.repeat(np.eye(2), len(second), axis=0)
        both = np.column_stack([votes, classes])
        return cls((Regressions.of(twice, both, np.concatenate(shares), ridge),))

    def after(self, weights: Floats, second: Floats, steps: int) -> Floats:
        """(2, A, A + 1) weights after some steps under P(second class) (n,)."""
        shares = (1 - second, second)
        if len(self.regressions) == 2:
            each = zip(self.regressions, weights, shares, strict=True)
            return np.stack([one.after(weight, share, steps) for one, weight, share in each])
        levels = weights[:, :, -1].T
        joint = np.column_stack([weights[0, :, :-1], levels])
        joint = self.regressions[0].after(joint, np.concatenate(shares), steps)
        return np.stack([np.column_stack([joint[:, :-2], joint[:, y - 2]]) for y in (0, 1)])
