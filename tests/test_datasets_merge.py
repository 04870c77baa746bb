"""Rows that share a prompt id become one item, whatever their number, and nothing is lost."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.datasets import merge
from w2s_judge.types import Item, Message, Response


def item(*texts: str, meta: dict[str, object] | None = None, **changed: str | None) -> Item:
    return Item(
        changed.get("id") or "q1",
        changed.get("prompt") or "p",
        tuple(Response(text) for text in texts),
        changed.get("reference"),
        changed.get("task"),
        meta or {},
    )


def test_responses_are_appended_in_order() -> None:
    merged = merge(merge(item("a"), item("b", "c")), item("a"))
    assert [one.text for one in merged.responses] == ["a", "b", "c", "a"]
    assert merged.meta == {}


def test_neither_item_is_changed() -> None:
    into, other = item("a", meta={"id": "1"}), item("b", meta={"id": "2"})
    merge(into, other)
    assert (into, other) == (item("a", meta={"id": "1"}), item("b", meta={"id": "2"}))


def test_the_columns_of_every_row_are_kept() -> None:
    rows = [item("a", meta={"id": "1"}), item("b", "c", meta={"id": "2"}), item("d")]
    merged = merge(merge(rows[0], rows[1]), rows[2])
    merged = merge(merged, item("e", meta={"id": "3"}))
    assert merged.meta == {
        "id": "1",
        "merged_rows": [
            {"first_response": 1, "meta": {"id": "2"}},
            {"first_response": 4, "meta": {"id": "3"}},
        ],
    }


def test_columns_that_are_the_same_in_every_row_are_kept_once() -> None:
    meta: dict[str, object] = {"topic": "law"}
    assert merge(item("a", meta=meta), item("b", meta=meta)).meta == meta


@given(st.lists(st.dictionaries(st.sampled_from("xyz"), st.integers(0, 2)), min_size=2, max_size=5))
def test_a_store_in_between_changes_nothing(metas: list[dict[str, object]]) -> None:
    """The meta may go through JSON between two merges, as in a store."""
    rows = [item(str(k), meta=meta) for k, meta in enumerate(metas)]
    straight = stored = rows[0]
    for row in rows[1:]:
        straight = merge(straight, row)
        kept = json.loads(json.dumps(stored.meta))
        stored = merge(Item(stored.id, stored.prompt, stored.responses, meta=kept), row)
    assert straight == stored


@pytest.mark.parametrize("what", ["prompt", "reference", "task"])
def test_rows_that_disagree_are_refused(what: str) -> None:
    with pytest.raises(ValueError, match=f"'q1' stands for two different {what}s"):
        merge(item("a", **{what: "one"}), item("b", **{what: "another"}))


def test_a_reference_in_one_row_alone_is_a_disagreement() -> None:
    with pytest.raises(ValueError, match="two different references"):
        merge(item("a"), item("b", reference="because"))


def test_chat_prompts_are_compared_turn_by_turn() -> None:
    chat = (Message("user", "hi"),)
    one = Item("q1", chat, (Response("a"),))
    assert len(merge(one, Item("q1", (Message("user", "hi"),), (Response("b"),))).responses) == 2
    with pytest.raises(ValueError, match="two different prompts"):
        merge(one, Item("q1", "hi", (Response("b"),)))


def test_other_items_are_not_merged() -> None:
    with pytest.raises(ValueError, match="'q1' and 'q2' are not the same item"):
        merge(item("a"), item("b", id="q2"))
