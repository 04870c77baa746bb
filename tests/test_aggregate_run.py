"""`aggregate` and `label` on a run folder: files, scores, gold, and what a resumed run knows."""

from __future__ import annotations

import csv
import json
import re

import pytest

import w2s_judge
from w2s_judge.errors import ConfigurationError, InputError, UsageError


def number_of(text: str) -> int:
    return int(re.findall(r"item-(\d+)", text)[-1])


def safe(number: int) -> bool:
    return number % 3 == 0


@pytest.fixture
def scored(endpoint, wire, outputs, panel):
    """Score so many items by three judges who err on different items; gives run and its call."""

    def run(count: int, **given):
        def judge(stride):
            def reply(body, _):
                number = number_of(wire.prompt(body))
                right = number % stride != 0
                return wire.token({("5" if safe(number) == right else "1"): 0.9, "3": 0.1})

            return endpoint(reply)

        judges = panel(a=judge(5).url, b=judge(7).url, c=judge(4).url)
        path = outputs(count)
        return lambda **more: w2s_judge.score(
            path, panel=judges, rubrics=["safety"], **given, **more
        )

    return run


def gold_for(run, folder, count):
    path = folder / "gold.jsonl"
    rows = [
        {"item": row["item"], "label": "safe" if safe(number_of(row["item"])) else "unsafe"}
        for row in list(run.scores())[:count]
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_scores_are_rewritten_and_the_older_consensus_stays(scored, tmp_path):
    run = scored(60)()
    before = list(run.scores())
    (done,) = w2s_judge.aggregate(run.folder, method="majority")
    assert done.path == run.folder / "consensus" / "safety.majority.jsonl"
    assert {row["method"] for row in run.scores()} == {"majority"}
    assert (run.folder / "consensus" / "safety.auto.jsonl").is_file()
    assert [list(row) for row in run.scores()] == [list(row) for row in before]
    assert [row["item"] for row in run.scores()] == [row["item"] for row in before]


def test_a_resumed_run_goes_on_with_the_method_and_gold_it_was_given(scored, tmp_path):
    again = scored(60)
    run = again()
    gold = gold_for(run, tmp_path, 30)
    w2s_judge.aggregate(run.folder, method="dawid-skene", gold=gold)
    resumed = again()
    rows = list(resumed.scores())
    assert {row["method"] for row in rows} == {"dawid-skene"}
    assert sum(row["gold"] is not None for row in rows) == 30
    assert resumed.manifest["consensus"]["safety"]["gold"] == str(gold)


def test_gold_that_moved_is_missed_aloud_and_a_promise_is_not_forgotten(scored, tmp_path):
    again = scored(120)
    run = again()
    gold = gold_for(run, tmp_path, 90)
    w2s_judge.aggregate(run.folder, gold=gold, max_error=0.001)
    gold.rename(tmp_path / "elsewhere.jsonl")
    resumed = again()
    assert "are not there" in resumed.summary["rubrics"]["safety"]["warning"]
    assert all(row["label"] is None for row in resumed.scores())
    kept = resumed.manifest["consensus"]["safety"]
    assert (kept["gold"], kept["max_error"]) == (str(gold), 0.001)


def test_gold_for_one_rubric_is_no_gold_for_another(endpoint, wire, outputs, panel, tmp_path):
    judge = endpoint(lambda body, n: wire.token({"5": 0.6, "1": 0.4}))
    judges = panel(a=judge.url, b=judge.url)
    run = w2s_judge.score(outputs(40), panel=judges, rubrics=["safety", "toxicity"])
    rows = [row for row in run.scores() if row["rubric"] == "safety"][:20]
    gold = tmp_path / "gold.jsonl"
    told = [{"item": row["item"], "rubric": "safety", "label": "safe"} for row in rows]
    gold.write_text("".join(json.dumps(row) + "\n" for row in told))
    before = (run.folder / "scores.jsonl").read_bytes()
    with pytest.raises(UsageError, match="no labels for toxicity"):
        w2s_judge.aggregate(run.folder, gold=gold, method="gold-weighted")
    assert (run.folder / "scores.jsonl").read_bytes() == before
    safety, toxicity = w2s_judge.aggregate(run.folder, gold=gold)
    assert (safety.gold.G, toxicity.gold) == (20, None)
    nameless = tmp_path / "nameless.jsonl"
    nameless.write_text(gold.read_text().replace('"rubric": "safety", ', ""))
    with pytest.raises(InputError, match="names no rubric"):
        w2s_judge.aggregate(run.folder, gold=nameless)


def test_score_takes_method_and_gold(scored, tmp_path):
    again = scored(60)
    gold = gold_for(again(), tmp_path, 30)
    rows = list(again(method="majority", gold=gold).scores())
    assert {row["method"] for row in rows} == {"majority"}
    assert sum(row["gold"] is not None for row in rows) == 30


def test_a_wrong_method_stops_before_anything_is_asked(scored):
    with pytest.raises(UsageError, match="did you mean 'majority'"):
        scored(3)(method="majorty")


def test_label_and_gold_go_round(scored, tmp_path, command):
    run = scored(90)()
    sheet = w2s_judge.label(run.folder, next=20)
    assert sheet.path.parent == run.folder.parent
    with sheet.path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20
    assert all(row["label"] == "" and 0 < float(row["p_chosen"]) <= 1 for row in rows)
    assert all(row["text"] and row["prompt"] for row in rows)
    for row in rows:
        row["label"] = "safe" if safe(number_of(row["item"])) else "unsafe"
    with sheet.path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    (done,) = w2s_judge.aggregate(run.folder, gold=sheet.path)
    assert done.gold.G == 20
    assert done.record["gold"]["sampling"].startswith("weighted")
    second = w2s_judge.label(run.folder, next=10, gold=sheet.path, out=tmp_path / "more.csv")
    assert (second.rows, second.filled) == (10, 20)
    with second.path.open(newline="") as file:
        both = list(csv.DictReader(file))
    assert {row["item"] for row in both[:20]} == {row["item"] for row in rows}
    assert not {row["item"] for row in both[20:]} & {row["item"] for row in rows}
    ran = command("aggregate", run.folder, "--gold", second.path)
    assert ran.code == 0, ran.err


def test_a_file_with_labels_is_never_overwritten(scored, tmp_path):
    run = scored(30)()
    first, second = (w2s_judge.label(run.folder, next=5) for _ in range(2))
    assert first.path != second.path
    with pytest.raises(ConfigurationError, match="may hold labels"):
        w2s_judge.label(run.folder, next=5, out=first.path)
    with pytest.raises(UsageError, match=r"\.csv or \.jsonl"):
        w2s_judge.label(run.folder, next=5, out=tmp_path / "x.txt")


def test_exported_votes_aggregate_as_the_run_does(scored, tmp_path, command):
    run = scored(60)()
    votes = tmp_path / "votes.jsonl"
    assert command("votes", run.folder, "-o", votes).code == 0
    (whole,) = w2s_judge.aggregate(run.folder, method="mean", write=False)
    (file,) = w2s_judge.aggregate(
        votes, method="mean", prior=dict(zip(("unsafe", "safe"), (0.5, 0.5), strict=True))
    )
    assert file.votes.V == whole.votes.V == 180
    assert file.consensus.classes == ("unsafe", "safe")


def test_a_run_that_is_too_large_to_hold_is_told_by_its_mean(scored, monkeypatch):
    from w2s_judge.workflows import rescoring

    monkeypatch.setattr(rescoring, "WHOLE", 20)
    run = scored(30)()
    rows = list(run.scores())
    assert {row["method"] for row in rows} == {"mean"}
    assert len(rows) == 30
    assert run.summary["rubrics"]["safety"]["streamed"] == 30
