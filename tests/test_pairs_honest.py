"""`pairs` and gold: what was used is not called held out, and what is stale is not used."""

from __future__ import annotations

import hashlib
import json
import sqlite3

import pytest

import w2s_judge
from w2s_judge.errors import RunFolderError, UsageError


def chance(*words: object) -> float:
    digest = hashlib.blake2b("|".join(map(str, words)).encode(), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def truly_safe(item: str, place: int | str) -> bool:
    return chance(item, place) < 0.5


@pytest.fixture
def scored(endpoint, wire, outputs, panel):
    """Score responses by three judges who are right in about .68 of the cases."""

    def judge(name):
        def reply(body, _):
            text = wire.prompt(body)
            if "Response A:" in text:
                parts = [part for part in text.split("Response ")[1:] if "item-" in part][:2]
                marks = [part.rsplit("item-", 1)[1].split(" ", 1)[0] for part in parts]
                first, second = (truly_safe(*mark.split("/")) for mark in marks)
                if first == second:
                    return wire.token({"T": 0.9, "A": 0.1})
                return wire.token({"A": 0.9, "B": 0.1} if first else {"B": 0.9, "A": 0.1})
            marker = text.rsplit("item-", 1)[1].split(" ", 1)[0]
            safe = truly_safe(*marker.split("/")) == (chance(name, marker) < 0.68)
            sure = 0.7 + 0.25 * chance(marker, name, "sure")
            return wire.token({("5" if safe else "1"): sure, "3": 1 - sure})

        return endpoint(reply).url

    def run(count=120, each=4, rubrics=("safety",), first=0, **given):
        rows = [
            {
                "id": f"q{k}",
                "prompt": f"Question {k}?",
                "responses": [f"item-q{k}/{r} is the answer" for r in range(each)],
            }
            for k in range(first, first + count)
        ]
        judges = panel('read = "logprob"', a=judge("a"), b=judge("b"), c=judge("c"))
        return w2s_judge.score(outputs(rows), panel=judges, rubrics=list(rubrics), **given)

    return run


def gold_file(folder, prompts, name="gold.jsonl", each=4, rubric="safety"):
    words = {"safety": ("unsafe", "safe"), "toxicity": ("toxic", "ok")}[rubric]
    rows = [
        {"item": f"q{k}", "response": r, "rubric": rubric, "label": words[truly_safe(f"q{k}", r)]}
        for k in prompts
        for r in range(each)
    ]
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def noise_of(made):
    return made.told()["noise"]["rate"]


def test_labels_that_the_scores_were_made_with_stay_unseen_wherever_their_file_is(scored, tmp_path):
    run = scored()
    gold = gold_file(tmp_path, range(80))
    plain = noise_of(w2s_judge.pairs(run.folder, tmp_path / "a", gold=gold, min_p=0.6))
    w2s_judge.aggregate(run.folder, gold=gold)
    there = noise_of(w2s_judge.pairs(run.folder, tmp_path / "b", gold=gold, min_p=0.6))
    moved = gold.rename(tmp_path / "elsewhere.jsonl")
    again = w2s_judge.pairs(run.folder, tmp_path / "c", gold=moved, min_p=0.6)
    assert noise_of(again) == there
    assert min(plain, there) > 0.02
    unnamed = w2s_judge.pairs(run.folder, tmp_path / "d", min_p=0.6)
    assert noise_of(unnamed) > 0.02
    assert any("their file is not there any more" in note for note in unnamed.facts.notes)


def test_labels_that_were_used_check_nothing(scored, tmp_path):
    run = scored()
    gold, rest = gold_file(tmp_path, range(60)), gold_file(tmp_path, range(60, 120), "rest.jsonl")
    with pytest.raises(UsageError, match="every label in it was used"):
        w2s_judge.pairs(run.folder, tmp_path / "a", gold=gold, check=gold, min_p=0.6)
    both = gold_file(tmp_path, range(120), "both.jsonl")
    clean = w2s_judge.pairs(run.folder, tmp_path / "b", gold=gold, check=rest, min_p=0.6)
    mixed = w2s_judge.pairs(run.folder, tmp_path / "c", gold=gold, check=both, min_p=0.6)
    assert clean.facts.checked.right == mixed.facts.checked.right < 1
    assert (clean.facts.checked.used, mixed.facts.checked.used) == (0, 240)
    w2s_judge.aggregate(run.folder, gold=both)
    with pytest.raises(UsageError, match="by --gold or by the scores"):
        w2s_judge.pairs(run.folder, tmp_path / "d", gold=gold, check=rest, min_p=0.6)


def test_two_responses_of_one_gold_class_are_no_error_of_the_check(scored, tmp_path):
    run = scored(60)
    rest = gold_file(tmp_path, range(60), "rest.jsonl")
    checked = w2s_judge.pairs(run.folder, tmp_path / "a", check=rest, min_p=0.6).facts.checked
    assert checked.level > 0
    assert checked.right > 0.6


def test_gold_ties_are_not_written(scored, tmp_path):
    run = scored(40)
    gold = gold_file(tmp_path, range(40))
    made = w2s_judge.pairs(run.folder, tmp_path / "a", gold=gold, strategy="above-bar", min_p=0.5)
    rows = lines(tmp_path / "a/train.meta.jsonl")
    assert made.facts.by_gold == len(rows) > 0
    for row in rows:
        chosen, rejected = (truly_safe(row["item"], place) for place in row["places"])
        assert (chosen, rejected) == (True, False)
    assert made.told()["dropped"].keys() == {"tie by gold"}


def test_gold_under_the_rubric_that_vetoes(scored, tmp_path):
    run = scored(30, rubrics=["safety", "helpfulness"])
    gold_rows = gold_file(tmp_path, range(30)).read_text()
    useful = "".join(
        json.dumps({"item": f"q{k}", "response": r, "rubric": "helpfulness", "label": str(1 + r)})
        + "\n"
        for k in range(0, 30, 2)
        for r in range(4)
    )
    (tmp_path / "both.jsonl").write_text(gold_rows + useful)
    made = w2s_judge.pairs(
        run.folder, tmp_path / "a", rubrics="helpfulness", vetoes="safety", min_p=0.5,
        gold=tmp_path / "both.jsonl",
    )  # fmt: skip
    assert made.rows
    for row in lines(tmp_path / "a/train.meta.jsonl"):
        assert all(truly_safe(row["item"], place) for place in row["places"])


def test_a_veto_beside_comparisons(scored, tmp_path):
    run = scored(20, each=3, rubrics=["safety", "safety-pair"])
    made = w2s_judge.pairs(
        run.folder, tmp_path / "a", rubrics="safety-pair", vetoes="safety=0.4", min_p=0.6,
        strategy="above-bar",
    )  # fmt: skip
    safe = {(row["item"], row["response"]): row["mass"]["safe"] for row in run.scores()
            if row["rubric"] == "safety"}  # fmt: skip
    assert made.told()["dropped"]["vetoed"] == sum(share < 0.4 for share in safe.values())
    for row in lines(tmp_path / "a/train.meta.jsonl"):
        assert all(safe[row["item"], place] >= 0.4 for place in row["places"])


def test_scores_older_than_the_votes_are_refused(scored, tmp_path):
    run = scored(12)
    with sqlite3.connect(run.folder / "run.db") as db:
        db.execute("DELETE FROM votes WHERE id = (SELECT MAX(id) FROM votes)")
    db.close()
    for call in (
        lambda: w2s_judge.pairs(run.folder, tmp_path / "a"),
        lambda: w2s_judge.rank(run.folder),
    ):
        with pytest.raises(RunFolderError, match="votes have changed since the scores were made"):
            call()
    w2s_judge.aggregate(run.folder)
    assert w2s_judge.pairs(run.folder, tmp_path / "a", min_p=0.6).rows


def test_a_rubric_whose_items_are_gone_leaves_the_scores(scored, tmp_path):
    folder = tmp_path / "one.w2s"
    scored(6, out=folder)
    run = scored(6, rubrics=["toxicity"], first=100, out=folder)
    assert {row["rubric"] for row in run.scores()} == {"toxicity"}
    assert [done.rubric for done in w2s_judge.rank(folder, rubric="toxicity")] == ["toxicity"]


def test_gold_for_one_of_two_rubrics_is_refused(scored, tmp_path):
    run = scored(10, rubrics=["safety", "toxicity"])
    with pytest.raises(UsageError, match="--gold has no labels under toxicity"):
        w2s_judge.pairs(
            run.folder, tmp_path / "a", rubrics=["safety", "toxicity"],
            gold=gold_file(tmp_path, range(10)),
        )  # fmt: skip


def test_single_responses_need_a_rubric_that_rates_them(scored, tmp_path):
    run = scored(6, each=3, rubrics=["safety-pair"])
    for format_ in ("trl-kto", "trl-sft"):
        with pytest.raises(UsageError, match="only compares"):
            w2s_judge.pairs(run.folder, tmp_path / "a", format=format_)


@pytest.mark.parametrize("resample", ["flip", "draw"])
def test_every_candidate_is_written_or_told_of(resample, scored, tmp_path):
    run = scored(60)
    rest = gold_file(tmp_path, range(60), "rest.jsonl")
    made = w2s_judge.pairs(
        run.folder, tmp_path / "a", min_p=0.6, resample=resample, check=rest, strategy="adjacent"
    )
    told = made.told()
    assert told["kept"] + sum(told["dropped"].values()) == told["candidates"] == 180
    assert len(lines(tmp_path / "a/train.jsonl")) == told["kept"]
    p = [row["p"] for row in lines(tmp_path / "a/train.meta.jsonl")]
    if resample == "draw":
        assert told["dropped"]["not drawn (--resample draw)"] > 0
        assert min(p) > 0.5
    else:
        assert any("turned round" in note for note in told["notes"])
        assert min(p) < 0.5
    known = [(truly_safe(row["item"], row["places"][0]), truly_safe(row["item"], row["places"][1]))
             for row in lines(tmp_path / "a/train.meta.jsonl")]  # fmt: skip
    right = sum(chosen > rejected for chosen, rejected in known)
    untied = sum(chosen != rejected for chosen, rejected in known)
    assert told["checked"]["right"] == pytest.approx(right / untied, abs=1e-6)


def test_the_card_says_which_rows_are_human_labels_and_where_all_comes_from(scored, tmp_path):
    run = scored(40)
    gold, rest = gold_file(tmp_path, range(20)), gold_file(tmp_path, range(20, 40), "rest.jsonl")
    made = w2s_judge.pairs(run.folder, tmp_path / "a", gold=gold, check=rest, min_p=0.6)
    card = (tmp_path / "a/README.md").read_text()
    assert f"{made.facts.by_gold:,} are what human labels say" in card
    assert "By labels that nothing was fitted to" in card
    digest = hashlib.sha256(gold.read_bytes()).hexdigest()
    assert digest in card
    told = json.loads((tmp_path / "a/card.json").read_text())
    assert told["origins"]["gold: gold.jsonl, sha256"] == digest
    assert told["files"][0]["prompts"] == made.rows
