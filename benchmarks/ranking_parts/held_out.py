"""Block heldout: who predicts the winner of comparisons that were not seen, beside peers.

Comparisons are parted in five by lot. Trained on four parts, a method predicts the fifth by the
sign of the difference of two scores. Level scores count a half, and so does a pair whose objects no
chain of training comparisons connects, whatever a method makes of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from aggregation_parts.lines import cost, markdown, share, signed

from ranking_parts import peers
from ranking_parts.agreement import LEVEL, agreement, mean_and_error
from ranking_parts.lines import TAU, Line, Plan
from ranking_parts.pair_sets import SETS, PairSet, load, pair_of
from ranking_parts.rows import PLAIN, WEIGHTED
from w2s_judge.comparisons import TIE, Comparisons, Ranking
from w2s_judge.errors import W2SJudgeError
from w2s_judge.ranking.borda import Borda
from w2s_judge.ranking.bradley_terry import BradleyTerry
from w2s_judge.ranking.components import components
from w2s_judge.ranking.copeland import Copeland
from w2s_judge.ranking.ged import GED
from w2s_judge.ranking.judge_weighted import JudgeWeighted
from w2s_judge.ranking.rank_centrality import RankCentrality

BLOCK = "heldout"
FOLDS = 5
CANDIDATES = (PLAIN, WEIGHTED)
OURS: Mapping[str, Callable[[Comparisons], Ranking]] = {
    PLAIN: BradleyTerry(),
    WEIGHTED: JudgeWeighted(),
    f"{PLAIN}, no position term": BradleyTerry(position=False),
    "borda": Borda(),
    "rank-centrality": RankCentrality(),
    "majority (copeland)": Copeland(),
    "GED (paper)": GED(),
    "GED read by borda": GED(read="borda"),
}
SEEN_FIRST = f"{PLAIN}, and who was shown first"
ADDED = "its position term is added: peers have none"
RIGHT = "held-out"
DIGITS = 10
HEAD = ("method", "held-out accuracy", "minus {}", "tau to gold", "CPU s a fit", "note")


@dataclass(frozen=True, eq=False, slots=True)
class Predicted:
    """What a method has on a set: (M,) credit in 0, 1/2, 1, NaN for ties; tau of the whole fit."""

    method: str
    credit: np.ndarray | None
    tau: float | None
    cpu_s: float
    note: str
    peer: bool
    ranks: bool = True


def report(plan: Plan) -> Iterator[tuple[str, list[Line]]]:
    """One table a set, with the verdict under it."""
    for name in ("music_pairs",) if plan.quick else SETS:
        found = load(name, plan.data)
        predicted = list(_all(found, plan))
        yield _shown(found, predicted, plan), _lines(found, predicted)


def folds(count: int, seed: int) -> np.ndarray:
    """(count,) the fold of each comparison."""
    return np.random.default_rng(seed).permutation(count) % FOLDS


def credited(
    comparisons: Comparisons,
    fold: np.ndarray,
    scores: Sequence[np.ndarray],
    first: Sequence[float] = (0.0,) * FOLDS,
) -> np.ndarray:
    """(M,) how right the scores without its own fold are about each comparison, NaN for ties.

    `first` is what being shown first is worth in each of them.
    """
    won = comparisons.outcome[:, 0] - comparisons.outcome[:, 2]
    credit = np.full(comparisons.M, 0.5)
    for one, (score, worth) in enumerate(zip(scores, first, strict=False)):
        held = np.flatnonzero(fold == one)
        part = components(comparisons.only(fold != one))
        left, right = comparisons.left[held], comparisons.right[held]
        gap = score[left] - score[right] + worth
        told = np.isfinite(gap) & (part[left] == part[right])
        finite = np.abs(score[np.isfinite(score)]).max(initial=0.0)
        told &= np.abs(np.nan_to_num(gap)) > LEVEL * finite
        credit[held[told]] = (np.sign(gap[told]) * won[held[told]] + 1) / 2
    credit[comparisons.outcome[:, TIE] > 0] = np.nan
    return credit


def levels(score: np.ndarray) -> np.ndarray:
    """Places from the worst up, NaN where there is no score.

    For peers, whose scores may be strengths of many magnitudes: those are level that agree in
    `DIGITS` digits, however small they are beside the largest.
    """
    known = np.isfinite(score)
    place = np.full(len(score), np.nan)
    digits = [f"{value:.{DIGITS - 1}e}" for value in score[known].tolist()]
    place[known] = np.unique(np.array(digits, dtype=np.float64), return_inverse=True)[1]
    return place


def _all(found: PairSet, plan: Plan) -> Iterator[Predicted]:
    comparisons = found.comparisons
    fold = folds(comparisons.M, plan.seed)
    yield from _ours(found, fold)
    for peer in peers.PEERS if plan.bench else ():
        assert plan.bench is not None
        done = peers.scores(peer, comparisons, fold, plan.bench)
        if done.scores is None:
            yield Predicted(peer.name, None, None, done.cpu_s, done.note, True, peer.ranks)
            continue
        scores = [levels(score) for score in done.scores]
        credit = credited(comparisons, fold, scores[:FOLDS])
        tau = _tau(scores[FOLDS], found)
        note = done.note if peer.ranks else "inverted: the best object has the lowest score"
        yield Predicted(peer.name, credit, tau, done.cpu_s, note, True, peer.ranks)


def _ours(found: PairSet, fold: np.ndarray) -> Iterator[Predicted]:
    """Our rankers; the first one once more, with what it makes of who was shown first."""
    for name, rank in OURS.items():
        begun = time.process_time()
        try:
            fits = [rank(found.comparisons.only(fold != one)) for one in range(FOLDS)]
            whole = rank(found.comparisons)
        except W2SJudgeError as refused:
            yield Predicted(name, None, None, 0.0, str(refused).splitlines()[0], False)
            continue
        spent = (time.process_time() - begun) / (FOLDS + 1)
        scores = [fit.score for fit in fits]
        credit, tau = credited(found.comparisons, fold, scores), _tau(whole.score, found)
        yield Predicted(name, credit, tau, spent, "", False)
        if name == PLAIN:
            worth = [fit.position or 0.0 for fit in fits]
            credit = credited(found.comparisons, fold, scores, worth)
            yield Predicted(SEEN_FIRST, credit, tau, spent, ADDED, False)


def _tau(score: np.ndarray, found: PairSet) -> float | None:
    tau = agreement(score, found.gold, found.comparisons.question).tau
    return float(tau.mean()) if len(tau) else None


def best_peer(predicted: Sequence[Predicted]) -> Predicted | None:
    """The peer that is right most often; None where none was run."""
    able = [one for one in predicted if one.peer and one.ranks and one.credit is not None]
    return max(able, key=lambda one: _mean(one), default=None)


def _mean(one: Predicted) -> float:
    assert one.credit is not None
    return float(np.nanmean(one.credit))


def difference(one: Predicted, two: Predicted, pair: np.ndarray) -> tuple[float, float]:
    """Mean difference of two credits and its standard error, comparisons of a pair together."""
    assert one.credit is not None
    assert two.credit is not None
    gap = one.credit - two.credit
    known = np.isfinite(gap)
    return mean_and_error(gap[known], pair[known])


def _shown(found: PairSet, predicted: Sequence[Predicted], plan: Plan) -> str:
    pair = pair_of(found.comparisons)
    best = best_peer(predicted)
    beside = best if best is not None else predicted[0]
    rows = []
    for one in predicted:
        if one.credit is None:
            rows.append([one.method, "", "", "", "", one.note])
            continue
        known = np.isfinite(one.credit)
        mean, error = mean_and_error(one.credit[known], pair[known])
        gap, apart = difference(one, beside, pair)
        minus = "" if one is beside else f"{signed(gap)} ± {share(apart)}"
        tau = "" if one.tau is None else share(one.tau)
        rows.append([one.method, f"{share(mean)} ± {share(error)}", minus, tau,
                     cost(one.cpu_s), one.note])  # fmt: skip
    head = [word.format(beside.method) for word in HEAD]
    title = f"## {found.name}, held out"
    return "\n\n".join(
        [title, markdown(head, rows), _about(found, plan), *_verdicts(predicted, pair)]
    )


def _verdicts(predicted: Sequence[Predicted], pair: np.ndarray) -> Iterator[str]:
    best = best_peer(predicted)
    if best is None:
        yield "Peers were not run (--peers)."
        return
    yield f"Best peer: {best.method}, {share(_mean(best))}."
    for one in predicted:
        if one.method in CANDIDATES and one.credit is not None:
            gap, error = difference(one, best, pair)
            kept = "yes" if gap >= -error else "no"
            yield (
                f"{one.method} minus it: {gap:+.4f} ± {error:.4f}; at least the best peer "
                f"within one paired standard error: {kept}."
            )


def _about(found: PairSet, plan: Plan) -> str:
    ties = int((found.comparisons.outcome[:, TIE] > 0).sum())
    said = peers.versions() if plan.bench else "none"
    return (
        f"{found.comparisons.M - ties:,} comparisons that are no ties are predicted ({ties:,} ties "
        f"are in the training parts), {FOLDS} folds by lot, seed {plan.seed}; standard errors with "
        f"comparisons of one pair together. Peers: {said}."
    )


def _lines(found: PairSet, predicted: Sequence[Predicted]) -> list[Line]:
    pair, best = pair_of(found.comparisons), best_peer(predicted)
    lines = []
    for one in predicted:
        figures: dict[str, tuple[float, float]] = {}
        if one.credit is not None:
            known = np.isfinite(one.credit)
            figures[RIGHT] = mean_and_error(one.credit[known], pair[known])
            if best is not None:
                figures["minus best peer"] = difference(one, best, pair)
        if one.tau is not None:
            figures[TAU] = (one.tau, float("nan"))
        lines.append(Line(BLOCK, found.name, one.method, figures, one.note, one.cpu_s))
    return lines
