"""Votes on two truth classes as ordered levels: as they are, or labels folded onto the classes."""

from __future__ import annotations

from dataclasses import replace

from w2s_judge.aggregation.shares import class_of_label
from w2s_judge.calibration.class_mass import onto_classes
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

TWO = "{name} takes two truth classes, and these are {C}\n  take dawid-skene or graded-response"
FOLDED = "labels without an order were taken for the classes they stand for"


def two_classes(
    votes: VoteMatrix, gold: Gold | None, name: str
) -> tuple[VoteMatrix, bool, tuple[str, ...]]:
    """The votes as ordered levels; whether labels were folded onto the two classes; notes.

    Raises `ConfigurationError`, in the name of the method, for other than two classes.
    """
    truth = votes.truth_with(gold)
    if truth.C != 2:
        raise ConfigurationError(TWO.format(name=name, C=truth.C))
    if votes.ordered and votes.L > 2:
        return votes, False, ()
    of_label, notes = class_of_label(votes, truth)
    if of_label.tolist() == [0, 1]:
        known = replace(truth, of_label=(0, 1))
        return replace(votes, ordered=True, truth=known), False, notes
    label, mass = None, None
    if votes.label is not None:
        label = of_label[votes.label]
    else:
        mass = onto_classes(votes, of_label, 2)
    known = Truth(truth.classes, (0, 1), truth.prior)
    folded = replace(
        votes, labels=truth.classes, label=label, mass=mass, ordered=True, levels=None, truth=known
    )
    return folded, True, (*notes, FOLDED)
