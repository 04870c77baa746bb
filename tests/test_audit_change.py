"""What changed between two runs: by judge, on the same items, beyond what repeating explains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from w2s_judge.aggregation.mean import Mean
from w2s_judge.audit.by_judge import by_judge
from w2s_judge.audit.change.theme import change
from w2s_judge.audit.findings import findings
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.resample import Resample
from w2s_judge.gold import Gold
from w2s_judge.ledger import Ledger
from w2s_judge.votes import VoteMatrix

LABELS = ("harmful", "ok")


def votes_of(said, kept=None, names=None, judges=None, **more):
    """said (I, J) indices of labels, two items a prompt, which share a name."""
    item, rater = np.nonzero(np.ones(said.shape, dtype=bool) if kept is None else kept)
    items = len(said)
    made = VoteMatrix(
        items=names or tuple(f"p{k // 2}" for k in range(items)),
        raters=judges or tuple(f"j{k}" for k in range(said.shape[1])),
        labels=LABELS,
        item=item.astype(np.int32),
        rater=rater.astype(np.int32),
        group=(np.arange(items) // 2).astype(np.int32),
        family=(None,) * said.shape[1],
        label=said[item, rater].astype(np.int32),
        positions=(np.arange(items) % 2)[:, None].astype(np.int32),
    )
    return replace(made, **more)


def panel_of(votes, gold=None, ledger=None, **more):
    held = None if gold is None else Mean()(votes).posterior[gold.item]
    made = Panel(
        "rubric", votes, by_judge(votes), Mean()(votes, gold), gold, held, 1, (0.0, 1.0), (0.0, 1.0)
    )
    return replace(made, **({} if ledger is None else {"ledger": ledger}), **more)


def simulated(seed=0, items=1200, judges=8, rate=0.3):
    """What each judge thinks, right in .70 with errors that correlate."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(items) >= rate).astype(int)
    noise = 0.58 * rng.standard_normal((items, 1)) + 0.81 * rng.standard_normal((items, judges))
    wrong = noise > 0.524 * np.sqrt(0.58**2 + 0.81**2)
    return np.where(wrong, 1 - truth[:, None], truth[:, None])


def again(said, seed, flip=0.15):
    """The same judges asked once more: each verdict turns by chance."""
    turn = np.random.default_rng(seed).random(said.shape) < flip
    return np.where(turn, 1 - said, said)


def stricter(said, judge, share, seed=99):
    """One judge calls some of what it thought ok harmful."""
    changed = said.copy()
    turn = np.random.default_rng(seed).random(len(said)) < share
    changed[turn, judge] = 0
    return changed


def part_of(new, old, draws=299):
    return change(new, old, Resample.of(new.votes.group, draws=draws))


def found_in(part):
    return findings([("rubric", test) for test in part.tests])


def rows_of(part, table="judges"):
    return {
        row["judge" if table == "judges" else "what"]: row for row in part.table(table).records()
    }


def test_a_judge_that_became_stricter_is_named_and_no_other(sound):
    said = simulated()
    old = panel_of(votes_of(again(said, 1)))
    new = panel_of(votes_of(stricter(again(said, 2), 3, 0.25)))
    part = sound(part_of(new, old))
    assert {one.test.about for one in found_in(part)} == {("j3",)}
    (finding,) = found_in(part)
    assert finding.test.kind == "changed"
    assert "mean score of j3" in finding.test.sentence
    row = rows_of(part)["j3"]
    assert row["items"] == 1200
    moved = np.mean(stricter(again(said, 2), 3, 0.25)[:, 3]) - np.mean(again(said, 1)[:, 3])
    assert row["shift"]["value"] == pytest.approx(moved, abs=1e-6)
    assert row["shift"]["high"] < -0.05
    assert "j3: by −." in part.sentences[1]


def test_runs_that_differ_by_chance_alone_are_not_said_to_have_changed():
    small = []
    for seed in range(20):
        said = simulated(seed)
        gold = Gold(np.arange(200, dtype=np.int32), said[:200, 0].astype(np.int32), LABELS)
        old = panel_of(votes_of(again(said, 100 + seed)), gold)
        new = panel_of(votes_of(again(said, 200 + seed)), gold)
        part = part_of(new, old)
        assert len(part.tests) == 9
        assert rows_of(part)["j0"]["differ"]["value"] > 0.2
        assert not found_in(part)
        small += [test.p < 0.05 for test in part.tests]
    assert 0.01 < np.mean(small) < 0.1


def test_a_run_against_itself_differs_nowhere(sound):
    panel = panel_of(votes_of(simulated(1, items=200)))
    part = sound(part_of(panel, panel))
    for row in part.table("judges").records():
        assert row["differ"]["value"] == 0
        assert row["shift"]["value"] == 0
    assert all(test.p == 1 and test.effect == 0 for test in part.tests)
    assert rows_of(part, "rates")["harmful"]["differ"]["value"] == 0


def test_items_are_matched_by_name_and_place_and_judges_by_name(sound):
    said = simulated(2, items=400, judges=3)
    old = panel_of(votes_of(said))
    back = np.arange(400)[::-1]
    names = tuple(f"p{k // 2}" for k in range(400))
    turned = replace(
        votes_of(said[back][:, [2, 0]], judges=("j2", "j0")),
        items=tuple(names[k] for k in back), group=(back // 2).astype(np.int32),
        positions=(back % 2)[:, None].astype(np.int32),
    )  # fmt: skip
    part = sound(part_of(panel_of(turned), old))
    assert [row["judge"] for row in part.table("judges").records()] == ["j0", "j2"]
    for row in part.table("judges").records():
        assert row["items"] == 400
        assert row["differ"]["value"] == 0
    assert any("Only in the other run" in note and "j1" in note for note in part.notes)


def test_items_of_one_run_only_are_counted_and_left_out(sound):
    said = simulated(3, items=300, judges=2)
    names = tuple(f"p{k // 2 + 50}" for k in range(300))
    other = np.concatenate([said[100:], 1 - said[:100]])
    part = sound(part_of(panel_of(votes_of(other, names=names)), panel_of(votes_of(said))))
    assert "200 items are in both runs" in part.sentences[0]
    assert rows_of(part)["j1"]["items"] == 200
    assert rows_of(part)["j1"]["differ"]["value"] == 0
    assert any("100 items only in this run and 100 only in the other" in one for one in part.notes)


def test_without_common_items_wholes_are_compared_and_nothing_is_found(sound):
    said = simulated(4, items=600, judges=2)
    names = tuple(f"q{k // 2}" for k in range(600))
    new = panel_of(votes_of(stricter(said, 0, 0.5), names=names))
    part = sound(part_of(new, panel_of(votes_of(said))))
    row = rows_of(part)["j0"]
    assert row["items"] == 0
    assert row["differ"]["value"] is None
    assert "other items" in row["compared"]
    moved = np.mean(stricter(said, 0, 0.5)[:, 0]) - np.mean(said[:, 0])
    assert row["shift"]["value"] == pytest.approx(moved, abs=1e-6)
    assert row["shift"]["low"] < moved < row["shift"]["high"] < 0
    assert not part.tests
    assert any("may be that of the items" in note for note in part.notes)
    assert rows_of(part, "rates")["harmful"]["shift"]["value"] is not None
    assert "0 items are in both runs" in part.sentences[0]


def silent(kept):
    """The ledger of the votes that are not kept."""
    item, rater = (side.astype(np.int32) for side in np.nonzero(~kept))
    return Ledger(item, rater, np.zeros(len(item), dtype=np.int32), ("cannot tell",))


def test_a_judge_that_falls_silent_is_found(sound):
    said = simulated(5, items=800, judges=3)
    rng = np.random.default_rng(5)
    before, now = (rng.random(said.shape) > share for share in (0.05, [0.05, 0.35, 0.05]))
    old = panel_of(votes_of(said, before), ledger=silent(before))
    new = panel_of(votes_of(said, now), ledger=silent(now))
    part = sound(part_of(new, old))
    row = rows_of(part)["j1"]
    expected = np.mean(~now[:, 1]) - np.mean(~before[:, 1])
    assert row["abstained_shift"]["value"] == pytest.approx(expected, abs=1e-6)
    assert row["abstained_shift"]["n"] == 800
    (finding,) = found_in(part)
    assert finding.test.about == ("j1",)
    assert "share of abstentions" in finding.test.sentence
    unknown = sound(part_of(new, panel_of(votes_of(said, before))))
    assert rows_of(unknown)["j1"]["abstained_shift"]["value"] is None
    assert any("Abstentions are not compared" in note for note in unknown.notes)


def test_the_rates_of_the_consensus_are_compared_on_the_same_items(sound):
    said = simulated(6, items=1000, judges=3)
    changed = stricter(stricter(said, 0, 0.4, 1), 1, 0.4, 2)
    old, new = panel_of(votes_of(said)), panel_of(votes_of(changed))
    part = sound(part_of(new, old))
    row = rows_of(part, "rates")["harmful"]
    before, after = (np.mean((one == 0).sum(axis=1) >= 2) for one in (said, changed))
    assert row["before"]["value"] == pytest.approx(before, abs=1e-6)
    assert row["after"]["value"] == pytest.approx(after, abs=1e-6)
    assert row["shift"]["value"] == pytest.approx(after - before, abs=1e-6)
    assert () in {one.test.about for one in found_in(part)}
    assert any("The consensus gave the verdict" in sentence for sentence in part.sentences)


def test_a_consensus_that_was_told_by_gold_is_compared_by_what_it_says_itself():
    said = simulated(7, items=400, judges=3)
    gold = Gold(np.arange(400, dtype=np.int32), np.zeros(400, dtype=np.int32), LABELS)
    part = part_of(panel_of(votes_of(said), gold), panel_of(votes_of(said)))
    assert rows_of(part, "rates")["harmful"]["differ"]["value"] == 0


def test_other_labels_other_arity_and_labels_without_worth(sound):
    said = simulated(8, items=200, judges=2)
    old = panel_of(votes_of(said))
    pairs = part_of(replace(old, arity=2), old)
    assert not pairs.tables
    assert not pairs.tests
    named = panel_of(votes_of(said, labels=("bad", "good")))
    part = sound(part_of(named, old))
    assert rows_of(part)["j0"]["differ"]["value"] is None
    assert rows_of(part)["j0"]["shift"]["value"] == 0
    assert any("other classes" in note for note in part.notes)
    worthless = replace(old, utility=None, worth=None)
    part = sound(part_of(worthless, worthless))
    assert "neither an order nor a worth" in rows_of(part)["j0"]["shift"]["why"]
    assert rows_of(part)["j0"]["differ"]["value"] == 0


def test_soft_votes_judges_that_only_rank_and_judges_without_votes(sound):
    rng = np.random.default_rng(9)
    said = simulated(9, items=200, judges=3)
    kept = np.ones(said.shape, dtype=bool)
    kept[:, 2] = False
    votes = votes_of(said, kept, uncalibrated=np.array([True, False, False]))
    mass = rng.dirichlet((1, 1), votes.V)
    old = panel_of(replace(votes, label=None, mass=mass))
    new = panel_of(replace(votes, label=None, mass=mass @ np.array([[1.0, 0.0], [0.2, 0.8]])))
    rows = rows_of(sound(part_of(new, old)))
    assert rows["j0"]["shift"]["value"] is None
    assert rows["j1"]["shift"]["value"] == pytest.approx(-0.2 * mass[200:].mean(), abs=0.03)
    assert rows["j2"]["shift"]["value"] is None
    nothing = panel_of(votes_of(said, np.zeros_like(kept)))
    sound(part_of(nothing, nothing))
    strangers = panel_of(votes_of(said, judges=("x", "y", "z"), names=("n",) * 200))
    part = sound(part_of(strangers, old))
    assert "neither a judge nor an item" in part.sentences[0]
    assert part.table("judges") is None


def test_items_of_one_prompt_are_no_more_witnesses_than_one():
    said = simulated(10, items=400, judges=1)
    changed = stricter(said, 0, 0.2)
    names = tuple(f"n{k}" for k in range(400))
    old, new = (votes_of(one, names=names) for one in (said, changed))
    alone = part_of(panel_of(replace(new, group=np.arange(400, dtype=np.int32))), panel_of(old))
    wide = np.repeat(np.arange(400), 3).astype(np.int32)
    many = tuple(f"n{k}.{m}" for k in range(400) for m in range(3))
    threes = [
        panel_of(replace(votes_of(np.repeat(one, 3, axis=0), names=many), group=wide))
        for one in (said, changed)
    ]
    thrice = part_of(threes[1], threes[0])
    one, three = (rows_of(part)["j0"]["shift"] for part in (alone, thrice))
    assert three["value"] == pytest.approx(one["value"], abs=1e-6)
    assert three["high"] - three["low"] == pytest.approx(one["high"] - one["low"], rel=0.15)
