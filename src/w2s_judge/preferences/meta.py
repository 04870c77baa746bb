"""Our columns on a row: what it rests on, beside what the trainer reads.

Trainers drop columns that they do not know, but not all do, and `label`, `prompt` or `margin` are
known to some. In the trainer's own file ours therefore start with `w2s_`; in a side-car, line by
line beside it, they have their plain names.

An unknown model is null in the side-car and "" in a column: readers type a column by its first
megabytes, and one of nulls alone cannot hold a name later.
"""

from __future__ import annotations

from typing import TypeAlias

from w2s_judge.types import Preference, Rated

PREFIX = "w2s_"

Meta: TypeAlias = dict[str, object]


def meta_of(source: Preference | Rated) -> Meta:
    """Provenance and confidence as plain JSON values, the same keys for every row of a kind."""
    shared: Meta = {
        "item": source.item,
        "p": float(source.p),
        "votes": source.votes,
        "dissent": float(source.dissent),
        "rubric": source.rubric,
        "method": source.method,
        "calibration": source.calibration,
        "judges": list(source.judges),
    }
    if isinstance(source, Preference):
        shared["tie"] = float(source.tie)
        shared["margin"] = float(source.margin)
        shared["places"] = list(source.places)
        shared["models"] = list(source.models)
    else:
        shared["desirable"] = source.desirable
        shared["place"] = source.place
        shared["model"] = source.model
    return shared


def prefixed(meta: Meta) -> Meta:
    """The same under names that no trainer reads, and without null."""
    return {PREFIX + key: _filled(value) for key, value in meta.items()}


def _filled(value: object) -> object:
    if isinstance(value, list):
        return ["" if one is None else one for one in value]
    return "" if value is None else value
