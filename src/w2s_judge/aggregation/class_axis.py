"""Two classes that overlap on the axis along which raters tell them apart, and a factor across it.

    theta | y ~ N(+-m, 1 - m^2),  z ~ N(0, 1),  P(vote >= l) = sigmoid(a_j theta + lam_j z - t_jl)

theta has one spread whatever m is: m = 1 is two points, the classes themselves; at a smaller m some
items are clearer than others, and all raters see it. P(y | theta) is a logistic function of theta
with the slope 2 m / (1 - m^2).

Letters: J raters, L levels, K components (pairs of a node of theta and one of z), M parameters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize_scalar

from w2s_judge.aggregation.cumulative_logit import CumulativeLogit
from w2s_judge.aggregation.em import TINY, Climb, collect
from w2s_judge.aggregation.layout import Block, Layout
from w2s_judge.aggregation.quadrature import Components, even_nodes
from w2s_judge.arrays import Floats
from w2s_judge.consensus import Fit

REACH, REACH_ACROSS = 4.5, 4.0  # of the nodes, in standard deviations
LEAST, MOST = 0.62, 0.98  # m: a slope of 2, and as near two points as the nodes can tell
SPREAD = 1.0  # sd of the half-normal prior of atanh m above its least
EXACT = 1e-9


@dataclass(frozen=True, eq=False, slots=True)
class Nodes:
    """theta (T,), z (Z,) with its weights; one z at 0 where there is no factor. prior (2,)."""

    theta: Floats
    z: Floats
    z_weight: Floats
    prior: Floats

    @classmethod
    def of(cls, along: int, across: int, prior: Floats, points: bool) -> Nodes:
        """`points`: theta is -1 or 1."""
        theta = np.array([-1.0, 1.0]) if points else even_nodes(along, REACH)[0]
        z, weight = even_nodes(across, REACH_ACROSS)
        return cls(theta, z, weight, prior)

    @property
    def features(self) -> Floats:
        """(K, 1) theta, or (K, 2) theta and z."""
        theta, z = np.repeat(self.theta, len(self.z)), np.tile(self.z, len(self.theta))
        return np.column_stack([theta, z] if len(self.z) > 1 else [theta])

    def given(self, distinct: float) -> Floats:
        """(2, T) P(node of theta | class) at atanh m."""
        if len(self.theta) == 2:
            return np.eye(2)
        m = np.tanh(distinct)
        share = np.exp(-0.5 * (self.theta - m * np.array([[-1.0], [1.0]])) ** 2 / (1 - m * m))
        share = np.maximum(share, TINY)
        return np.asarray(share / share.sum(axis=1, keepdims=True))

    def components(self, distinct: float) -> Components:
        """Their weights at atanh m."""
        along = self.prior[:, None] * self.given(distinct)
        return Components((along[:, :, None] * self.z_weight).reshape(2, -1))

    def distinct(self, components: Floats, before: float) -> float:
        """New atanh m by the components seen, (3, K), and its prior; not worse than `before`."""
        along = components.reshape(3, len(self.theta), -1).sum(axis=2)

        def depth(at: float) -> float:
            given = self.given(at)
            told = (along[:2] * np.log(given)).sum() + along[2] @ np.log(self.prior @ given)
            return -float(told + log_prior(at))

        found = minimize_scalar(
            depth, bounds=(np.arctanh(LEAST), np.arctanh(MOST)), method="bounded",
            options={"xatol": EXACT},
        )  # fmt: skip
        return float(found.x) if found.fun <= depth(before) else before


def log_prior(distinct: float) -> float:
    """Of atanh m, 0 where it is least."""
    return -0.5 * ((distinct - float(np.arctanh(LEAST))) / SPREAD) ** 2


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """parameters (J, M), atanh m, and how the climb ended; objective per vote."""

    parameters: Floats
    distinct: float
    fit: Fit

    def after(self, iterations: int) -> Found:
        """With those of an earlier climb counted."""
        return replace(self, fit=replace(self.fit, iterations=self.fit.iterations + iterations))


@dataclass(frozen=True, eq=False, slots=True)
class AxisModel:
    """EM for raters' parameters and m; either can be held where it is."""

    nodes: Nodes
    votes: CumulativeLogit
    layout: Layout

    def climb(
        self, rule: Climb, start: Floats, distinct: float, raters: bool = True, m: bool = True
    ) -> Found:
        """From parameters (J, M) and atanh m; `raters`, `m`: which of the two move."""
        size = start.size
        m = m and len(self.nodes.theta) > 2
        least, most = np.arctanh(LEAST), np.arctanh(MOST)

        def step(layout: Layout, flat: Floats) -> tuple[float, Floats]:
            here, at = flat[:size].reshape(start.shape), float(flat[size])
            table = self.votes.table(here)
            seen = self.nodes.components(at).expect(layout, table.reshape(-1, table.shape[2]))
            height = seen.log_likelihood + float(self.votes.log_prior(here, table).sum())
            height += log_prior(at) if len(self.nodes.theta) > 2 else 0.0
            after = flat.copy()
            if raters:
                after[:size] = self.votes.improved(here, seen.counts.reshape(table.shape)).ravel()
            if m:
                after[size] = self.nodes.distinct(seen.components, at)
            return height / max(layout.votes, 1.0), after

        def normalised(flat: Floats) -> Floats:
            tidy = self.votes.ordered(flat[:size].reshape(start.shape)).ravel()
            moved = np.clip(flat[size], least, most) if m else distinct
            return np.append(tidy if raters else flat[:size], moved)

        at = np.append(start.ravel(), distinct)
        if self.layout.pilot is not None:
            pilot = self.layout.pilot
            at, _ = rule(lambda flat: step(pilot, flat), at, normalised)
        end, fit = rule(lambda flat: step(self.layout, flat), at, normalised)
        return Found(end[:size].reshape(start.shape), float(end[size]), fit)

    def height(self, parameters: Floats, distinct: float) -> float:
        """The objective, not per vote."""
        table = self.votes.table(parameters)
        components = self.nodes.components(distinct)
        height = components.log_likelihood(self.layout, table.reshape(-1, table.shape[2]))
        height += float(self.votes.log_prior(parameters, table).sum())
        return height + (log_prior(distinct) if len(self.nodes.theta) > 2 else 0.0)

    def without_gold(self) -> AxisModel:
        """The same of the votes alone; itself where there is no gold."""
        if all(block.fixed is None for block in self.layout.blocks()):
            return self
        blind = tuple(replace(block, fixed=None) for block in self.layout.blocks())
        return replace(self, layout=replace(self.layout, blocks=lambda: blind, pilot=None))

    def seen(self, found: Found) -> tuple[Floats, Floats]:
        """(J, L, K) mass of votes at the components, and (K,) share of the items at each."""
        components = self.nodes.components(found.distinct)
        table = self.votes.table(found.parameters)
        flat = table.reshape(-1, table.shape[2])

        def posterior(block: Block) -> Floats:
            rows, total, _ = components.joint(block, block.cells.likelihood(flat)[0])
            return np.asarray(rows / total[:, None])

        counts = collect(self.layout, (len(flat), flat.shape[1]), posterior)
        share = counts.classes / max(float(counts.classes.sum()), TINY)
        return counts.counts.reshape(table.shape), share

    def read(self, found: Found) -> tuple[Floats, Floats, Floats]:
        """(I, 2) P(class | votes), (I,) E[theta | votes], (J, 2, L) P(level | class)."""
        components, table = (
            self.nodes.components(found.distinct),
            self.votes.table(found.parameters),
        )
        values = np.column_stack([components.class_given, self.votes.features[:, 0]])
        mean = components.means(self.layout, table.reshape(-1, table.shape[2]), values)
        given = components.weight / self.nodes.prior[:, None]
        classes = mean[:, :2] / mean[:, :2].sum(axis=1, keepdims=True)
        return classes, mean[:, 2], np.einsum("jlk,ck->jcl", np.exp(table), given)
