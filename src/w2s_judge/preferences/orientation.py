"""Which way round a pair is.

best-worst, adjacent: the utilities say which response is the better, and the votes of this pair how
likely that is. Where these say the opposite (p below .5) the pair is left out and not turned round:
two readings of the same votes disagree, and a pair turned after it was picked for its utilities is
no longer one that the strategy picks, so that nothing calibrated on such pairs holds for it.

above-bar: every pair is a candidate, and its direction is that of its own votes, settled before any
map. Every pair then starts at p of at least .5, those that gold is compared with as well; a map
from gold that takes one below .5 says that votes like these are more often wrong than right, and it
is left out, too.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from w2s_judge.preferences.pair_mass import BETTER, WORSE, PairMass
from w2s_judge.preferences.strategies import Candidates, Strategy


def settled(pairs: Candidates, mass: PairMass, strategy: Strategy) -> tuple[Candidates, PairMass]:
    """Candidates and their unmapped mass in the direction that the strategy gives them.

    Under "above-bar" level utilities are no reason to leave a pair out, and `level` is False.
    """
    if strategy != "above-bar":
        return pairs, mass
    turn = np.asarray(mass.mass[:, BETTER] < mass.mass[:, WORSE])
    level = np.zeros(pairs.P, dtype=np.bool_)
    return replace(pairs.turned(turn), level=level), mass.turned(turn)
