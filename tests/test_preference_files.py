"""The files of a data set: what comes back, and what is never half there."""

from __future__ import annotations

import json
import stat
import sys
import tracemalloc
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.errors import ConfigurationError, MissingExtra, UsageError
from w2s_judge.preferences import row_files
from w2s_judge.preferences.contract import WRITERS
from w2s_judge.preferences.files import dataset_files, prepare_folder
from w2s_judge.preferences.row_files import open_sink
from w2s_judge.types import Preference

KINDS = pytest.mark.parametrize("kind", ["jsonl", "parquet"])
HOSTILE = (
    "nul \0 bell \a escape \x1b[2J",
    "line\u2028separator\u2029and\x85next\x0bline\x0c\x1c\x1d\x1e",
    'quote " backslash \\ slash / newline \n return \r tab \t',
    '"}\n{"prompt": "injected',
    "",
    "\ufeff\u202eright to left\ufffe\uffff",
    "\U0001f600 e\u0301 \u0000",
)


def pair(k, chosen="yes", rejected="no", prompt="Why?"):
    return Preference(
        f"i{k}", prompt, chosen, rejected, 0.8, 0.1, 1.4, 5, 0.2, "helpful", "majority", "none",
        (0, 1), (None, "m"), ("a",),
    )  # fmt: skip


def write(folder, kind, pairs, meta="beside", style="conversational", validation=()):
    writes = WRITERS.get("trl-dpo").writes
    with dataset_files(folder, kind, meta) as files:
        for side, found in (("train", pairs), ("validation", validation)):
            for one in found:
                files.write(side, writes.row(one, style), one)
    return files


def read(path):
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    lines = path.read_bytes().split(b"\n")
    assert lines.pop() == b""
    return [json.loads(line) for line in lines]


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


@KINDS
@pytest.mark.parametrize("style", ["plain", "conversational"])
def test_rows_come_back_as_they_were(tmp_path, kind, style):
    pairs = [pair(k, a, b, c) for k, (a, b, c) in enumerate(zip(*[HOSTILE] * 3, strict=True))]
    write(tmp_path, kind, pairs, style=style)
    expected = [WRITERS.get("trl-dpo").writes.row(one, style) for one in pairs]
    assert read(tmp_path / f"train.{kind}") == expected


@given(text=st.text(max_size=40))
def test_a_json_row_is_one_line_for_whoever_splits_lines(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("one") / "x.jsonl"
    sink = open_sink(path, "jsonl")
    sink.write({"text": text})
    sink.finish()
    sink.keep()
    content = path.read_bytes().decode()
    assert content.splitlines() == [content[:-1]]
    assert json.loads(content) == {"text": text}


@KINDS
def test_half_a_surrogate_pair_becomes_a_question_mark(tmp_path, kind):
    write(tmp_path, kind, [pair(1, "cut \ud83d", "\udc00\u00e9")], style="plain")
    (found,) = read(tmp_path / f"train.{kind}")
    assert (found["chosen"], found["rejected"]) == ("cut ?", "?\u00e9")


@KINDS
def test_a_huge_row_among_small_ones(tmp_path, kind):
    huge = "x\u00e9" * (row_files.GROUP_CHARS // 2 + 7)
    write(tmp_path, kind, [pair(0), pair(1, huge), pair(2)], style="plain")
    assert [len(one["chosen"]) for one in read(tmp_path / f"train.{kind}")] == [3, len(huge), 3]


@KINDS
def test_the_side_car_goes_line_by_line_with_the_rows(tmp_path, kind):
    files = write(
        tmp_path, kind, [pair(k, f"yes {k}\u2028") for k in range(20)], validation=[pair(99)]
    )
    rows, meta = read(tmp_path / f"train.{kind}"), read(tmp_path / "train.meta.jsonl")
    assert [one["chosen"][0]["content"][4:-1] for one in rows] == [m["item"][1:] for m in meta]
    assert meta[0] == {
        "item": "i0", "p": 0.8, "votes": 5, "dissent": 0.2, "rubric": "helpful",
        "method": "majority", "calibration": "none", "judges": ["a"], "tie": 0.1, "margin": 1.4,
        "places": [0, 1], "models": [None, "m"],
    }  # fmt: skip
    assert set(rows[0]) == {"prompt", "chosen", "rejected"}
    assert files.rows == {"train": 20, "validation": 1}
    assert files.names() == (("train", f"train.{kind}"), ("validation", f"validation.{kind}"))


@KINDS
def test_our_columns_in_the_trainers_file(tmp_path, kind):
    write(tmp_path, kind, [pair(0)], meta="columns")
    (found,) = read(tmp_path / f"train.{kind}")
    assert found["w2s_p"] == 0.8
    assert found["w2s_models"] == ["", "m"]
    assert found["w2s_places"] == [0, 1]
    assert names(tmp_path) == [f"train.{kind}"]


@KINDS
def test_row_groups_have_one_type_however_the_rows_begin(tmp_path, kind):
    sink = open_sink(tmp_path / "x", kind)
    for k in range(row_files.GROUP_ROWS + 5):
        late = k >= row_files.GROUP_ROWS
        sink.write({"k": k, "name": "late" if late else None, "many": ["late"] if late else []})
    sink.finish()
    sink.keep()
    if kind == "parquet":
        assert pq.ParquetFile(tmp_path / "x").num_row_groups == 2
        found = pq.read_table(tmp_path / "x").to_pylist()
    else:
        found = read(tmp_path / "x")
    assert (found[0]["name"], found[-1]) == (None, {"k": 10_004, "name": "late", "many": ["late"]})


@KINDS
def test_a_failure_leaves_what_was_there(tmp_path, kind):
    write(tmp_path, kind, [pair(0)])
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    rows = (pair(k) if k < row_files.GROUP_ROWS + 9 else 1 / 0 for k in range(10**9))
    with pytest.raises(ZeroDivisionError):
        write(tmp_path, kind, rows)
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == before


def test_what_an_earlier_run_left_is_gone_and_without_rows_there_is_no_file(tmp_path):
    write(tmp_path, "jsonl", [pair(0)], validation=[pair(1)])
    (tmp_path / "mine.txt").write_text("kept")
    write(tmp_path, "parquet", [pair(0)], meta="none")
    assert names(tmp_path) == ["mine.txt", "train.parquet"]


def test_what_was_left_out_has_a_file_of_its_own(tmp_path):
    with dataset_files(tmp_path) as files:
        files.drop({"item": "i1", "reason": "same text"})
    assert read(tmp_path / "dropped.jsonl") == [{"item": "i1", "reason": "same text"}]
    assert (files.dropped, files.names()) == (1, ())


def test_the_files_are_their_owners_alone(tmp_path):
    write(tmp_path, "jsonl", [pair(0)])
    assert {stat.S_IMODE(entry.stat().st_mode) for entry in tmp_path.iterdir()} == {0o600}


def test_the_same_rows_give_the_same_bytes(tmp_path):
    for kind in ("jsonl", "parquet"):
        found = set()
        for _ in range(2):
            write(tmp_path, kind, [pair(k) for k in range(30)])
            found.add((tmp_path / f"train.{kind}").read_bytes())
        assert len(found) == 1


@KINDS
def test_memory_does_not_grow_with_the_rows(tmp_path, kind):
    def peak(count):
        tracemalloc.start()
        write(tmp_path, kind, (pair(k, "y" * 2000) for k in range(count)), style="plain")
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    few = peak(row_files.GROUP_ROWS if kind == "parquet" else 500)
    assert peak(3 * row_files.GROUP_ROWS if kind == "parquet" else 5000) < 1.5 * few


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"w2s-judge\[parquet\]"):
        write(tmp_path, "parquet", [pair(0)])
    assert names(tmp_path) == []


def test_a_writer_whose_rows_differ_in_their_columns_is_told(tmp_path):
    sink = open_sink(tmp_path / "x", "parquet")
    sink.write({"a": "1"})
    with pytest.raises(ConfigurationError, match="columns b follows rows with a"):
        sink.write({"b": "1"})
    sink.discard()
    assert names(tmp_path) == []


def test_a_folder_of_something_else_is_not_touched(tmp_path):
    prepare_folder(tmp_path / "new" / "deep")
    prepare_folder(tmp_path / "new" / "deep")
    (tmp_path / "new" / "deep" / "train.jsonl.part").touch()  # of a run that was killed
    prepare_folder(tmp_path / "new" / "deep")
    assert names(tmp_path / "new" / "deep") == []
    other = tmp_path / "other"
    other.mkdir()
    (other / "train.jsonl").write_text("mine")
    with pytest.raises(UsageError, match=r"no data set of ours.*another folder"):
        prepare_folder(other)
    (other / "card.json").write_text("{}")
    prepare_folder(other)
    with pytest.raises(UsageError, match="is a file"):
        prepare_folder(Path(other / "train.jsonl"))


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UsageError, match=r"train\.jsonl cannot be written: No such file"):
        write(tmp_path / "away", "jsonl", [pair(0)])
