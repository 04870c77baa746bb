"""The run folder: staging, order, the journal's books, what a reader sees."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.datasets import merge
from w2s_judge.errors import RunFolderError
from w2s_judge.store import folder as folders
from w2s_judge.store.items import Misfit, blocks, from_body, shuffle_key, stage, to_body
from w2s_judge.store.journal import Attempt, Journal, storable
from w2s_judge.store.schema import connect
from w2s_judge.store.shapes import staged
from w2s_judge.types import Item, Message, Response

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)


def db_at(path):
    return connect(path / "run.db")


def raising(misfit):
    raise misfit


def items(count, **more):
    return [(Item(f"i{k}", "Q", (Response(f"R{k}"),), **more), False, k + 1) for k in range(count)]


@given(TEXT, TEXT, st.lists(TEXT, min_size=1, max_size=3), st.none() | TEXT, st.none() | TEXT)
def test_an_item_comes_back_as_it_was(name, prompt, texts, reference, task):
    responses = tuple(Response(text, "m", None) for text in texts)
    for asked in (prompt, (Message("user", prompt),)):
        item = Item(name, asked, responses, reference, task, {"k": [1, {"x": None}]})
        assert from_body(name, task, to_body(item)) == item


@given(st.integers(), TEXT)
def test_a_place_in_the_order_fits_sqlite(seed, name):
    assert 0 <= shuffle_key(seed, name) < 2**63


def test_every_item_comes_once_whatever_the_block(tmp_path):
    db = db_at(tmp_path)
    stage(db, items(50), seed=3, merge=merge, misfit=raising)
    orders = [
        [item.id for block in blocks(db, size) for _, item in block] for size in (1, 7, 50, 99)
    ]
    assert all(order == orders[0] for order in orders)
    assert sorted(orders[0]) == sorted(f"i{k}" for k in range(50))
    assert orders[0] != [f"i{k}" for k in range(50)]


def test_a_failure_leaves_what_was_staged(tmp_path):
    db = db_at(tmp_path)
    stage(db, items(3), seed=0, merge=merge, misfit=raising)
    with pytest.raises(Misfit):
        stage(db, items(2) + items(1), seed=0, merge=merge, misfit=raising)
    assert staged(db).items == 3


def test_rows_of_one_prompt_become_one_item(tmp_path):
    db = db_at(tmp_path)
    rows = [(Item("p", "Q", (Response(f"R{k}", "gpt-4o"),)), True, k) for k in range(3)]
    stage(db, rows, seed=0, merge=merge, misfit=raising)
    ((_, item),) = next(blocks(db, 9))
    assert [one.text for one in item.responses] == ["R0", "R1", "R2"]
    assert item.responses[0].family == "gpt"


def attempt(counted):
    return Attempt(b"k" * 16, 1, "t", 0.1, None, 1, 1, None, counted)


def test_a_session_that_ended_counts_what_it_made_one_that_did_not_its_lease(tmp_path):
    db = db_at(tmp_path)
    journal = Journal(db, lambda: "t")
    journal.lease(64, 6.4)
    journal.attempt(attempt(0.1))
    journal.close()
    assert Journal(db, lambda: "t").before.calls == 1
    killed = Journal(db, lambda: "t")
    killed.lease(64, 6.4)
    killed.attempt(attempt(0.1))
    killed.flush()
    after = Journal(db, lambda: "t").before
    assert (after.calls, after.usd) == (65, pytest.approx(6.5))


def test_a_lone_surrogate_is_storable():
    assert storable("a\ud83d") == "a?"
    assert storable(None) is None
    assert storable("ä") == "ä"


def test_a_database_of_another_schema_is_refused(tmp_path):
    db_at(tmp_path).close()
    with sqlite3.connect(tmp_path / "run.db") as db:
        db.execute("UPDATE facts SET value = '99' WHERE name = 'schema'")
    db.close()
    with pytest.raises(RunFolderError, match="schema 99"):
        db_at(tmp_path)
    (tmp_path / "no.db").write_text("this is no database, whatever its name says, it is a text")
    with pytest.raises(RunFolderError, match="cannot be read"):
        connect(tmp_path / "no.db")


def test_a_file_takes_its_place_only_when_it_is_whole(tmp_path):
    target = tmp_path / "x.json"
    folders.write_json(target, {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        folders.write_json(target, {"a": float("nan")})
    assert target.read_text() == '{\n  "a": 1\n}\n'
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.json"]


def test_one_holder_at_a_time(tmp_path):
    with (
        folders.held(tmp_path),
        pytest.raises(RunFolderError, match="another w2s-judge"),
        folders.held(tmp_path),
    ):
        pass
    with folders.held(tmp_path):
        pass
