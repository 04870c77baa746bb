"""`rank`: runs and files in, rows with intervals out; what is said where nothing can be ranked."""

from __future__ import annotations

import hashlib
import json
import random

import pytest

import w2s_judge
from w2s_judge.aggregation.contract import METHODS
from w2s_judge.errors import ConfigurationError, InputError, RunFolderError, UsageError
from w2s_judge.ranking.contract import RANKERS

KEYS = {"scope", "item", "rubric", "object", "score", "rank", "low", "high", "component", "method"}
MODELS = ("strong", "middling", "weak")
NAMES = ["a", "b", "c", "d", "e", "f"]


def chance(*words: object) -> float:
    digest = hashlib.blake2b("|".join(map(str, words)).encode(), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32


def quality(text: str) -> int:
    """The quality that is written on a response."""
    return int(text.rsplit("quality ", 1)[1][0])


@pytest.fixture
def answered(outputs):
    """Prompts answered by three models, the strong one mostly best."""

    def write(count: int = 24, named: bool = True):
        rows = []
        for k in range(count):
            levels = [4 - (chance(k, "s") < 0.2), 2 - (chance(k, "m") < 0.3), chance(k, "w") < 0.2]
            texts = [
                f"{name} says, quality {int(q)}" for name, q in zip(MODELS, levels, strict=True)
            ]
            responses = [
                {"text": text, **({"model": name} if named else {})}
                for text, name in zip(texts, MODELS, strict=True)
            ]
            rows.append({"id": f"q{k}", "prompt": f"Question {k}?", "responses": responses})
        return outputs(rows)

    return write


@pytest.fixture
def judges(endpoint, wire, panel):
    """Two judges who read the quality on a response; one leans to what is shown first."""

    def reply(lean):
        def answer(body, _):
            text = wire.prompt(body)
            if "Response A:" in text:
                first, second = text.split("Response A:")[1].split("Response B:")[:2]
                gap = quality(first) - quality(second) + lean
                return wire.token({"A": 0.9, "B": 0.1} if gap > 0 else {"B": 0.9, "A": 0.1})
            level = str(quality(text) + 1)
            return wire.token({level: 0.8, "3": 0.2} if level != "3" else {"3": 0.99, "4": 0.01})

        return endpoint(answer).url

    return panel('read = "logprob"', fair=reply(0.1), leaning=reply(1.5))


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def over_run(rows):
    return {row["object"]: row for row in rows if row["scope"] == "run"}


def test_a_run_of_single_responses_ranks_by_utility_and_models_by_their_mean(answered, judges):
    run = w2s_judge.score(answered(), panel=judges, rubrics="safety")
    (done,) = w2s_judge.rank(run.folder)
    rows = lines(run.folder / "ranking.jsonl")
    assert all(row.keys() == KEYS for row in rows)
    models = over_run(rows)
    assert [models[name]["rank"] for name in MODELS] == [1, 2, 3]
    for row in models.values():
        assert row["low"] <= row["score"] <= row["high"]
    assert {row["method"] for row in rows} == {row["method"] for row in run.scores()}
    scores = {(row["item"], row["response"]): row["utility"] for row in run.scores()}
    within = [row for row in rows if row["scope"] == "item"]
    assert len(within) == 24 * 3
    for row in within:
        assert row["score"] == pytest.approx(scores[row["item"], int(row["object"])], abs=1e-6)
        assert row["low"] is None
    best = {row["item"]: row["object"] for row in within if row["rank"] == 1}
    assert set(best.values()) == {"0"}
    assert done.told()["ranking"] == rows[:3]
    assert {row["rubric"] for row in rows} == {"safety"}
    assert not any("only votes that rank" in note for note in done.record["notes"])


@pytest.mark.parametrize("method", [None, *RANKERS.names()])
def test_comparisons_rank_whatever_the_ranker(method, answered, judges):
    run = w2s_judge.score(answered(12), panel=judges, rubrics="safety-pair")
    (done,) = w2s_judge.rank(run.folder, method=method, draws=20)
    models = over_run(done.rows())
    assert [models[name]["rank"] for name in MODELS] == [1, 2, 3]
    told = [row for row in models.values() if row["low"] is not None]
    assert all(row["low"] <= row["score"] <= row["high"] for row in told)
    (made,) = {row["method"] for row in run.scores()}
    assert {row["method"] for row in done.rows()} == {method or f"{made}+bradley-terry"}
    firsts = [row["object"] for row in done.rows() if row["scope"] == "item" and row["rank"] == 1]
    assert firsts.count("0") >= 11


def test_a_judge_that_leans_to_the_first_is_found_out(answered, judges):
    run = w2s_judge.score(answered(), panel=judges, rubrics="safety-pair")
    (done,) = w2s_judge.rank(run.folder, method="judge-weighted-bradley-terry", draws=2)
    told = done.record["judges"]
    assert told["leaning"]["lean"] > told["fair"]["lean"] + 0.3
    assert told["fair"]["cyclic"] == 0
    assert done.record["cycles"] == {"ensemble": 0.0, "of": 24}


def test_another_aggregation_method_leaves_the_scores_as_they_are(answered, judges):
    run = w2s_judge.score(answered(), panel=judges, rubrics="safety")
    before = (run.folder / "scores.jsonl").read_bytes()
    (done,) = w2s_judge.rank(run.folder, method="median")
    assert {row["method"] for row in done.rows()} == {"median"}
    assert (run.folder / "scores.jsonl").read_bytes() == before


def test_without_models_there_is_nothing_over_the_run(answered, judges):
    run = w2s_judge.score(answered(6, named=False), panel=judges, rubrics=["safety", "safety-pair"])
    for done in w2s_judge.rank(run.folder):
        assert not over_run(done.rows())
        assert any("no response names its model" in note for note in done.record["notes"])


@pytest.mark.parametrize(
    ("rubric", "no_claim"),
    [("safety", "no expectations"), ("safety-pair", "how far ahead is no probability")],
)
def test_votes_that_only_rank_are_said_to(rubric, no_claim, answered, judges, tmp_path):
    first = w2s_judge.score(answered(6), panel=judges, rubrics=rubric, out=tmp_path / "first.w2s")
    lines = [json.dumps({**line, "uncalibrated": True}) for line in first.vote_lines()]
    (tmp_path / "votes.jsonl").write_text("\n".join(lines))
    row = '[[judge]]\nname = "{}"\nkind = "replay"\npath = "votes.jsonl"\n'
    replay = tmp_path / "replay.toml"
    replay.write_text(row.format("fair") + row.format("leaning"))
    run = w2s_judge.score(answered(6), panel=replay, rubrics=rubric)
    (done,) = w2s_judge.rank(run.folder, draws=2)
    (note,) = [note for note in done.record["notes"] if "have only votes that rank" in note]
    assert no_claim in note


@pytest.mark.parametrize("method", ["bradley-terry", "ged"])
def test_components_of_a_run_begin_at_0_whoever_has_no_name(method, outputs, judges):
    def written(k, *models):
        rows = [
            {"text": f"{k} {j}, quality {4 - 2 * j}", **({"model": model} if model else {})}
            for j, model in enumerate(models)
        ]
        return {"id": f"q{k}", "prompt": f"{k}?", "responses": rows}

    apart = [written(k, None, *(("a", "b") if k % 2 else ("x", "y"))) for k in range(4)]
    run = w2s_judge.score(outputs(apart), panel=judges, rubrics="safety-pair")
    (done,) = w2s_judge.rank(run.folder, method=method, draws=2)
    found = {name: row["component"] for name, row in over_run(done.rows()).items()}
    assert found["a"] == found["b"]
    assert found["x"] == found["y"]
    (board,) = [board for board in done.boards if board.scope == "run"]
    assert list(dict.fromkeys(board.ranking.component.tolist())) == [0, 1]


@pytest.mark.parametrize("rubric", ["safety", "safety-pair"])
def test_rows_of_responses_that_are_gone_say_what_to_do(rubric, answered, judges):
    run = w2s_judge.score(answered(3), panel=judges, rubrics=rubric)
    for path in (run.folder / "consensus").glob("*.jsonl"):
        path.write_text(path.read_text().replace('"item": "q0"', '"item": "gone"'))
    with pytest.raises(RunFolderError, match=r"votes have changed .* `w2s-judge aggregate"):
        w2s_judge.rank(run.folder)


@pytest.fixture
def votes(tmp_path):
    """Write comparisons as CSV, from (left, right, judge, winner[, question])."""

    def write(rows, name="votes.csv"):
        head = "left,right,judge,winner" + (",question" if len(rows[0]) == 5 else "")
        path = tmp_path / name
        path.write_text("\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n")
        return path

    return write


def arena(count=1500, questions=0):
    """Comparisons of six models, a best; some ties."""
    random_ = random.Random(7)
    names = NAMES
    rows = []
    for k in range(count):
        one, two = random_.sample(names, 2)
        stronger, other = sorted([one, two])
        right = random_.random() < 0.8
        winner = "tie" if random_.random() < 0.1 else stronger if right else other
        row = (one, two, f"j{k % 3}", winner)
        rows.append((*row, f"q{k % questions}") if questions else row)
    return rows


def test_a_file_without_questions_is_one_ranking_with_intervals(votes):
    path = votes(arena())
    (done,) = w2s_judge.rank(path)
    assert done.path == path.with_name("votes.ranking.jsonl")
    rows = lines(done.path)
    assert [row["object"] for row in rows] == NAMES
    assert all(row["scope"] == "run" and row["low"] < row["score"] < row["high"] for row in rows)
    assert rows == lines(w2s_judge.rank(path)[0].path)
    other = w2s_judge.rank(path, seed=1)[0]
    assert [row["low"] for row in other.rows()] != [row["low"] for row in rows]


@pytest.mark.parametrize("merge", ["borda", "kemeny", "majority", "weighted-kemeny"])
def test_ged_merges_the_rankings_of_questions(merge, votes):
    path = votes(arena(1500, questions=20))
    (done,) = w2s_judge.rank(path, method="ged", merge=merge, draws=30)
    assert [row["object"] for row in done.rows() if row["scope"] == "run"] == NAMES
    assert sum(row["scope"] == "item" for row in done.rows()) == 120


def test_merged_rankings_have_intervals_where_questions_are_enough(votes):
    """Four comparisons a question of a and b, half of the questions with a pair of x and y."""
    rows = [("a", "b", "j", "a" if k % 10 < 7 else "b", f"q{k}") for k in range(40)]
    rows += [("x", "y", "j", "x", f"q{k}") for k in range(5)]
    (done,) = w2s_judge.rank(votes(rows), method="ged", draws=100)
    found = over_run(done.rows())
    assert found["a"]["low"] <= found["a"]["score"] <= found["a"]["high"]
    assert found["a"]["low"] < found["a"]["high"]
    assert found["x"]["low"] is None  # five questions are too few to draw from


def test_parts_that_nothing_connects_are_told_apart(votes):
    path = votes([("a", "b", "j", "a"), ("b", "a", "j", "a"), ("x", "y", "j", "y")])
    (done,) = w2s_judge.rank(path)
    rows = {row["object"]: row for row in done.rows()}
    assert rows["a"]["component"] == rows["b"]["component"] != rows["x"]["component"]
    assert rows["a"]["rank"] == rows["y"]["rank"] == 1
    assert any("nothing connects" in note for note in done.record["notes"])


def test_ties_alone_leave_all_level(votes):
    (done,) = w2s_judge.rank(votes([("a", "b", "j", "tie"), ("b", "c", "j", "tie")]))
    assert {row["rank"] for row in done.rows()} == {1}
    assert {round(row["score"], 6) for row in done.rows()} == {0}


def test_what_cannot_be_ranked_says_so(votes, answered, judges, tmp_path):
    path = votes(arena(20))
    with pytest.raises(UsageError, match="did you mean 'bradley-terry'"):
        w2s_judge.rank(path, method="bradley-tery")
    with pytest.raises(UsageError, match="no method 'median'"):
        w2s_judge.rank(path, method="median")
    with pytest.raises(UsageError, match="--rubric is for a run folder"):
        w2s_judge.rank(path, rubric="safety")
    with pytest.raises(UsageError, match="no way to merge"):
        w2s_judge.rank(path, merge="bord")
    with pytest.raises(UsageError, match="what is read"):
        w2s_judge.rank(votes(arena(20), "votes.jsonl"), out=tmp_path / "votes.jsonl")
    with pytest.raises(UsageError, match="--draws 1"):
        w2s_judge.rank(path, draws=1)
    with pytest.raises(InputError, match="no such file"):
        w2s_judge.rank(tmp_path / "none.csv")
    lone = w2s_judge.score(answered(3), panel=judges, rubrics="safety", out=tmp_path / "lone.w2s")
    with pytest.raises(ConfigurationError, match="no rubric 'legal'"):
        w2s_judge.rank(lone.folder, rubric="legal")


def test_one_response_cannot_be_compared(outputs, judges):
    path = outputs([{"id": "a", "prompt": "p", "response": "x, quality 3", "model": "m"}])
    run = w2s_judge.score(path, panel=judges, rubrics="safety")
    with pytest.raises(UsageError, match="no comparison to rank by"):
        w2s_judge.rank(run.folder, method="borda")


def test_the_command_prints_a_table_and_json(votes, command):
    path = votes(arena())
    shown = command("rank", path)
    assert shown.code == 0, shown.err
    assert "method bradley-terry" in shown.out
    told = command("rank", path, "--json", "--method", "ged").json()
    assert [row["object"] for row in told[0]["ranking"]] == NAMES
    assert command("rank", path, "--method", "gedd").code == 2


def test_no_name_is_both_an_aggregation_method_and_a_ranker():
    assert not set(METHODS.names()) & set(RANKERS.names())
