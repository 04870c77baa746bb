"""`audit` on a run folder and on files: figures, gold, another run, and wrong input."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing

import numpy as np
import pytest

import w2s_judge
from w2s_judge.errors import ConfigurationError, InputError, RunFolderError, UsageError
from w2s_judge.workflows.audit import write_audit

REFUSED = "I cannot say"


def number_of(text: str) -> int:
    return int(re.findall(r"item-(\d+)", text)[-1])


def safe(number: int) -> bool:
    return number % 3 == 0


@pytest.fixture
def scored(endpoint, wire, outputs, panel):
    """A run of so many items by three judges who err on different items; b refuses some."""

    def run(count: int, *, folder: str = "outputs.jsonl", shift: int = 0, **given):
        def judge(stride, silent=0):
            def reply(body, _):
                number = number_of(wire.prompt(body))
                if silent and number % silent == 0:
                    return wire.token({"cannot_tell": 0.95, "3": 0.05})
                right = (number + shift) % stride != 0
                return wire.token({("5" if safe(number) == right else "1"): 0.9, "3": 0.1})

            return endpoint(reply)

        judges = panel(a=judge(5).url, b=judge(7, 11).url, c=judge(4).url)
        return w2s_judge.score(outputs(count, folder), panel=judges, rubrics=["safety"], **given)

    return run


def gold_for(run, path, count, name=lambda item: item):
    rows = [
        {"item": name(row["item"]), "label": "safe" if safe(number_of(row["item"])) else "unsafe"}
        for row in list(run.scores())[:count]
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def figures(audited, table, key):
    return {row[key]: row for row in audited.told()["rubrics"]["safety"]["parts"][table[0]]
            ["tables"][table[1]]}  # fmt: skip


def test_a_run_with_gold_is_audited_judge_by_judge(scored, tmp_path):
    run = scored(80)
    audited = w2s_judge.audit_panel(run.folder, gold=gold_for(run, tmp_path / "gold.jsonl", 60))
    (rubric,) = audited.rubrics
    assert [part.name for part in rubric.parts] == [
        "coverage", "agreement", "dependence", "skill", "bias", "rates",
    ]  # fmt: skip
    judges = figures(audited, ("skill", "judges"), "judge")
    assert judges["a"]["accuracy"]["value"] == pytest.approx(0.8, abs=0.02)
    assert judges["a"]["accuracy"]["low"] < 0.8 < judges["a"]["accuracy"]["high"]
    cover = figures(audited, ("coverage", "judges"), "judge")
    assert cover["b"]["abstained"]["value"] == pytest.approx(8 / 80)
    assert cover["b"]["votes"] == 72
    assert cover["a"]["calls"] >= 80
    assert len(audited.answer.lines) == 5
    assert audited.answer.verdict in ("yes", "with care")


def test_nothing_in_the_run_is_changed(scored, tmp_path):
    run = scored(40)
    written = [path for path in run.folder.rglob("*.json*") if path.is_file()]
    before = {path: path.read_bytes() for path in written}
    w2s_judge.audit_panel(run.folder, gold=gold_for(run, tmp_path / "gold.jsonl", 20))
    assert before == {path: path.read_bytes() for path in run.folder.rglob("*.json*")}


def test_the_same_call_gives_the_same_figures(scored, tmp_path):
    run = scored(40)
    gold = gold_for(run, tmp_path / "gold.jsonl", 30)
    one, two = (w2s_judge.audit_panel(run.folder, gold=gold).told() for _ in range(2))
    one.pop("made"), two.pop("made")
    assert json.dumps(one) == json.dumps(two)


def test_without_gold_nobody_is_said_to_be_right(scored):
    audited = w2s_judge.audit_panel(scored(40).folder)
    assert audited.answer.verdict == "cannot tell"
    assert "no gold" in audited.answer.lines[0]
    assert "label" in audited.answer.lines[-1]


def test_the_gold_of_the_last_aggregation_is_used_and_named(scored, tmp_path):
    run = scored(40)
    gold = gold_for(run, tmp_path / "gold.jsonl", 30)
    w2s_judge.aggregate(run.folder, gold=gold)
    (rubric,) = w2s_judge.audit_panel(run.folder).rubrics
    assert rubric.gold == 30
    assert any(str(gold) in note for note in rubric.notes)
    gold.unlink()
    (rubric,) = w2s_judge.audit_panel(run.folder).rubrics
    assert rubric.gold == 0
    assert any("not there any more" in note for note in rubric.notes)


def test_the_most_divided_items_come_with_texts_and_every_vote(scored):
    audited = w2s_judge.audit_panel(scored(80).folder, contested=7)
    (rubric,) = audited.rubrics
    assert len(rubric.contested) == 7
    divided = [one.divided for one in rubric.contested]
    assert divided == sorted(divided, reverse=True)
    first = rubric.contested[0]
    assert first.prompt
    assert len(first.responses) == 1
    assert {cast.judge for cast in first.votes} == {"a", "b", "c"}


def test_what_the_consensus_says_of_a_labelled_item_is_not_its_label(scored, tmp_path):
    run = scored(80)
    audited = w2s_judge.audit_panel(run.folder, gold=gold_for(run, tmp_path / "gold.jsonl", 80))
    said = [dict(one.posterior) for one in audited.rubric().contested]
    assert said
    assert all(max(posterior.values()) < 1 for posterior in said)


def test_two_runs_are_compared_judge_by_judge(scored):
    before, now = scored(60, folder="before.jsonl"), scored(60, folder="now.jsonl", shift=1)
    audited = w2s_judge.audit_panel(now.folder, against=before.folder)
    shifts = figures(audited, ("change", "judges"), "judge")
    assert set(shifts) == {"a", "b", "c"}
    assert shifts["a"]["differ"]["value"] > 0.2


def test_a_file_of_votes_is_audited_like_its_run(scored, tmp_path, command):
    run = scored(60)
    gold = gold_for(run, tmp_path / "gold.jsonl", 40)
    file = tmp_path / "votes.jsonl"
    assert command("votes", run.folder, "-o", file).code == 0
    of_run = w2s_judge.audit_panel(run.folder, gold=gold)
    of_file = w2s_judge.audit_panel(file, gold=gold, rubric="safety", levels="1:5")
    for part, table in (("coverage", "abstentions"), ("agreement", "pairs")):
        mine, theirs = (
            one.told()["rubrics"]["safety"]["parts"][part]["tables"][table]
            for one in (of_run, of_file)
        )
        assert mine == theirs


def test_an_unfinished_run_is_audited_and_said_to_be(scored):
    run = scored(60, max_calls=100)
    audited = w2s_judge.audit_panel(run.folder)
    assert any("not finished" in note for note in audited.notes)


def test_a_run_that_was_killed_is_audited_and_said_to_be(scored):
    run = scored(30)
    with closing(sqlite3.connect(run.folder / "run.db")) as db:
        text = db.execute("SELECT value FROM facts WHERE name = 'manifest'").fetchone()[0]
        told = {**json.loads(text), "status": "running", "counts": None}
        db.execute("UPDATE facts SET value = ? WHERE name = 'manifest'", (json.dumps(told),))
        db.commit()
    audited = w2s_judge.audit_panel(run.folder)
    assert any("never came to its end" in note for note in audited.notes)


def test_a_run_of_an_older_version_is_refused_with_what_to_do(scored):
    run = scored(5)
    with closing(sqlite3.connect(run.folder / "run.db")) as db:
        db.execute("UPDATE facts SET value = '0' WHERE name = 'schema'")
        db.commit()
    with pytest.raises(RunFolderError, match="schema 0"):
        w2s_judge.audit_panel(run.folder)


def test_gold_of_other_items_altogether_is_refused_and_of_some_is_told(scored, tmp_path):
    run = scored(30)
    other = gold_for(run, tmp_path / "other.jsonl", 5, lambda item: f"no-{item}")
    with pytest.raises(InputError, match="labelled items is among the votes"):
        w2s_judge.audit_panel(run.folder, gold=other)
    mixed = tmp_path / "mixed.jsonl"
    mine = gold_for(run, tmp_path / "gold.jsonl", 20).read_text()
    mixed.write_text(mine + other.read_text())
    (rubric,) = w2s_judge.audit_panel(run.folder, gold=mixed).rubrics
    assert any("items that have no votes" in note for note in rubric.notes)


VOTES = "item,judge,label\n"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("".join(f"i{k},only,{k % 2}\n" for k in range(40)), "one judge"),
        ("a,x,1\n", "one judge"),
        ("a,x,1\nb,y,0\n", "cannot be told"),
    ],
)
def test_small_files_are_audited_without_inventing_figures(tmp_path, rows, said):
    file = tmp_path / "votes.csv"
    file.write_text(VOTES + rows)
    audited = w2s_judge.audit_panel(file)
    assert said in audited.answer.lines[1]
    assert audited.answer.verdict == "cannot tell"
    json.dumps(audited.told(), allow_nan=False)


def test_a_judge_without_a_vote_is_named(tmp_path):
    file = tmp_path / "votes.csv"
    rows = "".join(f"i{k},a,{k % 2},\ni{k},b,{k % 3 % 2},\ni{k},mute,,refused\n" for k in range(40))
    file.write_text("item,judge,label,abstained\n" + rows)
    audited = w2s_judge.audit_panel(file)
    part = audited.rubric().part("coverage")
    assert any("mute" in sentence for sentence in part.sentences)
    reasons = {(row["judge"], row["reason"]) for row in part.table("abstentions").records()}
    assert reasons == {("mute", "refused")}


def test_a_run_without_a_vote_and_bad_arguments_say_what_to_do(scored, tmp_path):
    with pytest.raises(InputError, match="no such file or run folder"):
        w2s_judge.audit_panel(tmp_path / "none.w2s")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunFolderError, match="is not a run folder"):
        w2s_judge.audit_panel(tmp_path / "empty")
    run = scored(5)
    for given in ({"draws": 5}, {"seed": -1}, {"contested": -1}, {"levels": "1:5"}):
        with pytest.raises(UsageError):
            w2s_judge.audit_panel(run.folder, **given)
    with pytest.raises(ConfigurationError, match="no rubric"):
        w2s_judge.audit_panel(run.folder, rubric="toxicity")


def test_tables_are_frames_on_request(scored, tmp_path):
    run = scored(40)
    audited = w2s_judge.audit_panel(run.folder, gold=gold_for(run, tmp_path / "gold.jsonl", 30))
    frame = audited.frame("skill.judges")
    assert {"judge", "accuracy", "accuracy_low", "accuracy_high"} <= set(frame.columns)
    with pytest.raises(KeyError, match="there are coverage"):
        audited.frame("skill.nothing")


def test_the_command_writes_the_page_and_the_figures(scored, tmp_path, command):
    run = scored(40)
    gold = gold_for(run, tmp_path / "gold.jsonl", 30)
    page, file = tmp_path / "report.html", tmp_path / "audit.json"
    ran = command("audit", run.folder, "--gold", gold, "-o", page, "--json", file)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("Can I use this panel?")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    told = json.loads(file.read_text())
    printed = command("audit", run.folder, "--gold", gold, "--json", "-").json()
    assert told["rubrics"] == printed["rubrics"]


def test_the_command_refuses_targets_that_cannot_be_written(scored, tmp_path, command):
    run = scored(5)
    ran = command("audit", run.folder, "-o", tmp_path / "no" / "report.html")
    assert ran.code == 1
    assert "there is no folder" in ran.err
    ran = command("audit", run.folder, "-o", tmp_path)
    assert ran.code == 2
    votes = tmp_path / "votes.csv"
    votes.write_text(VOTES + "a,x,1\n")
    assert command("audit", votes, "-o", votes).code == 2
    assert votes.read_text() == VOTES + "a,x,1\n"


def test_nothing_but_an_audit_is_ever_replaced(scored, tmp_path, command):
    run = scored(20)
    gold = gold_for(run, tmp_path / "gold.jsonl", 15)
    mine = tmp_path / "mine.json"
    mine.write_text('{"kept": true}')
    kept = {path: path.read_bytes() for path in (gold, mine, run.folder / "run.db")}
    kept[run.folder / "manifest.json"] = (run.folder / "manifest.json").read_bytes()
    for option in ("-o", "--json"):
        for target in kept:
            ran = command("audit", run.folder, "--gold", gold, option, target)
            assert ran.code == 2, (option, target, ran.err)
    assert kept == {path: path.read_bytes() for path in kept}
    page, figures = run.folder / "report.html", run.folder / "audit.json"
    for _ in range(2):  # its own are replaced
        assert command("audit", run.folder, "-o", page, "--json", figures).code == 0


def test_scores_that_only_rank_are_cut_without_the_labels_they_are_measured_on(tmp_path):
    random = np.random.default_rng(0)
    truth = random.random(400) < 0.3
    votes, gold = tmp_path / "votes.jsonl", tmp_path / "gold.csv"
    with votes.open("w") as file:
        for k, j in np.ndindex(400, 3):
            share = float(np.clip(0.2 * truth[k] + 0.7 * random.random(), 0, 1))
            row = {"item": f"i{k}", "judge": f"j{j}", "mass:1": 1 - share, "mass:2": 0,
                   "mass:3": share, "uncalibrated": True}  # fmt: skip
            file.write(json.dumps(row) + "\n")
    rows = [f"i{k},{'high' if truth[k] else 'low'}" for k in range(200)]
    gold.write_text("item,label\n" + "\n".join(rows) + "\n")
    audited = w2s_judge.audit_panel(votes, gold=gold, levels="1,2,3")
    (rubric,) = audited.rubrics
    assert any("only rank" in note for note in rubric.notes)
    judges = {row["judge"]: row for row in rubric.part("skill").table("judges").records()}
    assert judges["j0"]["accuracy"]["value"] > 0.5
    alone = {row["label"] for row in rubric.part("agreement").table("base_rates").records()}
    assert alone == {"low", "high"}


def test_a_run_against_itself_has_not_changed(scored, tmp_path):
    run = scored(60)
    gold = gold_for(run, tmp_path / "gold.jsonl", 40)
    audited = w2s_judge.audit_panel(run.folder, gold=gold, against=run.folder)
    part = audited.rubric().part("change")
    assert not [one for one in audited.findings if one.test.kind == "changed"]
    assert all(row["shift"]["value"] == 0 for row in part.table("rates").records())


def test_files_of_scores_are_audited(tmp_path):
    random = np.random.default_rng(0)
    votes = tmp_path / "votes.csv"
    rows = [f"i{k},j{j},{random.random():.4f}" for k in range(100) for j in range(3)]
    votes.write_text("item,judge,score\n" + "\n".join(rows) + "\n")
    audited = w2s_judge.audit_panel(votes)
    assert audited.answer.verdict == "cannot tell"


def test_a_page_and_figures_are_swapped_in_whole(scored, tmp_path):
    audited = w2s_judge.audit_panel(scored(20).folder)
    page = tmp_path / "report.html"
    write_audit(audited, page, None)
    first = page.read_bytes()
    write_audit(audited, page, None)
    assert page.read_bytes() == first
    assert not list(tmp_path.glob("*.part"))
