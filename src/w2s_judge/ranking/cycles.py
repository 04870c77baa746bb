"""How often preferences go round in circles: the share of questions whose majority graph does.

The measure by which Z. Hu, J. Zhang, Z. Xiong, A. Ratner and R. Krishna (arXiv 2410.12869) call a
judge weak. One judge with both orders of a pair has one arc for it, or none where they even out;
the ensemble's arcs are the majorities over all judges' mass.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from w2s_judge.arrays import Bools, Ints
from w2s_judge.comparisons import Comparisons
from w2s_judge.ranking.preference_graph import Arcs, preference_arcs

FEWEST = 3  # objects that a cycle takes


@dataclass(frozen=True, eq=False, slots=True)
class CycleRates:
    """In how many questions at least one cycle was found, of how many that could have one.

    Those are the questions of which at least three objects were compared: by the judge, or by any
    judge for the ensemble.

    raters             : names, length J
    cyclic             : (J,) questions in which the judge's preferences have a cycle
    questions          : (J,) questions that could have one
    ensemble_cyclic    : the same of the majority of all judges
    ensemble_questions : the same of the majority of all judges
    """

    raters: tuple[str, ...]
    cyclic: Ints
    questions: Ints
    ensemble_cyclic: int
    ensemble_questions: int

    @property
    def rate(self) -> tuple[float | None, ...]:
        """Share of cyclic questions of each judge in [0, 1]; None where there is no question."""
        pairs = zip(self.cyclic.tolist(), self.questions.tolist(), strict=True)
        return tuple(cyclic / of if of else None for cyclic, of in pairs)

    @property
    def ensemble_rate(self) -> float | None:
        """Share of cyclic questions of the ensemble in [0, 1]; None where there is no question."""
        if not self.ensemble_questions:
            return None
        return self.ensemble_cyclic / self.ensemble_questions


@dataclass(frozen=True, eq=False, slots=True)
class QuestionCycles:
    """Which of a judge's questions are cyclic, of those that could be; (k,) each, by judge.

    rater, question : indices into those of the comparisons
    cyclic          : whether the judge's preferences among the question's objects have a cycle
    """

    rater: Ints
    question: Ints
    cyclic: Bools


def question_cycles(comparisons: Comparisons) -> QuestionCycles:
    """Look at every judge and question at once, O(M log M); at least three objects compared."""
    return _cells(comparisons, comparisons.rater, preference_arcs(comparisons))


def cycle_rates(comparisons: Comparisons) -> CycleRates:
    """Count for each judge and for the ensemble."""
    found = question_cycles(comparisons)
    together = preference_arcs(comparisons, together=True)
    ensemble = _cells(comparisons, np.zeros_like(comparisons.rater), together)
    return CycleRates(
        comparisons.raters,
        np.bincount(found.rater[found.cyclic], minlength=comparisons.J).astype(np.int32),
        np.bincount(found.rater, minlength=comparisons.J).astype(np.int32),
        int(ensemble.cyclic.sum()),
        len(ensemble.rater),
    )


def _cells(comparisons: Comparisons, rater: Ints, arcs: Arcs) -> QuestionCycles:
    """Every (judge, question) that could be cyclic, and whether it is.

    The graphs of all judges and questions are one graph: a vertex is an object as a judge sees it.
    """
    n = comparisons.N
    seen = np.concatenate([_key(rater, comparisons.left, n), _key(rater, comparisons.right, n)])
    vertices = np.unique(seen)
    cell = vertices // max(n, 1) * comparisons.Q + comparisons.question[vertices % max(n, 1)]
    cells, cell, size = np.unique(cell, return_inverse=True, return_counts=True)
    judge, question = np.divmod(cells, max(comparisons.Q, 1))
    tail = np.searchsorted(vertices, _key(arcs.rater, arcs.tail, n))
    head = np.searchsorted(vertices, _key(arcs.rater, arcs.head, n))
    cyclic = np.zeros(len(cells), dtype=np.bool_)
    cyclic[cell[_in_cycle(tail, head, len(vertices))]] = True
    able = size >= FEWEST
    return QuestionCycles(
        judge[able].astype(np.int32), question[able].astype(np.int32), cyclic[able]
    )


def _key(rater: Ints, node: Ints, n: int) -> npt.NDArray[np.int64]:
    return rater.astype(np.int64) * n + node


def _in_cycle(tail: npt.NDArray[np.intp], head: npt.NDArray[np.intp], n: int) -> Bools:
    """(n,) True for vertices of strongly connected components of more than one."""
    if not n:
        return np.zeros(0, dtype=np.bool_)
    graph = coo_array((np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(n, n))
    part = connected_components(graph.tocsr(), directed=True, connection="strong")[1]
    return np.asarray(np.bincount(part)[part] > 1)
