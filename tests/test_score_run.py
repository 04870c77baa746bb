"""`score` from end to end against a real endpoint: votes, scores, manifest, resuming."""

from __future__ import annotations

import asyncio
import json
import re
import stat

import pytest

import w2s_judge


def item_of(text: str) -> int:
    return int(re.findall(r"item-(\d+)", text)[-1])


def label_of(number: int) -> str:
    return str(number % 5 + 1)


def class_of(number: int) -> str:
    """The truth class of that label under the rubric's cut."""
    return "safe" if label_of(number) in "45" else "unsafe"


@pytest.fixture
def honest(endpoint, wire):
    """An endpoint whose one-token verdict depends on the item alone."""

    def reply(body, _):
        label = label_of(item_of(wire.prompt(body)))
        others = {str(k): 0.02 for k in range(1, 6) if str(k) != label}
        return wire.token({label: 0.9, **others})

    return endpoint(reply)


def test_every_vote_is_the_one_that_was_given(honest, outputs, panel):
    run = w2s_judge.score(outputs(40), panel=panel(a=honest.url, b=honest.url), rubrics=["safety"])
    lines = list(run.vote_lines("safety"))
    assert len(lines) == 80
    for line in lines:
        best = max(line["mass"], key=line["mass"].get)
        assert best == label_of(int(line["item"][5:]))
        assert line["read"] == "logprob"
        assert line["outside"] == pytest.approx(0.02, abs=1e-6)
    rows = list(run.scores())
    assert [row["item"] for row in rows] == [f"item-{k:05}" for k in range(40)]
    assert all(row["label"] == class_of(int(row["item"][5:])) for row in rows)
    assert all(row["votes"] == 2 and row["abstained"] == 0 for row in rows)
    assert run.summary["status"] == "complete"
    assert len(honest.bodies) == 80


def test_keys_of_a_vote_and_of_a_score_are_those_documented(honest, outputs, panel):
    run = w2s_judge.score(outputs(2), panel=panel(a=honest.url), rubrics=["safety"])
    vote = next(run.vote_lines())
    assert list(vote) == [
        "item", "responses", "order", "variant", "rubric", "rubric_hash", "judge", "family",
        "model", "read", "stage", "mass", "outside", "bounded", "categories", "uncalibrated",
        "abstained", "raw", "reasoning", "prompt_tokens", "completion_tokens", "cost_usd",
        "attempts", "latency_s", "at",
    ]  # fmt: skip
    assert (vote["variant"], vote["stage"], vote["order"]) == ("base", 0, None)
    assert vote["cost_usd"] is None  # no price was given: unknown, not zero
    score = next(run.scores())
    assert list(score) == [
        "item", "response", "model", "rubric", "label", "mass", "utility", "votes", "abstained",
        "dissent", "method", "calibration", "stage", "gold",
    ]  # fmt: skip
    assert score["calibration"] == "tempered"  # one judge alone


def test_the_same_command_again_asks_nothing(honest, outputs, panel):
    path, judges = outputs(30), panel(a=honest.url)
    first = w2s_judge.score(path, panel=judges)
    rows = list(first.scores())
    calls = len(honest.bodies)
    again = w2s_judge.score(path, panel=judges)
    assert len(honest.bodies) == calls == 60  # safety and toxicity
    assert list(again.scores()) == rows
    assert again.summary["judges"]["a"]["answered_before"] == 60


def test_a_longer_file_asks_only_what_is_new(honest, outputs, panel):
    judges = panel(a=honest.url)
    w2s_judge.score(outputs(10), panel=judges, rubrics=["safety"])
    run = w2s_judge.score(outputs(15), panel=judges, rubrics=["safety"])
    assert len(honest.bodies) == 15
    assert len(list(run.scores())) == 15


def test_a_further_rubric_keeps_the_scores_of_the_first(honest, outputs, panel):
    path, judges = outputs(5), panel(a=honest.url)
    w2s_judge.score(path, panel=judges, rubrics=["safety"])
    run = w2s_judge.score(path, panel=judges, rubrics=["helpfulness"])
    assert [row["rubric"] for row in run.scores()] == ["safety"] * 5 + ["helpfulness"] * 5
    assert len(honest.bodies) == 10


def test_equal_questions_are_asked_once_and_count_for_both(honest, outputs, panel):
    row = {"prompt": "Q?", "response": "item-00003 says"}
    path = outputs([{"id": "x", **row}, {"id": "y", **row}])
    run = w2s_judge.score(path, panel=panel(a=honest.url), rubrics=["safety"])
    assert len(honest.bodies) == 1
    assert [row["label"] for row in run.scores()] == ["safe", "safe"]
    assert run.summary["status"] == "complete"


def test_the_folder_is_its_owners_and_holds_no_key(honest, outputs, panel, monkeypatch):
    monkeypatch.setenv("SECRET_KEY_OF_TEST", "sk-very-secret-123456")
    path = outputs(3)
    run = w2s_judge.score(path, panel=panel('api_key_env = "SECRET_KEY_OF_TEST"', a=honest.url))
    assert honest.headers[0]["Authorization"] == "Bearer sk-very-secret-123456"
    assert run.folder == path.with_name("outputs.w2s")
    assert stat.S_IMODE(run.folder.stat().st_mode) == 0o700
    files = [path for path in run.folder.rglob("*") if path.is_file()]
    assert any(path.parent.name == "consensus" for path in files)
    for file in files:
        assert b"sk-very-secret" not in file.read_bytes()
    manifest = json.loads((run.folder / "manifest.json").read_text())
    assert manifest["schema"] == 1
    assert manifest["status"] == "complete"
    assert len(manifest["input"]["sha256"]) == 64
    assert manifest["rubrics"]["safety"]["hash"] == w2s_judge.load_rubric("safety").hash
    assert manifest["cost"]["calls"] == 6


def test_the_task_chooses_the_rubric(honest, outputs, panel):
    rows = [
        {"id": f"{task}-{k}", "task": task, "prompt": "Q", "response": f"item-{k} says"}
        for k, task in enumerate(["safety", "toxicity", "legal", "other"])
    ]
    run = w2s_judge.score(outputs(rows), panel=panel(a=honest.url))
    asked = {(row["item"], row["rubric"]) for row in run.scores()}
    assert asked == {
        ("safety-0", "safety"), ("toxicity-1", "toxicity"), ("legal-2", "legal"),
        ("other-3", "safety"), ("other-3", "toxicity"),
    }  # fmt: skip


def test_comparisons_are_asked_in_both_orders_and_kept_in_the_items_frame(
    endpoint, wire, outputs, panel
):
    rubric = w2s_judge.load_rubric("safety-pair")

    def reply(body, _):
        text = wire.prompt(body)
        first_is_good = text.index("GOOD") < text.index("BAD")
        return wire.token({rubric.labels[0] if first_is_good else rubric.labels[-1]: 0.97})

    judge = endpoint(reply)
    rows = [{"id": "p", "prompt": "Q", "responses": ["BAD answer", "GOOD answer"]}]
    run = w2s_judge.score(outputs(rows), panel=panel(a=judge.url), rubrics=["safety-pair"])
    lines = list(run.vote_lines())
    assert [line["order"] for line in lines] == ["ab", "ba"]
    for line in lines:
        assert max(line["mass"], key=line["mass"].get) == rubric.labels[-1]
    (score,) = run.scores()
    assert score["responses"] == [0, 1]
    assert "response" not in score
    votes = run.votes("safety-pair")
    assert votes.raters == ("a/ab", "a/ba")
    assert votes.positions.tolist() == [[0, 1]]


def test_repeats_are_other_samples_and_enter_as_one_vote(honest, outputs, panel):
    judges = panel("repeats = 3\ntemperature = 0.7", a=honest.url)
    run = w2s_judge.score(outputs(2), panel=judges, rubrics=["safety"])
    variants = {line["variant"] for line in run.vote_lines()}
    assert variants == {"base", "repeat:2", "repeat:3"}
    assert len({body["seed"] for body in honest.bodies}) == 6
    votes = run.votes("safety")
    assert votes.V == 2
    assert next(run.scores())["votes"] == 1


def test_it_works_inside_a_running_event_loop(honest, outputs, panel):
    path, judges = outputs(3), panel(a=honest.url)

    async def notebook():
        return w2s_judge.score(path, panel=judges, rubrics=["safety"])

    assert len(list(asyncio.run(notebook()).scores())) == 3


def test_frames_on_request(honest, outputs, panel):
    pandas = pytest.importorskip("pandas")
    run = w2s_judge.score(outputs(4), panel=panel(a=honest.url), rubrics=["safety"])
    assert isinstance(run.scores_frame(), pandas.DataFrame)
    assert len(run.votes_frame("safety")) == 4
    assert list(pandas.DataFrame(run.votes("safety").columns())["mass:1"]) == pytest.approx(
        [0.9 / 0.98, 0.02 / 0.98, 0.02 / 0.98, 0.02 / 0.98]
    )


def test_the_order_of_asking_is_seeded_and_judges_stay_close(honest, outputs, panel, tmp_path):
    path, judges = outputs(120), panel("concurrency = 1", a=honest.url, b=honest.url)

    def order(seed, folder):
        honest.bodies.clear()
        w2s_judge.score(path, panel=judges, rubrics=["safety"], seed=seed, out=tmp_path / folder)
        by_judge = {"m-a": [], "m-b": []}
        apart = 0
        for body in honest.bodies:
            by_judge[body["model"]].append(item_of(body["messages"][0]["content"]))
            apart = max(apart, abs(len(by_judge["m-a"]) - len(by_judge["m-b"])))
        return by_judge["m-a"], apart

    first, apart = order(1, "r1")
    assert apart <= 8
    assert first != sorted(first)
    assert order(1, "r2")[0] == first
    assert order(2, "r3")[0] != first


def test_a_level_pair_of_votes_has_no_label(endpoint, wire, outputs, panel):
    one = endpoint(lambda body, n: wire.token({"1": 1.0}))
    two = endpoint(lambda body, n: wire.token({"5": 1.0}))
    run = w2s_judge.score(outputs(1), panel=panel(a=one.url, b=two.url), rubrics=["safety"])
    (row,) = run.scores()
    assert row["label"] is None
    assert row["dissent"] is None
    assert row["mass"] == {
        "unsafe": pytest.approx(0.5, abs=1e-3),
        "safe": pytest.approx(0.5, abs=1e-3),
    }
    assert row["utility"] == pytest.approx(0.5, abs=1e-3)
