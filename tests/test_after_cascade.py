"""What comes after a cascade: no false promise, and no scores displaced without a word."""

from __future__ import annotations

import json
import shutil
from contextlib import closing

import numpy as np
import pytest

import w2s_judge
from w2s_judge.errors import UsageError
from w2s_judge.store.schema import connect
from w2s_judge.workflows.after_cascade import uneven
from w2s_judge.workflows.audit_panels import AuditJob, panels
from w2s_judge.workflows.verdict_rows import verdict_rows

ITEMS, PILOT = 500, 240
# name -> accuracy and confidence on easy and on hard items
SKILL = {"cheap": ((0.97, 0.97), (0.55, 0.65)), "dear": ((0.98, 0.97), (0.95, 0.95))}
STAGED = w2s_judge.Cascade(max_error=0.1, method="dawid-skene", stages=2)


def recorded(path, rubrics):
    """Recorded votes of both judges on all items, and the truth."""
    rng = np.random.default_rng(5)
    truth, hard = rng.random(ITEMS) < 0.5, rng.random(ITEMS) < 0.35
    with path.open("w") as file:
        for rubric in map(w2s_judge.load_rubric, rubrics):
            best, worst = rubric.labels[-1], rubric.labels[0]
            for judge, (easy, difficult) in SKILL.items():
                for k in range(ITEMS):
                    skill, sure = difficult if hard[k] else easy
                    good = (rng.random() < skill) == truth[k]
                    mass = {best if good else worst: sure, worst if good else best: 1 - sure}
                    line = {
                        "item": f"item-{k:05}", "responses": [0], "order": None, "variant": "base",
                        "rubric": rubric.name, "rubric_hash": rubric.hash, "judge": judge,
                        "mass": mass, "abstained": None,
                    }  # fmt: skip
                    file.write(json.dumps(line) + "\n")
    return truth


@pytest.fixture(scope="module")
def cascaded(tmp_path_factory):
    """A folder with outputs, panel, gold and a complete cascade, and how to score there."""
    folder = tmp_path_factory.mktemp("cascade")
    truth = recorded(folder / "votes.jsonl", ("safety", "toxicity"))
    (folder / "outputs.jsonl").write_text("".join(
        json.dumps({"id": f"item-{k:05}", "prompt": f"Q {k}?", "response": f"A {k}"}) + "\n"
        for k in range(ITEMS)
    ))  # fmt: skip
    (folder / "panel.toml").write_text("\n".join(
        f'[[judge]]\nname = "{name}"\nkind = "replay"\npath = "votes.jsonl"\n' for name in SKILL
    ))  # fmt: skip
    gold = "".join(f"item-{k:05},safety,{'safe' if truth[k] else 'unsafe'}\n" for k in range(PILOT))
    (folder / "gold.csv").write_text("item,rubric,label\n" + gold)
    run = scored(folder, cascade=STAGED, gold=folder / "gold.csv", prices={"cheap": 1, "dear": 30})
    stages = run.summary["cascade"]["safety"]["stages"]
    assert [one["judges"] for one in stages] == [["cheap"], ["dear"]]
    assert 20 < stages[1]["asked"] < ITEMS - PILOT - 50
    assert {row["stage"] for row in run.scores()} == {0, 1, 2}
    return folder


def scored(folder, rubrics="safety", **given):
    return w2s_judge.score(
        folder / "outputs.jsonl", panel=folder / "panel.toml", rubrics=rubrics,
        out=folder / "run.w2s", **given,
    )  # fmt: skip


@pytest.fixture
def folder(cascaded, tmp_path):
    return shutil.copytree(cascaded, tmp_path / "copy")


def rows_of(folder, rubric="safety"):
    lines = (folder / "run.w2s" / "scores.jsonl").read_text().splitlines()
    return [row for row in map(json.loads, lines) if row["rubric"] == rubric]


def test_a_promise_is_not_made_of_gold_that_is_no_sample_of_the_rest(folder):
    before = rows_of(folder)
    for gold in (folder / "gold.csv", None):
        with pytest.raises(UsageError, match=r"safety in .* are a cascade's.*few") as error:
            w2s_judge.aggregate(folder / "run.w2s", gold=gold, max_error=0.1)
        assert "score --cascade --max-error 0.1" in str(error.value).replace("`", "")
    with pytest.raises(UsageError, match="are a cascade's"):
        w2s_judge.pairs(folder / "run.w2s", folder / "dpo", rubrics="safety", max_error=0.1,
                        gold=folder / "gold.csv")  # fmt: skip
    assert rows_of(folder) == before


def test_a_plain_aggregation_says_first_that_figures_on_gold_are_not_of_the_rest(folder):
    (done,) = w2s_judge.aggregate(folder / "run.w2s", gold=folder / "gold.csv", method="mean")
    assert "every judge, and most others of few" in done.record["notes"][0]
    assert "score --cascade" in done.record["notes"][0]
    (done,) = w2s_judge.aggregate(folder / "run.w2s", method="mean")
    assert "no fair sample" in done.record["notes"][0]
    assert (folder / "run.w2s" / "consensus" / "safety.cascade.jsonl").is_file()


def test_another_rubric_leaves_the_scores_of_a_cascade(folder):
    before = rows_of(folder)
    run = scored(folder, rubrics="toxicity")
    assert rows_of(folder) == before
    assert {row["stage"] for row in rows_of(folder, "toxicity")} == {0}
    told = run.summary["rubrics"]["safety"]
    assert "keeps the scores of its cascade" in told["warning"]
    assert told["rows"] == ITEMS
    assert told["no_label"] == sum(row["label"] is None for row in before)
    assert run.summary["rubrics"]["toxicity"]["warning"] is None
    kept = run.manifest["consensus"]["safety"]
    assert (kept["file"], kept["max_error"]) == ("consensus/safety.cascade.jsonl", 0.1)
    assert len(list(verdict_rows(run.folder, "safety").rows())) == ITEMS  # not called old


def test_as_long_as_judges_have_been_left_out_a_cascade_is_not_displaced(folder):
    before = rows_of(folder)
    spent = w2s_judge.Run(folder / "run.w2s").manifest["cost"]["calls"]
    run = scored(folder, max_calls=spent + 3)
    assert run.summary["status"] == "stopped"
    assert rows_of(folder) == before
    assert "not every judge has an answer" in run.summary["rubrics"]["safety"]["warning"]
    whole = scored(folder)
    assert whole.summary["rubrics"]["safety"]["warning"] is None
    rows = rows_of(folder)
    assert {row["votes"] for row in rows} == {2}
    assert {row["method"] for row in rows} == {"dawid-skene"}
    # All was asked of all: gold is like the rest again, and the promise is kept as it was asked.
    assert whole.manifest["consensus"]["safety"]["max_error"] == 0.1
    (done,) = w2s_judge.aggregate(folder / "run.w2s", gold=folder / "gold.csv", max_error=0.1)
    assert not any("a cascade's" in note for note in done.record["notes"])
    (one,) = panels(AuditJob(folder / "run.w2s"))
    assert not any("a cascade's" in note for note in one.notes)


def test_a_cascade_that_was_stopped_early_promises_nothing_to_aggregate(cascaded, tmp_path):
    folder = shutil.copytree(cascaded, tmp_path / "copy", ignore=shutil.ignore_patterns("*.w2s"))
    given = {"cascade": STAGED, "gold": folder / "gold.csv", "prices": {"cheap": 1, "dear": 30}}
    run = scored(folder, **given, max_calls=2 * PILOT + (ITEMS - PILOT))
    assert run.summary["status"] == "stopped"
    with pytest.raises(UsageError, match="are a cascade's"):
        w2s_judge.aggregate(run.folder, gold=folder / "gold.csv", max_error=0.1)


def test_an_audit_says_that_dear_judges_were_asked_about_hard_items(folder):
    (one,) = panels(AuditJob(folder / "run.w2s"))
    assert "agree less" in one.notes[0]


@pytest.mark.parametrize(("calls", "left_out"), [(ITEMS, True), (None, False)])
def test_a_judge_that_is_kin_to_a_response_is_not_left_out(cascaded, tmp_path, calls, left_out):
    folder = shutil.copytree(cascaded, tmp_path / "copy", ignore=shutil.ignore_patterns("*.w2s"))
    rows = [json.loads(line) for line in (folder / "outputs.jsonl").read_text().splitlines()]
    text = "".join(
        json.dumps(row | {"family": ("kin", "other")[k % 2]}) + "\n" for k, row in enumerate(rows)
    )
    (folder / "outputs.jsonl").write_text(text)
    with (folder / "panel.toml").open("a") as file:  # the last row is the dear judge's
        file.write('family = "kin"\n')
    run = scored(folder, max_calls=calls)
    assert run.summary["judges"]["dear"]["questions"] == ITEMS // 2
    with closing(connect(run.folder / "run.db", read_only=True)) as db:
        assert not uneven(db, run.folder, "safety")  # no cascade: as far as it came it is fair
        shutil.copy(run.folder / "scores.jsonl", run.folder / "consensus" / "safety.cascade.jsonl")
        assert uneven(db, run.folder, "safety") == left_out
