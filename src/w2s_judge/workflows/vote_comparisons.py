"""The judges' votes of a run as comparisons, whichever kind of rubric they are under."""

from __future__ import annotations

from w2s_judge.comparisons import Comparisons
from w2s_judge.ranking.compared import compared
from w2s_judge.ranking.within_judges import within_judges
from w2s_judge.store.reading import Asked
from w2s_judge.store.run import Run


def compared_by_judges(run: Run, asked: Asked) -> Comparisons:
    """Comparisons as they were asked, or each judge's ratings of two responses set side by side."""
    make = compared if asked.arity == 2 else within_judges
    return make(run.votes(asked.name), asked.utilities)
