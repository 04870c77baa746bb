"""Judge-weighted Bradley-Terry: a judge counts as much as it can tell better from worse.

Davidson's model (1970) of an outcome with a logit and a tie parameter of the judge's own,

    x = a_j (s_left - s_right) + b_j,    P(left), P(tie), P(right)  ~  e^(x/2), nu_j, e^(-x/2)

a_j >= 0 is the judge's discrimination, b_j its lean to what is shown first, nu_j >= 0 how readily
it ties. Strengths are learned from all comparisons, b_j and what a_j is against other judges' from
those that are no ties (`judge_traits`). A slope a judge is the two-parameter logistic model of item
response theory (Birnbaum 1968) for pairs, as in the models of judges called BT-sigma. CrowdBT
(Chen, Bennett, Collins-Thompson and Horvitz 2013) has a mixture in its place,
eta_j P(better) + (1 - eta_j) P(worse), whose judge errs with 1 - eta_j however far two objects are
apart. A judge that means the opposite has a_j near 0: it is ignored and not turned.

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

from w2s_judge.comparisons import Comparisons, Ranking
from w2s_judge.consensus import Fit
from w2s_judge.errors import ConfigurationError
from w2s_judge.ranking.components import components, ranks, unconnected, within_question
from w2s_judge.ranking.contract import Card, RankLaw
from w2s_judge.ranking.judge_climb import climb
from w2s_judge.ranking.judge_traits import Bench, Widths
from w2s_judge.ranking.judged_pairs import JudgedPairs, judged_pairs, sums
from w2s_judge.ranking.normal_strengths import Parts
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


@dataclass(frozen=True, eq=False, slots=True)
class JudgeWeighted:
    """Strengths, discriminations and leans, all estimated from the comparisons.

    discrimination : rater's name -> a_j, 0 or above, where they are known: their ratios are held
                     and a common scale of the strengths is still estimated. None: estimated
    weight_sd      : sd of log a_j over judges that is assumed before anything is seen; it counts
                     as one judge; what is then found is at most 1, or this where it is more
    lean_sd        : the same of b_j, in logits
    tie_sd         : the same of log nu_j
    dense          : objects of a connected part up to which the covariance of its strengths is
                     computed in full, at a cost of their number cubed; above, it is approximated
    tol            : change of a logit or a logarithm in one iteration that counts as none
    max_iterations : of EM
    """

    discrimination: Mapping[str, float] | None = None
    weight_sd: float = 0.5
    lean_sd: float = 0.5
    tie_sd: float = 0.5
    dense: int = 1000
    tol: float = 1e-7
    max_iterations: int = 500

    def __post_init__(self) -> None:
        if min(self.weight_sd, self.lean_sd, self.tie_sd) <= 0:
            raise ValueError("weight_sd, lean_sd and tie_sd are above 0")
        known = [] if self.discrimination is None else list(self.discrimination.values())
        if not all(0 <= one < np.inf for one in known):
            raise ValueError("a discrimination is a number, 0 or above")

    def __call__(self, comparisons: Comparisons, /) -> Ranking:
        """Score: log-odds against an equal one as the average judge tells them; weight (J,) a_j.

        The mean of a_j, each judge counted by its comparisons, is 1; where discriminations are
        held, the weight is as given and a_j (s_left - s_right) the log-odds. lean (J,) is b_j in
        log-odds, position the centre of the judges' leans; both None where nothing was shown first,
        or no pair was shown in both orders. tie is the centre of the judges' nu_j.
        Raises `ConfigurationError` where a rater has no discrimination among those held.
        """
        pairs, component = judged_pairs(comparisons), components(comparisons)
        ordered = pairs.in_both_orders
        if not ordered:
            pairs = judged_pairs(replace(comparisons, ordered=False))
        parts = Parts(pairs, component, self.dense)
        bench = self._bench(comparisons, pairs)
        (strengths, traits), fit = climb(parts, pairs, bench, self.tol, self.max_iterations)
        said = sums(pairs.judge, pairs.total, comparisons.J)
        if self.discrimination is not None:
            scale = float(np.exp(traits.weight_centre))
        else:
            scale = float(traits.weight @ said / said.sum()) if said.sum() else 1.0
        score = strengths.mean * scale
        score[np.abs(score) < ZERO] = 0.0
        return Ranking(
            score, ranks(score, component), within_question(component, comparisons.question), NAME,
            position=traits.lean_centre if ordered else None, tie=traits.tie_centre,
            weight=traits.weight / scale, lean=traits.lean if ordered else None, fit=fit,
            settings=repr(self),
            notes=(*unconnected(comparisons, component), *_notes(comparisons, ordered, parts, fit)),
        )  # fmt: skip

    def _bench(self, comparisons: Comparisons, pairs: JudgedPairs) -> Bench:
        heard = np.bincount(pairs.judge, minlength=comparisons.J) > 0
        widths = Widths(self.weight_sd, self.lean_sd, self.tie_sd)
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
