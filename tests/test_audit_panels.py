"""The panel without one judge, and the cheapest that keeps the accuracy."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from w2s_judge.aggregation.mean import Mean
from w2s_judge.audit.by_judge import by_judge
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.skill.cheapest import judge_costs
from w2s_judge.audit.skill.subsets import EXACT, MOST, Ballots, best_by_size
from w2s_judge.audit.skill.theme import skill
from w2s_judge.calibration.metrics import accuracy, credit
from w2s_judge.gold import Gold
from w2s_judge.ledger import Calls, Ledger
from w2s_judge.votes import VoteMatrix


def panel(seed, skills, items=400, gold=300, costs=None, copies=()):
    """Judges of these accuracies whose errors are their own; (of, to) in `copies` repeats."""
    random = np.random.default_rng(seed)
    truth = random.integers(2, size=items)
    right = random.random((items, len(skills))) < np.array(skills)
    said = np.where(right, truth[:, None], 1 - truth[:, None])
    for of, to in copies:
        said[:, to] = said[:, of]
    item, rater = np.indices(said.shape).reshape(2, -1).astype(np.int32)
    names = tuple(f"j{k}" for k in range(len(skills)))
    votes = VoteMatrix(
        tuple(f"i{k}" for k in range(items)), names, ("no", "yes"), item, rater,
        (np.arange(items) // 2).astype(np.int32), (None,) * len(names),
        label=said.ravel().astype(np.int32),
    )  # fmt: skip
    at = np.sort(random.permutation(items)[:gold]).astype(np.int32)
    labels = Gold(at, truth[at].astype(np.int32), ("no", "yes"))
    calls = tuple(
        Calls(name, None, items, items, {}, cost, None, None, None)
        for name, cost in zip(names, costs or [None] * len(names), strict=True)
    )
    ledger = replace(Ledger.empty(), calls=calls)
    return Panel("p", votes, by_judge(votes), Mean()(votes, labels), labels, ledger=ledger), said


def audited(one):
    return skill(one, Resample.of(one.votes.group, draws=399))


def rows(part, table):
    found = part.table(table)
    names = [column.name for column in found.columns]
    return [dict(zip(names, row, strict=True)) for row in found.rows]


def share(said, members):
    return np.eye(2)[said[:, list(members)]].mean(axis=1)


def test_without_one_is_the_majority_of_the_others():
    one, said = panel(1, [0.8, 0.75, 0.7, 0.7, 0.2])
    part = audited(one)
    at, label = one.gold.item, one.gold.label
    full = accuracy(share(said, range(5))[at], label)
    for j, row in enumerate(rows(part, "without")):
        rest = accuracy(share(said, set(range(5)) - {j})[at], label)
        assert row["accuracy"].value == pytest.approx(rest)
        assert row["change"].value == pytest.approx(rest - full)
    assert rows(part, "without")[4]["change"].low > 0
    (told,) = [one for one in part.sentences if "more often without" in one]
    assert "j4" in told
    assert "j0" not in told


def test_every_subset_is_tried_and_the_best_is_taken():
    random = np.random.default_rng(0)
    mass = random.dirichlet(np.ones(3), size=(5, 80))
    mass[random.random((5, 80)) < 0.2] = 0
    truth, fold = random.integers(3, size=80), random.integers(4, size=80)
    weight = random.uniform(0.5, 2, size=80)
    cost = np.array([1.0, 5.0, 2.0, 1.0, 3.0])
    whole, parts = best_by_size(Ballots(mass, truth, weight, fold, cost))
    for f, chosen in enumerate([whole, *parts]):
        kept = np.ones(80, bool) if f == 0 else fold != f - 1
        for size in range(1, 6):
            tried = {
                members: accuracy(mass[list(members)].sum(axis=0)[kept], truth[kept], weight[kept])
                for members in combinations(range(5), size)
            }
            best = max(tried.values())
            near = [one for one, right in tried.items() if right >= best - 0.01 - 1e-12]
            cheapest = min(cost[list(one)].sum() for one in near)
            assert chosen[size] in near
            assert cost[list(chosen[size])].sum() == cheapest


def test_the_accuracy_of_a_chosen_panel_is_not_flattered_by_the_choice():
    """Twelve coins: the best pick of three on the same labels looks good, held out it does not."""
    honest, flattered = [], []
    for seed in range(12):
        one, said = panel(seed, [0.5] * 9, gold=120)
        row = rows(audited(one), "panels")[2]
        members = [int(name[1:]) for name in row["judges"].split(", ")]
        honest.append(row["accuracy"].value)
        found = credit(share(said, members)[one.gold.item], one.gold.label)
        flattered.append(found.mean())
    assert np.mean(flattered) > 0.56
    assert abs(np.mean(honest) - 0.5) < 0.03


def test_a_copy_is_left_out_and_the_dear_judge_too():
    skills = [0.85, 0.85, 0.85, 0.85, 0.5, 0.5]
    costs = [4.0, 4.0, 4.0, 400.0, 4.0, 4.0]
    one, _ = panel(3, skills, items=2000, gold=1500, costs=costs)
    part = audited(one)
    found = rows(part, "panels")
    assert [row["size"] for row in found] == [1, 2, 3, 4, 5, 6]
    three = found[2]
    assert three["keeps"] == "yes"
    spent = sum(costs[int(name[1:])] for name in three["judges"].split(", "))
    assert three["cost_per_1000"] == pytest.approx(1000 * spent / 2000)
    assert found[-1]["cost_share"] == pytest.approx(1)
    assert found[-1]["against_full"].value == 0
    (told,) = [one for one in part.sentences if "cheapest panel" in one]
    cheapest = min(
        (row for row in found if row["keeps"] == "yes"), key=lambda r: r["cost_per_1000"]
    )
    assert cheapest["judges"] in told
    assert "j3" not in cheapest["judges"]


def test_unknown_costs_are_counted_as_judges_and_said_so():
    one, _ = panel(4, [0.9, 0.6, 0.6], costs=[1.0, None, 0.0])
    part = audited(one)
    assert [row["cost_per_1000"] for row in rows(part, "panels")] == [1000, 2000, 3000]
    assert any("j1" in note and "number" in note for note in part.notes)
    assert [row["cost_per_1000"] for row in rows(part, "judges")[:3]] == [2.5, None, 0.0]
    free, _ = panel(4, [0.9, 0.6, 0.6], costs=[0.0, 0.0, 0.0])
    assert any("No judge cost anything" in note for note in audited(free).notes)


def test_costs_are_by_item_answered_with_silence_and_both_orders_in_them():
    one, _ = panel(5, [0.9, 0.6], items=10, gold=10, costs=[10.0, 10.0])
    kept = ~((one.votes.rater == 1) & (one.votes.item < 5))
    votes = one.votes.only(kept)
    silent = np.arange(3, dtype=np.int32)
    ledger = replace(
        one.ledger, item=silent, rater=np.ones(3, np.int32), reason=np.zeros(3, np.int32),
        reasons=("refused",),
    )  # fmt: skip
    costs = judge_costs(replace(one, votes=votes, judged=by_judge(votes), ledger=ledger))
    assert costs == pytest.approx((1.0, 10 / 8))
    assert judge_costs(replace(one, ledger=Ledger.empty())) == (None, None)


def test_few_labels_seek_no_panel_and_too_few_keep_none():
    few, _ = panel(6, [0.8, 0.7, 0.7], gold=12)
    part = audited(few)
    assert part.table("panels") is None
    assert any("No smaller panel is sought" in note for note in part.notes)
    short, _ = panel(6, [0.8] * 5, gold=60)
    part = audited(short)
    assert any("No smaller panel is known" in one for one in part.sentences)


@pytest.mark.parametrize("judges", [EXACT + 3, MOST + 10])
def test_large_panels_drop_one_at_a_time(judges):
    skills = [0.8] * 5 + [0.3] * (judges - 5)
    one, _ = panel(7, skills, gold=200)
    found = rows(audited(one), "panels")
    sizes = [row["size"] for row in found]
    assert sizes == [*range(1, min(judges, MOST) + 1), *([judges] if judges > MOST else [])]
    five = found[4]
    assert set(five["judges"].split(", ")) == {"j0", "j1", "j2", "j3", "j4"}
    assert five["against_full"].low > 0
    assert five["keeps"] == "yes"


def test_a_panel_of_copies_keeps_the_accuracy_with_one_of_them():
    one, _ = panel(8, [0.7, 0.7, 0.7], gold=400, copies=((0, 1), (0, 2)))
    found = rows(audited(one), "panels")
    assert [row["keeps"] for row in found] == ["yes", "yes", "yes"]
    assert found[0]["against_full"].value == 0


def test_more_labels_than_a_choice_is_made_on_are_all_measured():
    one, _ = panel(9, [0.7] * 12, items=6000, gold=6000)
    part = audited(one)
    assert any("at random" in note for note in part.notes)
    assert all(row["accuracy"].n == 6000 for row in rows(part, "panels"))
