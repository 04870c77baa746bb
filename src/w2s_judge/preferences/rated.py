"""Single responses that are desirable or not, for KTO and supervised fine-tuning."""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Bools, Floats
from w2s_judge.errors import UsageError
from w2s_judge.preferences.reasons import Codes, Reason

DIGITS = 12


def rate(p: Floats, bar: float | None, *, undesirable: bool = True) -> tuple[Bools, Codes]:
    """Which responses are desirable (I,), and why the others are not written (I,).

    p   : (I,) P(desirable), as `rules.upper_mass` gives it; NaN where nobody voted
    bar : in ]0.5, 1]; desirable where p is at least this, undesirable where it is at most 1 - bar;
          None: no bar keeps what was asked, and nothing is written
    undesirable : False for a trainer that imitates: all but the desirable are left out, as BELOW
    """
    if bar is not None and not 0.5 < bar <= 1:
        raise UsageError(f"--min-p {bar!r} must be above 0.5 and at most 1 for single responses")
    none = np.zeros(len(p), dtype=np.bool_)
    p = np.round(p, DIGITS)
    good = none if bar is None else p >= bar
    bad = none if bar is None or not undesirable else p <= round(1 - bar, DIGITS)
    left_out = Reason.BETWEEN if undesirable else Reason.BELOW
    codes = np.select(
        [np.isnan(p), none | (bar is None), good | bad],
        [np.int8(Reason.NO_VOTE), np.int8(Reason.UNPROMISED), np.int8(Reason.KEPT)],
        np.int8(left_out),
    )
    return np.asarray(good), codes.astype(np.int8)
