"""What vote-share methods have in common: labels to classes, silence, gold that keeps its label."""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.calibration.class_mass import item_sums, known_classes, onto_classes
from w2s_judge.calibration.prior import prior_from
from w2s_judge.consensus import Consensus
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

LEVEL = 1e-9  # classes whose mass differs by a smaller share are level
CUT_ASSUMED = (
    "no map from labels to classes was given: the scale was cut into {C} ranges as equal as they "
    "can be, a label that is left over going to a lower class"
)


def shares(
    votes: VoteMatrix,
    gold: Gold | None,
    method: str,
    settings: str,
    *,
    rater_weight: Floats | None = None,
    notes: tuple[str, ...] = (),
) -> Consensus:
    """The weighted mean of the votes' mass over the classes, (I, C); `rater_weight` is (J,)."""
    truth = votes.truth_with(gold)
    of_label, assumed = class_of_label(votes, truth)
    weight = np.ones(votes.V) if votes.weight is None else votes.weight
    if rater_weight is not None:
        weight = weight * rater_weight[votes.rater]
    total = class_sums(votes, of_label, truth.C, weight)
    posterior, prior, source = with_prior(total, truth, gold)
    return Consensus(
        posterior,
        truth.classes,
        votes.support,
        method,
        "none",
        prior,
        source,
        weight=rater_weight,
        settings=settings,
        notes=(*notes, *assumed),
    )


def with_prior(total: Floats, truth: Truth, gold: Gold | None) -> tuple[Floats, Floats, str]:
    """Rows (I, C) of votes to posterior, prior and its source.

    Rows are scaled to sum to one; a row without mass gets the prior, gold items keep their label.
    """
    mass = total.sum(axis=1, keepdims=True)
    posterior = np.divide(total, mass, out=np.zeros_like(total), where=mass > 0)
    prior, source = prior_from(truth, gold, posterior[mass[:, 0] > 0])
    posterior[mass[:, 0] <= 0] = prior
    return clamped(posterior, gold), prior, source


def top_shares(rows: Floats) -> Floats:
    """(n, C) one on the class with the most mass, split evenly where several are level.

    The order of the classes plays no part; a row without mass stays zero.
    """
    most = rows[:, :1].copy()
    for column in rows.T[1:]:  # a maximum by row, many times faster than along short rows
        np.maximum(most[:, 0], column, out=most[:, 0])
    level = (rows >= most * (1 - LEVEL)) & (most > 0)
    return np.asarray(level / np.maximum(level @ np.ones((rows.shape[1], 1)), 1))


def class_sums(votes: VoteMatrix, of_label: Ints, C: int, weight: Floats) -> Floats:  # noqa: N803
    """(I, C) sums over an item's votes of weight times mass."""
    if votes.label is not None:
        cell = votes.item.astype(np.int64) * C + of_label[votes.label]
        sums = np.bincount(cell, weights=weight, minlength=votes.I * C)
        return np.asarray(sums.reshape(votes.I, C), dtype=np.float64)
    return item_sums(votes, onto_classes(votes, of_label, C) * weight[:, None])


def class_of_label(votes: VoteMatrix, truth: Truth) -> tuple[Ints, tuple[str, ...]]:
    """(L,) the class of each label, and what had to be assumed.

    As `known_classes`; raises `ConfigurationError` where it is not known.
    """
    of_label = known_classes(votes, truth)
    if of_label is None:
        raise ConfigurationError(
            f"the vote labels ({', '.join(votes.labels[:8])}) are not the truth classes "
            f"({', '.join(truth.classes[:8])}), and this method cannot learn which means which\n"
            "  take dawid-skene or auto with gold labels, or name the vote labels' order"
        )
    return of_label, () if truth.of_label is not None else (CUT_ASSUMED.format(C=truth.C),)


def clamped(posterior: Floats, gold: Gold | None) -> Floats:
    """The posterior with gold items at their label."""
    if gold is None or not gold.G:
        return posterior
    posterior = posterior.copy()
    posterior[gold.item] = 0.0
    posterior[gold.item, gold.label] = 1.0
    return posterior
