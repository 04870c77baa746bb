"""Gold files: what is read, how labels become classes, and what a wrong file is told."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from w2s_judge.datasets.gold_files import gold_for, read_gold
from w2s_judge.errors import InputError
from w2s_judge.gold import Truth
from w2s_judge.votes import VoteMatrix

EXAMPLE = Path(__file__).parent.parent / "examples" / "gold.jsonl"


@pytest.fixture
def file(tmp_path):
    def write(text, name="gold.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def matrix(items=("i", "j", "k"), labels=("1", "2", "3"), positions=None):
    return VoteMatrix(
        items=tuple(items), raters=("a",), labels=tuple(labels),
        item=np.arange(len(items), dtype=np.int32), rater=np.zeros(len(items), dtype=np.int32),
        label=np.zeros(len(items), dtype=np.int32), group=np.arange(len(items), dtype=np.int32),
        family=(None,), positions=None if positions is None else np.array(positions),
    )  # fmt: skip


def refusal(path, votes=None, truth=None, rubric=None):
    with pytest.raises(InputError) as caught:
        gold_for(read_gold(path), votes or matrix(), truth, rubric=rubric)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert caught.value.remedy
    assert all(one.isprintable() or one == "\n" for one in message)
    assert len(message) < 900
    return message


def pairs(match):
    classes = match.gold.classes
    return {
        int(item): classes[label]
        for item, label in zip(match.gold.item, match.gold.label, strict=True)
    }


# --- reading


def test_the_example_is_read():
    rows = read_gold(EXAMPLE)
    assert len(rows) == len(EXAMPLE.read_text().splitlines())
    assert rows[0].item == "safety-01"
    assert (rows[0].responses, rows[0].rubric, rows[0].label) == ((0,), "safety", "unsafe")
    assert (rows[0].line, rows[0].chosen) == (1, None)


@pytest.mark.parametrize("kind", ["csv", "gz", "jsonl", "list", "parquet"])
def test_every_kind_of_file_says_the_same(file, tmp_path, kind):
    rows = [
        {"item": "i", "label": "2", "p_chosen": 0.5, "responses": "[0, 1]", "rubric": "r"},
        {"item": "j", "label": "", "p_chosen": 1, "responses": "[1, 2]", "rubric": "r"},
    ]
    table = "item,label,p_chosen,responses,rubric,by\n"
    table += 'i,2,.5,"[0, 1]",r,me\nj,,1.0,"[1, 2]",r,me\n'
    if kind == "parquet":
        pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        path = tmp_path / "gold.parquet"
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        lists = [{**row, "responses": json.loads(row["responses"])} for row in rows]
        text = {
            "csv": table,
            "gz": gzip.compress(table.encode()),
            "jsonl": "".join(json.dumps(row) + "\n" for row in lists),
            "list": json.dumps(rows),
        }[kind]
        path = file(text)
    one, two = read_gold(path)
    assert (one.item, one.label, one.chosen) == ("i", "2", 0.5)
    assert (one.responses, one.rubric) == ((0, 1), "r")
    assert (two.item, two.label, two.responses, two.chosen) == ("j", None, (1, 2), 1)


WRONG = {
    "no label": ("item,lable\ni,1\n", "rename 'lable' to 'label'"),
    "no item": ("task,label\ni,1\n", "rename 'task' to 'item'"),
    "empty item": ("item,label\ni,1\n,1\n", "line 3: 'item' is empty"),
    "NaN": ("item,label\ni,nan\n", "line 2: the label is 'nan'"),
    "too probable": ("item,label,p_chosen\ni,1,1.5\n", "line 2: 'p_chosen' is 1.5, not above 0"),
    "impossible": ("item,label,p_chosen\ni,1,0\n", "line 2: 'p_chosen' is 0, not above 0"),
    "p is NaN": ("item,label,p_chosen\ni,1,nan\n", "line 2: 'p_chosen' is 'nan', not a finite"),
    "p is text": ("item,label,p_chosen\ni,1,often\n", "line 2: 'p_chosen' is 'often'"),
    "positions": ("item,label,response\ni,1,first\n", "line 2: 'response' is 'first'"),
    "position twice": ('item,label,responses\ni,1,"[1, 1]"\n', "line 2: 'responses' is '[1, 1]'"),
    "both": ("item,label,response,responses\ni,1,0,0\n", "line 2: both 'response' and"),
    "header only": ("item,label\n", "has a header and no rows"),
    "nothing": ("", "is empty"),
    "all unfilled": ("item,label\ni,\nj,\n", "none of the 2 rows has a label yet"),
    "p on some rows": ("item,label,p_chosen\ni,1,.5\nj,2,\n", "line 3: no 'p_chosen' here, and"),
    "contradiction": ("item,label\ni,1\ni,2\n", "labels for the item 'i': '1' and '2' (line 2 and"),
    "p differs": ("item,label,p_chosen\ni,1,.5\ni,1,.6\n", "two values of 'p_chosen'"),
    "unknown items": ("item,label\nI,1\nxx,1\n", "none of the 2 labelled items is among"),
    "rubrics": ("item,label,rubric\ni,1,r\nj,2,s\n", "gold under 2 rubrics: 'r', 's'"),
    "rubric missing": ("item,label,rubric\ni,1,r\nj,2,s\nk,1,\n", "line 4: no rubric here"),
    "hostile": ("item,label\ni,1\ni," + "\x1b[2J" * 999 + "\n", "line 3: the gold label '\\x1b[2J"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_a_wrong_file_is_told(file, name):
    text, said = WRONG[name]
    assert said in refusal(file(text))


# --- classes


def test_gold_in_vote_labels_has_all_of_them_as_classes(file):
    match = gold_for(read_gold(file("item,label\nj,3\ni,1.0\n")), matrix(), None)
    assert match.gold.classes == ("1", "2", "3")
    assert pairs(match) == {0: "1", 1: "3"}
    assert match.gold.item.tolist() == [0, 1]  # in the votes' order
    assert match.gold.chosen is None
    assert "2 of the 3 vote labels" in match.notes[0]


def test_gold_in_words_of_its_own_names_the_classes(file):
    path = file("item,label\ni,toxic\nj,ok\n")
    match = gold_for(read_gold(path), matrix(), None)
    assert match.gold.classes == ("ok", "toxic")
    assert "are those of gold" in match.notes[0]
    path = file("item,label\ni,10\nj,9\nk,1\n")
    match = gold_for(read_gold(path), matrix(labels=("1", "2")), None)
    assert match.gold.classes == ("1", "9", "10")
    votes = matrix(labels=("ok", "toxic"))
    message = refusal(file("item,label\ni,ok\nj,txic\n"), votes)
    assert "line 3: the gold label 'txic' is no vote label" in message
    assert "did you mean 'toxic'?" in message


def test_a_label_is_a_class_or_is_mapped_to_one(file):
    cut = Truth(("bad", "good"), (0, 0, 1))
    path = file("item,label\ni,bad\nj,3\nk,2\n")
    match = gold_for(read_gold(path), matrix(), cut)
    assert match.gold.classes == ("bad", "good")
    assert pairs(match) == {0: "bad", 1: "good", 2: "bad"}
    message = refusal(file("item,label\ni,bad\nj,godo\n"), truth=cut)
    assert "line 3: the gold label 'godo' is neither" in message
    assert "did you mean 'good'?" in message
    learnt = Truth(("bad", "good"), None, (0.5, 0.5))
    assert "is to be learnt" in refusal(file("item,label\ni,2\n"), truth=learnt)


def test_labels_that_could_be_both(file):
    cut = Truth(("1", "2"), (0, 0, 1))  # vote label 2 means class 1
    assert pairs(gold_for(read_gold(file("item,label\ni,2\nj,1\n")), matrix(), cut)) == {
        0: "2", 1: "1",
    }  # all are classes  # fmt: skip
    assert pairs(gold_for(read_gold(file("item,label\ni,2\nj,3\n")), matrix(), cut)) == {
        0: "1", 1: "2",
    }  # all are vote labels, not all are classes  # fmt: skip
    mixed = Truth(("2", "high"), (0, 1, 1))
    message = refusal(file("item,label\ni,2\nj,high\nk,3\n"), truth=mixed)
    assert "write truth classes in every row" in message


# --- items


def test_unknown_items_and_rows_without_a_label_are_counted(file):
    path = file("item,label,p_chosen\ni,1,.5\nnobody,2,.25\nj,,.5\ni,1,.5\n")
    match = gold_for(read_gold(path), matrix(), None)
    assert pairs(match) == {0: "1"}
    assert match.gold.chosen.tolist() == [0.5]
    assert [row.item for row in match.unknown] == ["nobody"]
    assert [row.line for row in match.unknown] == [3]
    assert match.unfilled == 1
    told = " ".join(match.notes)
    assert "1 gold labels are on items that have no votes ('nobody' ...)" in told
    assert "1 gold rows have no label yet" in told
    assert "1 gold rows say again" in told


def test_names_are_compared_as_they_are(file):
    votes = matrix(items=("item-00001", "=cmd", "k"))
    message = refusal(file("item,label\nitem-1,1\n"), votes)
    assert "is 'item-00001' meant?" in message
    # A spreadsheet's apostrophe, as `w2s-judge votes` writes it, is no part of the name.
    assert pairs(gold_for(read_gold(file("item,label\n'=cmd,1\n")), votes, None)) == {1: "1"}


def test_responses_tell_an_items_responses_apart(file):
    votes = matrix(items=("i", "i", "k"), positions=[[0], [1], [0]])
    path = file("item,response,label\ni,1,2\ni,0,1\nk,,3\ni,2,3\n")
    match = gold_for(read_gold(path), votes, None)
    assert pairs(match) == {0: "1", 1: "2", 2: "3"}
    assert [row.responses for row in match.unknown] == [(2,)]
    message = refusal(file("item,label\ni,1\n"), votes)
    assert "line 2: the item 'i' has votes on 2 of its responses" in message
    duels = matrix(items=("i", "j", "k"), positions=[[0, 1], [0, 1], [0, 1]])
    path = file('item,responses,label\ni,"[0, 1]",1\n')
    assert pairs(gold_for(read_gold(path), duels, None)) == {0: "1"}
    swapped = file('item,responses,label\ni,"[1, 0]",1\n')
    assert "write them in the votes' order" in refusal(swapped, duels)


def test_votes_that_do_not_tell_responses_apart(file):
    path = file("item,response,label\ni,0,1\nj,1,2\n")
    match = gold_for(read_gold(path), matrix(), None)
    assert pairs(match) == {0: "1", 1: "2"}
    assert "matched by item alone" in match.notes[-1]
    message = refusal(file("item,response,label\ni,0,1\ni,1,2\n"))
    assert "these votes do not tell an item's responses apart" in message


def test_rubrics_are_kept_apart(file):
    path = file("item,label,rubric\ni,1,r\nj,wrong,s\nk,2,r\n")
    match = gold_for(read_gold(path), matrix(), None, rubric="r")
    assert pairs(match) == {0: "1", 2: "2"}
    assert match.other_rubric == 1
    message = refusal(path, rubric="t")
    assert "no gold under the rubric 't'; there is some under 'r', 's'" in message
    plain = file("item,label\ni,1\n")
    assert pairs(gold_for(read_gold(plain), matrix(), None, rubric="r")) == {0: "1"}
    single = file("item,label,rubric\ni,1,r\n")
    assert pairs(gold_for(read_gold(single), matrix(), None)) == {0: "1"}
