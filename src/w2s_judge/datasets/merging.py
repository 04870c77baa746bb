"""Rows that share a prompt id become one item with several responses."""

from __future__ import annotations

from collections.abc import Sequence

from w2s_judge.datasets.columns import MERGED
from w2s_judge.datasets.rows import quoted
from w2s_judge.types import Item


def merge(into: Item, other: Item) -> Item:
    """`into` with the responses of `other` appended; neither is changed.

    Prompt, reference and task must be equal: `ValueError` says in plain text which is not, for the
    caller to add the place. The meta is that of the first row; each further row whose meta differs
    is kept in meta["merged_rows"] as {"first_response": position of its first response, "meta":
    its columns}, so that nothing is lost.
    """
    if into.id != other.id:
        raise ValueError(f"items {quoted(into.id)} and {quoted(other.id)} are not the same item")
    for what in ("prompt", "reference", "task"):
        if getattr(into, what) != getattr(other, what):
            raise ValueError(
                f"the prompt id {quoted(into.id)} stands for two different {what}s: rows that "
                f"share it must agree on the {what}"
            )
    meta = dict(into.meta)
    own = {key: value for key, value in meta.items() if key != MERGED}
    if other.meta and dict(other.meta) != own:
        entry = {"first_response": len(into.responses), "meta": dict(other.meta)}
        earlier = meta.get(MERGED)
        entries = list(earlier) if isinstance(earlier, Sequence) else []
        meta[MERGED] = [*entries, entry]
    return Item(
        into.id, into.prompt, into.responses + other.responses, into.reference, into.task, meta
    )
