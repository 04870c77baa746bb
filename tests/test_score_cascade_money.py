"""Prices that change, budgets that end, judges that abstain: a cascade says what it makes of it."""

from __future__ import annotations

import hashlib
import re

import pytest

import w2s_judge
from w2s_judge.errors import ConfigurationError

CHEAP, DEAR = 0.0001, 0.005  # dollars a call
STAGED = w2s_judge.Cascade(decided=0.85)
PILOT = 40 * (CHEAP + DEAR)


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
    """Judges told apart by their model; the one called "mute" says nothing on the pilot."""

    def reply(body, _):
        k, name = int(re.findall(r"item-(\d+)", wire.prompt(body))[-1]), body["model"][2:]
        return wire.token({"?": 1.0} if name == "mute" and k < 40 else verdict_of(name, k))

    return endpoint(reply)


@pytest.fixture
def panel(tmp_path, judges):
    def write(text="", **prices):
        path = tmp_path / "panel.toml"
        path.write_text(
            "\n".join(
                f'[[judge]]\nname = "{name}"\nkind = "chat"\nmodel = "m-{name}"\n'
                f'base_url = "{judges.url}"\nread = "logprob"\nusd_per_call = {price}\n{text}\n'
                for name, price in (prices or {"cheap": CHEAP, "dear": DEAR}).items()
            )
        )
        return path

    return write


@pytest.fixture
def gold(tmp_path):
    def write(count=40, chosen=None):
        path = tmp_path / "gold.csv"
        rows = [
            f"item-{k:05},{'safe' if safe(k) else 'unsafe'}"
            + ("" if chosen is None else f",{chosen(k)}")
            for k in range(count)
        ]
        head = "item,label" + ("" if chosen is None else ",p_chosen")
        path.write_text("\n".join([head, *rows, ""]))
        return path

    return write


def test_a_plan_learned_anew_goes_by_the_price_of_today(outputs, panel, gold):
    path = outputs(60)
    given = {"rubrics": "safety", "gold": gold(), "cascade": STAGED}
    w2s_judge.score(path, **given, panel=panel(), max_calls=85)
    dearer = panel(cheap=CHEAP, dear=200 * DEAR)
    run = w2s_judge.score(path, **given, panel=dearer, relearn=True, max_calls=86)
    plan = run.summary["cascade"]["safety"]["plan"]
    assert plan["prices"] == pytest.approx({"cheap": CHEAP, "dear": 200 * DEAR})
    assert plan["full_price"] == pytest.approx(CHEAP + 200 * DEAR)


def test_a_pilot_that_used_up_the_budget_is_scored_and_learned_from_later(
    judges, outputs, panel, gold
):
    path = outputs(60)
    given = {"panel": panel(), "rubrics": "safety", "gold": gold(), "cascade": STAGED}
    run = w2s_judge.score(path, **given, budget_usd=PILOT)
    assert run.summary["status"] == "stopped"
    (reason,) = run.summary["reasons"]
    assert "affords no judge" in reason
    assert "the same command with a larger one" in reason
    assert run.summary["cascade"]["safety"]["plan"] is None
    notes = run.summary["rubrics"]["safety"]["aggregated"]["notes"]
    assert any("taught no plan" in note for note in notes)
    assert len(list(run.scores())) == 40
    assert len(judges.bodies) == 80
    more = w2s_judge.score(path, **given, budget_usd=10 * PILOT)
    assert more.summary["status"] == "complete"
    assert len(list(more.scores())) == 60


def test_a_judge_without_a_vote_on_the_pilot_is_left_out_of_the_plan(outputs, panel, gold):
    prices = {"cheap": CHEAP, "mute": 10 * CHEAP, "dear": DEAR}
    path = outputs(60)
    w2s_judge.score(path, panel=panel(mute=CHEAP), rubrics="safety")  # it votes on some of the rest
    run = w2s_judge.score(
        path, panel=panel(**prices), rubrics="safety", gold=gold(), cascade=STAGED
    )
    assert run.summary["status"] == "complete"
    plan = run.summary["cascade"]["safety"]["plan"]
    assert set(plan["order"]) == {"cheap", "dear"}
    assert any("gave no vote there: mute" in why for why in plan["why"])
    assert len(list(run.scores())) == 60


def test_a_promise_that_thinned_gold_cannot_keep_is_refused_first(judges, outputs, panel, gold):
    path = outputs(140)
    few = {"panel": panel(), "rubrics": "safety",
           "cascade": w2s_judge.Cascade(max_error=0.1, stages=1)}  # fmt: skip
    with pytest.raises(ConfigurationError, match="p_chosen"):
        w2s_judge.score(path, **few, gold=gold(120, lambda k: 0.1 if k % 10 == 0 else 1.0))
    assert not judges.bodies


def test_a_budget_shapes_the_plan_where_given_prices_are_dollars(outputs, panel, gold):
    path = outputs(60)
    given = {"panel": panel(), "rubrics": "safety", "gold": gold(), "cascade": STAGED,
             "budget_usd": 2 * PILOT}  # fmt: skip
    run = w2s_judge.score(path, **given, prices={"dear": DEAR})
    plan = run.summary["cascade"]["safety"]["plan"]
    assert plan["dollars"]
    assert 0 < plan["budget"] < PILOT / 20
    own = w2s_judge.score(path, **given, prices={"cheap": 1, "dear": 50}, relearn=True)
    plan = own.summary["cascade"]["safety"]["plan"]
    assert plan["budget"] is None
    assert any("ceiling alone" in why for why in plan["why"])


def test_a_plan_is_for_whom_it_may_ask(judges, outputs, panel, gold):
    path = outputs(60)
    given = {"panel": panel(), "rubrics": "safety", "gold": gold(), "cascade": STAGED}
    w2s_judge.score(path, **given)
    calls = len(judges.bodies)
    with pytest.raises(ConfigurationError, match=r"--allow-own-family .False then, True now"):
        w2s_judge.score(path, **given, allow_own_family=True)
    assert len(judges.bodies) == calls
