"""Judge-weighted Bradley-Terry: a judge counts as much as it can tell better from worse.

Davidson's model (1970) of an outcome with a logit of the judge's own,

    x = a_j (s_left - s_right) + b_j,    P(left), P(tie), P(right)  ~  e^(x/2), nu, e^(-x/2)

a_j >= 0 is the judge's discrimination, b_j its lean to what is shown first. A slope a judge is the
two-parameter logistic model of item response theory (Birnbaum 1968) for pairs, as in the models of
judges called BT-sigma. CrowdBT (Chen, Bennett, Collins-Thompson and Horvitz 2013) has a mixture in
its place, eta_j P(better) + (1 - eta_j) P(worse), whose judge errs with 1 - eta_j however far two
objects are apart. A judge that means the opposite has a_j near 0: it is ignored and not turned.

Judges are shared over all questions, strengths are not. A joint maximum over both would take the
noise of many poorly known strengths for discrimination (Neyman and Scott 1948), so strengths are
averaged over: given the judges they are normal (variational, `normal_strengths`), and the judges
climb the averaged log-likelihood (EM) under a prior whose centre and width they themselves show
(`judge_traits`). With few comparisons all judges count alike: Bradley-Terry. After each step
strengths and discriminations are rescaled together to where the bound is highest (Liu, Rubin and
Wu 1998, parameter expansion), which EM alone is slow to find.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.comparisons import Comparisons, Ranking
from w2s_judge.consensus import Fit
from w2s_judge.errors import ConfigurationError
from w2s_judge.ranking.components import components, ranks, unconnected, within_question
from w2s_judge.ranking.contract import Card, RankLaw
from w2s_judge.ranking.davidson_normal import Averages, averages
from w2s_judge.ranking.judge_traits import Bench, Traits, Widths
from w2s_judge.ranking.judged_pairs import JudgedPairs, judged_pairs, sums
from w2s_judge.ranking.normal_strengths import Normal, Parts
from w2s_judge.sentences import listed

NAME = "judge-weighted-bradley-terry"
ALONE = "there is one judge: it cannot be weighed against others, and the method is Bradley-Terry"
ROUGH = (
    "parts of more than {n} objects: how uncertain their strengths are is approximated "
    "from each object's own comparisons and its neighbours'"
)
UNFINISHED = "not converged after {n} iterations: strengths and weights may still move"
UNHEARD = "no comparison by {names}: each counts as a typical judge"
ONE_ORDER = (
    "no pair was shown in both orders: what being shown first is worth cannot be told from "
    "strength, and judges are taken to have no lean"
)
ZERO = 1e-12  # log-odds that are rounding
State = tuple[Normal, Traits]


@dataclass(frozen=True, eq=False, slots=True)
class JudgeWeighted:
    """Strengths, discriminations and leans, all estimated from the comparisons.

    discrimination : rater's name -> a_j, 0 or above, where they are known: their ratios are held
                     and a common scale of the strengths is still estimated. None: estimated
    weight_sd      : sd of log a_j over judges that is assumed before anything is seen; it counts
                     as one judge
    lean_sd        : the same of b_j, in logits
    dense          : objects of a connected part up to which the covariance of its strengths is
                     computed in full, at a cost of their number cubed; above, it is approximated
    tol            : change of a logit or a logarithm in one iteration that counts as none
    max_iterations : of EM
    """

    discrimination: Mapping[str, float] | None = None
    weight_sd: float = 0.5
    lean_sd: float = 0.5
    dense: int = 1000
    tol: float = 1e-7
    max_iterations: int = 500

    def __post_init__(self) -> None:
        if self.weight_sd <= 0 or self.lean_sd <= 0:
            raise ValueError("weight_sd and lean_sd are above 0")
        known = [] if self.discrimination is None else list(self.discrimination.values())
        if not all(0 <= one < np.inf for one in known):
            raise ValueError("a discrimination is a number, 0 or above")

    def __call__(self, comparisons: Comparisons, /) -> Ranking:
        """Score: log-odds against an equal one as the average judge tells them; weight (J,) a_j.

        The mean of a_j, each judge counted by its comparisons, is 1; where discriminations are
        held, the weight is as given and a_j (s_left - s_right) the log-odds. lean (J,) is b_j in
        log-odds, position the centre of the judges' leans; both None where nothing was shown first,
        or no pair was shown in both orders.
        Raises `ConfigurationError` where a rater has no discrimination among those held.
        """
        pairs, component = judged_pairs(comparisons), components(comparisons)
        ordered = pairs.in_both_orders
        if not ordered:
            pairs = judged_pairs(replace(comparisons, ordered=False))
        parts = Parts(pairs, component, self.dense)
        (strengths, traits), fit = self._climb(parts, pairs, self._bench(comparisons, pairs))
        said = sums(pairs.judge, pairs.total, comparisons.J)
        if self.discrimination is not None:
            scale = float(np.exp(traits.weight_centre))
        else:
            scale = float(traits.weight @ said / said.sum()) if said.sum() else 1.0
        score = strengths.mean * scale
        score[np.abs(score) < ZERO] = 0.0
        return Ranking(
            score, ranks(score, component), within_question(component, comparisons.question), NAME,
            position=traits.lean_centre if ordered else None, tie=traits.tie,
            weight=traits.weight / scale, lean=traits.lean if ordered else None, fit=fit,
            settings=repr(self),
            notes=(*unconnected(comparisons, component), *_notes(comparisons, ordered, parts, fit)),
        )  # fmt: skip

    def _bench(self, comparisons: Comparisons, pairs: JudgedPairs) -> Bench:
        heard = np.bincount(pairs.judge, minlength=comparisons.J) > 0
        widths = Widths(self.weight_sd, self.lean_sd)
        if self.discrimination is None:
            return Bench(heard, widths)
        lacking = [name for name in comparisons.raters if name not in self.discrimination]
        if lacking:
            raise ConfigurationError(
                f"discriminations are held, and there is none for {listed(lacking)}\n"
                "  give one for each rater, or none at all"
            )
        with np.errstate(divide="ignore"):  # the logarithm of 0: that judge does not count
            known = np.log([self.discrimination[name] for name in comparisons.raters])
        return Bench(heard, widths, known)

    def _climb(self, parts: Parts, pairs: JudgedPairs, bench: Bench) -> tuple[State, Fit]:
        share = float(pairs.tied.sum() / max(pairs.total.sum(), 1e-300))
        state = parts.start(), bench.start(share)
        for done in range(1, self.max_iterations + 1):
            before = state
            state = _iterate(state, parts, pairs, bench)
            if _moved(before, state) <= self.tol:
                return state, Fit(done, True)
        return state, Fit(self.max_iterations, False)


def _iterate(state: State, parts: Parts, pairs: JudgedPairs, bench: Bench) -> State:
    strengths, traits = state
    own = traits.weight[pairs.judge]
    _, _, seen = _seen(strengths, traits, pairs)
    count = len(pairs.low)
    slope = sums(pairs.pair, own * (pairs.net / 2 - pairs.total * seen.slope), count)
    curvature = sums(pairs.pair, own * own * pairs.total * seen.turn, count)
    strengths = parts.step(strengths, slope, curvature)
    by = _rescaling(strengths, parts, traits)
    strengths, traits = strengths.scaled(by), traits.scaled(by)
    gap, apart, seen = _seen(strengths, traits, pairs)
    return strengths, bench.step(traits, pairs, gap, apart, seen)


def _seen(strengths: Normal, traits: Traits, pairs: JudgedPairs) -> tuple[Floats, Floats, Averages]:
    """(K,) mean and variance of each cell's difference, and the averages over its logit."""
    gap = (strengths.mean[pairs.low] - strengths.mean[pairs.high])[pairs.pair]
    apart = strengths.apart[pairs.pair]
    own = traits.weight[pairs.judge]
    centre = own * gap + traits.lean[pairs.judge] * pairs.shown
    return gap, apart, averages(centre, own * np.sqrt(apart), traits.tie)


def _rescaling(strengths: Normal, parts: Parts, traits: Traits) -> float:
    """The c for which strengths times c, and discriminations over c, have the highest bound.

    With S the expected sum of squares of n strengths and u = log c:
    n u - S e^(2u) / 2 - (mu - u)^2 / 2.
    """
    linked = parts.linked
    n = int(linked.sum())
    if n == 0:
        return 1.0
    squares = float((strengths.mean[linked] ** 2 + strengths.variance[linked]).sum())
    u = float(np.log(n / squares) / 2)
    for _ in range(8):  # Newton from where the two large terms are level
        big = squares * np.exp(2 * u)
        u += float((n - big + traits.weight_centre - u) / (2 * big + 1))
    return float(np.exp(u))


def _moved(before: State, after: State) -> float:
    """The largest change, in units of logits and logarithms."""
    (old, was), (new, now) = before, after
    ratio = np.where(was.weight > 0, now.weight / np.where(was.weight > 0, was.weight, 1.0), 1.0)
    scale = float(np.exp(now.weight_centre))
    return max(
        float(np.abs(np.log(ratio)).max(initial=0.0)),
        float(np.abs(now.lean - was.lean).max(initial=0.0)),
        float(np.abs(new.mean - old.mean).max(initial=0.0)) * max(scale, 1.0),
        abs(now.weight_spread - was.weight_spread),
        abs(now.lean_spread - was.lean_spread),
        abs(now.tie - was.tie) / max(now.tie, 1.0),
    )


def _notes(comparisons: Comparisons, ordered: bool, parts: Parts, fit: Fit) -> tuple[str, ...]:
    unasked = comparisons.ordered and not ordered and comparisons.M > 0
    heard = np.bincount(comparisons.rater, minlength=comparisons.J) > 0
    silent = [comparisons.raters[j] for j in np.flatnonzero(~heard)]
    return (
        *((ALONE,) if heard.sum() == 1 else ()),
        *((UNHEARD.format(names=listed(silent)),) if silent else ()),
        *((ONE_ORDER,) if unasked else ()),
        *((ROUGH.format(n=parts.dense),) if parts.rough else ()),
        *(() if fit.converged else (UNFINISHED.format(n=fit.iterations),)),
    )


RANKER = Card(
    NAME,
    "Bradley-Terry in which judges count by what they discriminate, shared over all questions",
    JudgeWeighted,
    frozenset(
        {RankLaw.OBJECTS, RankLaw.RATERS, RankLaw.EXCHANGE, RankLaw.REVERSAL, RankLaw.PERFECT}
    ),
)
