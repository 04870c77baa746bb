"""What a cascade would take: the pilot exactly, the rest as a range, or as its plan expects."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from w2s_judge.store import folder as folders
from w2s_judge.store import manifest as manifests
from w2s_judge.store.schema import connect
from w2s_judge.workflows.cascade_options import CascadeJob
from w2s_judge.workflows.cascade_prices import expected_prices, in_dollars, mixed
from w2s_judge.workflows.cascade_setup import standings
from w2s_judge.workflows.cascade_standing import Standing
from w2s_judge.workflows.cascade_things import Longs
from w2s_judge.workflows.gold import GoldFile

if TYPE_CHECKING:
    from w2s_judge.workflows.score import Prepared


def cascade_estimate(
    prepared: Prepared,
    cascade: CascadeJob,
    labels: GoldFile,
    folder: Path,
    sizes: Mapping[str, float],
) -> dict[str, Any]:
    """By rubric; `sizes` are mean bytes of a question. Prices are as a plan's, per thing judged.

    Raises what `score` would raise before its first call.
    """
    found = standings(prepared, cascade, labels, _manifest(folder))
    return {
        name: _rubric(prepared, one, cascade, sizes.get(name, 0.0)) for name, one in found.items()
    }


def _manifest(folder: Path) -> dict[str, Any]:
    if not (folder / folders.DATABASE).is_file():
        return {}
    with closing(connect(folder / folders.DATABASE, read_only=True)) as db:
        return manifests.load(db)


def _rubric(prepared: Prepared, one: Standing, cascade: CascadeJob, size: float) -> dict[str, Any]:
    given, planned = cascade.given, one.planned
    prices = expected_prices(one.things, prepared.seats, size, {})
    return {
        "unit": one.things.unit,
        "gold": len(one.pilot),
        "outside": int(one.outside.sum()),
        "pilot": _of(one, one.pilot, prices, given),
        "outside_at_most": _of(one, np.flatnonzero(one.outside), prices, given),
        "expected_price": None if planned is None else planned.price,
        "full_price": None if planned is None else planned.learned.full_price,
        "prices": {**prices, **given},
        "dollars": in_dollars(one.source.prices),
        "mixed": mixed(one.source.prices),
    }


def _of(
    one: Standing, among: Longs, prices: Mapping[str, float], given: Mapping[str, float]
) -> dict[str, Any]:
    """Calls and dollars of asking all judges about some things, and its price as it was given."""
    counts = dict(zip(one.things.judges, one.things.may[among].sum(axis=0).tolist(), strict=True))
    return {
        "calls": sum(one.things.questions(among).values()),
        "usd": sum(price * counts[name] for name, price in prices.items()),
        "price": sum(given.get(name, price) * counts[name] for name, price in prices.items()),
    }
