"""What a cascade says of itself: counts, prices in the user's unit, advice, rivals, refusals."""

from __future__ import annotations

import hashlib
import io
import json
import re

import numpy as np
import pytest
from rich.console import Console

import w2s_judge
from w2s_judge.errors import ConfigurationError, UsageError
from w2s_judge.terminal.amounts import dollars
from w2s_judge.terminal.cascades import cascade_lines, estimate_lines, show_cascade
from w2s_judge.workflows.cascade_levels import Levels
from w2s_judge.workflows.cascade_options import CascadeJob
from w2s_judge.workflows.estimate import estimate_job
from w2s_judge.workflows.score import Job

CHEAP, DEAR = 0.0001, 0.005
STAGED = w2s_judge.Cascade(decided=0.85)
BY_NAME = w2s_judge.Cascade(decided=0.85, method="auto")


def coin(*words) -> float:
    digest = hashlib.blake2b(" ".join(map(str, words)).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def safe(k: int) -> bool:
    return coin("truth", k) < 0.5


def verdict_of(judge: str, k: int) -> dict[str, float]:
    """The cheap judge guesses on hard items and is unsure there; the dear one hardly errs."""
    hard = coin("hard", k) < 0.3 and judge == "cheap"
    right = coin(judge, k) < (0.55 if hard else 0.97)
    sure = 0.6 if hard else 0.97
    return {"5": sure, "1": 1 - sure} if safe(k) == right else {"1": sure, "5": 1 - sure}


@pytest.fixture
def judges(endpoint, wire):
    def reply(body, _):
        k = int(re.findall(r"item-(\d+)", wire.prompt(body))[-1])
        return wire.token(verdict_of(body["model"].removeprefix("m-"), k))

    return endpoint(reply)


@pytest.fixture
def panel(tmp_path, judges):
    def write(**prices):
        path = tmp_path / "panel.toml"
        path.write_text(
            "\n".join(
                f'[[judge]]\nname = "{name}"\nkind = "chat"\nmodel = "m-{name}"\n'
                f'base_url = "{judges.url}"\nread = "logprob"\nconcurrency = 4\n'
                + ("" if price is None else f"usd_per_call = {price}\n")
                for name, price in (prices or {"cheap": CHEAP, "dear": DEAR}).items()
            )
        )
        return path

    return write


@pytest.fixture
def gold(tmp_path):
    path = tmp_path / "gold.csv"
    rows = (f"item-{k:05},{'safe' if safe(k) else 'unsafe'}\n" for k in range(40))
    path.write_text("item,label\n" + "".join(rows))
    return path


def shown(told) -> str:
    written = io.StringIO()
    show_cascade(Console(file=written, width=200), "safety", told)
    return written.getvalue()


def test_a_refused_cascade_leaves_no_folder(judges, outputs, panel, gold):
    path = outputs(60)
    folder = path.with_name("outputs.w2s")
    given = {"panel": panel(), "rubrics": "safety", "gold": gold, "cascade": STAGED}
    with pytest.raises(ConfigurationError, match="does not pay for the pilot") as error:
        w2s_judge.score(path, **given, budget_usd=0.1)
    assert "Raise --budget-usd above 0.2" in str(error.value)
    assert not folder.exists()
    with pytest.raises(UsageError, match="did you mean"):
        w2s_judge.score(path, **given, prices={"deer": 1})
    assert not folder.exists()
    assert not judges.bodies
    folder.mkdir()
    with pytest.raises(ConfigurationError):
        w2s_judge.score(path, **given, budget_usd=0.1)
    assert folder.is_dir()


def test_a_pilot_that_is_partly_there_may_be_ended(judges, outputs, panel, gold):
    path = outputs(60)
    given = {"panel": panel(), "rubrics": "safety", "gold": gold, "cascade": STAGED}
    w2s_judge.score(path, **given, max_calls=70)
    pilot = 40 * (CHEAP + DEAR)
    with pytest.raises(ConfigurationError, match=r"the run has spent \$0\.\d+ already"):
        w2s_judge.score(path, **given, budget_usd=0.9 * pilot)
    assert len(judges.bodies) == 70
    run = w2s_judge.score(path, **given, budget_usd=1.3 * pilot)
    assert run.summary["cascade"]["safety"]["plan"] is not None


def test_what_costs_nothing_has_to_say_so_beside_given_prices(outputs, panel, gold, tmp_path):
    path = outputs(60)
    given = {"rubrics": "safety", "gold": gold, "cascade": STAGED}
    first = w2s_judge.score(path, **given, panel=panel(), max_calls=100)
    record = tmp_path / "votes.jsonl"
    record.write_text("".join(json.dumps(line) + "\n" for line in first.vote_lines()))
    replay = tmp_path / "replay.toml"
    rows = [
        f'[[judge]]\nname = "{name}"\nkind = "replay"\npath = "votes.jsonl"\nmodel = "{name}"\n'
        for name in ("cheap", "dear")
    ]
    replay.write_text("".join(rows))
    aside = path.with_name("aside.w2s")
    with pytest.raises(UsageError, match="price of dear is not known: add --price 'dear=NUMBER'"):
        w2s_judge.score(path, **given, panel=replay, prices={"cheap": 1}, out=aside)
    assert not aside.exists()


def test_given_prices_are_told_in_their_own_unit(outputs, panel, gold):
    path, prices = outputs(60), {"cheap": 1.0, "dear": 30.0}
    job = Job(
        path, panel(), ("safety",), gold=gold, cascade=CascadeJob(BY_NAME, tuple(prices.items()))
    )
    (line,) = estimate_lines(estimate_job(job)["cascade"])
    assert "80 calls, 1,240." in line
    assert "between 0 and 40 calls, 0 and 620, prices in the unit of --price" in line
    run = w2s_judge.score(
        path, panel=panel(), rubrics="safety", gold=gold, cascade=STAGED, prices=prices
    )
    told = run.summary["cascade"]["safety"]
    assert told["pilot"]["price"] == 40 * 31
    assert told["stages"][0]["price"] == 20
    assert told["stages"][1]["price"] == 30 * told["stages"][1]["asked"]
    assert "--price" in shown(told)
    assert "1,860 in the unit of --price)" in shown(told)
    both = CascadeJob(BY_NAME, (("cheap", 1.0),))
    mixed = estimate_job(Job(path, panel(), ("safety",), gold=gold, cascade=both,
                             out=path.with_name("none.w2s")))  # fmt: skip
    lines = estimate_lines(mixed["cascade"])
    assert "--price of cheap is taken as dollars" in lines[0]
    assert "$" in lines[1]


def test_an_estimate_names_the_folder_that_the_run_would_have(outputs, panel, tmp_path):
    path, few = outputs(60), tmp_path / "few.csv"
    few.write_text("item,label\nitem-00000,safe\nitem-00001,unsafe\n")
    job = Job(path, panel(), ("safety",), gold=few, cascade=CascadeJob(BY_NAME))
    with pytest.raises(ConfigurationError, match=f"label {path.with_name('outputs.w2s')} "):
        estimate_job(job)


def test_stages_count_what_they_asked_for_and_the_rest_is_told(outputs, panel, gold):
    path = outputs(70)
    given = {"panel": panel(), "rubrics": "safety", "gold": gold}
    w2s_judge.score(path, **{**given, "gold": None})  # all judges about everything
    run = w2s_judge.score(path, **given, cascade=STAGED)
    told = run.summary["cascade"]["safety"]
    first, dear = told["stages"]
    assert (first["calls"], dear["calls"]) == (30, dear["asked"])
    assert 0 < dear["asked"] < 30
    assert told["other"]["calls"] == 30 - dear["asked"]
    assert f"Other: {30 - dear['asked']} calls" in " ".join(cascade_lines("safety", told))
    assert "Asked for 140 of the full panel's 140 answers: 100%, at 100% of" in shown(told)
    assert not told["advice"]
    levels = run.manifest["cascade"]["safety"]["levels"]["0"]
    assert (levels["n"], levels["counts"][2]) == (30, first["stopped"])  # at .85
    parts = [told["pilot"], *told["stages"], told["other"]]
    assert sum(one["calls"] for one in parts) == told["spent"]["calls"]


def test_what_was_answered_before_is_counted_where_asking_stops(outputs, panel, gold):
    path = outputs(60)
    given = {"panel": panel(), "rubrics": "safety", "gold": gold, "cascade": STAGED}
    w2s_judge.score(path, **given, max_calls=90)
    run = w2s_judge.score(path, **given, max_calls=90)
    assert run.summary["spent"]["calls"] == 90
    before = {name: one["answered_before"] for name, one in run.summary["judges"].items()}
    assert before == {"cheap": 50, "dear": 40}


def test_rivals_stand_beside_the_consensus(outputs, panel, gold):
    run = w2s_judge.score(outputs(60), panel=panel(), rubrics="safety", gold=gold, cascade=STAGED)
    beside = run.summary["rubrics"]["safety"]["aggregated"]["comparison"]
    assert [one["name"] for one in beside] == [
        "consensus", "full panel", "majority", "best single judge",
    ]  # fmt: skip
    assert {one["n"] for one in beside} == {40}
    assert beside[0]["accuracy"] > 0.8
    plan = run.manifest["cascade"]["safety"]
    assert 0 < plan["expected"] <= plan["learned"]["full_price"]


def test_levels_say_which_lower_threshold_stops_how_many():
    levels = Levels.of(np.array([0.94996, 0.91, 0.91, 0.72, 0.55]))
    word = levels.advice(0, 0.95, 0, "responses")
    assert "the highest was 0.9499" in word
    assert "--decided 0.9 would have stopped 3 of them, --decided 0.7 4, --decided 0.55 5" in word
    assert levels.advice(0, 0.9, 3, "responses") is None
    two = levels.and_(Levels.of(np.array([0.97])))
    assert (two.n, two.most, two.counts[0]) == (6, 0.97, 1)
    none = Levels.of(np.array([0.4])).advice(0, 0.95, 0, "responses")
    assert "No lower --decided" in none


def test_dollars_have_both_cents():
    assert [dollars(usd) for usd in (0.4, 0.84, 0.023, 3, 0)] == [
        "$0.40", "$0.84", "$0.023", "$3.00", "$0.00",
    ]  # fmt: skip
