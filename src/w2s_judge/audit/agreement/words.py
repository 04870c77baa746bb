"""What the figures of agreement mean, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from w2s_judge.audit.agreement.judge_pairs import PairAgreement
from w2s_judge.audit.agreement.panel_coefficients import AC1, ALPHA, ORDINAL, RAW, PanelAgreement
from w2s_judge.audit.part import Figure
from w2s_judge.audit.spoken import number, percent
from w2s_judge.sentences import listed

RELIABLE, TENTATIVE = 0.8, 0.667  # Krippendorff's (2018, p. 356) marks for conclusions from labels
FAINT = 0.2  # under it, guesses by the base rates would have done nearly as well
LOPSIDED = 0.8  # a label with so many of the verdicts leaves kappa and alpha little to see
FEWEST = 3  # judges, from which on one pair can be set beside another

NOT_CORRECT = (
    "Agreement is not correctness: judges that make the same mistakes agree as well as judges that "
    "are right, and a judge that differs may be the one that is right."
)


def sentences(
    panel: PanelAgreement, pairs: Sequence[PairAgreement], judges: Sequence[str],
    labels: Sequence[str], *, some: bool,
) -> Iterator[str]:  # fmt: skip
    """The theme in a few sentences; `judges` and `labels` are names.

    some : whether there are pairs beside these
    """
    raw, alpha = panel.row(RAW), panel.row(ALPHA)
    if raw is None or alpha is None or raw.value.value is None or panel.commonest is None:
        yield "No item has verdicts of two judges, so that verdicts cannot be compared."
        yield NOT_CORRECT
        return
    label, base = labels[panel.commonest], panel.base_rates[panel.commonest]
    yield (
        f"Two judges give the same verdict on an item in {percent(raw.value)} of cases; two who "
        f"guessed by the panel's own shares of labels would in {percent(Figure(alpha.expected))}. "
        f"The commonest label, {label}, has {percent(base)} of all verdicts."
    )
    if alpha.value.value is None:
        yield "Every verdict is the same label, so that agreement beyond chance cannot be told."
    else:
        yield (
            "Krippendorff's alpha, agreement beyond chance (0: as guesses by the shares of labels, "
            f"1: always), is {number(alpha.value)}: {_reading(alpha.value.value)}."
        )
    yield from _near(panel, len(labels))
    yield from _lopsided(panel, label)
    yield from _extremes(pairs, judges, some=some)
    yield NOT_CORRECT


def alone(judges: Sequence[str]) -> str:
    """Said where fewer than two judges have a vote."""
    if not judges:
        return "No judge has a vote, so that there is no agreement to measure."
    return (
        f"{listed(judges)} is the only judge with votes, and one judge cannot agree with anybody: "
        "ask a second judge to learn how far the verdicts hang on the judge."
    )


def _reading(alpha: float) -> str:
    if alpha >= RELIABLE:
        return "one judge can largely stand in for another"
    if alpha >= TENTATIVE:
        firm = number(RELIABLE, digits=1)
        return f"enough for tentative conclusions from one judge; firm ones take {firm}"
    if alpha >= FAINT:
        return (
            f"beyond chance, but below the {number(TENTATIVE, digits=3)} that is asked for even "
            "tentative conclusions: what one judge says hangs on the judge"
        )
    if alpha > -FAINT:
        return "hardly other than chance: the judges do not measure the same thing"
    return "the judges contradict one another: see whether one has its labels the wrong way round"


def _near(panel: PanelAgreement, labels: int) -> Iterator[str]:
    row = panel.row(ORDINAL)
    if labels > 2 and row is not None and row.value.value is not None:
        yield (
            "With near misses counted in part, as the labels have an order, alpha is "
            f"{number(row.value)}."
        )


def _lopsided(panel: PanelAgreement, label: str) -> Iterator[str]:
    base = panel.base_rates[panel.commonest or 0].value or 0.0
    ac1 = panel.row(AC1)
    if base >= LOPSIDED and ac1 is not None and ac1.value.value is not None:
        yield (
            f"As {label} has most of the verdicts, chance alone agrees often, and alpha and kappa "
            f"come out low even where judges seldom differ; Gwet's AC1, which allows for that, is "
            f"{number(ac1.value)}. How the judges do on the rarer labels is the better question."
        )


def _extremes(
    pairs: Sequence[PairAgreement], judges: Sequence[str], *, some: bool
) -> Iterator[str]:
    known = [pair for pair in pairs if pair.kappa.value is not None and pair.kappa.low is not None]
    if len(known) < FEWEST:
        return
    ranked = sorted(known, key=lambda pair: pair.kappa.value or 0.0)
    least, most = ranked[0], ranked[-1]
    yield (
        f"Of {len(known)} pairs{' that are shown' if some else ''}, "
        f"{judges[most.one]} and {judges[most.two]} agree most, with a "
        f"Cohen's kappa of {number(most.kappa)}; {judges[least.one]} and {judges[least.two]} "
        f"least, with {number(least.kappa)}."
    )
