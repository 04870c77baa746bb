"""The rates in plain sentences: which figure to quote, and how far the judges are apart."""

from __future__ import annotations

from collections.abc import Sequence

from w2s_judge.audit.panel import CONSENSUS, MAJORITY, Panel
from w2s_judge.audit.part import Figure
from w2s_judge.audit.rates.outcomes import Outcomes
from w2s_judge.audit.spoken import percent, plural

MOST = 4  # verdicts that have a sentence of their own
JUDGES_WORD = (
    "These rates are the judges' own word: without gold labels nothing tells how often they are "
    "wrong, and nothing here is corrected."
)

Row = tuple[str | int | Figure, ...]


def quoted(
    panel: Panel, what: Outcomes, rows: Sequence[Row]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sentences and notes on rows of the table of rates."""
    said: list[str] = []
    for k in what.shown[:MOST]:
        of_this = [row for row in rows if row[0] == what.names[k]]
        said += _of_one(panel, what, of_this)
    gold = panel.gold
    if gold is None or not gold.G:
        return (*said, *((JUDGES_WORD,) if rows else ())), ()
    notes = [
        "Raw rates and the correction of Rogan and Gladen are of the items that the judge has a "
        "verdict on; prediction-powered rates are of all items, and a judge without a vote on an "
        "item is taken there to say what it says on average.",
        "Where gold labels are, the consensus is taken from fits that did not see them.",
    ]
    if gold.chosen is None:
        notes.append(
            "Gold was taken for drawn at random from the items: where it was picked otherwise, no "
            "corrected rate holds."
        )
    if what.unit[0] == "pair" and what.flipped is None:
        notes.append(
            "A win rate is that of the response listed first: who wrote the two is unknown, or "
            "pairs are of several writers."
        )
    return tuple(said), tuple(notes)


def _of_one(panel: Panel, what: Outcomes, rows: Sequence[Row]) -> list[str]:
    named = {str(row[1]): row for row in rows if isinstance(row[2], Figure) and _has(row[2])}
    head = next((named[who] for who in (CONSENSUS, MAJORITY) if who in named), None)
    head = head if head is not None else next(iter(named.values()), None)
    if head is None:
        return []
    name, who, raw, best = str(head[0]), str(head[1]), head[2], head[4]
    whose = f"the {who}" if who in (CONSENSUS, MAJORITY) else who
    told = f'By {whose} the verdict is "{name}" in {_percent(raw)} of the {what.unit[1]}'
    if isinstance(best, Figure) and best.value is not None and panel.gold is not None:
        told += (
            f"; corrected by {plural(panel.gold.G, 'gold label')} it is {_percent(best)} of all "
            f"{panel.votes.I:,}: quote this one{_off(raw, best)}"
        )
    judges = [one for who, one in named.items() if who not in (CONSENSUS, MAJORITY)]
    return [f"{told}.", *_apart(judges)]


def _apart(judges: Sequence[Row]) -> list[str]:
    if len(judges) < 2:
        return []
    order = sorted(judges, key=lambda row: (_value(row[2]), str(row[1])))
    low, high = order[0], order[-1]
    return [
        f"Judge by judge it is between {percent(_value(low[2]))} ({low[1]}) and "
        f"{percent(_value(high[2]))} ({high[1]})."
    ]


def _off(raw: str | int | Figure, best: Figure) -> str:
    if best.low is None or best.high is None:
        return ""
    if _value(raw) > best.high:
        return " (the uncorrected rate is too high)"
    return " (the uncorrected rate is too low)" if _value(raw) < best.low else ""


def _has(figure: Figure) -> bool:
    return figure.value is not None


def _value(cell: str | int | Figure) -> float:
    return cell.value if isinstance(cell, Figure) and cell.value is not None else 0.0


def _percent(cell: str | int | Figure) -> str:
    return percent(cell) if isinstance(cell, Figure) else ""
