"""What a wrong file of comparisons is told: the file, the line, what is wrong, what to do."""

from __future__ import annotations

import gzip
import json

import pytest

from w2s_judge.datasets.comparison_files import read_comparisons
from w2s_judge.errors import InputError

HEAD = "left,right,judge,winner\n"
FLOOD = "\x1b[2J" * 3000


@pytest.fixture
def file(tmp_path):
    """Write a text as a file; gives its path."""

    def write(text, name="comparisons.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def refusal(path):
    with pytest.raises(InputError) as caught:
        read_comparisons(path)
    message = str(caught.value)
    assert all(one.isprintable() or one == "\n" for one in message)
    assert len(message) < 900
    assert message.startswith(str(path))
    assert caught.value.remedy
    return message


BAD = {
    "no judge": ("left,right,winner\na,b,a\n", "there is no column 'judge'"),
    "a slip": ("left,right,judge,winer\na,b,x,a\n", "rename 'winer' to 'winner', if that is it"),
    "another case": ("Left,right,judge,winner\na,b,x,a\n", "rename 'Left' to 'left'"),
    "another tool's": ("left,right,worker,winner\na,b,x,a\n", "rename 'worker' to 'judge'"),
    "nothing like it": ("a,b\n1,2\n", "no column 'left'; the columns are 'a', 'b'"),
    "what it needs": ("a,b\n1,2\n", "left (what was shown first), right, judge, and winner (the"),
    "header only": (HEAD, "a header and no comparisons"),
    "an empty left": (HEAD + "a,b,x,a\n,b,x,b\n", "line 3: 'left' is empty"),
    "a blank right": (HEAD + "a,b,x,a\na, ,x,a\n", "line 3: 'right' is empty"),
    "an empty judge": (HEAD + "a,b,x,a\na,b,,a\n", "line 3: 'judge' is empty"),
    "an empty winner": (HEAD + "a,b,x,a\na,b,x,\n", "line 3: 'winner' is empty"),
    "the first empty cell": (HEAD + "a,b,x,a\na,b,x,\n,b,x,b\n", "line 3: 'winner' is empty"),
    "an empty question": (
        "left,right,judge,winner,question\na,b,x,a,p\na,b,x,a,\n",
        "line 3: 'question' is empty",
    ),
    "nobody": (HEAD + "a,b,x,a\na,b,x,c\n", "line 3: 'winner' is 'c', and neither 'a' nor 'b' nor"),
    "the side": (HEAD + "a,b,x,left\n", "line 2: 'winner' is 'left', and neither 'a' nor 'b'"),
    "a winner's case": (HEAD + "Ab,b,x,aB \n", "names must agree in case and in blanks"),
    "somebody else": (HEAD + "a,b,x,a\nc,d,x,a\n", "line 3: 'winner' is 'a', and neither 'c' nor"),
    "itself": (HEAD + "a,b,x,a\nb,b,x,tie\n", "line 3: 'b' is compared with itself"),
    "a tie on the left": (HEAD + "a,b,x,a\ntie,b,x,b\n", "line 3: an object is called 'tie'"),
    "a tie on the right": (HEAD + "b,a,x,b\nb,a,x,b\nb, TIE,x,b\n", "line 4: an object is called"),
    "both are tie": (HEAD + "tie,tie,x,tie\n", "line 2: an object is called 'tie'"),
    "long and hostile": (HEAD + f"{FLOOD}a,{FLOOD}b,x,{FLOOD}c\n", "'winner' is '\\x1b[2J"),
    "column twice": ("left,right,judge,winner,left\na,b,x,a,a\n", "two columns are called 'left'"),
    "a cell too many": (HEAD + "a,b,x,a\na,b,x,a,y\n", "line 3: has 5 cells"),
    "open quote": (HEAD + 'a,b,x,a\n"a,b,x,a\n', "line 3: a double quote is opened"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_a_wrong_file_is_told(file, name):
    text, said = BAD[name]
    assert said in refusal(file(text))


def test_remedies_say_what_to_write(file):
    assert "write tie where neither was better" in refusal(file(HEAD + "a,b,x,\n"))
    assert "leave the row out" in refusal(file(HEAD + "a,b,x,c\n"))
    assert "give the object another name" in refusal(file(HEAD + "tie,b,x,b\n"))


def test_votes_on_items_are_told_where_they_belong(file):
    for head in ("item,judge,label", "item,judge,score", "item,responses,judge,mass:A"):
        row = ",".join("1" for _ in head.split(","))
        message = refusal(file(f"{head}\n{row}\n"))
        assert "has votes on items" in message
        assert "`w2s-judge aggregate`" in message
        assert "left (what was shown first)" in message


def test_a_weight_is_not_taken_for_a_side(file):
    message = refusal(file("left,judge,winner,weight\na,x,a,1\n"))
    assert "there is no column 'right'" in message
    assert "rename" not in message


@pytest.mark.parametrize(
    ("weight", "said"),
    [("0", "not above 0"), ("-1", "not above 0"), ("", "empty"), ("nan", "not a finite number"),
     ("inf", "not a finite number"), ("heavy", "not a finite number")],
)  # fmt: skip
def test_weights_are_above_0(file, weight, said):
    message = refusal(file(f"left,right,judge,winner,weight\na,b,x,a,1\na,b,x,a,{weight}\n"))
    assert "line 3: 'weight' is" in message
    assert said in message


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"left": "a", "right": "b", "judge": "x", "winner": None}, "row 2: 'winner' is empty"),
        ({"left": "a", "right": "b", "judge": "x"}, "row 2: 'winner' is empty"),
        ({"left": "a", "right": "b", "judge": "x", "winner": 3.0}, "row 2: 'winner' is a number"),
        ({"left": "a", "right": "b", "judge": "x", "winner": True}, "row 2: 'winner' is true or"),
        ({"left": ["a"], "right": "b", "judge": "x", "winner": "a"}, "row 2: 'left' is a list"),
        ({"left": "a", "right": "b", "judge": "x", "winner": "a", "weight": "1_0"}, "row 2: 'wei"),
    ],
)
def test_wrong_rows_of_json(file, row, said):
    good = {"left": 3, "right": "b", "judge": "x", "winner": 3, "weight": 1}
    assert said in refusal(file(json.dumps([good, row])))


def test_wrong_cells_of_parquet(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "c.parquet"

    def write(**columns):
        good = {"left": ["a", "a"], "right": ["b", "b"], "judge": ["x", "x"], "winner": ["a", "b"]}
        pq.write_table(pa.table(good | columns), path)
        return path

    assert read_comparisons(write()).comparisons.M == 2
    assert "row 2: 'winner' is empty" in refusal(write(winner=["a", None]))
    assert "row 1: 'left' is a number" in refusal(write(left=[1.0, 2.0]))
    assert "row 2: 'weight' is 0" in refusal(write(weight=[1, 0]))
    assert "row 2: 'weight' is empty" in refusal(write(weight=[1, None]))
    assert "'weight' holds string" in refusal(write(weight=["1", "2"]))
    none = pa.table({name: pa.array([], pa.string()) for name in HEAD.strip().split(",")})
    pq.write_table(none, path)
    assert "a header and no comparisons" in refusal(path)
    path.write_bytes(path.read_bytes()[:60])
    assert "damaged" in refusal(path)


def test_files_that_are_none(file, tmp_path):
    assert "is empty" in refusal(file(b""))
    assert refusal(file("[]"))
    for path in (tmp_path, tmp_path / "nowhere.csv"):
        with pytest.raises(InputError, match=str(path)):
            read_comparisons(path)
    rows = HEAD.encode() + b"a,b,x,a\n" * 50_000
    assert "line 50002: byte 0xe9 is not UTF-8" in refusal(file(rows + b"caf\xe9,b,x,b\n"))
    assert "breaks off" in refusal(file(gzip.compress(rows)[:-100]))
