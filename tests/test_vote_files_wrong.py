"""What a wrong file of votes is told: the file, the line, what is wrong, what to do."""

from __future__ import annotations

import gzip
import json

import pytest

from w2s_judge.datasets.vote_files import read_votes
from w2s_judge.errors import InputError


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


BAD = {
    "no judge": ("item,worker,label\ni,a,x\n", "rename 'worker' to 'judge'"),
    "another case": ("Item,judge,label\ni,a,x\n", "rename 'Item' to 'item'"),
    "a slip": ("item,judge,lable\ni,a,x\n", "rename 'lable' to 'label'"),
    "nothing like it": ("a,b\n1,2\n", "there is no column 'item'; the columns are 'a', 'b'"),
    "header only": ("item,judge,label\n", "a header and no votes"),
    "an empty item": ("item,judge,label\ni,a,x\n ,a,x\n", "line 3: 'item' is empty"),
    "an empty label": ("item,judge,label\ni,a,x\nj,a,\n", "line 3: neither a vote nor"),
    "NaN": ("item,judge,label\ni,a,x\nj,a,NaN\n", "line 3: the label is 'NaN': not a label"),
    "both": ("item,judge,label,abstained\ni,a,x,refused\n", "line 2: a vote and an abstention"),
    "silence": ("item,judge,label,abstained\ni,a,,refused\n", "1 abstentions and no vote"),
    "two columns": ("item,judge,label,score\ni,a,x,1\n", "label and score"),
    "column twice": ("item,judge,label,label\ni,a,x,y\n", "two columns are called 'label'"),
    "a cell too many": ("item,judge,label\n\ni,a,x\nj,a,x,y\n", "line 4: has 4 cells"),
    "open quote": ('item,judge,label\ni,a,x\nj,"a,x\nk,b,y\n', "line 3: a double quote is opened"),
    "odd quote": ('item,judge,label\ni,a,x\nj,"a"b,x\n', "line 3: is no CSV"),
    "lone return": ("item,judge,label\ni,a\rb,x\n", "line 2: a carriage return"),
    "two families": ("item,judge,label,family\ni,a,x,F\nj,a,x,G\n", "'F' and 'G' (line 2 and"),
    "two groups": ("item,judge,label,group\ni,a,x,F\ni,b,x,G\n", "the item 'i' has two values"),
    "a rubric missing": ("item,judge,label,rubric\ni,a,x,r\ni,b,x,\n", "line 3: 'rubric' is empty"),
    "uncalibrated": ("item,judge,label,uncalibrated\ni,a,x,maybe\n", "line 2: 'uncalibrated' is"),
    "probes only": ("item,judge,label,variant\ni,a,x,probe:y\n", "all votes are answers to probes"),
    "long and hostile": (
        "item,judge,label\n" + "\x1b[2J" * 3000 + ",a,x\n" + "\x1b[2J" * 3000 + ",a,x\n",
        "votes twice on the item '\\x1b[2J",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_a_wrong_file_is_told(file, name):
    text, said = BAD[name]
    assert said in refusal(file(text))


def test_damaged_bytes_are_told_with_their_line(file):
    rows = b"".join(b"i%d,a,x\n" % k for k in range(200_000))
    head = b"item,judge,label\n"
    assert "line 200002: byte 0xe9 is not UTF-8" in refusal(file(head + rows + b"caf\xe9,a,x\n"))
    assert "line 200002: a NUL byte" in refusal(file(head + rows + b"\0,a,x\n"))
    cut = gzip.compress(head + rows)[:-900]
    assert "breaks off" in refusal(file(cut))
    assert "is empty" in refusal(file(b""))
    assert "is empty" in refusal(file(b"\n\n"))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"judge": "a", "label": "x"}, "row 2: 'item' is empty"),
        ({"item": 1.5, "judge": "a", "label": "x"}, "row 2: 'item' is a number, not text"),
        ({"item": "i", "judge": "a", "label": ["x"]}, "row 2: 'label' is a list"),
        ({"item": "i", "judge": "a", "label": None}, "row 2: neither a vote"),
        ({"item": "i", "judge": "a", "label": "x", "weight": True}, "row 2: 'weight' is true"),
    ],
)
def test_wrong_rows_of_json(file, row, said):
    good = {"item": 7, "judge": "a", "label": True, "weight": 1}
    assert said in refusal(file(json.dumps([good, row])))


@pytest.mark.parametrize(
    ("mass", "said"),
    [([0.5], "'mass' is a list"), ({"x": "high"}, "'mass:x' is 'high'"), ({}, "neither a vote")],
)
def test_wrong_mass_in_json(file, mass, said):
    rows = [{"item": "i", "judge": "a", "mass": m} for m in ({"x": 1}, mass)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    assert said in refusal(file(text)).replace("line 2: ", "")


def test_parquet_cells(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "v.parquet"

    def write(**columns):
        pq.write_table(pa.table(columns), path)
        return path

    votes = read_votes(write(item=[1, 2], judge=["a", "a"], label=[1.0, 0.0])).votes
    assert votes.items == ("1", "2")
    assert votes.labels == ("0", "1")
    coded = pa.array(["a", "b", None, "a"]).dictionary_encode()
    votes = read_votes(
        write(item=["i", "i", "j", "j"], judge=["x", "y", "x", "y"], label=coded,
              abstained=[False, False, True, False])
    ).votes  # fmt: skip
    assert votes.label.tolist() == [0, 1, 0]
    lists = write(item=["i", "i"], judge=["x", "x"], label=["a", "b"], responses=[[0], [1]])
    assert read_votes(lists).votes.positions.tolist() == [[0], [1]]
    struct = write(item=["i", "j"], judge=["x", "x"], mass=[{"u": 0.5, "v": 0.5}, {"u": 1.0}])
    assert read_votes(struct).votes.mass.tolist() == [[0.5, 0.5], [1, 0]]
    soft = {"item": ["i", "j"], "judge": ["x", "x"], "mass:u": [0.5, float("nan")]}
    assert "row 2: 'mass:u' is nan" in refusal(write(**{**soft, "mass:v": [0.5, 1.0]}))
    assert "row 1: 'item' is a number" in refusal(write(item=[1.5], judge=["a"], label=["x"]))
    assert "row 2: the label is 'nan'" in refusal(
        write(item=["i", "j"], judge=["a", "a"], label=[1.0, float("nan")])
    )
    path.write_bytes(path.read_bytes()[:200])
    assert "damaged" in refusal(path)
