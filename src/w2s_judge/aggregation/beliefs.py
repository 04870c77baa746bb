"""What may be true before a label is seen: Gaussian priors on a regression's coefficients.

Features are the k factor scores, then the standardised votes of J judges. Each belief says which
of them the truth is: a factor, a judge, or nothing in particular. `evidence_average.py` weighs
them by how well they foretell the gold labels.

The numbers were chosen on random panels of 5 and 8 judges (drawn apart from the benchmark's) from
llmbar_orders, bluebird and civilcomments_llm, and on the whole of llmbar_orders and llmbar_vanilla,
with 20 and 50 labels. They lie on a plateau: most of them, halved or doubled, move accuracy by less
than .002. The intercept's sd (1 in place of .3: -.005) and a share for the judges at all (none:
-.009) matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats

REVERSED = 0.03  # share of a belief for its mirror image, where the labels are known to be oriented
INTERCEPTS = ((0.3, 0.9), (1.5, 0.1))  # sd, share: classes near balance, or far from it
STATED = ((0.3, 1.0),)  # the same about a stated prior


@dataclass(frozen=True, eq=False, slots=True)
class Beliefs:
    """Priors on coefficients, without the intercept.

    mean, sd : (H, P)
    weight   : (H,) prior probability of each, sum 1
    kind     : (H,) "factor", "judge" or "generic"
    sign     : (H,) -1 for a mirror image
    """

    mean: Floats
    sd: Floats
    weight: Floats
    kind: tuple[str, ...]
    sign: Floats


@dataclass(frozen=True, slots=True)
class Outlook:
    """How much is believed of what: one for clear structures, one for ambiguous ones.

    factors, judges, generic : probability of each kind, sum 1
    lead                     : share of the leading factor; None: half by strength, half equal
    slope, own, others       : of the factor that is the truth: mean and sd of its coefficient,
                               sd of the other factors'
    votes                    : sds of the votes' own coefficients, equally likely
    """

    factors: float
    judges: float
    generic: float
    lead: float | None
    slope: float
    own: float
    others: float
    votes: tuple[float, ...]


CLEAR = Outlook(0.97, 0.0, 0.03, 0.95, 2.0, 0.5, 0.5, (0.02, 0.1, 0.3))
AMBIGUOUS = Outlook(0.5, 0.4, 0.1, None, 2.75, 0.5, 1.5, (0.1, 0.3, 0.6))
JUDGE_SLOPE, JUDGE_OWN = 1.5, 0.4  # of the judge that is the truth: mean and sd
JUDGE_FACTORS, JUDGE_OTHERS = 0.3, 0.3  # sd on factors; most on the other judges
GENERIC_FACTORS = 1.0


def beliefs(strength: Floats, judges: int, outlook: Outlook, mirrored: float) -> Beliefs:
    """All beliefs over k factors of that strength (k,) and that many judges.

    `mirrored` is the probability that a factor or judge counts the wrong way round.
    """
    k = len(strength)
    rows: list[tuple[Floats, Floats, float, str]] = []
    sd: Floats
    for tau in outlook.votes:
        share = 1 / len(outlook.votes)
        votes: Floats = np.full(judges, tau)
        for i, chance in enumerate(_factor_chances(strength, outlook)):
            sd = np.where(np.arange(k) == i, outlook.own, outlook.others)
            mean = _one(k + judges, i, outlook.slope)
            rows.append((mean, np.append(sd, votes), outlook.factors * chance * share, "factor"))
        for j in range(judges if outlook.judges > 0 else 0):
            sd = np.append(np.full(k, JUDGE_FACTORS), np.minimum(votes, JUDGE_OTHERS))
            sd[k + j] = JUDGE_OWN
            mean = _one(k + judges, k + j, JUDGE_SLOPE)
            rows.append((mean, sd, outlook.judges / judges * share, "judge"))
        sd = np.append(np.full(k, GENERIC_FACTORS), votes)
        rows.append((np.zeros(k + judges), sd, outlook.generic * share, "generic"))
    return _with_mirrors(rows, mirrored)


def _factor_chances(strength: Floats, outlook: Outlook) -> Floats:
    k, total = len(strength), float(strength.sum())
    if outlook.lead is not None:
        chances = np.full(k, (1 - outlook.lead) / max(k - 1, 1))
        chances[0] = outlook.lead
        return np.asarray(chances / chances.sum())
    by_strength = strength / total if total > 0 else np.full(k, 1 / k)
    return np.asarray((by_strength + 1 / k) / 2)


def _one(size: int, place: int, value: float) -> Floats:
    row = np.zeros(size)
    row[place] = value
    return row


def _with_mirrors(rows: list[tuple[Floats, Floats, float, str]], mirrored: float) -> Beliefs:
    kept: list[tuple[Floats, Floats, float, str, float]] = []
    for mean, sd, weight, kind in rows:
        if kind == "generic":
            kept.append((mean, sd, weight, kind, 1.0))
            continue
        kept.append((mean, sd, weight * (1 - mirrored), kind, 1.0))
        kept.append((-mean, sd, weight * mirrored, kind, -1.0))
    chance = np.array([row[2] for row in kept])
    return Beliefs(
        np.array([row[0] for row in kept]),
        np.array([row[1] for row in kept]),
        chance / chance.sum(),
        tuple(row[3] for row in kept),
        np.array([row[4] for row in kept]),
    )
