"""Of the five lines: whom to watch, and on what the panel fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from w2s_judge.audit.audited import Finding
from w2s_judge.audit.cells_of import rows
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Part
from w2s_judge.audit.spoken import plural
from w2s_judge.sentences import listed

NAMED = 3  # judges
SLICE = "slice"  # the kind of findings that are about parts of the data


def whom_to_watch(panel: Panel, found: Sequence[Finding], tests: int) -> str:
    """The judges of the findings, how many findings of each kind, the strongest; who is mute."""
    mute = _mute(panel)
    about = [one for one in found if one.test.kind != SLICE]
    if not about:
        tested = (
            f"No judge stands out beyond chance (of {plural(tests, 'thing')} tested)."
            if tests
            else "Nothing about the judges could be tested."
        )
        return tested + mute
    names = dict.fromkeys(name for one in about for name in one.test.about if name in panel.judges)
    kinds = Counter(one.test.kind for one in about)
    told = about[0].test.sentence
    if len(about) > 1:
        counts = ", ".join(f"{kind} {many:,}" for kind, many in kinds.items())
        told = f"found are {counts}. Strongest: {told}"
    watch = f"Watch {listed(tuple(names), NAMED)}: " if names else ""
    return f"{watch}{told}{mute}"


def _mute(panel: Panel) -> str:
    """The judges that were asked, or are named, and have no vote at all."""
    count = np.bincount(panel.judged.rater, minlength=len(panel.judges))
    names = tuple(panel.judges[j] for j in np.flatnonzero(count == 0).tolist())
    return f" {listed(names, NAMED)} gave no vote at all." if names else ""


def where_it_fails(panel: Panel, parts: Sequence[Part], found: Sequence[Finding]) -> str:
    """The weakest part of the data, or why none is known; items without a vote, open questions."""
    weak = next((one.test.sentence for one in found if one.test.kind == SLICE), None)
    silent = int((panel.votes.support == 0).sum())
    told = [weak or _no_weak_part(panel, parts)]
    if silent:
        told.append(f"{plural(silent, 'item')} {'has' if silent == 1 else 'have'} no vote at all.")
    return " ".join(told)


def _no_weak_part(panel: Panel, parts: Sequence[Part]) -> str:
    tested = any(test.kind == SLICE for part in parts for test in part.tests)
    if tested:
        return "No judge does worse on one part of the data than on the rest beyond chance."
    if not panel.traits.slices:
        return "The items carry no task and no column that would divide them into parts."
    names = listed(tuple(panel.traits.slices))
    if panel.gold is None:
        return f"Whether it fails on parts of the data ({names}) only gold labels can tell."
    if rows(parts, "skill", "slices"):
        return f"The parts of the data ({names}) are too small to be tested."
    return f"There are too few gold labels in each part of the data ({names}) to tell them apart."
