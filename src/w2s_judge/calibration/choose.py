"""Which map, and whether any: by the size of gold, then kept only if it earns its place.

The size is the effective number of labels (Kish): under 30 one temperature; under 200 Platt's map;
under 1,000 beta calibration; from there on isotonic (the last two for two classes; with more it
stays at Platt's, there vector scaling). A richer map needs more labels before it beats a poorer
one. Then the map is fitted without each fold and tried on it, and kept only if the mean log-loss
there falls by more than one standard error (`MARGIN`), taken over groups: where the posterior is
honest already, a map from a few labels makes it worse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.calibration.beta import Beta
from w2s_judge.calibration.estimates import mean_and_error
from w2s_judge.calibration.isotonic import Isotonic
from w2s_judge.calibration.maps import Identity, Map, kish
from w2s_judge.calibration.metrics import losses
from w2s_judge.calibration.platt import Platt, Temperature

LEAST = 10  # labels below which no map is fitted
PLATT_FROM, BETA_FROM, ISOTONIC_FROM = 30, 200, 1000
MARGIN = 1.0  # standard errors by which a map has to be better than none
UNIMPROVED = "no clear gain, so no map is applied"

Fitter = Callable[[Floats, Ints, Floats, float], Map]


@dataclass(frozen=True, slots=True)
class Choice:
    """A map, and why it is this one."""

    map: Map
    why: str


def candidate(size: float, C: int) -> Fitter:  # noqa: N803 (the field's letter)
    """The map to try with this effective number of labels."""
    if size < PLATT_FROM:
        return lambda p, y, w, floor: Temperature.fit(p, y, w, floor=floor)
    if size < BETA_FROM or C != 2:
        return lambda p, y, w, floor: Platt.fit(p, y, w, floor=floor)
    if size < ISOTONIC_FROM:
        return lambda p, y, w, floor: Beta.fit(p, y, w, floor=floor)
    return lambda p, y, w, floor: Isotonic.fit(p, y, w, floor=floor)


def too_little(label: Ints, C: int, least: int = LEAST) -> str | None:  # noqa: N803
    """Why no map can be fitted, or None."""
    if len(label) < least:
        return f"{len(label)} gold labels are too few for a map: {least} are needed"
    seen = len(np.unique(label))
    if seen < min(C, 2):
        return f"gold has {seen} of the {C} classes: a map needs labels of two"
    return None


def choose(
    posterior: Floats,
    label: Ints,
    weight: Floats,
    fold: Ints,
    group: Ints,
    floor: float,
    *,
    size: float | None = None,
    least: int = LEAST,
    margin: float = MARGIN,
) -> Choice:
    """From posteriors (n, C) that did not see the labels (n,); fold and group are (n,).

    `size` decides on the candidate where it is not to be the effective number of these labels.
    """
    short = too_little(label, posterior.shape[1], least)
    if short is not None:
        return Choice(Identity(), short)
    if len(np.unique(fold)) < 2:
        return Choice(Identity(), "all gold labels answer one prompt: no map can be tried")
    C = posterior.shape[1]  # noqa: N806
    # One temperature asks for no label of each class, as the other maps do.
    every = len(np.unique(label)) == C
    fitter = candidate((kish(weight) if size is None else size) if every else 0.0, C)
    mapped = _unseen(fitter, posterior, label, weight, fold, floor)
    gain, error = mean_and_error(losses(posterior, label) - losses(mapped, label), weight, group)
    fitted = fitter(posterior, label, weight, floor)
    before = float(np.average(losses(posterior, label), weights=weight))
    tried = (
        f"{fitted.name} tried on {len(label)} gold labels: held-out log-loss {before:.3f} without, "
        f"{before - gain:.3f} with it (standard error of the gain {error:.3f})"
    )
    if gain > margin * error:
        return Choice(fitted, f"{tried}; it is applied")
    return Choice(Identity(), f"{tried}; {UNIMPROVED}")


def _unseen(
    fitter: Fitter, posterior: Floats, label: Ints, weight: Floats, fold: Ints, floor: float
) -> Floats:
    """(n, C) each fold mapped by what the other folds give."""
    mapped = np.empty_like(posterior)
    for f in np.unique(fold):
        rest = fold != f
        fitted = fitter(posterior[rest], label[rest], weight[rest], floor)
        mapped[~rest] = fitted.apply(posterior[~rest])
    return mapped
