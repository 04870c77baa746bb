"""The items that a panel is most divided on, with texts where the source has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from w2s_judge.audit.audited import Cast, Contested
from w2s_judge.audit.divided import divided, most_divided
from w2s_judge.audit.panel import Panel
from w2s_judge.ledger import Ledger
from w2s_judge.store.run import Run
from w2s_judge.store.said import Said
from w2s_judge.types import Item
from w2s_judge.votes import VoteMatrix

CUT = 4_000  # characters of a text that are kept
SHARE = 1e-6  # mass below which a label is not named


def contested(panel: Panel, cast: VoteMatrix, source: Path, most: int) -> tuple[Contested, ...]:
    """At most `most` items, the most divided first; () where no two judges voted on one.

    `cast` are the votes as they were given, which the panel may have put on another scale.
    """
    measure = divided(panel.judged, panel.utility)
    chosen = most_divided(measure, most).tolist()
    if source.is_dir():
        with closing(Run(source)) as run:
            names = [panel.votes.items[i] for i in chosen]
            said = {one.item.id: one for one in run.said_of(panel.name, names)}
        return tuple(
            _of_run(panel, i, float(measure[i]), said[panel.votes.items[i]])
            for i in chosen
            if panel.votes.items[i] in said
        )
    casts = _casts(cast, panel.ledger, chosen)
    return tuple(_of_file(panel, i, float(measure[i]), casts[i]) for i in chosen)


def cut(text: str | None, most: int = CUT) -> str | None:
    """The beginning of a text, and how much more there is of it."""
    if text is None or len(text) <= most:
        return text
    return f"{text[:most]} … {len(text) - most:,} characters more"


def _of_run(panel: Panel, i: int, measure: float, said: Said) -> Contested:
    places = () if panel.votes.positions is None else tuple(panel.votes.positions[i].tolist())
    texts = tuple(cut(said.item.responses[k].text) or "" for k in places)
    lines = (line for line in said.lines if tuple(line["responses"]) == places)
    return Contested(
        said.item.id, places, cut(_prompt(said.item)), texts, _posterior(panel, i),
        _gold(panel, i), measure, tuple(_cast(line) for line in lines), said.item.task,
    )  # fmt: skip


def _prompt(item: Item) -> str:
    if isinstance(item.prompt, str):
        return item.prompt
    return "\n\n".join(f"{turn.role}: {turn.content}" for turn in item.prompt)


def _cast(line: Mapping[str, Any]) -> Cast:
    return Cast(
        line["judge"], line["order"], line["variant"], _named((line["mass"] or {}).items()),
        line["abstained"], cut(line["reasoning"]), cut(line["raw"]), line["read"],
    )  # fmt: skip


def _named(mass: Iterable[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    return tuple((name, float(share)) for name, share in mass if share > SHARE)


def _posterior(panel: Panel, i: int) -> tuple[tuple[str, float], ...]:
    """What the consensus says: of a gold item, from a fit that did not see its label."""
    if panel.consensus.calibration == "uncalibrated":
        return ()
    row, at = panel.consensus.posterior[i], _row_of(panel, i)
    if at is not None:
        if panel.held is None:
            return ()
        row = panel.held[at]
    return tuple(zip(panel.consensus.classes, row.tolist(), strict=True))


def _row_of(panel: Panel, i: int) -> int | None:
    """The row of an item among the gold labels."""
    if panel.gold is None:
        return None
    found = np.flatnonzero(panel.gold.item == i)
    return int(found[0]) if len(found) else None


def _gold(panel: Panel, i: int) -> str | None:
    at = _row_of(panel, i)
    return None if at is None or panel.gold is None else panel.gold.classes[panel.gold.label[at]]


def _casts(votes: VoteMatrix, ledger: Ledger, chosen: list[int]) -> dict[int, list[Cast]]:
    """By item, the votes and abstentions of a file."""
    casts: dict[int, list[Cast]] = {i: [] for i in chosen}
    names = votes.raters if votes.judge is None else votes.judge
    orders = votes.order or (None,) * votes.J
    for v in np.flatnonzero(np.isin(votes.item, chosen)).tolist():
        j = int(votes.rater[v])
        row = np.eye(votes.L)[votes.label[v]] if votes.label is not None else votes.soft()[v]
        mass = _named(zip(votes.labels, row.tolist(), strict=True))
        casts[int(votes.item[v])].append(Cast(names[j], orders[j], "base", mass))
    for k in np.flatnonzero(np.isin(ledger.item, chosen)).tolist():
        j = int(ledger.rater[k])
        why = ledger.reasons[int(ledger.reason[k])]
        casts[int(ledger.item[k])].append(Cast(names[j], orders[j], "base", (), why))
    return casts


def _of_file(panel: Panel, i: int, measure: float, casts: list[Cast]) -> Contested:
    places = () if panel.votes.positions is None else tuple(panel.votes.positions[i].tolist())
    return Contested(
        panel.votes.items[i], places, None, (), _posterior(panel, i), _gold(panel, i), measure,
        tuple(casts),
    )  # fmt: skip
