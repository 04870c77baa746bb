"""Rates that people quote, as the judges have them and with the judges' errors taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Column, Figure, Part, Table
from w2s_judge.audit.prompt_sums import Corrected, Prompts
from w2s_judge.audit.rates.outcomes import Outcomes, outcomes
from w2s_judge.audit.rates.prediction_powered import (
    prediction_powered,
    prediction_powered_rows,
    silent_as_mean,
)
from w2s_judge.audit.rates.quoted import quoted
from w2s_judge.audit.rates.rogan_gladen import rogan_gladen, rogan_gladen_rows
from w2s_judge.audit.rates.voices import Voice, consensus_voice, judge_voices
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.spoken import plural
from w2s_judge.gold import Gold
from w2s_judge.ranking.percentiles import FEWEST

COLUMNS = (
    Column("what", "Verdict"),
    Column("who", "Whose"),
    Column("raw", "Says so", "share"),
    Column("rogan_gladen", "Corrected for its errors (Rogan-Gladen)", "share"),
    Column("prediction_powered", "Corrected, of all items (prediction-powered)", "share"),
    Column("sensitivity", "Says so where it is so", "share"),
    Column("specificity", "Does not where it is not", "share"),
    Column("gold", "Gold labels with a verdict", "count"),
)
MEANING = (
    "How often this verdict is given, and how often it would be right to give it. The first "
    "correction is for the items that the judge has a verdict on; the second is for all items, "
    "holds whatever the judge is worth and whatever it is silent on, and is the one to quote."
)
NO_GOLD = "there are no gold labels to correct it by"
NO_VOTE = "it has no votes"
BLIND = (
    "on gold it does not tell the two kinds apart beyond chance: the interval of sensitivity + "
    "specificity - 1 is not wholly above 0"
)


@dataclass(frozen=True, eq=False, slots=True)
class Known:
    """Gold as outcomes.

    item, label, weight : (G,) each
    of_item             : (I,) weight of each item's label, 0 where there is none
    """

    item: Ints
    label: Ints
    weight: Floats
    of_item: Floats

    @classmethod
    def of(cls, gold: Gold, what: Outcomes, items: int) -> Known:
        """The labels of gold among I items."""
        of_item = np.zeros(items)
        of_item[gold.item] = gold.weight
        return cls(gold.item, what.label(gold.item, gold.label), gold.weight, of_item)


def rates(panel: Panel, resample: Resample) -> Part:
    """The part "rates": raw, Rogan-Gladen and prediction-powered rates by judge; no tests."""
    speakers, notes = judge_voices(panel)
    classes = panel.judged.truth_with(panel.gold).classes
    together = consensus_voice(panel)
    if together is None:
        notes.append("The consensus only ranks: it has no rates.")
    elif panel.consensus.classes != classes:
        notes.append("The consensus is over other classes than the votes: it has no rates.")
    else:
        speakers.append(together)
    what = outcomes(panel, classes)
    gold = panel.gold if panel.gold is not None and panel.gold.G else None
    known = None if gold is None else Known.of(gold, what, panel.votes.I)
    prompts = Prompts.of(panel.votes.group)
    of_voice = [_rows(voice, what, known, resample, prompts) for voice in speakers]
    rows = tuple(row for k in range(len(what.shown)) for row in (mine[k] for mine in of_voice))
    title = "How often each verdict is given"
    table = Table("rates", title, MEANING, COLUMNS, tuple(_put_inside(row) for row in rows))
    outside = sum(_outside(row) for row in rows)
    if outside:
        notes.append(
            "By chance a corrected rate can come out below 0 or above 1; it is then shown as 0 or "
            f"1: this happened to {plural(outside, 'rate')}."
        )
    said, more = quoted(panel, what, rows)
    return Part("rates", "Rates to quote", said, (table,) if rows else (), (), (*notes, *more))


def _rows(
    voice: Voice, what: Outcomes, known: Known | None, resample: Resample, prompts: Prompts
) -> list[tuple[str | int | Figure, ...]]:
    """A row for each outcome that is shown."""
    items = len(prompts.member)
    said = np.full(items, -1, dtype=np.int32)
    said[voice.item] = voice.verdict(what)
    mass = what.mass(voice.item, voice.mass)
    heard = said >= 0
    spoken = np.flatnonzero(heard)
    rows: list[tuple[str | int | Figure, ...]] = []
    for k in what.shown:
        hit = (said == k).astype(np.float64)
        raw = resample.share(spoken, hit[spoken])
        guess, has = np.zeros(items), np.zeros(items, dtype=np.bool_)
        guess[voice.item], has[voice.item] = mass[:, k], True
        why = _no_correction(voice, known)
        if known is None or why:
            none = Figure(None, why=why)
            count = 0 if known is None else int(heard[known.item].sum())
            rows.append((what.names[k], voice.name, raw, none, none, none, none, count))
            continue
        truth = np.zeros(items)
        truth[known.item[known.label == k]] = 1.0
        rows.append(
            (
                what.names[k],
                voice.name,
                raw,
                _rogan_gladen(hit, heard, truth, known, prompts),
                _prediction_powered(silent_as_mean(guess, has), truth, known, prompts),
                *_seen(hit, heard, known.label == k, known, resample),
                int(heard[known.item].sum()),
            )
        )
    return rows


def _no_correction(voice: Voice, known: Known | None) -> str:
    if not len(voice.item):
        return NO_VOTE
    return NO_GOLD if known is None else voice.unseen


def _seen(
    hit: Floats, heard: Bools, true: Bools, known: Known, resample: Resample
) -> tuple[Figure, Figure]:
    """Sensitivity and specificity on the gold items that have a verdict."""
    with_verdict = heard[known.item]
    found = []
    for kind, right in ((true, hit), (~true, 1 - hit)):
        rows = kind & with_verdict
        item = known.item[rows]
        found.append(resample.share(item, right[item], known.weight[rows]))
    return found[0], found[1]


def _rogan_gladen(
    hit: Floats, heard: Bools, truth: Floats, known: Known, prompts: Prompts
) -> Figure:
    labelled = known.item[heard[known.item]]
    sums = prompts.sums(rogan_gladen_rows(hit, heard, truth, known.of_item), labelled)
    n, seen = len(labelled), int(sums.labelled)
    true = int(truth[labelled].sum())
    why = BLIND
    if not 0 < true < n:
        kind = "none" if not true else "all"
        why = f"of the {n} gold labels with a verdict {kind} are of this kind"
    elif seen < FEWEST:
        why = f"gold labels with a verdict are from fewer than {FEWEST} prompts"
    if seen < FEWEST:
        return Figure(None, n=n, prompts=seen, why=why)
    return _figure(rogan_gladen(sums), n, seen, why)


def _prediction_powered(guess: Floats, truth: Floats, known: Known, prompts: Prompts) -> Figure:
    sums = prompts.sums(prediction_powered_rows(guess, truth, known.of_item), known.item)
    n, seen = len(known.item), int(sums.labelled)
    found, _ = prediction_powered(sums)
    if seen < FEWEST:
        told = f"no interval from fewer than {FEWEST} prompts with gold labels"
        return Figure(float(found.value), n=n, prompts=seen, why=told)
    return _figure(found, n, seen, "")


def _figure(found: Corrected, n: int, prompts: int, why: str) -> Figure:
    if not np.isfinite(found.value):
        return Figure(None, n=n, prompts=prompts, why=why)
    return Figure(float(found.value), float(found.low), float(found.high), n, prompts)


def _outside(row: tuple[str | int | Figure, ...]) -> int:
    values = [one.value for one in row if isinstance(one, Figure) and one.value is not None]
    return sum(not 0 <= value <= 1 for value in values)


def _put_inside(row: tuple[str | int | Figure, ...]) -> tuple[str | int | Figure, ...]:
    return tuple(_inside(one) if isinstance(one, Figure) else one for one in row)


def _inside(figure: Figure) -> Figure:
    if figure.value is None or 0 <= figure.value <= 1:
        return figure
    value = min(max(figure.value, 0.0), 1.0)
    return Figure(value, figure.low, figure.high, figure.n, figure.prompts, figure.why)
