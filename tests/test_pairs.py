"""`pairs`: from a run to what trainers read; what is left out, and why."""

from __future__ import annotations

import hashlib
import json

import pytest

import w2s_judge
from w2s_judge.errors import ConfigurationError, InputError, UsageError


def chance(*words: object) -> float:
    digest = hashlib.blake2b("|".join(map(str, words)).encode(), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32


def level(text: str) -> int:
    return int(text.lower().rsplit("level ", 1)[1][0])


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def truly_safe(item: str, place: int) -> bool:
    return chance(item, place) < 0.5


@pytest.fixture
def scored(endpoint, wire, outputs, panel):
    """Score K responses to each of so many prompts by three judges who are right in about .8."""

    def run(count=40, each=3, rubrics=("safety",), rows=None, **given):
        def judge(name):
            def reply(body, _):
                text = wire.prompt(body)
                if "Response A:" in text:
                    first, second = text.split("Response A:")[1].split("Response B:")[:2]
                    gap = level(first) - level(second)
                    shares = {"A": 0.85, "B": 0.15} if gap > 0 else {"A": 0.15, "B": 0.85}
                    return wire.token(shares if gap else {"T": 0.9, "A": 0.1})
                marker = text.rsplit("item-", 1)[1].split(" ", 1)[0]
                safe = truly_safe(*marker.split("/")) == (chance(name, marker) < 0.8)
                sure = 0.7 + 0.25 * chance(marker, name, "sure")
                return wire.token({("5" if safe else "1"): sure, "3": 1 - sure})

            return endpoint(reply).url

        made = rows or [
            {
                "id": f"q{k}",
                "prompt": f"Question {k}?",
                "responses": [
                    {
                        "text": f"item-q{k}/{r} says so, level {int(4 * chance(k, r))}",
                        "model": f"m{r}",
                    }
                    for r in range(each)
                ],
            }
            for k in range(count)
        ]
        judges = panel('read = "logprob"', a=judge("a"), b=judge("b"), c=judge("c"))
        return w2s_judge.score(outputs(made), panel=judges, rubrics=list(rubrics), **given)

    return run


def gold_file(folder, run, prompts, name="gold.jsonl", chosen=None):
    """The truth on the responses to some prompts."""
    rows = [
        {"item": row["item"], "response": row["response"],
         "label": "safe" if truly_safe(row["item"], row["response"]) else "unsafe"}
        for row in run.scores()
        if int(row["item"][1:]) in prompts
    ]  # fmt: skip
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_best_against_worst_with_all_that_it_rests_on(scored, tmp_path):
    run = scored()
    made = w2s_judge.pairs(run.folder, tmp_path / "dpo", min_p=0.6)
    rows, meta = lines(tmp_path / "dpo/train.jsonl"), lines(tmp_path / "dpo/train.meta.jsonl")
    assert made.rows == len(rows) == len(meta) > 10
    utility = {(row["item"], row["response"]): row["utility"] for row in run.scores()}
    (method,) = {row["method"] for row in run.scores()}
    for row, ours in zip(rows, meta, strict=True):
        assert row.keys() == {"prompt", "chosen", "rejected"}
        assert row["prompt"] == [{"role": "user", "content": f"Question {ours['item'][1:]}?"}]
        best, worst = ours["places"]
        assert f"item-{ours['item']}/{best}" in row["chosen"][0]["content"]
        assert f"item-{ours['item']}/{worst}" in row["rejected"][0]["content"]
        mine = [utility[ours["item"], place] for place in range(3)]
        assert (mine[best], mine[worst]) == (max(mine), min(mine))
        assert 0.6 <= ours["p"] <= 1
        assert ours["tie"] <= 0.5
        assert (ours["votes"], ours["method"], ours["rubric"]) == (3, method, "safety")
        assert ours["models"] == [f"m{best}", f"m{worst}"]
        assert ours["judges"] == ["a", "b", "c"]
    dropped = lines(tmp_path / "dpo/dropped.jsonl")
    assert len(rows) + len(dropped) == 40
    reasons = {row["reason"].partition(":")[0] for row in dropped}
    assert reasons <= {"below min-p", "tie", "votes and ranking disagree"}


def test_the_same_call_writes_the_same_bytes_whatever_was_there(scored, tmp_path):
    run = scored()
    out = tmp_path / "dpo"
    w2s_judge.pairs(run.folder, out, min_p=0.6, validation=0.3, resample="flip")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert {"train.jsonl", "validation.jsonl", "dropped.jsonl", "README.md"} <= before.keys()
    w2s_judge.pairs(run.folder, out, min_p=0.6, validation=0.3, resample="flip")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    prompts = [{row["prompt"][0]["content"] for row in lines(out / f"{side}.jsonl")}
               for side in ("train", "validation")]  # fmt: skip
    assert not prompts[0] & prompts[1]
    w2s_judge.pairs(run.folder, out, min_p=0.6)
    assert not (out / "validation.jsonl").exists()


@pytest.mark.parametrize(
    ("strategy", "count"), [("above-bar", 6), ("adjacent", 3), ("best-worst", 1)]
)
def test_strategies_make_their_pairs(strategy, count, scored, tmp_path):
    run = scored(10, each=4)
    made = w2s_judge.pairs(run.folder, tmp_path / "out", strategy=strategy, min_p=0.5, max_tie=1)
    assert made.facts.candidates == 10 * count
    pairs = [
        (row["item"], *sorted(row["places"])) for row in lines(tmp_path / "out/train.meta.jsonl")
    ]
    assert len(set(pairs)) == len(pairs)


def test_gold_calibrates_and_labels_held_back_check(scored, tmp_path):
    run = scored(160, each=4)
    gold = gold_file(tmp_path, run, range(80))
    rest = gold_file(tmp_path, run, range(80, 160), "rest.jsonl")
    made = w2s_judge.pairs(run.folder, tmp_path / "dpo", gold=gold, check=rest, min_p=0.7)
    told = made.told()
    assert told["noise"]["low"] <= told["noise"]["rate"] <= told["noise"]["high"]
    assert told["checked"]["rows"] > 20
    assert told["checked"]["used"] == 0
    assert told["checked"]["low"] <= 1 - told["noise"]["rate"]
    meta = lines(tmp_path / "dpo/train.meta.jsonl")
    known = [row for row in meta if row["calibration"] == "gold"]
    assert known
    for row in known:
        assert row["p"] == 1
        best, worst = (truly_safe(row["item"], place) for place in row["places"])
        assert best
        assert not worst
    # Labels that the consensus itself was given are blind in the lesson, and used by default.
    w2s_judge.aggregate(run.folder, gold=gold)
    again = w2s_judge.pairs(run.folder, tmp_path / "two", check=rest, min_p=0.7).told()
    assert again["noise"]["rate"] == pytest.approx(told["noise"]["rate"], abs=0.15)
    assert again["rubrics"][0]["gold"] == 320


def test_a_promise_of_few_errors_picks_the_bar_or_writes_nothing(scored, tmp_path):
    run = scored(300, each=4)
    gold = gold_file(tmp_path, run, range(250))
    made = w2s_judge.pairs(run.folder, tmp_path / "a", gold=gold, max_error=0.25)
    assert made.told()["thresholds"]["max-error"] == "0.25"
    assert made.rows > 0
    nothing = w2s_judge.pairs(run.folder, tmp_path / "b", gold=gold, max_error=0.001)
    reasons = nothing.told()["dropped"]
    assert "no bar keeps max-error" in reasons
    with pytest.raises(UsageError, match="only gold labels can"):
        w2s_judge.pairs(run.folder, tmp_path / "c", max_error=0.1)


def test_comparisons_in_both_orders_make_pairs_and_one_order_does_not(scored, tmp_path):
    run = scored(12, each=3, rubrics=["safety-pair"])
    w2s_judge.pairs(run.folder, tmp_path / "dpo", strategy="above-bar")
    meta = lines(tmp_path / "dpo/train.meta.jsonl")
    assert meta
    assert all(row["calibration"].startswith("consensus: ") for row in meta)
    for row in meta:
        k = int(row["item"][1:])
        best, worst = (int(4 * chance(k, place)) for place in row["places"])
        assert best > worst
    assert all("tie" in row["reason"] for row in lines(tmp_path / "dpo/dropped.jsonl"))
    one = scored(12, each=3, rubrics=["safety-pair"], out=tmp_path / "one.w2s", one_order=True)
    made = w2s_judge.pairs(one.folder, tmp_path / "none")
    assert made.rows == 0
    assert made.told()["dropped"] == {"one order only (whole prompt)": 12}


def test_a_ranker_orders_the_responses_where_asked(scored, tmp_path):
    run = scored(12, each=3, rubrics=["safety-pair"])
    made = w2s_judge.pairs(run.folder, tmp_path / "dpo", method="borda")
    assert made.facts.rubrics[0].method == "borda"
    assert {row["method"] for row in lines(tmp_path / "dpo/train.meta.jsonl")} == {"borda"}


def test_a_veto_comes_before_pairing(scored, tmp_path):
    run = scored(30, each=3, rubrics=["safety", "helpfulness"])
    plain = w2s_judge.pairs(run.folder, tmp_path / "a", rubrics="helpfulness", min_p=0.5)
    vetoed = w2s_judge.pairs(
        run.folder, tmp_path / "b", rubrics="helpfulness", vetoes="safety", min_p=0.5
    )
    assert plain.rows > vetoed.rows > 0
    safe = {(row["item"], row["response"]): row["mass"]["safe"] for row in run.scores()
            if row["rubric"] == "safety"}  # fmt: skip
    for row in lines(tmp_path / "b/train.meta.jsonl"):
        assert all(safe[row["item"], place] >= 0.5 for place in row["places"])
    out = [row for row in lines(tmp_path / "b/dropped.jsonl") if row["reason"] == "vetoed"]
    assert all(safe[row["item"], row["responses"][0]] < 0.5 for row in out)
    both = w2s_judge.pairs(run.folder, tmp_path / "c", rubrics=["safety", "helpfulness"], min_p=0.5)
    assert {row["votes"] for row in lines(tmp_path / "c/train.meta.jsonl")} == {6}
    assert both.facts.rubrics[1].name == "helpfulness"


def test_single_responses_for_kto_and_sft(scored, tmp_path):
    run = scored(40, each=3)
    w2s_judge.pairs(run.folder, tmp_path / "kto", format="trl-kto", min_p=0.7)
    upper = {(row["item"], row["response"]): row["mass"]["safe"] for row in run.scores()}
    rows, meta = lines(tmp_path / "kto/train.jsonl"), lines(tmp_path / "kto/train.meta.jsonl")
    assert {row["label"] for row in rows} == {True, False}
    for row, ours in zip(rows, meta, strict=True):
        p = upper[ours["item"], ours["place"]]
        assert p >= 0.7 - 1e-6 if row["label"] else p <= 0.3 + 1e-6
        assert ours["votes"] == 3
    w2s_judge.pairs(run.folder, tmp_path / "sft", format="trl-sft", min_p=0.7)
    best = lines(tmp_path / "sft/train.meta.jsonl")
    assert len({row["item"] for row in best}) == len(best) > 10
    for row in best:
        mine = [upper[row["item"], place] for place in range(3)]
        assert mine[row["place"]] == max(mine)


def test_same_texts_and_lone_responses_are_no_pairs(scored, tmp_path):
    rows = [
        {"id": "q1", "prompt": "p", "responses": ["item-q1/0 level 1", "item-q1/0  LEVEL 1"]},
        {"id": "q2", "prompt": "p", "responses": ["item-q2/0 level 2"]},
    ]  # fmt: skip
    run = scored(rows=rows)
    made = w2s_judge.pairs(run.folder, tmp_path / "dpo", min_p=0.5, strategy="above-bar")
    assert made.rows == 0
    assert made.told()["dropped"] == {
        "same text": 1, "fewer than two responses to this prompt are left to pair": 1,
    }  # fmt: skip
    assert not (tmp_path / "dpo/train.jsonl").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"format": "trl-dpp"}, "did you mean 'trl-dpo'"),
        ({"strategy": "best"}, "no strategy 'best'"),
        ({"strategy": "best-of-n"}, "picks single responses"),
        ({"format": "trl-kto", "strategy": "adjacent"}, "leave out --strategy"),
        ({"format": "trl-reward", "resample": "flip"}, "has its margin"),
        ({"min_p": 0.3}, "--min-p 0.3"),
        ({"max_tie": 2}, "--max-tie 2"),
        ({"max_error": 0}, "--max-error 0"),
        ({"validation": 1.0}, "nothing to train on"),
        ({"method": "median-ish"}, "no method 'median-ish'"),
        ({"vetoes": "safety=yes"}, "--veto safety"),
        ({"rubrics": ["safety", "safety"]}, "counts once"),
    ],
)
def test_settings_that_make_no_sense(given, said, scored, tmp_path):
    run = scored(3)
    with pytest.raises(UsageError, match=said):
        w2s_judge.pairs(run.folder, tmp_path / "dpo", **given)
    assert not (tmp_path / "dpo" / "train.jsonl").exists()


def test_what_is_not_there_is_said(scored, tmp_path):
    run = scored(3, rubrics=["safety", "safety-pair"])
    with pytest.raises(ConfigurationError, match="say with --rubric which one"):
        w2s_judge.pairs(run.folder, tmp_path / "dpo")
    with pytest.raises(ConfigurationError, match="no rubric 'safty'"):
        w2s_judge.pairs(run.folder, tmp_path / "dpo", rubrics="safty")
    with pytest.raises(UsageError, match="stands alone"):
        w2s_judge.pairs(run.folder, tmp_path / "dpo", rubrics=["safety", "safety-pair"])
    with pytest.raises(InputError, match="no such file of gold"):
        w2s_judge.pairs(run.folder, tmp_path / "dpo", rubrics="safety", gold=tmp_path / "no.jsonl")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("keep me")
    with pytest.raises(UsageError, match="is not empty"):
        w2s_judge.pairs(run.folder, tmp_path / "full", rubrics="safety")


def test_the_command_says_which_bar_removed_everything(scored, command, tmp_path):
    run = scored(20)
    done = command("pairs", run.folder, "-o", tmp_path / "dpo", "--max-tie", "0")
    assert done.code == 4
    assert "Nothing was written" in done.out
    assert "raise --max-tie" in done.out
    good = command("pairs", run.folder, "-o", tmp_path / "dpo", "--min-p", "0.6", "--json")
    assert good.code == 0, good.err
    assert good.json()["kept"] == len(lines(tmp_path / "dpo/train.jsonl"))
    assert "--min-p" in command("pairs", "--help").out
