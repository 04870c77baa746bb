"""What sways the judges beside what they judge: places, lengths, kin, scales, circles, wording."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import numpy as np

from w2s_judge.audit.bias.circles import circles
from w2s_judge.audit.bias.kin import kin
from w2s_judge.audit.bias.length import length
from w2s_judge.audit.bias.orders import orders
from w2s_judge.audit.bias.scale_use import scale_use
from w2s_judge.audit.bias.ways import ways
from w2s_judge.audit.common_notes import only_rank, rankers, without_rankers
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Part
from w2s_judge.audit.resample import Resample

MANY = 2000  # judges that are set beside one another: tables of draws by judge grow with them
NAME, TITLE = "bias", "What sways them?"


def bias(panel: Panel, resample: Resample) -> Part:
    """All themes of bias in one part; each says in a note why it has nothing to show.

    Votes whose mass ranks and is no probability are left out: no verdict can be read from them.
    """
    votes, judged = without_rankers(panel.votes), without_rankers(panel.judged)
    left = replace(panel, votes=votes, judged=judged)
    notes = [*only_rank(rankers(panel.judged))]
    if not votes.V:
        none = "there is no vote that a verdict can be read from"
        return Part(NAME, TITLE, (f"Nothing can be said: {none}.",), notes=tuple(notes))
    left, fewer = _fewer(left)
    notes += fewer
    parts = [theme(left, resample) for theme in (orders, length, kin, scale_use, circles, ways)]
    return Part(
        NAME,
        TITLE,
        tuple(chain.from_iterable(part.sentences for part in parts)),
        tuple(chain.from_iterable(part.tables for part in parts)),
        tuple(chain.from_iterable(part.tests for part in parts)),
        (*notes, *chain.from_iterable(part.notes for part in parts)),
    )


def _fewer(panel: Panel) -> tuple[Panel, list[str]]:
    """The judges with most votes, where there are very many, and what to say of it."""
    judges = panel.judged.J
    if judges <= MANY:
        return panel, []
    count = np.bincount(panel.judged.rater, minlength=judges)
    kept = np.zeros(judges, dtype=np.bool_)
    kept[np.argsort(-count, kind="stable")[:MANY]] = True
    votes = panel.votes.of_raters(kept[panel.judge_of_rater])
    told = f"Of {judges:,} judges, the {MANY:,} with most votes are set beside one another."
    return replace(panel, votes=votes, judged=panel.judged.of_raters(kept)), [told]
