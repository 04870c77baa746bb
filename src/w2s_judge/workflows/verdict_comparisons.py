"""The consensus on pairs of responses, as comparisons by one rater."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from w2s_judge.comparisons import Comparisons


def comparisons_of(
    rows: Iterable[Mapping[str, Any]], classes: Sequence[str], worth: Sequence[float]
) -> Comparisons:
    """One comparison a pair that has a mass; all responses that were to be compared are objects.

    `rows` are a consensus on pairs: `item`, `responses`, `mass`; worth (C,) is the first response's
    utility, above .5 where it is the better. Nothing was shown first: both orders are in the mass.
    """
    table = [(row["item"], *row["responses"], row["mass"]) for row in rows]
    ends = [(item, place) for item, a, b, _ in table for place in (a, b)]
    number = {end: k for k, end in enumerate(sorted(set(ends), key=_in_order(ends)))}
    question = {item: q for q, item in enumerate(dict.fromkeys(item for item, *_ in table))}
    told = [row for row in table if row[3] is not None]
    mass = np.array([[row[3][name] for name in classes] for row in told], dtype=np.float64)
    mass = mass.reshape(len(told), len(classes))
    value = np.asarray(worth, dtype=np.float64)
    sides = (value > 0.5, value == 0.5, value < 0.5)
    outcome = np.stack([mass[:, side].sum(axis=1) for side in sides], axis=1)
    return Comparisons(
        objects=tuple(str(place) for _, place in number),
        question=np.array([question[item] for item, _ in number], dtype=np.int32),
        questions=tuple(question),
        raters=("consensus",),
        left=np.array([number[item, a] for item, a, _, _ in told], dtype=np.int32),
        right=np.array([number[item, b] for item, _, b, _ in told], dtype=np.int32),
        rater=np.zeros(len(told), dtype=np.int32),
        outcome=outcome / outcome.sum(axis=1, keepdims=True) if told else outcome,
        group=np.array([question[row[0]] for row in told], dtype=np.int32),
        ordered=False,
    )


def _in_order(ends: Sequence[tuple[str, int]]) -> Any:
    """Items in their order, their responses by position."""
    first: dict[str, int] = {}
    for k, (item, _) in enumerate(ends):
        first.setdefault(item, k)
    return lambda end: (first[end[0]], end[1])
