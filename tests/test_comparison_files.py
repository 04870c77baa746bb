"""Comparisons from files: every format, what becomes of names, orders and ties, and back again."""

from __future__ import annotations

import csv
import gzip
import io
import json

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_judge.comparisons import Comparisons
from w2s_judge.datasets.comparison_files import read_comparisons

TABLE = (
    "left,right,judge,winner,question,weight,why\n"
    "a,b,x,a,p,1,long\nb,a,y,tie,p,2,\nc,a,x,a,p,.5,\na,b,x,b,q,3,\n"
)


@pytest.fixture
def file(tmp_path):
    """Write a text as a file; gives its path."""

    def write(text, name="comparisons.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def as_rows(text, **kinds):
    rows = csv.DictReader(io.StringIO(text))
    return [{name: kinds.get(name, str)(cell) for name, cell in row.items()} for row in rows]


@pytest.mark.parametrize("kind", ["csv", "gz", "zst", "jsonl", "list", "parquet", "tabs", "excel"])
def test_every_kind_of_file_says_the_same(file, tmp_path, kind):
    rows = as_rows(TABLE, weight=float)
    if kind == "parquet":
        pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        path = tmp_path / "any.thing"
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        text = {
            "csv": TABLE.encode(),
            "gz": gzip.compress(TABLE.encode()),
            "zst": zstandard.compress(TABLE.encode()),
            "jsonl": "".join(json.dumps(row) + "\n" for row in rows),
            "list": json.dumps(rows),
            "tabs": TABLE.replace(",", "\t"),
            "excel": b"\xef\xbb\xbf" + TABLE.replace(",", ";").replace("\n", "\r\n").encode(),
        }[kind]
        path = file(text, "any.thing")
    found = read_comparisons(path).comparisons
    assert found.objects == ("a", "b", "c", "a", "b")
    assert found.questions == ("p", "q")
    assert found.question.tolist() == [0, 0, 0, 1, 1]
    assert found.raters == ("x", "y")
    assert found.rater.tolist() == [0, 1, 0, 0]
    assert found.left.tolist() == [0, 1, 2, 3]
    assert found.right.tolist() == [1, 0, 0, 4]
    assert found.outcome.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]]
    assert found.group.tolist() == [0, 0, 0, 1]
    assert found.weight.tolist() == [1, 2, 0.5, 3]
    assert found.ordered
    assert found.uncalibrated is None


def test_without_questions_a_group_is_a_pair(file):
    text = "left,right,judge,winner\na,b,x,a\nc,a,x,a\nb,a,y,tie\na,b,x,b\nb,c,x,c\na,c,y,a\n"
    found = read_comparisons(file(text)).comparisons
    assert found.questions == ("",)
    assert found.question.tolist() == [0, 0, 0]
    assert found.objects == ("a", "b", "c")
    assert found.group.tolist() == [0, 1, 0, 0, 2, 1]
    assert found.weight is None
    one = read_comparisons(
        file(text.replace("\n", ",only\n").replace("winner,only", "winner,question"))
    )
    assert one.comparisons.questions == ("only",)
    assert one.comparisons.group.tolist() == [0, 1, 0, 0, 2, 1]


def test_an_empty_column_of_questions_is_none(file, tmp_path):
    found = read_comparisons(file("left,right,judge,winner,question\na,b,x,a,\nb,a,x,a, \n"))
    assert found.comparisons.questions == ("",)
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rows = [{"left": "a", "right": "b", "judge": "x", "winner": "b", "question": None}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "c.parquet")
    assert read_comparisons(tmp_path / "c.parquet").comparisons.questions == ("",)


def test_tie_is_told_in_any_case_and_names_to_the_letter(file):
    text = "left,right,judge,winner\na,A,x, Tie \na,A,x,A\nA, a,x, a\n"
    found = read_comparisons(file(text)).comparisons
    assert found.objects == ("a", "A", " a")
    assert found.outcome.argmax(axis=1).tolist() == [1, 2, 2]


def test_numbers_are_names(file, tmp_path):
    rows = [
        {"left": 7, "right": "8", "judge": 1, "winner": "7", "question": 3},
        {"left": "8", "right": 9, "judge": "1", "winner": 9, "question": 3},
    ]
    found = read_comparisons(file(json.dumps(rows), "c.json")).comparisons
    assert found.objects == ("7", "8", "9")
    assert found.raters == ("1",)
    assert found.questions == ("3",)
    assert found.outcome.argmax(axis=1).tolist() == [0, 2]
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    winner = pa.array(["7", "tie"]).dictionary_encode()
    table = pa.table({"left": [7, 8], "right": [8, 9], "judge": ["x", "x"], "winner": winner})
    pq.write_table(table, tmp_path / "c.parquet")
    found = read_comparisons(tmp_path / "c.parquet").comparisons
    assert found.objects == ("7", "8", "9")
    assert found.outcome.argmax(axis=1).tolist() == [0, 1]


def test_numbers_of_names_do_not_hang_on_the_kind_of_file(tmp_path):
    """A dictionary of Parquet may have an order of its own, and names that no row uses."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    names = pa.array(["unused", "b", "a", "x"])

    def column(*codes):
        return pa.DictionaryArray.from_arrays(pa.array(codes), names)

    table = pa.table(
        {"left": column(2, 1), "right": column(1, 2), "judge": column(3, 2),
         "winner": column(2, 2), "question": column(3, 1)}
    )  # fmt: skip
    pq.write_table(table, tmp_path / "c.parquet")
    found = read_comparisons(tmp_path / "c.parquet").comparisons
    assert found.objects == ("a", "b", "b", "a")
    assert found.raters == ("x", "a")
    assert found.questions == ("x", "b")


def test_a_pair_may_be_compared_again_and_again(file):
    row = "a,b,x,a\n"
    found = read_comparisons(file("left,right,judge,winner\n" + 3 * row)).comparisons
    assert found.M == 3
    assert found.outcome[:, 0].tolist() == [1, 1, 1]


def test_columns_of_votes_are_columns_like_any_other(file):
    """What only votes have is not read, and so cannot be wrong."""
    text = "left,right,judge,winner,mass:a,rubric_hash,item\na,'=b,x,a,high,,\n"
    found = read_comparisons(file(text)).comparisons
    assert found.objects == ("a", "'=b")
    rows = [{"left": "a", "right": "b", "judge": "x", "winner": "a", "mass": [1], "label": [1]}]
    assert read_comparisons(file(json.dumps(rows))).comparisons.M == 1


# --- what is said of a file


def told(file, *rows, head="left,right,judge,winner"):
    return " | ".join(read_comparisons(file("\n".join([head, *rows]))).notes)


def test_ties_and_orders_are_counted(file):
    notes = told(file, "a,b,x,a", "b,a,y,tie", "a,c,x,tie", "a,b,x,tie")
    assert "3 of 4 comparisons are ties" in notes
    assert "1 of 2 pairs were shown in both orders" in notes
    assert "one judge" not in notes
    notes = told(file, "a,b,x,a", "b,a,x,a", "c,b,x,c", "b,c,x,c")
    assert "every pair was shown in both orders" in notes
    assert "ties" not in notes
    assert "one judge: nothing tells how far it can be trusted" in notes
    notes = told(file, "a,b,x,tie", "a,c,y,tie", "a,b,y,tie")
    assert "every comparison is a tie" in notes
    assert "no pair was shown in both orders" in notes


def test_orders_are_counted_within_questions(file):
    head = "left,right,judge,winner,question"
    notes = told(file, "a,b,x,a,p", "b,a,x,a,q", head=head)
    assert "no pair was shown in both orders" in notes
    assert "4 objects have 2 names: the same name in another question is another object" in notes
    assert "names" not in told(file, "a,b,x,a,p", "c,d,x,c,q", head=head)


def test_a_column_that_may_be_meant_is_named(file):
    notes = told(file, "a,b,x,a,p,2,", head="left,right,judge,winner,qestion,wieght,comment")
    assert "the column 'qestion' is not used; is it meant as 'question'?" in notes
    assert "the column 'wieght' is not used; is it meant as 'weight'?" in notes
    assert "comment" not in notes


# --- any comparisons come back

NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1, max_size=6
).filter(lambda name: name.strip() and name.strip().casefold() != "tie")
WEIGHTS = st.floats(1e-300, 1e300, exclude_max=True)


@st.composite
def comparisons(draw):
    """Objects, judges and questions are in the order in which comparisons name them."""
    many = draw(st.booleans())
    questions = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True)) if many else [""]
    names = draw(st.lists(NAMES, min_size=2, max_size=5, unique=True))
    judges = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    pairs = st.lists(st.sampled_from(names), min_size=2, max_size=2, unique=True)
    row = st.tuples(st.sampled_from(questions), pairs, st.sampled_from(judges), st.integers(0, 2))
    rows = draw(st.lists(row, min_size=1, max_size=12))
    objects = {one: k for k, one in enumerate(dict.fromkeys(
        (question, name) for question, pair, _, _ in rows for name in pair
    ))}  # fmt: skip
    question_of = {one: k for k, one in enumerate(dict.fromkeys(row[0] for row in rows))}
    rater_of = {one: k for k, one in enumerate(dict.fromkeys(row[2] for row in rows))}
    pair_of = {one: k for k, one in enumerate(dict.fromkeys(frozenset(row[1]) for row in rows))}
    weighted = draw(st.booleans())
    group = [
        pair_of[frozenset(pair)] if len(question_of) == 1 else question_of[question]
        for question, pair, _, _ in rows
    ]
    return Comparisons(
        objects=tuple(name for _, name in objects),
        question=np.array([question_of[question] for question, _ in objects], dtype=np.int32),
        questions=tuple(question_of), raters=tuple(rater_of),
        left=np.array([objects[row[0], row[1][0]] for row in rows], dtype=np.int32),
        right=np.array([objects[row[0], row[1][1]] for row in rows], dtype=np.int32),
        rater=np.array([rater_of[row[2]] for row in rows], dtype=np.int32),
        outcome=np.eye(3)[[row[3] for row in rows]],
        group=np.array(group, dtype=np.int32),
        weight=np.array([draw(WEIGHTS) for _ in rows]) if weighted else None,
    )  # fmt: skip


def written(path, comparisons):
    optional = (["question"] if comparisons.questions != ("",) else []) + (
        ["weight"] if comparisons.weight is not None else []
    )
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(["left", "right", "judge", "winner", *optional])
        for n in range(comparisons.M):
            left, right = (
                comparisons.objects[side[n]] for side in (comparisons.left, comparisons.right)
            )
            winner = (left, "tie", right)[comparisons.outcome[n].argmax()]
            question = comparisons.questions[comparisons.question[comparisons.left[n]]]
            more = {"question": question, "weight": comparisons.weights[n]}
            writer.writerow(
                [left, right, comparisons.raters[comparisons.rater[n]], winner]
                + [more[name] for name in optional]
            )


@given(comparisons())
@settings(max_examples=150, deadline=None)
def test_any_comparisons_come_back_from_csv(tmp_path_factory, whole):
    path = tmp_path_factory.mktemp("comparisons") / "c.csv"
    written(path, whole)
    found = read_comparisons(path).comparisons
    for name in ("objects", "questions", "raters"):
        assert getattr(found, name) == getattr(whole, name)
    for name in ("question", "left", "right", "rater", "outcome", "group", "weight"):
        there, was = getattr(found, name), getattr(whole, name)
        assert (there is None) == (was is None)
        if was is not None:
            assert there.dtype == was.dtype
            assert there.tolist() == was.tolist()


def test_many_rows_in_several_batches(file):
    """Objects and pairs are the same whether they are numbered by a table or by sorting."""
    draw = np.random.default_rng(7)
    for names, rows in ((40, 9_000), (3_000, 9_000)):
        left = draw.integers(0, names, rows)
        right = (left + draw.integers(1, names, rows)) % names
        won = draw.integers(0, 3, rows)
        text = "left,right,judge,winner\n" + "".join(
            f"m{a},m{b},x,{(f'm{a}', 'tie', f'm{b}')[w]}\n"
            for a, b, w in zip(left.tolist(), right.tolist(), won.tolist(), strict=True)
        )
        found = read_comparisons(file(text)).comparisons
        both = np.stack([left, right], axis=1).ravel().tolist()
        assert found.objects == tuple(f"m{k}" for k in dict.fromkeys(both))
        assert [found.objects[k] for k in found.left.tolist()] == [f"m{k}" for k in left.tolist()]
        assert [found.objects[k] for k in found.right.tolist()] == [f"m{k}" for k in right.tolist()]
        assert found.outcome.argmax(axis=1).tolist() == won.tolist()
        pairs = [frozenset(one) for one in zip(left.tolist(), right.tolist(), strict=True)]
        number = {pair: k for k, pair in enumerate(dict.fromkeys(pairs))}
        assert found.group.tolist() == [number[pair] for pair in pairs]
