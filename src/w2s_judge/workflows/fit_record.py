"""What stands beside a consensus: method and why, settings, judges, calibration, comparison."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_judge.calibration.crossfit import unimproved
from w2s_judge.calibration.estimates import Estimate
from w2s_judge.consensus import Consensus
from w2s_judge.datasets.gold_files import GoldMatch
from w2s_judge.gold import Gold
from w2s_judge.workflows.advice import advice
from w2s_judge.workflows.ballots import Ballot
from w2s_judge.workflows.conclude import Aim, Conclusion, Rival
from w2s_judge.workflows.judge_records import judge_records
from w2s_judge.workflows.verdicts import TIE

SENTENCES = {
    "none": "the method's own posterior, neither tempered nor checked against gold",
    "uncalibrated": "votes that only rank: mass orders the items and is no probability",
    "tempered": "tempered for votes that are wrong together; how far they are is an assumption",
    "fixed-slope": "a cautious fixed slope on the factor score: an assumption until there is gold",
    "model": "the model's own posterior given gold labels",
}
CHECKED = {
    "tempered": "tempered for votes that are wrong together",
    "fixed-slope": "a cautious fixed slope on the factor score",
    "model": "the method's own posterior given gold labels",
}
DIGITS = 6


def fit_record(
    ballot: Ballot, conclusion: Conclusion, match: GoldMatch | None, aim: Aim, command: str | None
) -> dict[str, Any]:
    """The mapping that `.fit.json` holds; everything in it is JSON. `command` draws labels."""
    votes, consensus = ballot.votes, conclusion.consensus
    gold = None if match is None else match.gold
    return {
        "rubric": ballot.rubric,
        "method": consensus.method,
        "asked_for": aim.method,
        "sources": aim.sources,
        "settings": consensus.settings,
        "seed": aim.seed,
        "items": votes.I,
        "votes": votes.V,
        "vote_labels": list(votes.labels),
        "classes": list(consensus.classes),
        "fit": _fit(consensus),
        "prior": _prior(consensus),
        "prior_source": consensus.prior_source,
        "oriented": votes.ordered,
        "calibration": consensus.calibration,
        "calibrated": calibrated(consensus.calibration, checked=unimproved(consensus)),
        "judges": judge_records(votes, consensus, gold),
        "effective_votes": effective(conclusion),
        "gold": _gold(match),
        "comparison": [_rival(rival) for rival in conclusion.rivals],
        "differs_from_majority": _figure(conclusion.moved),
        "selection": _selection(conclusion, aim),
        # What gold's labels were taken for comes before what was made of them.
        "notes": [
            *ballot.notes,
            *(match.notes if match is not None else ()),
            *consensus.notes,
            *_level(consensus, gold),
        ],
        "advice": advice(votes, gold, conclusion, command),
    }


def calibrated(calibration: str, *, checked: bool = False) -> str:
    """A sentence on how the posterior became what it is.

    `checked`: a map was tried on gold, and there was no gain.
    """
    if checked and calibration in CHECKED:
        return f"{CHECKED[calibration]}; checked against gold, where no map improved on it"
    if calibration.startswith("gold:"):
        return f"mapped by {calibration[5:]}, cross-fitted on gold labels"
    return SENTENCES[calibration]


def _level(consensus: Consensus, gold: Gold | None) -> tuple[str, ...]:
    """How many items have no label for a tie; () where none has."""
    if consensus.calibration == "uncalibrated" or len(consensus.classes) < 2:
        return ()
    top = np.partition(consensus.posterior, -2, axis=1)[:, -2:]
    level = (top[:, 1] - top[:, 0] < TIE) & (consensus.support > 0)
    if gold is not None:
        level[gold.item] = False
    count = int(level.sum())
    if not count:
        return ()
    return (
        f"{count:,} of {len(level):,} items are level between their likeliest classes, and have no "
        "label: their `mass` is shared evenly",
    )


def _fit(consensus: Consensus) -> dict[str, Any] | None:
    fit = consensus.fit
    if fit is None:
        return None
    return {
        "iterations": fit.iterations, "converged": fit.converged,
        "objective": _figure(fit.objective),
    }  # fmt: skip


def _prior(consensus: Consensus) -> dict[str, float] | None:
    if consensus.prior is None:
        return None
    return {
        name: round(float(p), DIGITS)
        for name, p in zip(consensus.classes, consensus.prior, strict=True)
    }


def effective(conclusion: Conclusion) -> dict[str, Any]:
    """Effective votes as figures and as one sentence."""
    found = conclusion.dependence
    if found is None:
        why = conclusion.unmeasured or "no two raters share enough items on which both err at times"
        return {"text": f"not known: {why}", "value": None}
    return {**found.told(), "text": found.text()}


def _gold(match: GoldMatch | None) -> dict[str, Any] | None:
    if match is None:
        return None
    random = match.gold.chosen is None
    return {
        "labels": match.gold.G,
        "unknown_items": len(match.unknown),
        "other_rubric": match.other_rubric,
        "sampling": "taken as drawn at random: no p_chosen" if random else "weighted by p_chosen",
    }


def _rival(rival: Rival) -> dict[str, Any]:
    name, _, which = rival.name.partition(" (")
    told: dict[str, Any] = {
        "name": name, "which": which.rstrip(")") or None, **_estimate(rival.accuracy, "accuracy"),
        "n": rival.accuracy.n, "ece": _figure(rival.ece),
    }  # fmt: skip
    told["ahead"] = None if rival.ahead is None else _estimate(rival.ahead, "difference")
    return told


def _estimate(estimate: Estimate, name: str) -> dict[str, Any]:
    return {
        name: _figure(estimate.value), "low": _figure(estimate.low), "high": _figure(estimate.high),
    }  # fmt: skip


def _selection(conclusion: Conclusion, aim: Aim) -> dict[str, Any] | None:
    found = conclusion.selection
    if found is None:
        return None
    return {
        "max_error": aim.max_error, "confidence": aim.confidence, "threshold": found.value,
        "coverage": _figure(found.coverage), "errors": found.errors, "accepted": found.n,
        "held_back": found.labels, "upper_bound": _figure(found.upper), "why": found.reason,
    }  # fmt: skip


def _figure(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), DIGITS)
