"""Votes from files: every format, what `w2s-judge votes` writes, and what a wrong file is told."""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import replace

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_judge.datasets.vote_files import read_votes
from w2s_judge.errors import InputError, UsageError
from w2s_judge.votes import VoteMatrix


@pytest.fixture
def file(tmp_path):
    """Write a text as a file; gives its path."""

    def write(text, name="votes.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def refusal(path, /, error=InputError, **settings_):
    with pytest.raises(error) as caught:
        read_votes(path, **settings_)
    message = str(caught.value)
    assert all(one.isprintable() or one == "\n" for one in message)
    assert len(message) < 900
    if error is InputError:
        assert message.startswith(str(path))
        assert caught.value.remedy
    return message


def test_rubrics_are_kept_apart(tmp_path, file):
    rows = [
        {"item": "i", "judge": "a", "rubric": "one", "mass": {"x": 0.5, "y": 0.5}},
        {"item": "i", "judge": "a", "rubric": "two", "mass": {"1": 0.25, "2": 0.75}},
        {"item": "j", "judge": "b", "rubric": "two", "mass": None, "abstained": "refused"},
    ]
    path = file("".join(json.dumps(row) + "\n" for row in rows), "votes.jsonl")
    message = refusal(path)
    assert "'one', 'two'" in message
    assert "--rubric one" in message
    found = read_votes(path, rubric="two")
    assert found.votes.labels == ("1", "2")
    assert found.votes.raters == ("a", "b")  # b abstains and stays in the panel
    assert found.abstained.tolist() == [0, 1]
    assert found.votes.support.tolist() == [1, 0]
    assert "did you mean 'two'?" in refusal(path, rubric="twoo")


# --- the columns of a file from elsewhere

TABLE = "item,judge,label,family,group\ni,a,safe,F,p\nj,a,unsafe,F,p\nk,b,safe,,\n"


def as_json(text):
    return [dict(row) for row in csv.DictReader(io.StringIO(text))]


@pytest.mark.parametrize("kind", ["csv", "gz", "zst", "jsonl", "list", "parquet", "tabs", "excel"])
def test_every_kind_of_file_says_the_same(file, tmp_path, kind):
    rows = as_json(TABLE)
    if kind == "parquet":
        pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        path = tmp_path / "v.parquet"
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
    votes = read_votes(path).votes
    assert votes.items == ("i", "j", "k")
    assert votes.raters == ("a", "b") == votes.judge
    assert votes.labels == ("safe", "unsafe")
    assert not votes.ordered
    assert votes.label.tolist() == [0, 1, 0]
    assert votes.family == ("F", None)
    assert votes.group.tolist() == [0, 0, 1]
    assert votes.positions is None
    assert votes.order is None


def test_raters_are_judges_with_order_and_variant(file):
    text = (
        "item,judge,order,variant,label\n"
        "i,x/ab,,,1\ni,m,ab,base,1\ni,m,ba,,2\ni,m,ab,repeat:2,2\ni,m,ab,cold,1\n"
        "i,m,ab,probe:longer,2\n"
    )
    found = read_votes(file(text))
    assert found.votes.raters == ("x/ab", "m/ab", "m@cold/ab", "m/ba")
    assert found.votes.judge == ("x/ab", "m", "m", "m")  # no name is taken apart
    assert found.votes.order == (None, "ab", "ab", "ba")
    assert found.votes.soft().tolist() == [[1, 0], [0.5, 0.5], [0, 1], [1, 0]]
    assert "1 votes on probes stay out" in found.notes
    clash = file("item,judge,order,label\ni,m/ab,,1\ni,m,ab,1\n")
    assert "'m/ab'" in refusal(clash)


def test_responses_are_part_of_an_items_name(file):
    text = 'item,responses,judge,label\ni,"[0, 1]",a,A\ni,"[0, 2]",a,B\nj,"[0, 1]",a,A\n'
    votes = read_votes(file(text)).votes
    assert votes.items == ("i", "i", "j")
    assert votes.positions.tolist() == [[0, 1], [0, 2], [0, 1]]
    assert votes.group.tolist() == [0, 0, 1]
    assert "go in files of their own" in refusal(file(text + "k,[0],a,B\n"))
    assert "not positions" in refusal(file(text + "k,first,a,B\n"))


def test_numbers_are_ordered_and_names_are_not(file):
    found = read_votes(file("item,judge,label\ni,a,10\nj,a,9.0\nk,a,-1\n"))
    assert found.votes.labels == ("-1", "9", "10")
    assert found.votes.levels.tolist() == [-1, 9, 10]
    assert found.votes.ordered
    assert "'9.0' is read as 9" in found.notes[0]
    votes = read_votes(file("item,judge,label\ni,a,10\nj,a,9\n"), levels="unordered").votes
    assert (votes.labels, votes.ordered, votes.levels) == (("10", "9"), False, None)
    votes = read_votes(file("item,judge,label\ni,a,10\nj,a,nine\n")).votes
    assert (votes.labels, votes.ordered) == (("10", "nine"), False)
    pytest.importorskip("pyarrow")


def test_levels_declare_labels_that_nobody_used(file):
    path = file("item,judge,label\ni,a,3\nj,b,4.0\n")
    votes = read_votes(path, levels="0:9").votes
    assert votes.labels == tuple("0123456789")
    assert votes.label.tolist() == [3, 4]
    message = refusal(path, levels="1:3")
    assert "line 3" in message
    assert "'4.0'" in message
    assert "none of --levels" in message
    path = file("item,judge,label\ni,a,hgih\n")
    assert "did you mean 'high'?" in refusal(path, levels="low,high")


@pytest.mark.parametrize("levels", ["", "a", "9:0", "0:0.5", "3,2,1", "a,a", "a,,b", "0:99999999"])
def test_levels_that_make_no_sense(file, levels):
    assert "--levels" in refusal(file("item,judge,label\ni,a,3\n"), UsageError, levels=levels)


def test_scores_are_levels_of_their_own_or_fall_between_declared_ones(file):
    path = file("item,judge,score\ni,a,0.25\nj,a,-3\nk,b,1e1\n")
    votes = read_votes(path).votes
    assert votes.scores.tolist() == [0.25, -3, 10]
    assert votes.ordered
    assert "outside --levels" in refusal(path, levels="0:9")
    path = file("item,judge,score\ni,a,0.25\nj,a,9\nk,b,4\n")
    found = read_votes(path, levels="0:9")
    assert found.votes.L == 10
    assert found.votes.scores.tolist() == [0.25, 9, 4]
    assert found.votes.mass[0, :2].tolist() == [0.75, 0.25]
    assert "between two levels" in found.notes[0]
    votes = read_votes(file("item,judge,score\ni,a,0\nj,a,9\n"), levels="0:9").votes
    assert votes.label.tolist() == [0, 9]
    assert "give numbers" in refusal(path, UsageError, levels="low,high")


@pytest.mark.parametrize("bad", ["nan", "inf", "-Infinity", "1_0", "x", "١", "1e999", "0x1"])
def test_a_score_that_is_no_number(file, bad):
    message = refusal(file(f"item,judge,score\ni,a,1\nj,a,{bad}\n"))
    assert "line 3" in message
    assert "not a finite number" in message


def test_soft_votes(file):
    head = "item,judge,mass:10,mass:9,mass:8\n"
    votes = read_votes(file(head + "i,a,.5,.5,\nj,a,.25004,.75004,\n")).votes
    assert votes.labels == ("9", "10")  # ascending; what no vote names is no label
    assert votes.mass[0].tolist() == [0.5, 0.5]
    assert votes.mass.sum(axis=1) == pytest.approx(1, abs=1e-12)
    message = refusal(file(head + "i,a,.5,.5,\nj,a,.7,.7,\n"))
    assert "line 3" in message
    assert "sums to 1.4" in message
    assert "sums to 0" in refusal(file(head + "i,a,0,0,0\n"))
    assert "'10' is below 0 (-0.5)" in refusal(file(head + "i,a,-.5,1.5,\n"))
    for bad in ("nan", "inf", "high", "1_0"):
        message = refusal(file(head + f'"i\n\n",a,1,0,\nj,a,.5,{bad},\n'))
        assert "line 5" in message  # the first row takes three lines
        assert "not a finite number" in message
    assert "no label" in refusal(file("item,judge,mass: \ni,a,1\n"))
    with pytest.raises(InputError, match="'8' is for none of --levels"):
        read_votes(file(head + "i,a,.5,.25,.25\n"), levels="9:11")


def test_weights(file):
    head = "item,judge,label,weight\n"
    votes = read_votes(file(head + "i,a,x,2\ni,b,y,.5\n")).votes
    assert votes.weight.tolist() == [2, 0.5]
    for bad, said in [
        ("0", "not above 0"),
        ("-1", "not above 0"),
        ("", "empty"),
        ("nan", "finite"),
    ]:
        message = refusal(file(head + f"i,a,x,2\ni,b,y,{bad}\n"))
        assert "line 3" in message
        assert said in message


# --- repeats


def test_a_rater_votes_once_on_an_item_unless_told_otherwise(file):
    path = file("item,judge,label\ni,a,x\ni,b,y\nj,a,x\ni,a,y\n")
    message = refusal(path)
    assert "'a' votes twice on the item 'i': 'x' and 'y' (line 2 and line 5)" in message
    assert "--repeats mean" in message
    found = read_votes(path, repeats="count")
    assert found.votes.label.tolist() == [0, 1, 0, 1]
    assert "each counts" in found.notes[-1]
    found = read_votes(path, repeats="mean")
    assert found.votes.soft().tolist() == [[0.5, 0.5], [0, 1], [1, 0]]
    with pytest.raises(UsageError, match="choose from"):
        read_votes(path, repeats="twice")


def test_the_same_vote_twice_would_count_double(file):
    path = file("item,judge,label\ni,a,x\ni,b,y\ni,a,x\n")
    assert "the same vote (line 2 and line 4)" in refusal(path)
    assert read_votes(path, repeats="count").votes.V == 3
    votes = read_votes(path, repeats="mean").votes
    assert votes.label.tolist() == [0, 1]  # those agree: the votes stay hard
    path = file("item,judge,variant,label\ni,a,,x\ni,a,base,x\n")
    assert "the same vote (line 2 and line 3)" in refusal(path)


def test_means_are_by_weight(file):
    path = file("item,judge,label,weight\ni,a,x,3\ni,a,y,1\n")
    votes = read_votes(path, repeats="mean").votes
    assert votes.soft().tolist() == [[0.75, 0.25]]
    assert votes.weight.tolist() == [2]


def test_little_is_said_plainly(file):
    found = read_votes(file("item,judge,label,famly\ni,a,x,F\n"))
    told = " ".join(found.notes)
    assert "one rater" in told
    assert "one item" in told
    assert "every vote says 'x'" in told
    assert "'famly' is not used; is it meant as 'family'?" in told


# --- any matrix comes back

NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1, max_size=6
).filter(lambda name: name.strip() and not name.startswith("'"))
PLAIN = NAMES.filter(lambda name: name.strip().lower().lstrip("+-") != "nan")


@st.composite
def matrices(draw):
    judges = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    items = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    size = draw(st.integers(1, 4))
    numeric = draw(st.booleans())
    if numeric:
        labels = [
            str(k) for k in sorted(draw(st.sets(st.integers(-9, 30), min_size=size, max_size=size)))
        ]
    else:
        labels = sorted(
            {f"l{name}" for name in draw(st.lists(PLAIN, min_size=size, max_size=size))}
        )
    cells = [(i, j) for i in range(len(items)) for j in range(len(judges))]
    voted = draw(st.lists(st.sampled_from(cells), min_size=1, unique=True))
    label = [draw(st.integers(0, len(labels) - 1)) for _ in voted]
    family = draw(st.lists(st.none() | NAMES, min_size=len(judges), max_size=len(judges)))
    whole = VoteMatrix(
        items=tuple(items), raters=tuple(judges), labels=tuple(labels),
        item=np.array([i for i, _ in voted], dtype=np.int32),
        rater=np.array([j for _, j in voted], dtype=np.int32),
        label=np.array(label, dtype=np.int32), group=np.arange(len(items), dtype=np.int32),
        family=tuple(family), judge=tuple(judges),
    )  # fmt: skip
    if draw(st.booleans()):
        mass = np.array([draw(st.lists(st.integers(1, 99), min_size=whole.L, max_size=whole.L))
                         for _ in voted], dtype=float)  # fmt: skip
        whole = replace(whole, label=None, mass=mass / mass.sum(axis=1, keepdims=True))
    return whole


@given(matrices())
@settings(max_examples=150, deadline=None)
def test_any_matrix_comes_back_from_csv(tmp_path_factory, votes):
    path = tmp_path_factory.mktemp("votes") / "votes.csv"
    soft = votes.mass is not None
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        ends = [f"mass:{label}" for label in votes.labels] if soft else ["label"]
        writer.writerow(["item", "judge", "family", *ends])
        for n, (i, j) in enumerate(zip(votes.item, votes.rater, strict=True)):
            said = votes.mass[n].tolist() if soft else [votes.labels[votes.label[n]]]
            writer.writerow([votes.items[i], votes.raters[j], votes.family[j], *said])
    found = read_votes(path).votes
    for n in range(votes.V):
        assert found.items[found.item[n]] == votes.items[votes.item[n]]
        j, k = found.rater[n], votes.rater[n]
        assert found.raters[j] == votes.raters[k]
        assert found.family[j] == votes.family[k]
        said = dict(zip(votes.labels, votes.soft()[n].tolist(), strict=True))
        back = dict(zip(found.labels, found.soft()[n].tolist(), strict=True))
        assert {**dict.fromkeys(said, 0.0), **back} == said
    assert list(found.labels) == [one for one in votes.labels if one in found.labels]
    assert found.ordered == all(one.lstrip("-").isdigit() for one in votes.labels)
