"""Block before: `auto` without gold beside the `auto` of an earlier version, set by set.

The earlier version's figures and each item's credit are in aggregation/auto_before.json. `kept`
gives that file's text for whichever w2s_judge is installed:

    cd benchmarks && python -c "from aggregation_parts.before import *; print(kept(DATA))"

with DATA the folder of votes; it was run with the earlier version's sources on PYTHONPATH.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aggregation_parts.figures import Figures, figures, intervals
from aggregation_parts.fits import AUTO, Plan, estimator, fork
from aggregation_parts.lines import Line, gain, markdown, share, signed
from aggregation_parts.sets import BLUEBIRD, CIVIL, ORDERS, PEOPLE, VANILLA, load
from w2s_judge.aggregation.contract import METHODS
from w2s_judge.calibration.metrics import credit

BLOCK = "before"
SETS = (*PEOPLE, BLUEBIRD, ORDERS, VANILLA, CIVIL)
BASELINE = Path(__file__).parent.parent / "aggregation" / "auto_before.json"
EARLIER = "auto before"
ALLOWED = 0.003  # by how much mean accuracy may be lower
HEAD = (
    "set", "accuracy before", "now", "now minus before [95 %]", "ECE 10 width before", "now",
    "log-loss before", "now", "Brier before", "now", "note",
)  # fmt: skip
SAID = (
    "No gold; every set counts the same. Accuracy credits level classes in expectation; ECE is "
    "top-label, in 10 equal-width bins; differences of accuracy are paired over items, with a 95 % "
    "percentile bootstrap interval (2,000 resamples, seed 0). 'Before' is kept in "
    "aggregation/auto_before.json: the figures and each gold item's credit by the version before "
    "tempering asked held-out votes. Wanted: mean accuracy not below by more than .003, no "
    "interval wholly below 0, mean ECE and mean log-loss lower."
)


@dataclass(frozen=True, eq=False, slots=True)
class Earlier:
    """What the earlier version reached on a set; `right` (G,) is the gold items' credit."""

    figures: Figures
    right: np.ndarray


def report(plan: Plan) -> Iterator[tuple[str, list[Line]]]:
    """One table with a row a set, the means, and whether what was wanted came out."""
    before = read(BASELINE)
    names = SETS[:1] if plan.quick else SETS
    lines = [_line(name, plan, before[name]) for name in names if name in before]
    done = [line for line in lines if line.figures is not None]
    table = markdown(HEAD, [*(_row(line, before[line.set].figures) for line in lines)])
    parts = ["## auto now and before, no gold", table]
    if done:
        parts.append(_verdict(done, before))
    yield "\n\n".join([*parts, SAID]), lines


def _line(name: str, plan: Plan, earlier: Earlier) -> Line:
    voted = load(name, plan.data)
    done = fork(estimator(METHODS.get(AUTO)), voted.votes)
    if done.error:
        return Line(BLOCK, name, AUTO, note=done.error)
    rows, label = done.arrays["posterior"][voted.gold.item], voted.gold.label
    changed = credit(rows, label) - earlier.right
    span = intervals(changed[:, None])[0]
    return Line(
        BLOCK, name, AUTO, figures(rows, label), None, {EARLIER: span}, done.cpu_s, done.peak_mb
    )


def _row(line: Line, before: Figures) -> list[str]:
    now = line.figures
    if now is None:
        return [line.set, share(before.accuracy), *[""] * (len(HEAD) - 3), line.note]
    return [
        line.set, share(before.accuracy), share(now.accuracy), gain(line.differences[EARLIER]),
        share(before.ece10), share(now.ece10), f"{before.log_loss:.3f}", f"{now.log_loss:.3f}",
        share(before.brier), share(now.brier), line.note,
    ]  # fmt: skip


def _verdict(done: Sequence[Line], before: Mapping[str, Earlier]) -> str:
    pairs = [(before[line.set].figures, line.figures) for line in done if line.figures]
    fields = ("accuracy", "ece10", "log_loss", "brier")
    means = {
        name: tuple(float(np.mean([getattr(one[k], name) for one in pairs])) for k in (0, 1))
        for name in fields
    }
    worse = [line.set for line in done if line.differences[EARLIER].high < 0]
    change = {name: now - was for name, (was, now) in means.items()}
    rows = [
        [name, f"{was:.4f}", f"{now:.4f}", f"{change[name]:+.4f}"]
        for name, (was, now) in means.items()
    ]
    kept = (
        change["accuracy"] >= -ALLOWED
        and not worse
        and change["ece10"] < 0
        and change["log_loss"] < 0
    )
    return "\n\n".join((
        markdown((f"mean of {len(pairs)} sets", "before", "now", "change"), rows),
        f"Sets whose interval is wholly below 0: {', '.join(worse) or 'none'}. Mean accuracy "
        f"{signed(change['accuracy'])}. What was wanted {'came' if kept else 'did NOT come'} out.",
    ))  # fmt: skip


def read(path: Path) -> dict[str, Earlier]:
    """The kept figures by set."""
    told = json.loads(path.read_text())
    return {
        name: Earlier(Figures(**one["figures"]), unpacked(one["credit"]))
        for name, one in told.items()
    }


def kept(data: Path) -> str:
    """The installed version's `auto` on every set, as the text of a file like `BASELINE`."""
    found: dict[str, Any] = {}
    for name in SETS:
        voted = load(name, Path(data))
        rows = estimator(METHODS.get(AUTO))(voted.votes, None)[voted.gold.item]
        told = asdict(figures(rows, voted.gold.label))
        rounded = {k: x if k == "n" or x is None else round(x, 6) for k, x in told.items()}
        found[name] = {"figures": rounded, "credit": packed(credit(rows, voted.gold.label))}
    return json.dumps(found, indent=1)


def packed(right: np.ndarray) -> str:
    """A digit an item: 0 for no credit, k for 1 / k (k classes level on top, at most 9)."""
    levels = np.divide(1.0, right, out=np.zeros(len(right)), where=right > 0)
    if levels.max(initial=0.0) > 9.5:
        raise ValueError("more than nine classes level on top have no digit")
    return "".join(str(int(level)) for level in levels.round())


def unpacked(digits: str) -> np.ndarray:
    """(n,) the credit that `packed` was given."""
    levels = np.array([int(digit) for digit in digits], dtype=np.float64)
    return np.divide(1.0, levels, out=np.zeros(len(levels)), where=levels > 0)
