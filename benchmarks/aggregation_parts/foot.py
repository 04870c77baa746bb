"""What stands at the foot of every table: how it was made, and what was chosen beforehand."""

from __future__ import annotations

from collections.abc import Sequence

from aggregation_parts import peers
from aggregation_parts.fits import Plan
from aggregation_parts.lines import Line
from w2s_judge.aggregation.contract import METHODS

FIGURES = (
    "Accuracy credits level classes in expectation. ECE is top-label, in 10 equal-width bins and "
    "in 15 equal-mass ones (equal confidences share a bin); 'perfect' is the mean of the latter if "
    "these very forecasts were perfect. Differences are paired, with a 95 % percentile bootstrap "
    "interval over items (2,000 resamples, seed 0)."
)
COSTS = (
    "CPU s is the fit's, one thread; peak MB that of its process: a forked child of this one for "
    "w2s-judge and the baselines (so that numpy, scipy and the votes are in it), a process with "
    "the peer's imports for a peer. A cached row was measured earlier, with the same votes, script "
    "and pins."
)
FROZEN = (
    "Frozen before the table: every method at its defaults on every set, nothing is set per set; "
    "the constants behind the defaults, and the sets that they were chosen on, are in the methods' "
    "own files. A method that refuses such votes (they have no order, or it needs gold) has no row."
)
GOLD = (
    "Gold is drawn at random without strata (seed 0, the same draws for every method), figures are "
    "on the items outside the draw, means over {draws} draws ± standard error; {anew} draws "
    "lacked a class and were drawn anew."
)
PEERS_OFF = "Peers were not run (--peers)."


def foot(lines: Sequence[Line], plan: Plan, *more: str) -> str:
    """Paragraphs for under a table."""
    known = METHODS.names()
    named = sorted({line.method for line in lines} & set(known))
    settings = "; ".join(f"{name}: {METHODS.get(name).make()!r}" for name in named)
    versions = ", ".join(dict.fromkeys(peer.version for peer in peers.PEERS))
    peers_said = f"Peers at their defaults: {versions}." if plan.bench else PEERS_OFF
    parts = [FIGURES, COSTS, *more, f"{FROZEN} {settings}.", peers_said]
    return "\n\n".join(parts)
