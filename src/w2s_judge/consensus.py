"""What a method makes of the votes. Letters: I items, J raters, L vote labels, C truth classes."""

from __future__ import annotations

from dataclasses import dataclass

from w2s_judge.arrays import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Fit:
    """How an iterative method ended; `objective` is what it climbs, per vote."""

    iterations: int
    converged: bool
    objective: float | None = None


@dataclass(frozen=True, eq=False)
class Consensus:
    """What a method makes of the votes.

    posterior : (I, C) over the truth classes, rows sum to 1; an item without a vote has the prior
    classes   : names, length C
    support   : (I,) number of votes that entered
    method    : the method's name
    calibration : "none" | "uncalibrated" (ranks, no probabilities) | "tempered" | "fixed-slope" (a
                factor score through a slope that is an assumption) | "gold:MAP" | "model" (the
                method's own posterior given gold)
    prior     : (C,) P(class) that the method used, and where it has it from
    confusion : (J, C, L) P(vote label | class) of each rater, where the method estimates it
    weight    : (J,) what a rater counts, in the method's own unit, where it has one
    score     : (I,) the continuous score behind the posterior, where there is one
    decided   : (I,) False where the method claims no label; None: where no two classes are level
    fit       : how an iterative method ended
    settings  : the method with its settings, as text
    notes     : what a reader of the numbers must know, in plain words
    """

    posterior: Floats
    classes: tuple[str, ...]
    support: Ints
    method: str
    calibration: str
    prior: Floats | None = None
    prior_source: str = ""
    confusion: Floats | None = None
    weight: Floats | None = None
    score: Floats | None = None
    decided: Bools | None = None
    fit: Fit | None = None
    settings: str = ""
    notes: tuple[str, ...] = ()
