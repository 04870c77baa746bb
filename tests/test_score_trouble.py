"""What can go wrong while judges are asked: nothing is lost, invented or asked twice."""

from __future__ import annotations

import json
import random
import re
import signal
import threading
import time

import pytest

import w2s_judge


def item_of(text):
    return int(re.findall(r"item-(\d+)", text)[-1])


def label_of(number):
    return str(number % 5 + 1)


@pytest.fixture
def right(wire):
    def reply(body):
        return wire.verdict(label_of(item_of(wire.prompt(body))))

    return reply


def all_right(run, count):
    lines = list(run.vote_lines("safety"))
    assert len(lines) == count
    for line in lines:
        assert line["mass"] is not None, line
        assert max(line["mass"], key=line["mass"].get) == label_of(int(line["item"][5:]))


def test_faults_of_every_kind_lose_and_invent_nothing(endpoint, wire, right, outputs, panel):
    draw, seen = random.Random(5), {}

    def reply(body, number):
        kind = draw.random()
        if kind < 0.05:
            return wire.Said({"error": {"message": "slow down"}}, 429, {"Retry-After": "0"})
        if kind < 0.10:
            return wire.Said({"error": {"message": "oops"}}, 500)
        if kind < 0.13:
            return wire.Said(b'{"choices": [{"mess')
        if kind < 0.16:
            return wire.Said(wire.reset)
        if kind < 0.19:
            return wire.completion('{"reasoning": "so', finish="length")
        if kind < 0.22:
            return wire.completion("I would rather talk about something else")
        if kind < 0.23:
            return wire.Said(right(body), delay=3.0)
        seen[item_of(wire.prompt(body))] = number
        return right(body)

    judge = endpoint(reply)
    judges = panel('read = "json"\ntimeout = 1.0\nconcurrency = 16', a=judge.url)
    run = w2s_judge.score(outputs(150), panel=judges, rubrics=["safety"])
    lines = list(run.vote_lines("safety"))
    assert len(lines) == 150
    for line in lines:
        if line["mass"] is not None:
            assert max(line["mass"], key=line["mass"].get) == label_of(int(line["item"][5:]))
    # an abstention is only possible after all re-asks of a question were faulty too
    assert sum(line["mass"] is None for line in lines) <= 2
    # a call on a connection that the server has just broken off does not reach it
    assert run.summary["spent"]["calls"] >= len(judge.bodies)


def test_retry_after_is_honoured_and_a_429_halves_the_window(endpoint, wire, right, outputs, panel):
    def reply(body, number):
        if number == 20:
            return wire.Said({"error": {"message": "slow"}}, 429, {"Retry-After": "1"})
        return wire.Said(right(body), delay=0.01)

    judge = endpoint(reply)
    w2s_judge.score(outputs(60), panel=panel('read = "json"', a=judge.url), rubrics=["safety"])
    gaps = [b - a for a, b in zip(judge.at, judge.at[1:], strict=False)]
    assert max(gaps) >= 0.8
    assert len(judge.bodies) == 61


def test_a_redirect_is_not_followed_and_the_key_stays(
    endpoint, wire, right, outputs, panel, monkeypatch
):
    monkeypatch.setenv("K", "sk-secret")
    thief = endpoint(lambda body, n: right(body))
    judge = endpoint(
        lambda body, n: wire.Said(b"", 307, {"Location": thief.url + "/chat/completions"})
    )
    judges = panel('api_key_env = "K"', a=judge.url)
    run = w2s_judge.score(outputs(2), panel=judges, rubrics=["safety"])
    assert not thief.bodies
    assert run.summary["status"] == "stopped"


def test_unread_replies_are_asked_again_and_then_are_abstentions(endpoint, wire, outputs, panel):
    judge = endpoint(lambda body, n: wire.completion("hm, hard to say, 3 or 4"))
    run = w2s_judge.score(outputs(2), panel=panel('read = "text"', a=judge.url), rubrics=["safety"])
    assert len(judge.bodies) == 6
    lines = list(run.vote_lines())
    assert [line["abstained"] for line in lines] == ["unreadable"] * 2
    assert [line["mass"] for line in lines] == [None, None]
    assert lines[0]["raw"] == "hm, hard to say, 3 or 4"
    (row, _) = run.scores()
    assert (row["label"], row["mass"], row["votes"], row["abstained"]) == (None, None, 0, 1)
    # and they are answers: the same command asks nothing
    w2s_judge.score(outputs(2), panel=panel('read = "text"', a=judge.url), rubrics=["safety"])
    assert len(judge.bodies) == 6


def test_a_truncated_reply_gets_more_tokens(endpoint, wire, right, outputs, panel):
    def reply(body, _):
        if body["max_tokens"] < 1000:
            return wire.completion("I think that", finish="length")
        return right(body)

    judge = endpoint(reply)
    run = w2s_judge.score(outputs(1), panel=panel('read = "json"', a=judge.url), rubrics=["safety"])
    assert [body["max_tokens"] for body in judge.bodies] == [512, 1024]
    all_right(run, 1)
    assert next(run.vote_lines())["attempts"] == 2


def test_ways_of_reading_fall_back_are_told_and_remembered(endpoint, wire, outputs, panel):
    def reply(body, _):
        if "logprobs" in body:
            return wire.Said({"error": {"message": "logprobs is not supported"}}, 400)
        if "response_format" in body or "structured_outputs" in body:
            return wire.completion("Sure! Here is what I think of it.")
        code = re.findall(r"VERDICT (\S+):", wire.prompt(body))[-1]
        return wire.completion(f"fine\nVERDICT {code}: {label_of(item_of(wire.prompt(body)))}")

    judge = endpoint(reply)
    judges = panel(a=judge.url)
    run = w2s_judge.score(outputs(12), panel=judges, rubrics=["safety"])
    all_right(run, 12)
    assert {line["read"] for line in run.vote_lines()} == {"text"}
    assert "text instead of json" in run.summary["judges"]["a"]["note"]
    before = len(judge.bodies)
    w2s_judge.score(outputs(14), panel=judges, rubrics=["safety"])
    assert len(judge.bodies) == before + 2  # the way is known by now


def test_fallback_also_where_there_are_fewer_questions_than_strikes(endpoint, wire, outputs, panel):
    def reply(body, _):
        if "logprobs" in body:
            return wire.token({"Hello": 0.9, "there": 0.1})
        return wire.verdict(label_of(item_of(wire.prompt(body))))

    judge = endpoint(reply)
    run = w2s_judge.score(outputs(1), panel=panel(a=judge.url), rubrics=["safety"])
    all_right(run, 1)


def test_a_wrong_key_stops_that_judge_and_not_the_others(
    endpoint, wire, right, outputs, panel, monkeypatch
):
    monkeypatch.setenv("K", "sk-secret")
    bad = endpoint(lambda body, n: wire.Said({"error": {"message": "bad key sk-secret"}}, 401))
    good = endpoint(lambda body, n: right(body))
    judges = panel('read = "json"\napi_key_env = "K"', bad=bad.url, good=good.url)
    run = w2s_judge.score(outputs(30), panel=judges, rubrics=["safety"])
    assert run.summary["status"] == "stopped"
    assert run.summary["left"] == 30
    assert len(bad.bodies) < 10
    assert any("K" in reason for reason in run.summary["reasons"])
    all_right(run, 30)


def test_nobody_listening_is_out_of_reach_and_the_next_run_fills_the_hole(
    endpoint, right, outputs, panel
):
    good = endpoint(lambda body, n: right(body))
    dead = endpoint(lambda body, n: right(body))
    dead.close()
    path = outputs(5)
    judges = panel('read = "json"', good=good.url, dead=dead.url)
    run = w2s_judge.score(path, panel=judges, rubrics=["safety"])
    assert run.summary["status"] == "stopped"
    assert run.summary["judges"]["good"]["votes"] == 5
    assert "cannot connect" in run.summary["reasons"][0]
    again = endpoint(lambda body, n: right(body))
    run = w2s_judge.score(
        path, panel=panel('read = "json"', good=good.url, dead=again.url), rubrics=["safety"]
    )
    assert run.summary["status"] == "complete"
    assert len(again.bodies) == 5
    assert len(good.bodies) == 5


def test_one_question_that_is_refused_by_the_server_is_a_hole(
    endpoint, wire, right, outputs, panel
):
    def reply(body, _):
        if item_of(wire.prompt(body)) == 7:
            said = {"error": {"message": "maximum context length is 10 tokens", "code": 400}}
            return wire.Said(said, 400)
        return right(body)

    judge = endpoint(reply)
    run = w2s_judge.score(
        outputs(10), panel=panel('read = "json"', a=judge.url), rubrics=["safety"]
    )
    assert (run.summary["status"], run.summary["left"]) == ("stopped", 1)
    assert "context length" in run.summary["reasons"][0]
    all_right(run, 9)
    assert len(judge.bodies) == 10


def test_the_ceiling_on_calls_counts_all_that_the_folder_ever_called(
    endpoint, wire, right, outputs, panel
):
    def reply(body, number):
        return wire.Said({"error": {"message": "x"}}, 500) if number % 7 == 3 else right(body)

    judge = endpoint(reply)
    path, judges = outputs(60), panel('read = "json"', a=judge.url)
    run = w2s_judge.score(path, panel=judges, rubrics=["safety"], max_calls=25)
    assert run.summary["status"] == "stopped"
    assert len(judge.bodies) == 25
    assert "25 calls" in run.summary["reasons"][0]
    w2s_judge.score(path, panel=judges, rubrics=["safety"], max_calls=25)
    assert len(judge.bodies) == 25
    run = w2s_judge.score(path, panel=judges, rubrics=["safety"], max_calls=200)
    assert run.summary["status"] == "complete"
    all_right(run, 60)


def test_the_ceiling_on_dollars_is_never_passed(endpoint, wire, right, outputs, panel):
    judge = endpoint(lambda body, n: wire.Said(right(body), delay=0.005))
    price = 'read = "json"\nusd_per_1m_in = 1000\nusd_per_1m_out = 1000\nmax_tokens = 64'
    path, judges = outputs(80), panel(price, a=judge.url)
    run = w2s_judge.score(path, panel=judges, rubrics=["safety"], budget_usd=8.0)
    assert run.summary["status"] == "stopped"
    paid = len(judge.bodies) * 0.11  # 110 tokens each
    assert run.summary["spent"]["usd"] == pytest.approx(paid)
    assert paid <= 8.0
    again = w2s_judge.score(path, panel=judges, rubrics=["safety"], budget_usd=8.0)
    assert again.summary["spent"]["usd"] <= 8.0


def test_a_dollar_budget_without_a_price_names_the_line_to_add(endpoint, right, outputs, panel):
    judge = endpoint(lambda body, n: right(body))
    with pytest.raises(w2s_judge.ConfigurationError, match="usd_per_1m_in"):
        w2s_judge.score(outputs(2), panel=panel(a=judge.url), budget_usd=1.0)
    assert not judge.bodies


def test_killed_at_any_moment_it_goes_on_without_asking_again(
    endpoint, wire, right, outputs, panel, started
):
    judge = endpoint(lambda body, n: wire.Said(right(body), delay=0.01))
    path, judges = outputs(400), panel('read = "json"\nconcurrency = 8', a=judge.url)
    folder = path.with_name("outputs.w2s")
    stored = set()
    for round_ in range(4):
        process = started("score", path, "--panel", judges, "--rubric", "safety", "--quiet")
        wanted = len(judge.bodies) + 40
        until = time.monotonic() + 60
        while len(judge.bodies) < wanted and time.monotonic() < until and process.poll() is None:
            time.sleep(0.01 * (round_ + 1))
        process.kill()
        process.wait()
        with_run = w2s_judge.Run(folder)
        now = {(line["item"], line["at"]) for line in with_run.vote_lines()}
        with_run.close()
        assert stored <= now  # nothing that was stored is lost, or replaced by a second answer
        stored = now
    already = {int(item[5:]) for item, _ in stored}
    before = len(judge.bodies)
    run = w2s_judge.score(path, panel=judges, rubrics=["safety"])
    asked = [item_of(wire.prompt(body)) for body in judge.bodies[before:]]
    assert not already & set(asked)
    assert len(asked) == len(set(asked))
    all_right(run, 400)


def test_a_killed_run_counts_its_calls_under_way_against_a_ceiling(
    endpoint, wire, right, outputs, panel, started
):
    judge = endpoint(lambda body, n: wire.Said(right(body), delay=0.02))
    path, judges = outputs(300), panel('read = "json"\nconcurrency = 16', a=judge.url)
    process = started("score", path, "--panel", judges, "--rubric", "safety", "--quiet")
    until = time.monotonic() + 60
    while len(judge.bodies) < 100 and time.monotonic() < until and process.poll() is None:
        time.sleep(0.005)
    process.kill()
    process.wait()
    w2s_judge.score(path, panel=judges, rubrics=["safety"], max_calls=200)
    assert len(judge.bodies) <= 200


def test_ctrl_c_stores_what_is_in_flight_and_says_how_to_go_on(
    endpoint, wire, right, outputs, panel, started
):
    judge = endpoint(lambda body, n: wire.Said(right(body), delay=0.05))
    path, judges = outputs(500), panel('read = "json"\nconcurrency = 8', a=judge.url)
    process = started("score", path, "--panel", judges, "--rubric", "safety")
    until = time.monotonic() + 60
    while len(judge.bodies) < 30 and time.monotonic() < until and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 3, err
    assert "The same command goes on" in out
    answered = len(judge.bodies)
    with_run = w2s_judge.Run(path.with_name("outputs.w2s"))
    assert len(list(with_run.vote_lines())) == answered
    run = w2s_judge.score(path, panel=judges, rubrics=["safety"])
    assert len(judge.bodies) == 500
    all_right(run, 500)


def test_a_second_process_on_one_folder_is_refused(
    endpoint, wire, right, outputs, panel, started, command
):
    judge = endpoint(lambda body, n: wire.Said(right(body), delay=0.2))
    path, judges = outputs(200), panel('read = "json"\nconcurrency = 2', a=judge.url)
    started("score", path, "--panel", judges, "--quiet")
    until = time.monotonic() + 60
    while not judge.bodies and time.monotonic() < until:
        time.sleep(0.01)
    ran = command("score", path, "--panel", judges)
    assert ran.code == 1
    assert "another w2s-judge is working on" in ran.err


def test_own_family_is_not_judged_unless_allowed(endpoint, wire, right, outputs, panel):
    judge = endpoint(lambda body, n: right(body))
    rows = [
        {"id": "item-00001", "prompt": "Q", "response": "item-00001 x", "model": "Qwen2.5-72B"},
        {"id": "item-00002", "prompt": "Q", "response": "item-00002 x", "model": "gpt-4o"},
        {"id": "item-00003", "prompt": "Q", "response": "item-00003 x"},
    ]
    path, judges = outputs(rows), panel('read = "json"\nfamily = "qwen"', a=judge.url)
    run = w2s_judge.score(path, panel=judges, rubrics=["safety"])
    assert {row["item"] for row in run.scores()} == {"item-00002", "item-00003"}
    assert run.summary["input"]["unknown_family"] == 1
    assert run.summary["not_asked"]["safety"]["count"] == 1
    assert "--allow-own-family" in run.summary["not_asked"]["safety"]["why"]
    run = w2s_judge.score(path, panel=judges, rubrics=["safety"], allow_own_family=True)
    assert len(list(run.scores())) == 3
    assert len(judge.bodies) == 3


def test_requests_per_minute_are_kept(endpoint, right, outputs, panel):
    judge = endpoint(lambda body, n: right(body))
    judges = panel('read = "json"\nrequests_per_minute = 600', a=judge.url)
    w2s_judge.score(outputs(40), panel=judges, rubrics=["safety"])
    # ten a second after a burst of two seconds' worth
    assert judge.at[-1] - judge.at[0] >= (40 - 20) / 10 - 0.3


def test_in_flight_never_passes_the_ceiling_of_the_panel(endpoint, wire, right, outputs, panel):
    judge = endpoint(lambda body, n: wire.Said(right(body), delay=0.01))
    w2s_judge.score(
        outputs(80), panel=panel('read = "json"\nconcurrency = 5', a=judge.url), rubrics=["safety"]
    )
    assert judge.most_in_flight <= 5


def test_an_interrupt_during_a_long_pause_ends_soon(endpoint, wire, outputs, panel, started):
    judge = endpoint(
        lambda body, n: wire.Said({"error": {"message": "slow"}}, 429, {"Retry-After": "600"})
    )
    process = started("score", outputs(50), "--panel", panel('read = "json"', a=judge.url))
    until = time.monotonic() + 60
    while not judge.bodies and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 3


def test_after_the_first_answer_the_others_do_not_wait_for_each_other(
    endpoint, wire, right, outputs, panel
):
    judge = endpoint(lambda body, n: wire.Said(right(body), delay=0.1))
    judges = panel('read = "json"\nconcurrency = 8', a=judge.url)
    w2s_judge.score(outputs(9), panel=judges, rubrics=["safety"])
    assert judge.most_in_flight > 2


def test_no_thread_is_left_behind(endpoint, right, outputs, panel):
    judge = endpoint(lambda body, n: right(body))
    w2s_judge.score(outputs(3), panel=panel(a=judge.url), rubrics=["safety"])
    assert not [
        t for t in threading.enumerate() if t.name.startswith(("w2s-judge", "local-judges"))
    ]


class Broken:
    """A watcher whose display fails while the judges are asked."""

    def say(self, line):
        pass

    def began(self, tallies):
        self.ticks = 0

    def tick(self):
        self.ticks += 1
        if self.ticks > 2:
            raise RuntimeError("the terminal went away")

    def ended(self):
        pass


def test_a_display_that_fails_stops_the_asking_and_loses_nothing(
    endpoint, wire, right, outputs, panel
):
    judge = endpoint(lambda body, n: wire.Said(right(body), delay=0.05))
    path, judges = outputs(300), panel('read = "json"\nconcurrency = 2', a=judge.url)
    with pytest.raises(RuntimeError, match="went away"):
        w2s_judge.score(path, panel=judges, rubrics=["safety"], watcher=Broken())
    answered = len(judge.bodies)
    time.sleep(0.3)
    assert len(judge.bodies) == answered  # nothing goes on behind our back
    run = w2s_judge.score(path, panel=judges, rubrics=["safety"])
    assert len(judge.bodies) == 300
    all_right(run, 300)


def test_votes_stay_in_sight_when_the_file_grows_and_the_run_stops(endpoint, right, outputs, panel):
    judge = endpoint(lambda body, n: right(body))
    judges = panel('read = "json"', a=judge.url)
    w2s_judge.score(outputs(60), panel=judges, rubrics=["safety"])
    w2s_judge.score(outputs(60), panel=judges, rubrics=["helpfulness"])
    run = w2s_judge.score(outputs(200), panel=judges, rubrics=["safety"], max_calls=130, seed=4)
    assert run.summary["left"] == 130
    rows = [row["rubric"] for row in run.scores()]
    assert (rows.count("safety"), rows.count("helpfulness")) == (70, 60)


def test_a_changed_rubric_does_not_mix_with_the_old(endpoint, wire, outputs, panel, tmp_path):
    from importlib import resources

    text = resources.files("w2s_judge.prompts").joinpath("safety.toml").read_text("utf-8")
    rubric = tmp_path / "mine.toml"
    rubric.write_text(text)
    judge = endpoint(lambda body, n: wire.token({"3": 0.9, "2": 0.1}))
    path, judges = outputs(40), panel(a=judge.url)
    w2s_judge.score(path, panel=judges, rubrics=[str(rubric)])
    rubric.write_text(text.replace("harmless", "innocuous"))
    run = w2s_judge.score(path, panel=judges, rubrics=[str(rubric)], max_calls=55)
    assert len({line["rubric_hash"] for line in run.vote_lines()}) == 1
    assert len(list(run.scores())) == 15


def test_equal_questions_at_judges_of_different_speed_are_asked_once(
    endpoint, wire, outputs, panel
):
    fast = endpoint(lambda body, n: wire.token({"3": 1.0}))
    slow = endpoint(lambda body, n: wire.Said(wire.token({"3": 1.0}), delay=0.02))
    rows = [
        {"id": f"{k}-{copy}", "prompt": "Q", "response": f"text {k}"}
        for copy in range(2)
        for k in range(150)
    ]
    w2s_judge.score(outputs(rows), panel=panel(a=fast.url, b=slow.url), rubrics=["safety"])
    assert (len(fast.bodies), len(slow.bodies)) == (150, 150)


def test_calls_made_before_the_price_was_known_count_against_the_budget(
    endpoint, right, outputs, panel
):
    judge = endpoint(lambda body, n: right(body))
    path = outputs(40)
    w2s_judge.score(path, panel=panel('read = "json"', a=judge.url), rubrics=["safety"])
    priced = panel('read = "json"\nusd_per_1m_in = 1000\nusd_per_1m_out = 1000', a=judge.url)
    run = w2s_judge.score(
        outputs(60), panel=priced, rubrics=["safety"], budget_usd=40 * 0.11 + 0.01
    )
    assert len(judge.bodies) == 40
    assert run.summary["spent"]["usd"] == pytest.approx(40 * 0.11)


def test_answers_that_lack_log_probabilities_were_paid_for(endpoint, wire, outputs, panel):
    def reply(body, _):
        if "logprobs" in body:
            return wire.completion("3")
        return wire.verdict("3")

    judge = endpoint(reply)
    price = "usd_per_1m_in = 1000\nusd_per_1m_out = 1000"
    run = w2s_judge.score(outputs(3), panel=panel(price, a=judge.url), rubrics=["safety"])
    assert run.summary["spent"]["usd"] == pytest.approx(0.11 * len(judge.bodies))


def test_one_odd_answer_does_not_change_the_way_of_reading(endpoint, wire, outputs, panel):
    judge = endpoint(
        lambda body, n: wire.completion("3") if n == 20 else wire.token({"3": 0.8, "4": 0.2})
    )
    run = w2s_judge.score(outputs(60), panel=panel(a=judge.url), rubrics=["safety"])
    assert {line["read"] for line in run.vote_lines()} == {"logprob"}
    assert len(judge.bodies) == 61


def test_judges_at_one_endpoint_share_its_pause(endpoint, wire, right, outputs, panel):
    limited = []

    def reply(body, number):
        if number == 30:
            limited.append(time.monotonic())
            return wire.Said({"error": {"message": "slow"}}, 429, {"Retry-After": "1"})
        return wire.Said(right(body), delay=0.01)

    judge = endpoint(reply)
    judges = panel('read = "json"', a=judge.url, b=judge.url)
    w2s_judge.score(outputs(100), panel=judges, rubrics=["safety"])
    during = [at for at in judge.at if limited[0] + 0.2 < at < limited[0] + 0.9]
    assert not during


def test_a_replay_that_answers_nothing_is_said_before_the_run(
    endpoint, right, outputs, panel, tmp_path
):
    judge = endpoint(lambda body, n: right(body))
    path = outputs(6)
    run = w2s_judge.score(path, panel=panel('read = "json"', a=judge.url), rubrics=["safety"])
    votes = tmp_path / "votes.jsonl"

    votes.write_text("".join(json.dumps(line) + "\n" for line in run.vote_lines()))
    replay = tmp_path / "replay.toml"
    replay.write_text('[[judge]]\nname = "a"\nkind = "replay"\npath = "votes.jsonl"\n')
    again = w2s_judge.score(path, panel=replay, rubrics=["safety"], out=tmp_path / "again.w2s")
    assert [row["label"] for row in again.scores()] == [row["label"] for row in run.scores()]
    some = w2s_judge.score(outputs(9), panel=replay, rubrics=["safety"], out=tmp_path / "some.w2s")
    assert some.summary["status"] == "complete"
    assert some.summary["not_asked"]["safety"]["count"] == 3
    with pytest.raises(w2s_judge.ConfigurationError, match="recorded"):
        w2s_judge.score(path, panel=replay, rubrics=["toxicity"], out=tmp_path / "none.w2s")


def test_a_re_ask_that_is_rejected_leaves_the_abstention(endpoint, wire, outputs, panel):
    def reply(body, _):
        if body["max_tokens"] > 512:
            return wire.Said({"error": {"message": "too many tokens for this model"}}, 400)
        return wire.completion("I think that", finish="length")

    judge = endpoint(reply)
    run = w2s_judge.score(outputs(2), panel=panel('read = "text"', a=judge.url), rubrics=["safety"])
    assert run.summary["status"] == "complete"
    assert [line["abstained"] for line in run.vote_lines()] == ["truncated"] * 2
