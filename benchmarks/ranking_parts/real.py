"""Block real: pair sets with gold, and language models' verdicts on pairs of responses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from ranking_parts.agreement import agreement
from ranking_parts.lines import TOP, Line, Plan, by_figure
from ranking_parts.pair_sets import GOLDEN, LLMBAR, PairSet, load, load_llmbar
from ranking_parts.rows import ALONE, TOGETHER, Scorer, ranked, singles
from ranking_parts.scored import FEWEST, lines_of, means, tried
from w2s_judge.comparisons import Comparisons
from w2s_judge.ranking.bradley_terry import BradleyTerry
from w2s_judge.ranking.cycles import cycle_rates

BLOCK = "real"
JUDGES, PANELS, QUICK_PANELS = 5, 20, 2
ENSEMBLES = (
    "majority (copeland)", "borda", "GED (paper)", "bradley-terry", "judge-weighted-bradley-terry",
)  # fmt: skip
NO_POSITION = "bradley-terry, no position term"


def report(plan: Plan) -> Iterator[tuple[str, list[Line]]]:
    """One table for each set with gold, and two of the verdicts on pairs."""
    for name, of in GOLDEN.items():
        if not plan.quick or name == "music_pairs":
            found = load(name, plan.data)
            lines = list(lines_of(BLOCK, name, found.comparisons, found.gold, fewest=FEWEST))
            yield f"## {name}\n\n{by_figure(lines)}\n\n{_about(found, of)}", lines
    folder = plan.data.parent / "judging"
    if not all((folder / name).is_file() for name in LLMBAR):
        yield f"votes_llmbar: left out, it is not in {folder}", []
        return
    yield from _llmbar(load_llmbar(folder), plan)


def _about(found: PairSet, of: str) -> str:
    rates = cycle_rates(found.comparisons)
    known = [rate for rate in rates.rate if rate is not None]
    q = found.comparisons.Q
    errors = "questions" if q > 1 else "judges for single judges, over objects for the others"
    return (
        f"Gold: {of}. Questions: {q}; standard errors are over {errors}. Single judges: those with "
        f"{FEWEST} comparisons or more, on the objects that they compared. Cycles in "
        f"{np.mean(known):.2f} of the questions of a judge, in {rates.ensemble_rate:.2f} of the "
        "ensemble's."
    )


def _llmbar(found: PairSet, plan: Plan) -> Iterator[tuple[str, list[Line]]]:
    """Selection of the better of two: judges one by one, all together, and small panels."""
    whole = found.comparisons
    shown_first = whole.left % 2 == 0
    views = {
        "both orders": whole,
        "one order": whole.only(shown_first),
    }
    ensembles: Mapping[str, Scorer] = {
        **{name: TOGETHER[name] for name in ENSEMBLES},
        NO_POSITION: ranked(BradleyTerry(position=False)),
    }
    lines: list[Line] = []
    texts = []
    for view, comparisons in views.items():
        mine = [*_judges(view, comparisons, found.gold)]
        mine += _all(view, comparisons, found.gold, ensembles)
        mine += _panels(view, comparisons, found.gold, ensembles, plan)
        lines += mine
        texts.append(f"### {view}\n\n{by_figure(mine)}")
    said = (
        "Share of the questions of which the response that gold prefers is ranked first, level "
        "responses counting a half; standard errors are over questions, of panels over panels. "
        f"Panels: {JUDGES} judges by lot, {PANELS} times, the same for all. 'One order': the "
        "verdicts for which the response that comes first in the file was shown first. With two "
        "responses there is no cycle, and GED is the majority."
    )
    yield "\n\n".join(["## votes_llmbar: the better of two", *texts, said]), lines


def _tops(
    score: np.ndarray, comparisons: Comparisons, gold: np.ndarray
) -> dict[str, tuple[float, float]]:
    found = agreement(score, gold, comparisons.question)
    return {TOP: means(found, found.question)[TOP]}


def _judges(view: str, comparisons: Comparisons, gold: np.ndarray) -> Iterator[Line]:
    """The judges' mean, and each by its name, best first."""
    scorer = ALONE["single judge, wins counted"]
    each = [
        Line(BLOCK, f"votes_llmbar, {view}", name, _tops(score, comparisons, gold))
        for name, score in singles(comparisons, scorer)
    ]
    each.sort(key=lambda line: -line.figures[TOP][0])
    values = np.array([line.figures[TOP][0] for line in each])
    error = float(values.std(ddof=1) / np.sqrt(len(values)))
    low, middle, high = np.percentile(values, [25, 50, 75])
    spread = f"{len(each)} judges; quartiles {low:.3f}, {middle:.3f}, {high:.3f}"
    setting = f"votes_llmbar, {view}"
    yield Line(BLOCK, setting, "single judge, mean", {TOP: (float(values.mean()), error)}, spread)
    yield from each[:3]
    yield from each[-1:]


def _all(
    view: str, comparisons: Comparisons, gold: np.ndarray, rows: Mapping[str, Scorer]
) -> Iterator[Line]:
    for name, scorer in rows.items():
        figures = _tops(scorer(comparisons), comparisons, gold)
        yield Line(BLOCK, f"votes_llmbar, {view}", f"{name}, all judges", figures)


def _panels(
    view: str, comparisons: Comparisons, gold: np.ndarray, rows: Mapping[str, Scorer], plan: Plan
) -> Iterator[Line]:
    rng = np.random.default_rng(plan.seed)
    count = QUICK_PANELS if plan.quick else PANELS
    drawn = [rng.choice(comparisons.J, JUDGES, replace=False) for _ in range(count)]
    panels = [comparisons.only(np.isin(comparisons.rater, judges)) for judges in drawn]
    for name, scorer in rows.items():
        scores = [tried(scorer, panel) for panel in panels]
        values = np.array([
            _tops(score, panel, gold)[TOP][0]
            for score, panel in zip(scores, panels, strict=True)
            if not isinstance(score, str)
        ])  # fmt: skip
        failed = [score for score in scores if isinstance(score, str)]
        note = f"{len(values)} of {count} panels: {failed[0]}" if failed else ""
        error = float(values.std(ddof=1) / np.sqrt(len(values)))
        row = f"{name}, {JUDGES} judges"
        figures = {TOP: (float(values.mean()), error)}
        yield Line(BLOCK, f"votes_llmbar, {view}", row, figures, note)
