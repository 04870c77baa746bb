"""Which pairs are compared: all, a connected few, or those that single scores leave undecided."""

from __future__ import annotations

import json
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import w2s_judge
from w2s_judge.errors import ConfigurationError, RunFolderError, UsageError
from w2s_judge.scoring.design import Design
from w2s_judge.workflows.estimate import estimate_job
from w2s_judge.workflows.score import Job

ITEM = [{"id": f"q{k}", "prompt": f"Question {k}?", "responses": ["one", "two", "three", "four",
        "five", "six"]} for k in range(3)]  # fmt: skip


def connected(pairs, n):
    reached, edge = {0}, {0}
    while edge:
        edge = {b for pair in pairs for a, b in (pair, pair[::-1]) if a in edge} - reached
        reached |= edge
    return len(reached) == n


@given(n=st.integers(2, 14), each=st.integers(2, 14), seed=st.integers(0, 9), item=st.text())
def test_a_budget_connects_all_with_each_in_about_as_many(n, each, seed, item):
    pairs = Design(each=each, seed=seed).pairs("r", item, n)
    assert len(set(pairs)) == len(pairs)
    assert all(0 <= a < b < n for a, b in pairs)
    assert connected(pairs, n)
    taken = Counter(k for pair in pairs for k in pair)
    least = min(each, n - 1)
    assert set(taken.values()) <= {least, least + 1}
    assert sum(taken.values()) <= n * least + 1


def test_designs_differ_between_items_and_seeds_and_repeat_for_the_same():
    first = [Design(each=2).pairs("r", f"q{k}", 8) for k in range(20)]
    assert len(set(first)) > 10
    assert first == [Design(each=2).pairs("r", f"q{k}", 8) for k in range(20)]
    assert first != [Design(each=2, seed=1).pairs("r", f"q{k}", 8) for k in range(20)]


def test_one_order_is_drawn_for_each_pair_about_evenly():
    design = Design(one_order=True)
    drawn = [design.orders(f"q{k}", (0, 1)) for k in range(400)]
    assert all(len(orders) == 1 for orders in drawn)
    assert 150 < sum(orders == ("ab",) for orders in drawn) < 250


@given(
    n=st.integers(2, 9),
    each=st.none() | st.integers(2, 9),
    settled=st.frozensets(st.tuples(st.integers(0, 9), st.integers(0, 9))),
)
def test_what_is_settled_is_left_out_and_all_else_is_asked(n, each, settled):
    design, open_ = Design(each=each, settled={"r": {"a": settled}}), Design(each=each)
    assert design.by_item
    asked = design.pairs("r", "a", n)
    assert set(asked) == set(open_.pairs("r", "a", n)) - settled
    assert asked == tuple(sorted(asked))
    assert design.pairs("r", "added", n) == open_.pairs("r", "added", n)
    assert design.pairs("other", "a", n) == open_.pairs("other", "a", n)


def test_items_are_told_apart_only_where_something_is_settled():
    assert not Design(settled={"r": {}}).by_item


def pair_votes(run, rubric="safety-pair"):
    return [line for line in run.vote_lines(rubric) if line["mass"]]


def test_a_budget_asks_that_many_and_the_estimate_says_so(outputs, panel, endpoint, wire):
    server = endpoint(lambda body, _: wire.token({"T": 0.9, "A": 0.1}))
    path, judges = outputs(ITEM), panel('read = "logprob"', one=server.url)
    job = Job(path, judges, ("safety-pair",), compare="2")
    assert estimate_job(job)["calls"] == 3 * 6 * 2
    run = w2s_judge.score(path, panel=judges, rubrics="safety-pair", compare="2")
    votes = pair_votes(run)
    assert len(votes) == 3 * 6 * 2
    assert Counter(line["order"] for line in votes) == {"ab": 18, "ba": 18}
    again = w2s_judge.score(path, panel=judges, rubrics="safety-pair", compare="2")
    assert again.summary["judges"]["one"]["calls"] == 0
    aside = path.parent / "aside.w2s"
    lone = w2s_judge.score(path, panel=judges, rubrics="safety-pair", one_order=True, out=aside)
    assert len(pair_votes(lone)) == 3 * 15
    assert len({line["order"] for line in pair_votes(lone)}) == 2


@pytest.fixture
def sure(endpoint, wire):
    """A judge to whom responses "five" and "six" are bad and all others good."""

    def reply(body, _):
        text = wire.prompt(body)
        if "Response A:" in text:
            return wire.token({"T": 0.9, "A": 0.1})
        worst = "five" in text or "six" in text
        return wire.token({"1": 0.97, "5": 0.03} if worst else {"1": 0.03, "5": 0.97})

    return endpoint(reply)


OPEN = {*combinations(range(4), 2), (4, 5)}  # of the pairs of ITEM, what `sure` leaves open


def asked_of(run, item):
    return {tuple(line["responses"]) for line in pair_votes(run) if line["item"] == item}


def test_only_pairs_that_single_scores_leave_open_are_asked(outputs, panel, sure):
    path, judges = outputs(ITEM), panel('read = "logprob"', one=sure.url)
    with pytest.raises(ConfigurationError, match="needs this run's scores of single responses"):
        w2s_judge.score(path, panel=judges, rubrics="safety-pair", compare="undecided")
    w2s_judge.score(path, panel=judges, rubrics="safety")
    job = Job(path, judges, ("safety-pair",), compare="undecided")
    assert estimate_job(job)["calls"] == 3 * 7 * 2
    run = w2s_judge.score(path, panel=judges, rubrics="safety-pair", compare="undecided")
    assert asked_of(run, "q0") == asked_of(run, "q1") == asked_of(run, "q2") == OPEN


def test_what_has_no_score_is_asked(outputs, panel, sure):
    """A response that only kin could rate, and an item that was added since."""
    texts = [{"text": text} for text in ITEM[0]["responses"]]
    texts[5]["model"] = "Qwen2.5-72B"
    rows = [{**item, "responses": texts} for item in ITEM[:2]]
    judges = panel('read = "logprob"\nfamily = "qwen"', one=sure.url)
    w2s_judge.score(outputs(rows), panel=judges, rubrics="safety")
    rows.append({**ITEM[2], "responses": texts})
    run = w2s_judge.score(
        outputs(rows), panel=judges, rubrics="safety-pair", compare="undecided",
        allow_own_family=True,
    )  # fmt: skip
    assert asked_of(run, "q0") == asked_of(run, "q1") == OPEN | {(k, 5) for k in range(4)}
    assert asked_of(run, "q2") == set(combinations(range(6), 2))


def test_votes_that_only_rank_decide_nothing(outputs, panel, sure, tmp_path):
    path, judges = outputs(ITEM[:1]), panel('read = "logprob"', one=sure.url)
    run = w2s_judge.score(path, panel=judges, rubrics="safety", out=tmp_path / "first.w2s")
    lines = [json.dumps({**line, "uncalibrated": True}) for line in run.vote_lines()]
    (tmp_path / "votes.jsonl").write_text("\n".join(lines))
    replay = tmp_path / "replay.toml"
    replay.write_text('[[judge]]\nname = "one"\nkind = "replay"\npath = "votes.jsonl"\n')
    run = w2s_judge.score(path, panel=replay, rubrics="safety")
    assert {row["calibration"] for row in run.scores()} == {"uncalibrated"}
    run = w2s_judge.score(path, panel=judges, rubrics="safety-pair", compare="undecided")
    assert asked_of(run, "q0") == set(combinations(range(6), 2))


def test_scores_that_went_missing_are_told(outputs, panel, sure):
    path, judges = outputs(ITEM[:1]), panel('read = "logprob"', one=sure.url)
    run = w2s_judge.score(path, panel=judges, rubrics="safety")
    for file in (run.folder / "consensus").glob("*.jsonl"):
        file.unlink()
    with pytest.raises(RunFolderError, match=r"w2s-judge aggregate .* makes the scores anew"):
        w2s_judge.score(path, panel=judges, rubrics="safety-pair", compare="undecided")


def test_nothing_undecided_is_said(outputs, panel, endpoint, wire):
    def reply(body, _):
        if "Response A:" in wire.prompt(body):
            return wire.token({"T": 0.9, "A": 0.1})
        good = "fine" in wire.prompt(body)
        return wire.token({"5": 0.97, "1": 0.03} if good else {"1": 0.97, "5": 0.03})

    path = outputs([{"id": "a", "prompt": "p", "responses": ["fine", "bad"]}])
    judges = panel('read = "logprob"', one=endpoint(reply).url)
    w2s_judge.score(path, panel=judges, rubrics="safety")
    with pytest.raises(ConfigurationError, match="leave no pair undecided"):
        w2s_judge.score(path, panel=judges, rubrics="safety-pair", compare="undecided")
    added = outputs([{"id": "b", "prompt": "p", "responses": ["fine", "good"]}])
    run = w2s_judge.score(added, panel=judges, rubrics="safety-pair", compare="undecided")
    assert asked_of(run, "b") == {(0, 1)}


def test_texts_that_changed_are_decided_by_no_old_score(outputs, panel, endpoint, wire):
    def reply(body, _):
        if "Response A:" in wire.prompt(body):
            return wire.token({"T": 0.9, "A": 0.1})
        good = "fine" in wire.prompt(body)
        return wire.token({"5": 0.97, "1": 0.03} if good else {"1": 0.97, "5": 0.03})

    judges = panel('read = "logprob"', one=endpoint(reply).url)
    path = outputs([{"id": k, "prompt": "p", "responses": ["fine", "bad"]} for k in ("a", "b")])
    w2s_judge.score(path, panel=judges, rubrics="safety")
    texts = {"a": ["fine", "bad"], "b": ["new", "newer"]}
    path = outputs([{"id": k, "prompt": "p", "responses": two} for k, two in texts.items()])
    run = w2s_judge.score(path, panel=judges, rubrics="safety-pair", compare="undecided")
    assert asked_of(run, "b") == {(0, 1)}
    assert asked_of(run, "a") == set()


@pytest.mark.parametrize("word", ["1", "0", "-3", "few", "2.5", ""])
def test_a_design_that_is_none(word, outputs, panel):
    with pytest.raises(UsageError, match="--compare"):
        w2s_judge.score(
            outputs(ITEM), panel=panel(one="http://127.0.0.1:9/v1"), rubrics="safety-pair",
            compare=word,
        )  # fmt: skip
