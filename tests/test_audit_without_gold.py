"""Skill where nobody knows who is right; judges that are called as the panel's own rows are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from w2s_judge.aggregation.mean import Mean
from w2s_judge.audit.bias.orders import orders
from w2s_judge.audit.by_judge import by_judge
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.skill.theme import skill
from w2s_judge.gold import Gold
from w2s_judge.ledger import Calls, Ledger
from w2s_judge.traits import Slice, Traits
from w2s_judge.votes import VoteMatrix

NAMES = ("majority", "consensus", "all judges", "a", "b")


def votes_of(said, names, **more):
    """(I, J) labels, two items a prompt."""
    item, rater = np.indices(said.shape).reshape(2, -1).astype(np.int32)
    return VoteMatrix(
        tuple(f"i{k}" for k in range(len(said))), names, ("no", "yes"), item, rater,
        (np.arange(len(said)) // 2).astype(np.int32), (None,) * len(names),
        label=said.ravel().astype(np.int32), **more,
    )  # fmt: skip


def simulated(names, items=400, right=0.75, seed=0):
    random = np.random.default_rng(seed)
    truth = random.integers(2, size=items)
    said = np.where(random.random((items, len(names))) < right, truth[:, None], 1 - truth[:, None])
    return votes_of(said, names), truth, said


def panel(votes, gold=None, held=None, slices=None, **more):
    traits = Traits(slices=slices or {})
    return Panel("p", votes, by_judge(votes), Mean()(votes), gold, held, traits=traits, **more)


def audited(made):
    return skill(made, Resample.of(made.votes.group, draws=199))


def rows(part, table):
    found = part.table(table)
    names = [column.name for column in found.columns]
    return [dict(zip(names, row, strict=True)) for row in found.rows]


def titles(part, table):
    return {column.name: column.title for column in part.table(table).columns}


def test_judges_are_measured_against_what_the_consensus_says_not_how_sure_it_is(sound):
    votes, _, said = simulated(("a", "b", "c"))
    made = panel(votes)
    part = sound(audited(made))
    top = made.consensus.posterior.argmax(axis=1)
    found = {row["judge"]: row for row in rows(part, "judges")}
    assert found["majority"]["accuracy"].value == 1
    assert found["majority"]["balanced_accuracy"].value == 1
    for j, name in enumerate("abc"):
        assert found[name]["accuracy"].value == pytest.approx((said[:, j] == top).mean())
    assert any("majority of the judges is of one mind" in one and " 100 % " in one
               for one in part.sentences)  # fmt: skip
    assert found["consensus"]["accuracy"].value is None
    sure = made.consensus.posterior.max(axis=1).mean()
    (told,) = [one for one in part.sentences if "expects to be right" in one]
    assert f"{100 * sure:.0f} %" in told


def test_of_level_classes_each_has_its_share():
    votes = votes_of(np.tile([[0, 1]], (40, 1)), ("a", "b"))
    part = audited(panel(votes))
    assert {row["accuracy"].value for row in rows(part, "judges")[:3]} == {0.5}


def test_nothing_reads_as_accuracy_where_nobody_knows_who_is_right():
    votes, truth, _ = simulated(("a", "b", "c"))
    slices = {"task": Slice((np.arange(400) % 2).astype(np.int32), ("s", "t"))}
    part = audited(panel(votes, slices=slices))
    assert part.table("judges").title == "How near they are to the consensus"
    assert titles(part, "judges")["accuracy"] == "As the consensus"
    assert titles(part, "judges")["balanced_accuracy"] == "Balanced"
    assert titles(part, "confusion")["truth"] == "The consensus says"
    assert titles(part, "slices")["accuracy"] == "As the consensus"
    for table in part.tables:
        words = " ".join([table.title, table.meaning, *(one.title for one in table.columns)])
        assert "Nobody knows who is right" in table.meaning
        assert "ccuracy" not in words
        assert "true" not in words.lower()
    assert {row["who"] for row in rows(part, "slices")} == {"a", "b", "c", "majority"}
    at = np.arange(400, dtype=np.int32)
    gold = Gold(at, truth.astype(np.int32), ("no", "yes"))
    part = audited(panel(votes, gold, slices=slices))
    assert titles(part, "judges")["accuracy"] == "Accuracy"
    assert titles(part, "confusion")["truth"] == "True class"
    assert titles(part, "slices")["accuracy"] == "Accuracy"


def test_one_judge_is_not_measured_against_itself():
    votes, _, _ = simulated(("a", "silent"))
    part = audited(panel(votes.only(votes.rater == 0)))
    assert part.tables == part.tests == part.notes == ()
    (told,) = part.sentences
    assert "the only judge with a vote, a, says" in told


@pytest.mark.parametrize("labelled", [True, False])
def test_a_division_with_too_few_items_says_how_many_it_takes(labelled):
    votes, truth, _ = simulated(("a", "b", "c"), items=40)
    topic = Slice(np.repeat([0, 1, 2], [14, 13, 13]).astype(np.int32), ("law", "art", "sport"))
    half = Slice((np.arange(40) < 35).astype(np.int32), ("x", "y"))
    at = np.arange(40, dtype=np.int32)
    gold = Gold(at, truth.astype(np.int32), ("no", "yes")) if labelled else None
    part = audited(panel(votes, gold, slices={"topic": topic, "half": half}))
    assert part.table("slices") is None
    (note,) = [one for one in part.notes if "elsewhere" in one]
    assert note == (
        "There are too few "
        + ("labelled items with a vote to tell accuracy" if labelled
           else "items with a vote to divide")
        + " by half, topic: it takes 30 in a value and 30 elsewhere, and of 40 the largest value "
        "of half has 35, of topic has 14."
    )  # fmt: skip
    assert not any("is shown where" in one for one in part.notes)


def test_judges_called_as_rows_of_the_panel_keep_rows_of_their_own():
    votes, truth, said = simulated(NAMES)
    said[:, 0] = 1 - truth  # "majority" is always wrong
    votes = replace(votes, label=said.ravel().astype(np.int32))
    at = np.arange(400, dtype=np.int32)
    gold = Gold(at, truth.astype(np.int32), ("no", "yes"))
    calls = tuple(
        Calls(name, None, 400, 400, {}, 1.0 + k, None, None, None) for k, name in enumerate(NAMES)
    )
    made = panel(votes, gold, Mean()(votes).posterior, ledger=replace(Ledger.empty(), calls=calls))
    part = audited(made)
    found = {row["judge"]: row for row in rows(part, "judges")}
    called = [f"judge {name}" for name in NAMES[:3]]
    assert list(found) == [*called, "a", "b", "majority", "consensus"]
    assert found["judge majority"]["accuracy"].value == 0
    assert found["judge consensus"]["cost_per_1000"] == pytest.approx(1000 * 2 / 400)
    assert found["majority"]["accuracy"].value > 0.7
    assert any("weakest is judge majority, right in 0 %" in one for one in part.sentences)
    assert {row["judge"] for row in rows(part, "confusion")} == {*called, "a", "b"}
    held = [test.about for test in part.tests if test.kind == "worse-than-chance" and test.p < 1e-6]
    assert ("majority",) in held  # findings are about the judge


def test_a_judge_called_all_judges_keeps_its_row_of_both_orders():
    names = ("all judges/ab", "all judges/ba", "b/ab", "b/ba")
    votes = votes_of(
        np.tile([[0, 1, 0, 0], [1, 0, 1, 1]], (30, 1)), names,
        judge=("all judges", "all judges", "b", "b"), order=("ab", "ba", "ab", "ba"),
    )  # fmt: skip
    made = panel(votes, arity=2, utility=(1.0, 0.0))
    part = orders(made, Resample.of(votes.group, draws=99))
    flips = {row["judge"]: row["flips"].value for row in rows(part, "orders")}
    assert flips == {"judge all judges": 1.0, "b": 0.0, "all judges": 0.5}
