"""`probe`: judges are asked again about rewritten responses, and nothing else is touched."""

from __future__ import annotations

import json
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import w2s_judge
from w2s_judge.scoring.probes import PROBES, Demand, asked_again, rewritten_place
from w2s_judge.types import Item, Response
from w2s_judge.workflows.probe import estimate_probe, probe
from w2s_judge.workflows.probe_plan import ProbeJob
from w2s_judge.workflows.verdict_rows import verdict_rows

ASKED_FOR = re.compile(r"(?:^Verdict: |Answer )(\d)(?: \(|\.$)", re.MULTILINE)


def item_of(text):
    return int(re.findall(r"item-(\d+)", text)[-1])


def fixed(text):
    return "12345"[item_of(text) % 5]


@pytest.fixture
def steadfast(endpoint, wire):
    return endpoint(lambda body, _: wire.token({fixed(wire.prompt(body)): 0.97}))


@pytest.fixture
def obedient(endpoint, wire):
    """Says what the response asks for, if it asks."""

    def reply(body, _):
        told = ASKED_FOR.findall(wire.prompt(body))
        return wire.token({told[-1] if told else fixed(wire.prompt(body)): 0.97})

    return endpoint(reply)


def left_behind(folder):
    """All that probing must leave as it was."""
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["cost"]
    files = {path.name: path.read_bytes() for path in (folder / "consensus").iterdir()}
    return manifest, files, (folder / "scores.jsonl").read_bytes()


def figures(done, rubric="safety"):
    rows = done.parts[rubric].table("probes").records()
    return {(row["judge"], row["probe"]): row for row in rows}


def test_who_obeys_an_embedded_verdict_is_found_and_who_does_not_is_not(
    steadfast, obedient, outputs, panel
):
    judges = panel(firm=steadfast.url, soft=obedient.url)
    run = w2s_judge.score(outputs(40), panel=judges, rubrics=["safety"])
    before = left_behind(run.folder)
    votes, scores = run.votes("safety").soft(), list(run.scores())
    done = probe(run.folder, panel=judges, sample=30)
    assert done.complete
    assert len(steadfast.bodies) == 40 + 30 * 6
    found = figures(done)
    for name in PROBES:
        assert found["firm", name]["flips"]["value"] == 0
        assert found["firm", name]["asked"] == 30
        assert found["firm", name]["toward"]["value"] == pytest.approx(0, abs=1e-6)
    for name in ("verdict", "instruction"):
        assert found["soft", name]["turned"]["value"] == 1
        assert found["soft", name]["toward"]["value"] == pytest.approx(0.5, abs=0.1)
        assert 0.4 < found["soft", name]["flips"]["value"] < 0.8  # the others were safe before
    assert found["soft", "repeat"]["flips"]["value"] == 0
    assert found["soft", "disavowal"]["flips"]["value"] == 0
    tests = {test.about: test for test in done.parts["safety"].tests}
    assert len(tests) == 10
    assert tests["soft", "verdict"].p < 1e-4 < 0.05 < tests["soft", "verdict"].effect
    assert tests["firm", "verdict"].p == 1
    assert left_behind(run.folder) == before
    again = w2s_judge.Run(run.folder)
    assert again.votes("safety").soft().tolist() == votes.tolist()
    assert list(again.scores()) == scores
    variants = [line["variant"] for line in again.vote_lines()]
    assert variants.count("base") == 80
    assert variants.count("probe:verdict") == 60
    verdict_rows(run.folder, "safety")  # the scores are not older than the votes


def test_score_goes_on_after_a_probe_as_if_there_had_been_none(steadfast, outputs, panel):
    path, judges = outputs(40), panel("concurrency = 1", a=steadfast.url)
    first = w2s_judge.score(path, panel=judges, rubrics=["safety"], max_calls=25)
    assert first.summary["left"] == 15
    done = probe(first.folder, panel=judges, sample=25, probes="verdict")
    assert done.summary["rubrics"]["safety"] == {"sampled": 25}
    assert len(steadfast.bodies) == 25 + 25 * 2
    told = w2s_judge.estimate(path, panel=judges, rubrics=["safety"])
    assert told["calls"] == 40
    assert told["already_called"] == 25  # what was asked for votes
    half = w2s_judge.score(path, panel=judges, rubrics=["safety"], max_calls=80)
    assert (half.summary["status"], half.summary["left"]) == ("stopped", 10)
    assert half.summary["judges"]["a"]["answered_before"] >= 25
    last = w2s_judge.score(path, panel=judges, rubrics=["safety"])
    assert (last.summary["status"], last.summary["left"]) == ("complete", 0)
    assert len(steadfast.bodies) == 40 + 50
    assert len(list(last.scores())) == 40
    assert {row["votes"] for row in last.scores()} == {1}


def test_a_probe_resumes_and_a_larger_sample_holds_the_smaller(steadfast, outputs, panel, command):
    judges = panel("concurrency = 1", a=steadfast.url)
    run = w2s_judge.score(outputs(30), panel=judges, rubrics=["safety"])
    words = ("probe", run.folder, "--panel", judges, "--sample", 10, "--json")
    stopped = command(*words, "--max-calls", 50)
    assert stopped.code == 3
    assert "the ceiling of 50 calls is reached" in stopped.err
    assert stopped.json()["left"] == 40
    assert len(steadfast.bodies) == 50
    done = command(*words)
    assert (done.code, done.json()["status"], done.json()["left"]) == (0, "complete", 0)
    assert done.json()["judges"]["a"]["answered_before"] == 20
    assert len(steadfast.bodies) == 30 + 60
    assert probe(run.folder, panel=judges, sample=10).summary["asking"]["calls"] == 0
    assert probe(run.folder, panel=judges, sample=15).summary["asking"]["calls"] == 30
    keys = [json.dumps(body["messages"]) for body in steadfast.bodies]
    assert len(set(keys)) == len(keys)  # nothing was asked twice, the repeat has its own code


def test_texts_that_changed_lose_their_probes_and_the_others_keep_theirs(steadfast, outputs, panel):
    judges = panel(a=steadfast.url)
    rows = [{"id": f"i{k}", "prompt": f"{k}?", "response": f"item-{k:05} says"} for k in range(12)]
    run = w2s_judge.score(outputs(rows), panel=judges, rubrics=["safety"])
    probe(run.folder, panel=judges, probes="padding")
    rows[3]["response"] = "item-00003 says more"
    again = w2s_judge.score(outputs(rows), panel=judges, rubrics=["safety"])
    assert again.summary["judges"]["a"]["calls"] == 1
    assert again.summary["left"] == 0
    of_probes = [line["item"] for line in again.vote_lines() if line["variant"] != "base"]
    assert set(of_probes) == {f"i{k}" for k in range(12)} - {"i3"}
    done = probe(run.folder, panel=judges, probes="padding")
    assert done.summary["asking"]["calls"] == 2
    assert figures(done)["a", "padding"]["asked"] == 12


def test_dollars_are_kept_within_the_ceiling_of_the_whole_folder(steadfast, outputs, panel):
    price = "concurrency = 1\nusd_per_1m_in = 0\nusd_per_1m_out = 0\nusd_per_call = 0.01"
    judges = panel(price, a=steadfast.url)
    run = w2s_judge.score(outputs(20), panel=judges, rubrics=["safety"])
    told = estimate_probe(ProbeJob(run.folder, sample=10, panel=judges))
    assert (told["calls"], told["usd"]) == (60, pytest.approx(0.6))
    assert len(steadfast.bodies) == 20
    done = probe(run.folder, panel=judges, sample=10, budget_usd=0.505)
    assert not done.complete
    assert len(steadfast.bodies) == 50
    manifest = w2s_judge.Run(run.folder).manifest
    assert manifest["cost"]["calls"] == 50
    assert manifest["cost"]["usd"] == pytest.approx(0.5)


def test_of_a_pair_one_response_is_rewritten_and_the_demand_is_in_the_frame_shown(
    endpoint, wire, outputs, panel
):
    def reply(body, _):
        told = re.findall(r"^Verdict: ([ATB]) ", wire.prompt(body), re.MULTILINE)
        return wire.token({told[-1] if told else "T": 0.97})

    judge = endpoint(reply)
    rows = [
        {"id": f"p{k}", "prompt": "Q", "responses": [f"one {k}", f"other {k}"]} for k in range(40)
    ]
    judges = panel(a=judge.url)
    run = w2s_judge.score(outputs(rows), panel=judges, rubrics=["safety-pair"])
    done = probe(run.folder, panel=judges, probes=["verdict"])
    assert done.complete
    assert len(judge.bodies) == 40 * 2 * 3
    found = figures(done, "safety-pair")["a", "verdict"]
    assert found["asked"] == 80
    assert found["flips"]["value"] == 1  # all were ties
    assert found["toward"]["value"] == pytest.approx(0.46, abs=0.02)  # for whichever was rewritten
    (test,) = done.parts["safety-pair"].tests
    assert test.p < 1e-4
    lines = [line for line in run.vote_lines() if line["variant"] == "probe:verdict"]
    won = {line["item"]: max(line["mass"], key=line["mass"].get) for line in lines}
    assert {"A", "B"} == set(won.values())
    for line in lines:  # both orders say the same of the same response
        assert max(line["mass"], key=line["mass"].get) == won[line["item"]]
        assert won[line["item"]] == "AB"[rewritten_place(line["item"], (0, 1))]


def test_a_judge_is_asked_again_only_where_it_voted_and_may(steadfast, outputs, panel):
    rows = [
        {"id": f"i{k}", "prompt": f"{k}?", "response": f"item-{k:05} says", "model": model}
        for k, model in enumerate(["qwen2-7b", "gemma-2-9b"] * 10)
    ]
    judges = panel(a=steadfast.url, b=steadfast.url)
    text = judges.read_text().replace('name = "b"', 'name = "b"\nfamily = "gemma"')
    judges.write_text(text)
    run = w2s_judge.score(outputs(rows), panel=judges, rubrics=["safety"])
    done = probe(run.folder, panel=judges, probes=["padding"])
    assert {name: one["questions"] for name, one in done.summary["judges"].items()} == {
        "a": 40, "b": 20,
    }  # fmt: skip


def test_recordings_are_left_out_and_said(steadfast, outputs, panel, tmp_path):
    judges = panel(a=steadfast.url)
    first = w2s_judge.score(outputs(12), panel=judges, rubrics=["safety"])
    record = tmp_path / "votes.jsonl"
    record.write_text("".join(json.dumps(line) + "\n" for line in first.vote_lines()))
    judges.write_text(
        judges.read_text() + '[[judge]]\nname = "old"\nkind = "replay"\npath = "votes.jsonl"\n'
    )
    run = w2s_judge.score(outputs(12), panel=judges, rubrics=["safety"], out=tmp_path / "both.w2s")
    done = probe(run.folder, panel=judges, probes=["padding"])
    assert set(done.summary["judges"]) == {"a"}
    assert done.summary["left_out"] == ["old is a recording, which can answer nothing new"]
    judges.write_text(judges.read_text()[judges.read_text().index('[[judge]]\nname = "old"') :])
    with pytest.raises(w2s_judge.ConfigurationError, match="no judge can be asked again"):
        probe(run.folder, panel=judges)


def test_an_abstention_on_the_rewritten_text_is_told_as_new(endpoint, wire, outputs, panel):
    def reply(body, _):
        text = wire.prompt(body)
        return wire.token({"?" if "I do not endorse" in text else fixed(text): 0.97})

    judges = panel(a=endpoint(reply).url)
    run = w2s_judge.score(outputs(20), panel=judges, rubrics=["safety"])
    found = figures(probe(run.folder, panel=judges, probes=["disavowal"]))["a", "disavowal"]
    assert found["abstained"]["value"] == 1
    assert found["flips"]["value"] is None
    assert found["toward"]["value"] is None


def test_what_is_wrong_is_told_before_any_call(steadfast, outputs, panel, command, tmp_path):
    path, judges = outputs(8), panel(a=steadfast.url)
    run = w2s_judge.score(path, panel=judges, rubrics=["safety"])
    calls = len(steadfast.bodies)
    before = left_behind(run.folder)

    for kind, text, choice in (
        (w2s_judge.UsageError, "did you mean 'padding'", {"probes": ["paddin"]}),
        (w2s_judge.UsageError, "--sample 0", {"sample": 0}),
        (w2s_judge.ConfigurationError, "no rubric of this run 'toxicity'", {"rubrics": "toxicity"}),
        (w2s_judge.ConfigurationError, "is unknown, so --budget-usd", {"budget_usd": 1}),
        (w2s_judge.ConfigurationError, "was judged by a: name their panel", {"panel": None}),
    ):
        with pytest.raises(kind, match=text):
            probe(run.folder, **{"panel": judges, **choice})
    with pytest.raises(w2s_judge.RunFolderError, match="is not a run folder"):
        probe(tmp_path / "none.w2s", panel=judges)
    other = panel("temperature = 0.5", a=steadfast.url)
    with pytest.raises(w2s_judge.ConfigurationError, match="'a' is not the one that voted under"):
        probe(run.folder, panel=other)
    stranger = panel(z=steadfast.url)
    with pytest.raises(w2s_judge.ConfigurationError, match="z has not voted in this run"):
        probe(run.folder, panel=stranger)
    ran = command("probe", run.folder, "--panel", stranger, "--probe", "paddin")
    assert (ran.code, "did you mean 'padding'" in ran.err) == (2, True)
    assert len(steadfast.bodies) == calls
    assert left_behind(run.folder) == before


def test_a_run_without_votes_is_sent_to_score(steadfast, outputs, panel):
    judges = panel(a=steadfast.url)
    run = w2s_judge.score(outputs(5), panel=judges, rubrics=["safety"], max_calls=0)
    with pytest.raises(w2s_judge.ConfigurationError, match="nobody has voted"):
        probe(run.folder, panel=judges)


def test_a_rubric_of_ones_own_is_named_by_its_file(steadfast, outputs, panel, tmp_path):
    own = tmp_path / "tone.toml"
    from importlib import resources

    text = (resources.files("w2s_judge.prompts") / "safety.toml").read_text()
    own.write_text(text.replace('name = "safety"', 'name = "tone"'))
    judges = panel(a=steadfast.url)
    run = w2s_judge.score(outputs(12), panel=judges, rubrics=[str(own)])
    with pytest.raises(w2s_judge.ConfigurationError, match=r"--rubric tone\.toml"):
        probe(run.folder, panel=judges)
    assert probe(run.folder, panel=judges, rubrics=str(own), probes="padding").complete
    own.write_text(own.read_text().replace("You are a safety reviewer", "You are a reviewer"))
    with pytest.raises(w2s_judge.ConfigurationError, match="has changed since"):
        probe(run.folder, panel=judges, rubrics=str(own))


def test_the_command_shows_flips_by_judge_and_probe(steadfast, obedient, outputs, panel, command):
    judges = panel(firm=steadfast.url, soft=obedient.url)
    run = w2s_judge.score(outputs(40), panel=judges, rubrics=["safety"])
    ran = command("probe", run.folder, "--panel", judges, "--probe", "verdict")
    assert ran.code == 0
    assert "verdicts that change" in ran.out
    assert re.search(r"firm +0 % \[0, \d+\] +0 % \[0, \d+\]", ran.out)
    assert "most with soft" in ran.out
    told = command("probe", run.folder, "--panel", judges, "--estimate")
    assert "80" not in told.out.splitlines()[2].split()  # repeat and verdict are answered already
    assert "160" in told.out.splitlines()[2].split()


# -- the rewrites ------------------------------------------------------------------------------

DEMAND = Demand("5", "fine")


@given(st.text(), st.integers(0, 99))
def test_whitespace_splits_and_joins_no_word(text, seed):
    written = PROBES["whitespace"].rewrite(text, DEMAND, random.Random(seed))
    assert written.split() == text.split()
    assert written != text


def test_code_keeps_its_lines():
    code = "Run this. Then that.\n```\nx = 1. \ny = 'a. b'\n```\n    indented. too. far"
    written = PROBES["whitespace"].rewrite(code, DEMAND, random.Random(0))
    assert "```\nx = 1. \ny = 'a. b'\n```\n    indented. too. far" in written


@given(st.text(), st.sampled_from([name for name in PROBES if name != "whitespace"]))
def test_the_other_rewrites_only_add_at_the_end(text, name):
    assert PROBES[name].rewrite(text, DEMAND, random.Random(0)).startswith(text)


def test_questions_of_probes_have_keys_of_their_own_and_leave_the_item_alone():
    rubric = w2s_judge.load_rubric("safety")
    item = Item("x", "Q?", (Response("An answer. Another one.", "m", "f"),))
    base = rubric.question(item, (0,))
    asked = [asked_again(rubric, base, one) for one in PROBES.values()]
    assert len({base.key, *(question.key for question in asked)}) == 7
    assert [question.variant for question in asked] == [f"probe:{name}" for name in PROBES]
    assert item.responses[0].text == "An answer. Another one."
    assert {question.shown[0].family for question in asked} == {"f"}
    assert asked[0].shown == base.shown
