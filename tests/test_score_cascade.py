"""`score --cascade`: dearer judges are asked where cheaper ones leave it open, and nowhere else."""

from __future__ import annotations

import hashlib
import io
import json
import re

import pytest
from rich.console import Console

import w2s_judge
from w2s_judge.errors import ConfigurationError
from w2s_judge.scoring.tally import Tally
from w2s_judge.terminal.estimates import show_estimate
from w2s_judge.terminal.progress import Bars
from w2s_judge.terminal.summaries import show_summary
from w2s_judge.workflows.cascade_options import CascadeJob
from w2s_judge.workflows.estimate import estimate_job
from w2s_judge.workflows.score import Job, run_job
from w2s_judge.workflows.watching import Silence

CHEAP, DEAR = 0.0001, 0.005  # dollars a call
STAGED = w2s_judge.Cascade(decided=0.85)
STAGED_BY_NAME = w2s_judge.Cascade(decided=0.85, method="auto")


def coin(*words) -> float:
    digest = hashlib.blake2b(" ".join(map(str, words)).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def item_of(text: str) -> int:
    return int(re.findall(r"item-(\d+)", text)[-1])


def safe(k: int) -> bool:
    return coin("truth", k) < 0.5


def hard(k: int) -> bool:
    return coin("hard", k) < 0.3


def verdict_of(judge: str, k: int) -> dict[str, float]:
    """The cheap judge guesses on hard items and is unsure there; the dear one hardly errs."""
    right = coin(judge, k) < (0.97 if judge == "dear" else 0.55 if hard(k) else 0.98)
    sure = 0.97 if judge == "dear" or not hard(k) else 0.6
    return {"5": sure, "1": 1 - sure} if safe(k) == right else {"1": sure, "5": 1 - sure}


@pytest.fixture
def judges(endpoint, wire):
    """An endpoint of both judges, told apart by their model."""

    def reply(body, _):
        return wire.token(verdict_of(body["model"].removeprefix("m-"), item_of(wire.prompt(body))))

    return endpoint(reply)


@pytest.fixture
def priced(tmp_path):
    """A panel of judges behind one URL, each with its dollars for a call."""

    def write(url, text="", **prices):
        prices = prices or {"cheap": CHEAP, "dear": DEAR}
        rows = [
            f'[[judge]]\nname = "{name}"\nkind = "chat"\nmodel = "m-{name}"\nbase_url = "{url}"\n'
            f'read = "logprob"\nusd_per_call = {price}\n{text}\n'
            for name, price in prices.items()
        ]
        path = tmp_path / "panel.toml"
        path.write_text("\n".join(rows))
        return path

    return write


@pytest.fixture
def gold(tmp_path):
    def write(count=40, name="gold.csv", label=lambda k: "safe" if safe(k) else "unsafe"):
        path = tmp_path / name
        rows = [f"item-{k:05},{label(k)}\n" for k in range(count)]
        path.write_text("item,label\n" + "".join(rows))
        return path

    return write


def asked(server, judge):
    return [item_of(body["messages"][0]["content"]) for body in server.bodies
            if body["model"] == f"m-{judge}"]  # fmt: skip


def labels(run):
    return {row["item"]: row["label"] for row in run.scores()}


def right(run, count, pilot=40):
    found = labels(run)
    good = [found[f"item-{k:05}"] == ("safe" if safe(k) else "unsafe") for k in range(pilot, count)]
    return sum(good) / len(good)


def test_dear_judges_are_asked_where_cheap_ones_are_unsure(judges, outputs, priced, gold):
    path, panel = outputs(110), priced(judges.url)
    run = w2s_judge.score(path, panel=panel, rubrics="safety", gold=gold(), cascade=STAGED)
    told = run.summary["cascade"]["safety"]
    assert run.summary["status"] == "complete"
    assert [one["judges"] for one in told["stages"]] == [["cheap"], ["dear"]]
    assert len(asked(judges, "cheap")) == 110
    outside = [k for k in asked(judges, "dear") if k >= 40]
    assert len(outside) == told["stages"][1]["asked"] < 0.6 * 70
    unsure = {k for k in range(40, 110) if hard(k)}
    assert unsure <= set(outside)
    assert set(range(40)) <= set(asked(judges, "dear"))  # the pilot
    assert right(run, 110) > 0.9
    rows = {row["item"]: row for row in run.scores()}
    stage = {k: rows[f"item-{k:05}"]["stage"] for k in range(110)}
    assert {stage[k] for k in range(40)} == {0}
    assert {k for k in range(40, 110) if stage[k] == 2} == set(outside)
    assert all(rows[f"item-{k:05}"]["votes"] == 2 for k in outside)
    assert {row["method"] for row in rows.values()} == {"auto:cascade"}
    spent = run.summary["spent"]["usd"]
    assert spent == pytest.approx(len(asked(judges, "cheap")) * CHEAP
                                  + len(asked(judges, "dear")) * DEAR)  # fmt: skip
    assert told["spent"]["usd"] == pytest.approx(spent)
    assert told["price"] == pytest.approx(spent)
    assert told["saved"]["answers"] == pytest.approx(1 - len(judges.bodies) / 220, abs=1e-6)
    assert told["plan"]["prices"]["dear"] == pytest.approx(DEAR)

    calls, before = len(judges.bodies), labels(run)
    again = w2s_judge.score(path, panel=panel, rubrics="safety", gold=gold(), cascade=STAGED)
    assert len(judges.bodies) == calls
    assert labels(again) == before
    assert again.summary["cascade"] == run.summary["cascade"]


def test_wherever_it_is_stopped_it_ends_as_if_it_had_not_been(judges, outputs, priced, gold):
    path, panel = outputs(80), priced(judges.url, "concurrency = 4")
    given = {"panel": panel, "rubrics": "safety", "gold": gold(), "cascade": STAGED}
    for ceiling in (30, 95, 122, 126):  # in the pilot, in stage 1, in stage 2 twice
        run = w2s_judge.score(path, **given, max_calls=ceiling)
        assert run.summary["status"] == "stopped"
        assert len(judges.bodies) == ceiling
        assert len(list(run.scores())) == len({line["item"] for line in run.vote_lines()})
    last = w2s_judge.score(path, **given)
    assert last.summary["status"] == "complete"
    once = [(body["model"], item_of(body["messages"][0]["content"])) for body in judges.bodies]
    assert len(set(once)) == len(once)
    aside = w2s_judge.score(path, **given, out=path.with_name("aside.w2s"))
    assert list(aside.scores()) == list(last.scores())
    told, other = (one.summary["cascade"]["safety"] for one in (last, aside))
    assert told == other


def test_a_budget_is_kept_and_goes_where_it_is_most_open(judges, outputs, priced, gold):
    path, panel = outputs(130), priced(judges.url)
    given = {"panel": panel, "rubrics": "safety", "gold": gold(), "cascade": STAGED}
    pilot = 40 * (CHEAP + DEAR)
    plenty = w2s_judge.score(path, **given, out=path.with_name("plenty.w2s"))
    needed = plenty.summary["spent"]["usd"]
    budget = pilot + 0.6 * (needed - pilot)
    judges.bodies.clear()
    run = w2s_judge.score(path, **given, budget_usd=budget)
    told = run.summary["cascade"]["safety"]
    assert run.summary["spent"]["usd"] <= budget
    assert told["plan"]["budget"] < (budget - pilot) / 90
    outside = [k for k in asked(judges, "dear") if k >= 40]
    assert 0 < len(outside) < plenty.summary["cascade"]["safety"]["stages"][1]["asked"]
    assert sum(hard(k) for k in outside) > 0.9 * len(outside)
    # The plan was made for this budget; a larger one lets it go on, and does not change it.
    more = w2s_judge.score(path, **given, budget_usd=10 * budget)
    assert more.summary["status"] == "complete"
    assert more.summary["cascade"]["safety"]["plan"] == told["plan"]
    (advice,) = told["advice"]
    assert "stop for want of it" in advice
    assert "--relearn" in advice


def test_a_budget_that_ends_in_a_stage_leaves_the_rest_as_it_is(judges, outputs, priced, gold):
    path, panel = outputs(100), priced(judges.url, "concurrency = 2")
    given = {"panel": panel, "rubrics": "safety", "gold": gold(), "cascade": STAGED}
    full = w2s_judge.score(path, **given, out=path.with_name("full.w2s"))
    calls = full.summary["spent"]["calls"]
    run = w2s_judge.score(path, **given, max_calls=calls - 9)
    stage = run.summary["cascade"]["safety"]["stages"][1]
    assert (run.summary["status"], run.summary["left"], stage["waiting"]) == (
        "stopped", 9, stage["asked"],
    )  # fmt: skip
    again = w2s_judge.score(path, **given, max_calls=calls - 9)
    assert again.summary["left"] == 9
    rows = [row for row in run.scores() if row["votes"] == 1]
    assert len(rows) == 100 - 40 - stage["asked"] + 9
    assert {row["stage"] for row in rows} == {1}
    assert all(row["label"] is not None for row in run.scores())


def test_a_plan_is_kept_as_long_as_nothing_changed(judges, outputs, priced, gold):
    path, panel = outputs(70), priced(judges.url)
    given = {"rubrics": "safety", "cascade": STAGED}
    first = w2s_judge.score(path, **given, panel=panel, gold=gold(), max_calls=100)
    plan = first.manifest["cascade"]
    calls = len(judges.bodies)

    def refused(match, **more):
        with pytest.raises(ConfigurationError, match=match) as error:
            w2s_judge.score(path, **{**given, "panel": panel, "gold": gold(), **more})
        assert "--relearn" in str(error.value)

    refused("the gold labels changed", gold=gold(41, "other.csv"))
    refused("--stages .3 then, 2 now. changed", cascade=w2s_judge.Cascade(decided=0.85, stages=2))
    refused("--method", method="dawid-skene")
    refused("the price of dear changed", prices={"dear": 3})
    priced(judges.url, cheap=CHEAP, dear=2 * DEAR)
    refused("the price of dear changed")
    priced(judges.url, cheap=CHEAP, dear=DEAR, third=0.001)
    refused(r"the panel \(third\) changed")
    assert len(judges.bodies) == calls
    assert w2s_judge.Run(first.folder).manifest["cascade"] == plan
    priced(judges.url)
    other = gold(44, "other.csv")
    again = w2s_judge.score(path, **given, panel=panel, gold=other, relearn=True)
    assert again.summary["status"] == "complete"
    assert again.manifest["cascade"]["safety"]["from"] != plan["safety"]["from"]
    once = [(body["model"], item_of(body["messages"][0]["content"])) for body in judges.bodies]
    assert len(set(once)) == len(once)
    w2s_judge.score(path, **given, panel=panel, gold=other)


def test_a_longer_file_goes_on_and_what_was_decided_stays(judges, outputs, priced, gold):
    panel = priced(judges.url)
    given = {"panel": panel, "rubrics": "safety", "gold": gold(), "cascade": STAGED}
    run = w2s_judge.score(outputs(60), **given)
    dear = asked(judges, "dear")
    longer = w2s_judge.score(outputs(80), **given)
    assert longer.summary["status"] == "complete"
    assert len(asked(judges, "cheap")) == 80
    assert all(k >= 60 for k in asked(judges, "dear")[len(dear) :])
    stages = longer.summary["cascade"]["safety"]["stages"]
    assert (stages[0]["asked"], stages[0]["waiting"]) == (40, 0)
    assert run.folder == longer.folder
    assert len(labels(longer)) == 80


def test_what_comes_after_a_cascade_goes_on_from_it(judges, outputs, priced, gold, tmp_path):
    path, panel = outputs(70), priced(judges.url)
    run = w2s_judge.score(path, panel=panel, rubrics="safety", gold=gold(), cascade=STAGED)
    kept = run.manifest["consensus"]["safety"]
    assert (kept["file"], kept["method"]) == ("consensus/safety.cascade.jsonl", "auto")
    staged = list(run.scores())
    (plain,) = w2s_judge.aggregate(run.folder, gold=gold())
    assert plain.consensus.posterior.shape[0] == 70
    assert (run.folder / "consensus" / "safety.cascade.jsonl").is_file()
    assert {row["stage"] for row in run.scores()} == {0}
    again = w2s_judge.score(path, panel=panel, rubrics="safety", gold=gold(), cascade=STAGED)
    assert list(again.scores()) == staged
    everyone = w2s_judge.score(path, panel=panel, rubrics="safety")
    assert {row["votes"] for row in everyone.scores()} == {2}


def test_the_estimate_gives_the_pilot_and_a_range_then_what_the_plan_expects(
    judges, outputs, priced, gold, capsys
):
    path, panel = outputs(70), priced(judges.url)
    job = Job(path, panel, ("safety",), gold=gold(), cascade=CascadeJob(STAGED_BY_NAME))
    told = estimate_job(job)
    one = told["cascade"]["safety"]
    assert (one["pilot"]["calls"], one["outside_at_most"]["calls"]) == (80, 60)
    assert one["pilot"]["usd"] == pytest.approx(40 * (CHEAP + DEAR))
    assert one["expected_price"] is None
    assert not judges.bodies
    show_estimate(told)
    assert "between 0 and 60 calls" in " ".join(capsys.readouterr().out.split())
    run = run_job(job, Silence())
    shown = io.StringIO()
    show_summary(Console(file=shown, width=200), run.summary)
    assert "safety: cascade" in shown.getvalue()
    assert "of the full panel's 140 answers" in shown.getvalue()
    held = estimate_job(job)["cascade"]["safety"]
    assert 0 < held["expected_price"] < held["full_price"]
    manifest = json.loads((path.with_name("outputs.w2s") / "manifest.json").read_text())
    assert manifest["cascade"]["safety"]["expected"] == held["expected_price"]


def test_bars_begin_anew_for_each_stage():
    written = io.StringIO()
    bars = Bars(Console(file=written, force_terminal=True, width=120))
    for judge in ("cheap", "dear"):
        bars.began((Tally(judge, planned=3, votes=3),))
        bars.tick()
        bars.ended()
    assert written.getvalue().rstrip().splitlines()[-1].count("cheap") == 0
    assert "dear" in written.getvalue()
