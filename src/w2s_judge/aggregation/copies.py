"""Near copies among judges, found in the votes alone.

Judges who read one common truth with independent errors have correlations r_jk = a_j a_k, so that
for a cluster of them r_in = r_co^2 / r_oo: within the cluster, between it and the others, among
the others (Spearman's tetrads, 1904). What a cluster has beyond that, as a share of what it could,

    e = (r_in - q) / (1 - q),    q = min(max(r_co, 0)^2 / r_oo, .98)

is the excess: about the share of its members' votes that repeat each other. The cluster looked at
is the node of an average-linkage tree over 1 - R with the largest e. z is the tetrad
r_in r_oo - max(r_co, 0)^2 over its bootstrap standard deviation, prompts drawn with replacement.

Two things keep a z from meaning what it seems to. It belongs to the largest of many nodes: what is
asked of it grows with the number of clusters that could have been chosen (a union bound). And the
same correlations can come from copies or from competence: two copies and three good judges look
like three copies and two good judges. Where a second, disjoint cluster fits as an alternative,
that is told, and no number of votes decides between the two; labels do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from w2s_judge.aggregation.judge_views import JudgeViews
from w2s_judge.aggregation.merged_judges import MergedJudges, joined
from w2s_judge.aggregation.pair_sums import Pairs
from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.calibration.dependence import OVERLAP
from w2s_judge.votes import VoteMatrix

FEWEST, MOST = 4, 40  # judges
ENDS = (0.025, 0.975)
KNOWN = 0.5  # share of the pairs that must have `OVERLAP` common items
LEAST_OUTSIDE, MOST_EXPLAINED = 0.02, 0.98  # r_oo that q can be taken from; q
FEWEST_PROMPTS = 10  # for a z or an interval


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster of judges that vote more alike than a common truth explains.

    members : indices into `Found.units`
    excess  : e, at most 1; `low` and `high` 95 % of its draws, None where prompts are too few
    z       : of the tetrad, 0 where prompts are too few; `needed` is what is asked of it
    inside  : r_in, the mean correlation of votes of two of its judges (or merged clusters)
    across  : r_co, the mean correlation with a judge outside
    outside : r_oo, the median correlation of two judges outside
    items   : the fewest items that two of its judges share
    merges  : whether the rule would count it as one judge
    second  : the members of a disjoint cluster that would explain the votes as well; () where there
              is none
    """

    members: tuple[int, ...]
    excess: float
    z: float
    needed: float
    inside: float
    across: float
    outside: float
    items: int
    merges: bool
    second: tuple[int, ...] = ()
    low: float | None = None
    high: float | None = None

    @property
    def explained(self) -> float:
        """q, what one common factor makes of the correlation inside."""
        return min(max(self.across, 0.0) ** 2 / self.outside, MOST_EXPLAINED)


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """What was found.

    units    : names of the judges that vary
    of_rater : (J,) unit of each rater of the votes, -1 for one that was left out
    clusters : those to be merged, in the order of merging (a later one may hold an earlier one),
               and at the end the next best, if it has an excess above 0
    accepted : whether the merged panel is what the rule wants: one common factor is left, and two
               judges outside the clusters; False where nothing merges
    why      : why nothing could be looked for; "" where it could
    """

    units: tuple[str, ...]
    of_rater: Ints
    clusters: tuple[Cluster, ...] = ()
    accepted: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Copies:
    """The rule, with its constants.

    excess, z : the least e and z of a cluster that merges
    second : the least e of a second reading
    widest : the largest share of the judges in a cluster
        These are from simulated panels of 5 and 8 judges, 500 and 5,000 items, .60 to .80 right,
        errors of copies correlated at .5 to .9.
    chance : probability, over all clusters that could have been chosen, that z is reached by chance
    fewest_items : below, nothing merges: on real panels of 200 to 350 items merging did harm
    """

    excess: float = 0.35
    z: float = 3.0
    second: float = 0.2
    widest: float = 0.65
    chance: float = 0.01
    fewest_items: int = 500
    draws: int = 200
    seed: int = 0

    def __call__(self, votes: VoteMatrix) -> Found:
        """Look for near copies; weights of votes and gold play no part."""
        return self.among(JudgeViews.of(votes), votes.group)

    def among(self, views: JudgeViews, group: Ints) -> Found:
        """The same where the votes are laid out; group (I,) is the items' prompts."""
        why = _cannot(views)
        if why:
            return Found(views.units, views.of_rater, why=why)
        apart = tuple((unit,) for unit in range(len(views.units)))
        panel = self._merged(views, apart, group)
        clusters: list[Cluster] = []
        while len(panel.judges) >= FEWEST:
            best = self._best(panel, views, group)
            if best is None:
                break
            clusters.append(best)
            if not best.merges:
                break
            panel = self._merged(views, joined(panel.judges, best.members), group)
        merged = any(one.merges for one in clusters)
        accepted = merged and panel.alone >= 2 and panel.factors(self.seed) == 1
        return Found(views.units, views.of_rater, tuple(clusters), accepted)

    def read(
        self,
        views: JudgeViews,
        members: tuple[int, ...],
        others: tuple[tuple[int, ...], ...],
        group: Ints,
    ) -> Cluster | None:
        """What a cluster that is given, not sought, comes to; `others` count as one judge each.

        None where it cannot be told: two judges or clusters outside it are needed, who share
        `OVERLAP` items with the panel and agree at all.
        """
        apart = {unit for one in others for unit in one} | set(members)
        alone = tuple((unit,) for unit in range(len(views.units)) if unit not in apart)
        outside = (*alone, *others)
        if len(outside) < 2 or _cannot(views):
            return None
        panel = self._merged(views, (*((unit,) for unit in members), *outside), group)
        node = np.arange(len(panel.judges)) < len(members)
        found = self._measured(panel, node)
        return found if found.outside > LEAST_OUTSIDE else None

    def _merged(
        self, views: JudgeViews, judges: tuple[tuple[int, ...], ...], group: Ints
    ) -> MergedJudges:
        return MergedJudges.of(views, judges, group, draws=self.draws, seed=self.seed)

    def _best(self, panel: MergedJudges, views: JudgeViews, group: Ints) -> Cluster | None:
        """The node with the largest e above 0, and what it comes to."""
        nodes = panel.nodes(self.widest)
        excess = [self._read(panel.R, node)[0] for node in nodes]
        order = sorted(range(len(nodes)), key=lambda k: (-excess[k], k))
        if not order or not excess[order[0]] > 0:
            return None
        node = nodes[order[0]]
        found = self._measured(panel, node)
        apart = (k for k in order[1:] if excess[k] >= self.second and not (nodes[k] & node).any())
        second = next((panel.members(nodes[k]) for k in apart), ())
        if second:
            after = self._merged(views, joined(panel.judges, found.members), group)
            second = () if self._stands(after, second) else second
        return replace(found, second=second)

    def _measured(self, panel: MergedJudges, node: Bools) -> Cluster:
        """What a node comes to, without a second reading."""
        e, tetrad, inside, across, outside = map(float, self._read(panel.R, node))
        drawn_e, drawn_t, *_ = self._read(panel.drawn, node)
        low, high = (float(np.quantile(drawn_e, end)) for end in ENDS)
        known = panel.prompts >= FEWEST_PROMPTS
        z = tetrad / max(float(drawn_t.std(ddof=1)), 1e-9) if known else 0.0
        needed = self._needed(panel)
        items = int(panel.shared[np.ix_(node, node)][~np.eye(int(node.sum()), dtype=bool)].min())
        members = panel.members(node)
        merges = e >= self.excess and z >= needed and items >= self.fewest_items
        return Cluster(
            members, e, z, needed, inside, across, outside, items, bool(merges),
            low=low if known else None, high=high if known else None,
        )  # fmt: skip

    def _stands(self, after: MergedJudges, members: tuple[int, ...]) -> bool:
        """Whether a cluster is in excess also where another one has been merged."""
        node = np.array([set(one) <= set(members) for one in after.judges])
        if len(after.judges) < FEWEST or len(node) - node.sum() < 2:
            return False
        return bool(self._read(after.R, node)[0] >= self.second)

    def _read(self, R: Floats, node: Bools) -> tuple[Floats, Floats, Floats, Floats, Floats]:  # noqa: N803
        """The e, tetrad, r_in, r_co, r_oo of a node (G,) in matrices (..., G, G).

        e is -1 where r_oo is too small.
        """
        inside, outside = np.flatnonzero(node), np.flatnonzero(~node)
        a, b = np.triu_indices(len(inside), 1)
        c, d = np.triu_indices(len(outside), 1)
        r_in = R[..., inside[a], inside[b]].mean(axis=-1)
        r_co = R[..., inside[:, None], outside[None, :]].mean(axis=(-1, -2))
        r_oo = np.median(R[..., outside[c], outside[d]], axis=-1)
        explained = np.maximum(r_co, 0) ** 2
        q = np.minimum(explained / np.maximum(r_oo, LEAST_OUTSIDE), MOST_EXPLAINED)
        e = np.where(r_oo > LEAST_OUTSIDE, (r_in - q) / (1 - q), -1.0)
        return e, r_in * r_oo - explained, r_in, r_co, r_oo

    def _needed(self, panel: MergedJudges) -> float:
        """The z that the best of all clusters of the sizes allowed seldom reaches by chance."""
        G = len(panel.judges)  # noqa: N806
        choices = sum(math.comb(G, size) for size in range(2, G - 1))
        return max(self.z, float(-special.ndtri(self.chance / choices)))


def _cannot(views: JudgeViews) -> str:
    """Why copies cannot be looked for; "" where they can."""
    J = len(views.units)  # noqa: N806
    if J < FEWEST:
        return f"near copies are told from good judges by at least {FEWEST} judges who vary"
    if J > MOST:
        return f"near copies are not looked for among more than {MOST} judges"
    if len(Pairs.sharing(views.mask, OVERLAP).one) < KNOWN * J * (J - 1) / 2:
        return f"fewer than half of the pairs of judges share {OVERLAP} items"
    return ""
