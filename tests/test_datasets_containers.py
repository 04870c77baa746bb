"""The same rows come back from every container; what a file is called does not matter."""

import datetime as dt
import decimal
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_judge.datasets import Row, Source, read, recognise
from w2s_judge.types import Item, Response

Rows = list[dict[str, Any]]


def lines(rows: Rows, ascii_only: bool = True) -> bytes:
    text = "".join(json.dumps(row, ensure_ascii=ascii_only) + "\n" for row in rows)
    return text.encode()


def parquet(rows: Rows) -> bytes:
    table = pa.Table.from_pylist(rows)
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=3)
    return sink.getvalue()


def zstd_in_frames(data: bytes) -> bytes:
    """Two frames with a skippable one before them, as parallel writers leave them."""
    half = len(data) // 2
    skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"
    return skippable + zstandard.compress(data[:half]) + zstandard.compress(data[half:])


WRITERS: dict[str, tuple[str, str | None, Callable[[Rows], bytes]]] = {
    "jsonl": ("jsonl", None, lines),
    "jsonl in UTF-8": ("jsonl", None, lambda rows: lines(rows, ascii_only=False)),
    "list": ("json-list", None, lambda rows: json.dumps(rows).encode()),
    "indented list": ("json-list", None, lambda rows: json.dumps(rows, indent=1).encode()),
    "jsonl.gz": ("jsonl", "gzip", lambda rows: gzip.compress(lines(rows))),
    "jsonl.gz in members": (
        "jsonl",
        "gzip",
        lambda rows: b"".join(gzip.compress(lines([row])) for row in rows) + b"\0" * 7,
    ),
    "list.gz": ("json-list", "gzip", lambda rows: gzip.compress(json.dumps(rows).encode())),
    "jsonl.zst": ("jsonl", "zstd", lambda rows: zstandard.compress(lines(rows))),
    "jsonl.zst in frames": ("jsonl", "zstd", lambda rows: zstd_in_frames(lines(rows))),
    "list.zst": ("json-list", "zstd", lambda rows: zstandard.compress(json.dumps(rows).encode())),
    "parquet": ("parquet", None, parquet),
}

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
records = st.fixed_dictionaries(
    {
        "id": st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
            lambda name: name.strip() != ""
        ),
        "prompt": text,
        "response": text.filter(lambda value: value.strip() != ""),
        "model": st.none() | st.just("phi-2"),
        "rank": st.integers(-(2**63), 2**63 - 1),
        "note": st.none() | text,
    }
)


@pytest.mark.parametrize("name", WRITERS)
@settings(deadline=None, max_examples=40)
@given(rows=st.lists(records, min_size=1, max_size=8))
def test_rows_come_back_from_every_container(
    tmp_path_factory: pytest.TempPathFactory, name: str, rows: Rows
) -> None:
    container, compression, write = WRITERS[name]
    path = tmp_path_factory.getbasetemp() / "outputs"
    path.write_bytes(write(rows))
    source = recognise(path)
    assert (source.container, source.compression) == (container, compression)
    read_back = [row.item for row in read(source) if isinstance(row, Row)]
    assert read_back == [
        Item(
            row["id"],
            row["prompt"],
            (Response(row["response"], row["model"]),),
            meta={"rank": row["rank"], "note": row["note"]},
        )
        for row in rows
    ]


@settings(deadline=None, max_examples=200)
@given(
    values=st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | text,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
            max_leaves=8,
        ),
        min_size=1,
        max_size=6,
    ),
    indent=st.none() | st.integers(0, 3),
    piece=st.integers(1, 9),
)
def test_a_list_is_cut_where_json_cuts_it(
    values: list[Any], indent: int | None, piece: int
) -> None:
    """Whatever the elements are, and wherever the pieces of the file end."""
    from w2s_judge.datasets.jsonlist import elements

    for ascii_only in (True, False):
        data = (" \n" + json.dumps(values, indent=indent, ensure_ascii=ascii_only)).encode()
        cut = (data[k : k + piece] for k in range(0, len(data), piece))
        found = list(elements(cut))
        assert [json.loads(element) for _, element, _ in found] == values
        assert [row for row, _, _ in found] == list(range(1, len(values) + 1))
        for _, element, line in found:
            assert data.count(b"\n", 0, data.index(element)) + 1 <= line


@settings(deadline=None, max_examples=200)
@given(data=st.text("ab \n\r", max_size=40).map(str.encode), piece=st.integers(1, 5))
def test_lines_are_cut_wherever_the_pieces_end(data: bytes, piece: int) -> None:
    from w2s_judge.datasets.jsonlines import lines as split

    cut = (data[k : k + piece] for k in range(0, len(data), piece))
    assert list(split(cut)) == [
        (number, line) for number, line in enumerate(data.split(b"\n"), 1) if line.strip()
    ]


def test_a_wrong_ending_does_not_matter(tmp_path: Path) -> None:
    rows: Rows = [{"prompt": "p", "response": "r"}]
    for name, (_, _, write) in WRITERS.items():
        path = tmp_path / "outputs.txt"
        path.write_bytes(write(rows))
        assert len(list(read(recognise(path)))) == 1, name


def test_a_path_may_be_text(tmp_path: Path) -> None:
    path = tmp_path / "outputs.jsonl"
    path.write_bytes(lines([{"prompt": "p", "response": "r"}]))
    source = recognise(str(path))
    assert source == Source(
        path, "jsonl", None, "plain", {"prompt": ("prompt",), "response": ("response",)}
    )
    assert source.unit == "line"


def test_rows_of_a_list_or_parquet_are_counted_as_rows(tmp_path: Path) -> None:
    path = tmp_path / "outputs"
    for name in ("indented list", "parquet"):
        path.write_bytes(WRITERS[name][2]([{"prompt": "p", "response": "r"}] * 3))
        source = recognise(path)
        assert source.unit == "row"
        rows = [row for row in read(source) if isinstance(row, Row)]
        assert [row.line for row in rows] == [1, 2, 3]
        assert [row.item.id for row in rows] == ["1", "2", "3"]


def test_parquet_nests(tmp_path: Path) -> None:
    path = tmp_path / "outputs"
    chat = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]
    path.write_bytes(parquet([{"messages": chat}]))
    (row,) = read(recognise(path))
    assert isinstance(row, Row)
    assert row.item.responses == (Response("ho"),)
    path.write_bytes(
        parquet([{"prompt": "p", "responses": [{"text": "a", "model": "m"}, {"text": "b"}]}])
    )
    (row,) = read(recognise(path))
    assert isinstance(row, Row)
    assert row.item.responses == (Response("a", "m"), Response("b"))


def test_parquet_values_become_what_json_has(tmp_path: Path) -> None:
    path = tmp_path / "outputs"
    when = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)
    row = {
        "prompt": "p",
        "response": "r",
        "when": when,
        "day": when.date(),
        "price": decimal.Decimal("1.50"),
        "raw": b"\xff\x00",
        "none": float("nan"),
        "score": 0.25,
        "nested": {"list": [float("inf"), 1.0], "flag": True},
    }
    path.write_bytes(parquet([row]))
    (read_back,) = read(recognise(path))
    assert isinstance(read_back, Row)
    assert read_back.item.meta == {
        "when": "2026-11-22T09:30:00+00:00",
        "day": "2026-11-22",
        "price": "1.50",
        "raw": "/wA=",
        "none": None,
        "score": 0.25,
        "nested": {"list": [None, 1.0], "flag": True},
    }
    json.dumps(read_back.item.meta, allow_nan=False)


def test_a_bad_parquet_row_is_set_aside_as_json(tmp_path: Path) -> None:
    path = tmp_path / "outputs"
    path.write_bytes(parquet([{"prompt": "p", "response": "r"}, {"prompt": "p", "response": None}]))
    _, bad = read(recognise(path), skip_bad=True)
    assert not isinstance(bad, Row)
    assert (bad.line, bad.unit) == (2, "row")
    assert json.loads(bad.raw) == {"prompt": "p", "response": None}
