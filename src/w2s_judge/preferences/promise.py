"""`--max-error --confidence` for pairs: a bar on p that holds what it promises, or none.

The map is learned on half of the gold prompts; on the other half thresholds on p are tested by
`calibration.selective.threshold`. A pair counts as an error where gold says that the rejected
response is better, or that the two tie. Pairs that would not be written whatever the bar (p at most
.5, too much mass on a tie) are not tested. Of a prompt one pair is tested, by lot, so that with
several pairs a prompt the promise is about prompts. After the test nothing is refitted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.calibration.maps import two
from w2s_judge.calibration.selective import Selection, held_back, threshold
from w2s_judge.errors import UsageError
from w2s_judge.gold import Gold
from w2s_judge.preferences.pair_map import PairMap, learn
from w2s_judge.preferences.pair_mass import BETTER, TIE, share
from w2s_judge.preferences.screening import DIGITS, SAME, Bars

OUTCOMES = ("better", "tie", "worse")
ERRORS = "a pair counts as an error where gold says that the rejected response is better, or a tie"
ERRORS_UNTIED = (
    "a pair counts as an error where gold says that the rejected response is better; pairs that "
    "gold, coarser than the votes, calls a tie are not counted"
)
TOO_LITTLE = (
    "--max-error promises an error rate, and only gold labels can: label the responses of more "
    "prompts (about 80 pairs are the least for an error of .1 at a confidence of .9)"
)


@dataclass(frozen=True, eq=False, slots=True)
class Promise:
    """What `--max-error` came to.

    map       : to be applied to all pairs, as the bar is one on its p
    bars      : to screen with; `min_p` is None where no bar keeps the promise
    selection : the threshold with its figures
    held_out  : (n, 3) mass of each gold pair under a map that saw nothing of its prompt
    notes     : what was decided, in plain words
    tried     : whether half of gold sufficed to try a map on p, as in `Learned`
    """

    map: PairMap
    bars: Bars
    selection: Selection
    held_out: Floats
    notes: tuple[str, ...]
    tried: bool


def promise(
    mass: Floats,
    outcome: Ints,
    prompt: Ints,
    max_error: float,
    confidence: float,
    *,
    max_tie: float = 0.5,
    among: Floats | None = None,
    chosen: Floats | None = None,
    ties_tell: bool = True,
    seed: int = 0,
) -> Promise:
    """From mass (n, 3), unmapped, of gold pairs drawn by the strategy, that lack nothing.

    outcome, prompt, ties_tell : as for `pair_map.learn`
    among  : (P, 3) unmapped mass of all candidates (or a sample), whose p the thresholds are taken
             from; None: the tested gold pairs themselves
    chosen : (n,) probability by which both responses came to be labelled; None: all alike
    Raises `UsageError` where there are no two gold prompts to part.
    """
    if len(np.unique(prompt)) < 2:
        raise UsageError(TOO_LITTLE)
    gold = Gold(np.arange(len(mass), dtype=np.int32), outcome, OUTCOMES, chosen)
    fit, test = held_back(gold, prompt, seed=seed)
    learned = learn(
        mass[fit.item], fit.label, prompt[fit.item], fit.weight, ties_tell=ties_tell, seed=seed
    )
    held_out = learned.map.apply(mass).copy()  # without a map it is the input itself
    held_out[fit.item] = learned.held_out
    kept = _testable(held_out[test.item], max_tie)
    test = test.only(kept if ties_tell else kept & (test.label != TIE))
    pool = None if among is None else _confidences(learned.map.apply(among), max_tie)
    selection = threshold(
        two(share(held_out[test.item])), (test.label == BETTER).astype(np.int32), max_error,
        confidence, among=pool, chosen=test.chosen, group=prompt[test.item], seed=seed,
    )  # fmt: skip
    notes = (*learned.notes, ERRORS if ties_tell else ERRORS_UNTIED, selection.reason)
    bars = Bars(selection.value, max_tie)
    return Promise(learned.map, bars, selection, held_out, notes, learned.tried)


def _confidences(mass: Floats, max_tie: float) -> Floats:
    """(m, 2) P(worse) and P(better) of the pairs that only the bar on p could keep out."""
    return two(share(mass[_testable(mass, max_tie)]))


def _testable(mass: Floats, max_tie: float) -> Bools:
    """(n,) pairs that only the bar on p could keep out."""
    p = np.round(share(mass), DIGITS)
    return np.asarray((p > 0.5 + SAME) & (np.round(mass[:, TIE], DIGITS) <= max_tie))
