"""`score --cascade` with several rubrics, comparisons, replays, promises, faults and mistakes."""

from __future__ import annotations

import hashlib
import json
import re
import time

import pytest

import w2s_judge
from w2s_judge.errors import ConfigurationError

STAGED = w2s_judge.Cascade(decided=0.85)
CHEAP, DEAR = 'usd_per_call = 0.0001\nread = "logprob"', 'usd_per_call = 0.005\nread = "logprob"'


def coin(*words) -> float:
    digest = hashlib.blake2b(" ".join(map(str, words)).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def item_of(text: str) -> int:
    return int(re.findall(r"item-(\d+)", text)[-1])


def safe(k: int) -> bool:
    return coin("truth", k) < 0.5


def sure_and_good(judge: str, k: int) -> tuple[float, bool]:
    """How sure a judge is of item k, and whether it says that it is good."""
    hard = coin("hard", k) < 0.3 and judge == "cheap"
    right = coin(judge, k) < (0.55 if hard else 0.98)
    return (0.6 if hard else 0.97), safe(k) == right


def verdict_of(judge: str, k: int) -> dict[str, float]:
    sure, good = sure_and_good(judge, k)
    return {"5": sure, "1": 1 - sure} if good else {"1": sure, "5": 1 - sure}


@pytest.fixture
def server(endpoint, wire):
    """Both judges, told apart by their model; `delay` in seconds."""

    def start(delay=0.0):
        def reply(body, _):
            judge, k = body["model"].removeprefix("m-"), item_of(wire.prompt(body))
            return wire.Said(wire.token(verdict_of(judge, k)), delay=delay)

        return endpoint(reply)

    return start


@pytest.fixture
def seats(tmp_path):
    """A panel of rows: name, URL, and what else stands in the row."""

    def write(*rows):
        path = tmp_path / "panel.toml"
        path.write_text(
            "\n".join(
                f'[[judge]]\nname = "{name}"\nkind = "chat"\nmodel = "m-{name}"\n'
                f'base_url = "{url}"\n{text}\n'
                for name, url, text in rows
            )
        )
        return path

    return write


@pytest.fixture
def gold(tmp_path):
    def write(count=40, label=lambda k: "safe" if safe(k) else "unsafe", head="item,label"):
        path = tmp_path / "gold.csv"
        path.write_text(f"{head}\n" + "".join(f"item-{k:05},{label(k)}\n" for k in range(count)))
        return path

    return write


def outside(server, judge, pilot=40):
    found = [item_of(body["messages"][0]["content"]) for body in server.bodies
             if body["model"] == f"m-{judge}"]  # fmt: skip
    return [k for k in found if k >= pilot]


def test_killed_in_a_stage_it_goes_on_as_if_it_had_not_been(
    server, seats, outputs, gold, started, tmp_path
):
    judge = server(0.01)
    path = outputs(90)
    panel = seats(("cheap", judge.url, CHEAP), ("dear", judge.url, DEAR + "\nconcurrency = 1"))
    words = ("score", path, "--panel", panel, "--rubric", "safety", "--cascade", "--gold", gold(),
             "--decided", 0.85, "--quiet")  # fmt: skip
    process = started(*words)
    until = time.monotonic() + 60
    while len(outside(judge, "dear")) < 5 and time.monotonic() < until and process.poll() is None:
        time.sleep(0.005)
    process.kill()
    process.wait()
    before = len(outside(judge, "dear"))
    assert before >= 5
    assert started(*words).wait() == 0
    seen = outside(judge, "dear")
    assert len(seen) - len(set(seen)) <= 8  # in flight, or not 50 ms in the buffer
    killed = w2s_judge.Run(path.with_name("outputs.w2s"))
    whole = w2s_judge.score(
        path, panel=panel, rubrics="safety", gold=gold(), cascade=STAGED, out=tmp_path / "whole"
    )
    assert list(killed.scores()) == list(whole.scores())
    assert killed.manifest["cascade"] == whole.manifest["cascade"]


def test_a_judge_out_of_reach_holds_up_its_stage_and_no_other(server, seats, outputs, gold):
    judge, gone = server(), server()
    path = outputs(90)
    rows = (("cheap", judge.url, CHEAP), ("dear", gone.url, DEAR))
    given = {"rubrics": "safety", "gold": gold(), "cascade": STAGED}
    gone.close()
    run = w2s_judge.score(path, panel=seats(*rows), **given)
    assert (run.summary["status"], run.summary["left"]) == ("stopped", 40)
    assert run.summary["cascade"]["safety"]["plan"] is None
    assert len(judge.bodies) == 40
    back = server()
    rows = (("cheap", judge.url, CHEAP), ("dear", back.url, DEAR))
    run = w2s_judge.score(
        path, panel=seats(*rows), **given, max_calls=run.summary["spent"]["calls"] + 90
    )
    assert run.summary["cascade"]["safety"]["stages"][0]["waiting"] == 0
    back.close()
    run = w2s_judge.score(path, panel=seats(*rows), **given)
    stage = run.summary["cascade"]["safety"]["stages"][1]
    assert stage["waiting"] == stage["asked"] > 0
    assert "dear is out of reach" in run.summary["reasons"][0]
    assert len(list(run.scores())) == 90
    again = server()
    rows = (("cheap", judge.url, CHEAP), ("dear", again.url, DEAR))
    run = w2s_judge.score(path, panel=seats(*rows), **given)
    assert run.summary["status"] == "complete"
    assert run.summary["cascade"]["safety"]["stages"][1]["waiting"] == 0


def test_an_item_that_the_cheap_judge_refuses_goes_on_to_the_dear_one(
    endpoint, wire, seats, outputs, gold
):
    def reply(body, _):
        judge, k = body["model"].removeprefix("m-"), item_of(wire.prompt(body))
        if judge == "cheap" and k == 70:
            said = {"error": {"message": "maximum context length is 10 tokens", "code": 400}}
            return wire.Said(said, 400)
        return wire.token(verdict_of(judge, k))

    judge = endpoint(reply)
    panel = seats(("cheap", judge.url, CHEAP), ("dear", judge.url, DEAR))
    run = w2s_judge.score(outputs(80), panel=panel, rubrics="safety", gold=gold(), cascade=STAGED)
    assert 70 in outside(judge, "dear")
    assert (run.summary["status"], run.summary["left"]) == ("stopped", 1)
    (row,) = [row for row in run.scores() if row["item"] == "item-00070"]
    assert row["votes"] == 1
    assert row["label"] is not None


def recorded(path, rubric, judges, rows):
    """Votes as `w2s-judge votes` prints them; rows are item, responses, order and k."""
    with path.open("w") as file:
        for judge in judges:
            for item, responses, order, k in rows:
                sure, good = sure_and_good(judge, k)
                best, worst = rubric.labels[-1], rubric.labels[0]
                file.write(
                    json.dumps(
                        {"item": item, "responses": responses, "order": order, "variant": "base",
                         "rubric": rubric.name, "rubric_hash": rubric.hash, "judge": judge,
                         "mass": {best if good else worst: sure, worst if good else best: 1 - sure},
                         "abstained": None}
                    ) + "\n"
                )  # fmt: skip
    return path


def replays(path, *names):
    panel = path.with_name("replays.toml")
    panel.write_text(
        "\n".join(
            f'[[judge]]\nname = "{n}"\nkind = "replay"\npath = "{path.name}"\n' for n in names
        )
    )
    return panel


def test_replays_with_prices_of_the_users_and_two_rubrics(outputs, tmp_path):
    path = outputs(300)
    rubrics = [w2s_judge.load_rubric(name) for name in ("safety", "toxicity")]
    rows = [(f"item-{k:05}", [0], None, k) for k in range(300)]
    votes = tmp_path / "votes.jsonl"
    text = ""
    for rubric in rubrics:
        text += recorded(votes, rubric, ("cheap", "dear"), rows).read_text()
    votes.write_text(text)
    gold = tmp_path / "gold.csv"
    names = {rubric.name: rubric.classes for rubric in rubrics}
    gold.write_text("item,rubric,label\n" + "".join(
        f"item-{k:05},{name},{classes[safe(k)]}\n"
        for name, classes in names.items() for k in range(60 if name == "safety" else 90)
    ))  # fmt: skip
    panel = replays(votes, "cheap", "dear")
    given = {"panel": panel, "rubrics": [*names], "gold": gold, "cascade": STAGED}
    with pytest.raises(ConfigurationError, match=r"costs nothing.*--price cheap=1 --price dear=2"):
        w2s_judge.score(path, **given)
    run = w2s_judge.score(path, **given, prices={"cheap": 1, "dear": 30})
    assert run.summary["status"] == "complete"
    for name, pilot in (("safety", 60), ("toxicity", 90)):
        told = run.summary["cascade"][name]
        assert told["pilot"]["asked"] == pilot
        assert [one["judges"] for one in told["stages"]] == [["cheap"], ["dear"]]
        assert told["stages"][0]["asked"] == 300 - pilot
        assert 0 < told["stages"][1]["asked"] < 0.5 * (300 - pilot)
        assert told["full_price"] == 300 * 31
        spent = 300 + 30 * (pilot + told["stages"][1]["asked"])
        assert told["price"] == pytest.approx(spent)
        rows = [row for row in run.scores() if row["rubric"] == name]
        good = [row["label"] == names[name][safe(int(row["item"][5:]))] for row in rows[pilot:]]
        assert sum(good) / len(good) > 0.93
    kept = run.manifest["cascade"]["safety"]["from"]["prices"]
    assert kept == {"cheap": [1], "dear": [30]}


def test_pairs_are_asked_in_both_orders_or_not_at_all(endpoint, wire, outputs, seats, tmp_path):
    rubric = w2s_judge.load_rubric("safety-pair")
    first, last = rubric.labels[0], rubric.labels[-1]

    def reply(body, _):
        text, judge = wire.prompt(body), body["model"].removeprefix("m-")
        sure, good = sure_and_good(judge, item_of(text))
        one_first = text.index("one says") < text.index("two says")
        best = first if good == one_first else last
        return wire.token({best: sure, (last if best == first else first): 1 - sure})

    judge = endpoint(reply)
    items = [
        {"id": f"item-{k:05}", "prompt": f"item-{k:05}?", "responses": ["one says", "two says"]}
        for k in range(80)
    ]
    gold = tmp_path / "gold.csv"
    gold.write_text("item,label\n" + "".join(
        f"item-{k:05},{rubric.classes[0 if safe(k) else -1]}\n" for k in range(40)
    ))  # fmt: skip
    panel = seats(("cheap", judge.url, CHEAP + "\nconcurrency = 4"), ("dear", judge.url, DEAR))
    run = w2s_judge.score(
        outputs(items), panel=panel, rubrics="safety-pair", gold=gold, cascade=STAGED
    )
    assert run.summary["status"] == "complete"
    told = run.summary["cascade"]["safety-pair"]
    assert told["unit"] == "pairs"
    assert told["plan"]["prices"]["dear"] == pytest.approx(0.01)
    dear = outside(judge, "dear", pilot=0)
    assert {dear.count(k) for k in dear} == {2}
    assert len(set(dear)) - 40 == told["stages"][1]["asked"] < 40
    rows = list(run.scores())
    assert {row["votes"] for row in rows} == {2, 4}
    good = [row["label"] == rubric.classes[0 if safe(k) else -1] for k, row in enumerate(rows)]
    assert sum(good) > 70
    w2s_judge.pairs(run.folder, tmp_path / "dpo", rubrics="safety-pair")
    assert len((tmp_path / "dpo" / "train.jsonl").read_text().splitlines()) > 50


def test_a_promise_is_kept_or_nothing_is_claimed(outputs, tmp_path, command):
    path, rubric = outputs(700), w2s_judge.load_rubric("safety")
    rows = [(f"item-{k:05}", [0], None, k) for k in range(700)]
    panel = replays(
        recorded(tmp_path / "votes.jsonl", rubric, ("cheap", "dear"), rows), "cheap", "dear"
    )
    gold = tmp_path / "gold.csv"
    gold.write_text("item,label\n" + "".join(
        f"item-{k:05},{'safe' if safe(k) else 'unsafe'}\n" for k in range(300)
    ))  # fmt: skip
    words = ("score", path, "--panel", panel, "--rubric", "safety", "--cascade", "--gold", gold,
             "--price", "cheap=1", "--price", "dear=30")  # fmt: skip
    run = w2s_judge.score(
        path, panel=panel, rubrics="safety", gold=gold, cascade=w2s_judge.Cascade(max_error=0.1),
        prices={"cheap": 1, "dear": 30},
    )  # fmt: skip
    aggregated = run.summary["rubrics"]["safety"]["aggregated"]
    selection = aggregated["selection"]
    assert {one["n"] for one in aggregated["comparison"]} == {150}  # the half that is not tested on
    assert selection["threshold"] is not None
    assert len(selection["stages"]) == len(run.summary["cascade"]["safety"]["stages"])
    claimed = [row for row in run.scores() if row["label"] and row["gold"] is None]
    wrong = [row for row in claimed if (row["label"] == "safe") != safe(int(row["item"][5:]))]
    assert len(claimed) > 200
    assert len(wrong) <= 0.1 * len(claimed)
    assert run.manifest["consensus"]["safety"]["max_error"] == 0.1
    unkept = command(*words, "--max-error", 0.02, "--stages", 1, "--out", tmp_path / "unkept")
    assert unkept.code == 4, unkept.err
    assert "NOT KEPT" in unkept.out
    other = w2s_judge.Run(tmp_path / "unkept")
    assert {row["label"] for row in other.scores() if row["gold"] is None} == {None}
