"""Calls that fail outside the pilot: what lacks an answer is not claimed as if it had it."""

from __future__ import annotations

import hashlib
import re
from types import SimpleNamespace

import numpy as np
import pytest

import w2s_judge
from w2s_judge.cascade.learned import Learned
from w2s_judge.cascade.stage import Stage
from w2s_judge.gold import Gold
from w2s_judge.workflows.cascade_record import Planned, Source
from w2s_judge.workflows.cascade_standing import Standing
from w2s_judge.workflows.cascade_things import Things

PILOT, ITEMS = 110, 250
RIGHT = {"cheap": 0.75, "good": 0.99}
BOUND = w2s_judge.Cascade(stages=1, max_error=0.15, method="dawid-skene")


def coin(*words) -> float:
    digest = hashlib.blake2b(" ".join(map(str, words)).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def safe(k: int) -> bool:
    return coin("truth", k) < 0.5


def fails(k: int) -> bool:
    return k >= PILOT and coin("fails", k) < 0.6


def number(item: str) -> int:
    return int(item[-5:])


@pytest.fixture
def judges(endpoint, wire):
    """Two judges; the good one rejects most questions outside the pilot until `well`."""
    state = SimpleNamespace(well=False)

    def reply(body, _):
        judge, text = body["model"].removeprefix("m-"), wire.prompt(body)
        k = int(re.findall(r"item-(\d+)", text)[-1])
        if judge == "good" and fails(k) and not state.well:
            return wire.Said({"error": {"message": "rejected", "code": 400}}, 400)
        good = safe(k) == (coin(judge, k) < RIGHT[judge])
        return wire.token({"5": 0.97, "1": 0.03} if good else {"1": 0.97, "5": 0.03})

    state.server = endpoint(reply)
    return state


@pytest.fixture
def given(judges, tmp_path):
    panel = tmp_path / "panel.toml"
    panel.write_text("\n".join(
        f'[[judge]]\nname = "{name}"\nkind = "chat"\nmodel = "m-{name}"\nread = "logprob"\n'
        f'base_url = "{judges.server.url}"\nusd_per_call = 0.0001\n' for name in RIGHT
    ))  # fmt: skip
    gold = tmp_path / "gold.csv"
    rows = (f"item-{k:05},{'safe' if safe(k) else 'unsafe'}\n" for k in range(PILOT))
    gold.write_text("item,label\n" + "".join(rows))
    return {"panel": panel, "rubrics": "safety", "gold": gold, "cascade": BOUND}


def claimed(run):
    """Of the items outside the pilot: number -> whether the label is right."""
    return {
        number(row["item"]): row["label"] == ("safe" if safe(number(row["item"])) else "unsafe")
        for row in run.scores()
        if row["label"] is not None and number(row["item"]) >= PILOT
    }


def test_what_a_failed_call_left_out_is_not_claimed_until_it_is_answered(judges, given, outputs):
    path = outputs(ITEMS)
    many = sum(fails(k) for k in range(ITEMS))
    run = w2s_judge.score(path, **given)
    assert (run.summary["status"], run.summary["left"]) == ("stopped", many)
    (stage,) = run.summary["cascade"]["safety"]["stages"]
    assert (stage["asked"], stage["waiting"]) == (ITEMS - PILOT, many)
    found = claimed(run)
    assert not [k for k in found if fails(k)]
    assert not found or np.mean([*found.values()]) >= 0.85
    selection = run.summary["rubrics"]["safety"]["aggregated"]["selection"]
    assert f"{many} items not asked in full" in selection["why"]

    judges.well = True
    again = w2s_judge.score(path, **given)
    assert again.summary["status"] == "complete"
    found = claimed(again)
    assert sum(fails(k) for k in found) > many / 2
    assert np.mean([*found.values()]) >= 0.85
    selection = again.summary["rubrics"]["safety"]["aggregated"]["selection"]
    assert "not asked in full" not in selection["why"]


def test_what_the_first_stage_did_not_come_to_is_no_hole(judges, given, outputs):
    judges.well = True
    run = w2s_judge.score(outputs(ITEMS), **given, max_calls=2 * PILOT + 120)
    assert run.summary["status"] == "stopped"
    (stage,) = run.summary["cascade"]["safety"]["stages"]
    assert stage["waiting"] == ITEMS - PILOT
    votes = {number(row["item"]): row["votes"] for row in run.scores()}
    asked = len(run.summary["cascade"]["safety"]["stages"][0]["judges"])
    found = claimed(run)
    assert len(found) > 30
    assert {votes[k] for k in found} == {asked}
    assert np.mean([*found.values()]) >= 0.85


def standing(count, *, reach):
    """Two stages of a judge each; thing 0 is the pilot's, the lot is the order of the numbers."""
    lot = np.arange(count)
    things = Things(
        w2s_judge.load_rubric("safety"), lot, lot, tuple(f"i{k}" for k in range(count)),
        ((0,),) * count, ((None,),) * count, np.ones((count, 2), dtype=np.bool_), ("a", "b"),
        np.ones(2, dtype=np.int64),
    )  # fmt: skip
    learned = Learned(
        (Stage(("a",), 1.0), Stage(("b",), 9.0)), (0.9, 0.0), (1.0, reach), True, ("a", "b"),
        (0.1, 0.1), 10.0, 5.0, 0.1, (), "",
    )  # fmt: skip
    plan = Planned(Source("", "", {}, {}, {}), learned, {"a": 1.0, "b": 9.0}, 5.0)
    gold = Gold(np.zeros(1, dtype=np.int32), np.zeros(1, dtype=np.int32), ("safe", "unsafe"))
    return Standing(things, gold, plan.source, plan)


def test_a_budget_is_shared_by_what_is_decided_now_and_what_was_before():
    one = standing(101, reach=0.3)
    assert one.room(0) == 30
    one.reached[1:51] = 0  # the others wait for a judge
    one.goes_on[1:51] = np.arange(50) < 20
    assert one.room(0) == 10
    one.reached[1:11] = 1  # and what went on is decided
    one.goes_on[1:11] = False
    assert one.room(0) == 10
    one.goes_on[11:51] = True
    assert one.room(0) == 0
