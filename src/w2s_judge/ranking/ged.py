"""Graph ensemble and denoising: cycles out of weak judges' preferences, then count who is below.

Z. Hu, J. Zhang, Z. Xiong, A. Ratner and R. Krishna, arXiv 2410.12869 (GED, also PGED). The paper
sums the judges' preference graphs, takes a feedback arc set out of the sum, and ranks an object by
the number of objects that can be reached from it. The code that was released with it does another
thing: it takes the arcs out of each judge's own graph, sums and nets what is left, and counts on
that sum, which may have cycles again; all objects of a cycle are then level.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.comparisons import Comparisons, Ranking
from w2s_judge.errors import UsageError
from w2s_judge.ranking.components import components, ranks, unconnected, within_question
from w2s_judge.ranking.contract import Card, RankLaw
from w2s_judge.ranking.counted import as_fractions, centred
from w2s_judge.ranking.feedback_arc_set import EXACT_SIZE, Solver, forward, solved_order
from w2s_judge.ranking.preference_graph import PreferenceGraph, preference_graphs
from w2s_judge.ranking.standing import behind
from w2s_judge.ranking.strong_parts import arcs, net, reached

Denoise: TypeAlias = Literal["none", "judges", "ensemble", "both"]
Read: TypeAlias = Literal["descendants", "order", "borda"]


@dataclass(frozen=True, slots=True)
class GED:
    """Preference graphs summed over judges, without cycles, and read out; defaults: the paper.

    denoise : where feedback arc sets are left out: of each judge's graph, of the ensemble, of both
    netted  : of two opposing arcs of the ensemble only the difference stays, and neither where they
              are even; the paper keeps both until it denoises. Without denoising of the ensemble
              two opposing arcs are a cycle, so that there it is wanted
    solver  : `greedy` as in the paper, `improved` by best insertion, or `exact` (up to `EXACT_SIZE`
              objects in a strongly connected component, above that improved, and a note says so)
    read    : `descendants`, the number of objects that can be reached; `order`, the number of
              objects that stand behind in the solver's order, which is strict, the first object
              first where nothing else decides; `borda`, outgoing less incoming weight of what is
              left

    The score is centred on 0 in each connected part. Objects with equally many descendants share a
    rank; the paper puts them in the order of their names. Which arcs of a cycle are left out may
    hang on the order of the objects where weights are level: a cycle of three even preferences has
    no other way out. A question of 10 objects takes a fraction of a millisecond.
    """

    denoise: Denoise = "ensemble"
    netted: bool = False
    solver: Solver = "greedy"
    read: Read = "descendants"

    def __post_init__(self) -> None:
        for name, value, offered in (
            ("denoise", self.denoise, get_args(Denoise)),
            ("solver", self.solver, get_args(Solver)),
            ("read", self.read, get_args(Read)),
        ):
            if value not in offered:
                raise UsageError(f"no {name} {value!r} in GED\n  there are: {', '.join(offered)}")

    def __call__(self, comparisons: Comparisons, /) -> Ranking:
        """(N,) scores: counts of objects, or weight for `borda`."""
        score, tally = np.zeros(comparisons.N), _Tally()
        for graph in preference_graphs(comparisons):
            if len(graph.arcs.weight):
                score[graph.objects] = self._scores(graph, tally)
        component = components(comparisons)
        if self.read == "order":
            score = behind(score, component)
        score = centred(score, component)
        notes = (*tally.notes(), *as_fractions(comparisons), *unconnected(comparisons, component))
        return Ranking(
            score, ranks(score, component), within_question(component, comparisons.question), "ged",
            settings=repr(self), notes=notes,
        )  # fmt: skip

    def _scores(self, graph: PreferenceGraph, tally: _Tally) -> Floats:
        """(n,) what the objects of one question score; for `order` their places."""
        if self.denoise in ("judges", "both"):
            weight = self._summed(graph, tally)
        else:
            weight = graph.ensemble()
        if self.netted:
            weight = net(weight)
        if self.denoise in ("ensemble", "both"):
            weight = self._denoised(weight, tally)
        tally.questions += 1
        if self.read == "borda":
            return np.asarray(weight.sum(axis=1) - weight.sum(axis=0))
        if self.read == "order":
            order, proven = solved_order(weight, self.solver)
            tally.large += not proven
            return np.argsort(order).astype(np.float64)
        below = reached(arcs(weight))
        tally.cyclic += bool(below.diagonal().any())
        np.fill_diagonal(below, False)
        return np.asarray(below.sum(axis=1), dtype=np.float64)

    def _summed(self, graph: PreferenceGraph, tally: _Tally) -> Floats:
        total = np.zeros((len(graph.objects), len(graph.objects)))
        for weight in graph.judges():
            total += self._denoised(weight, tally)
        return total

    def _denoised(self, weight: Floats, tally: _Tally) -> Floats:
        """The weights without those that point backwards: a graph without a cycle."""
        order, proven = solved_order(weight, self.solver)
        left = np.where(forward(order), weight, 0.0)
        tally.large += not proven
        tally.weight += float(weight.sum())
        tally.out += float(weight.sum() - left.sum())
        return left


@dataclass(slots=True)
class _Tally:
    """What happened on the way: weights seen and left out, questions by what became of them."""

    weight: float = 0.0
    out: float = 0.0
    questions: int = 0
    cyclic: int = 0
    large: int = 0

    def notes(self) -> tuple[str, ...]:
        return tuple(self._notes())

    def _notes(self) -> Iterator[str]:
        if self.weight:
            yield f"denoising left out {self.out / self.weight:.1%} of the preferences' weight"
        if self.cyclic:
            yield (
                f"in {self.cyclic} of {self.questions} questions the graph that is read has "
                "cycles: objects of a cycle are level"
            )
        if self.large:
            yield (
                f"{self.large} graphs have no order that is proven the best (more than "
                f"{EXACT_SIZE} objects in a cycle, or votes near to chance): theirs is a good one"
            )


def ged_as_released() -> GED:
    """What the code released with the paper does: each judge's graph denoised, the sum not."""
    return GED(denoise="judges", netted=True)


RANKER = Card(
    "ged",
    "preference graphs summed over judges, cycles taken out, ranked by descendants",
    GED,
    frozenset(
        {
            RankLaw.RATERS,
            RankLaw.EXCHANGE,
            RankLaw.TIE,
            RankLaw.PERFECT,
            RankLaw.WEIGHT,
            RankLaw.QUESTIONS,
        }
    ),
    bare=GED,
    merges="ranks",
)
