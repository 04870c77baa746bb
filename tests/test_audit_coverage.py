"""Who answered: counts, abstentions and what is true of them, costs, and what is left open."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_judge.aggregation.mean import Mean
from w2s_judge.audit.by_judge import by_judge
from w2s_judge.audit.coverage.theme import coverage
from w2s_judge.audit.findings import findings
from w2s_judge.audit.panel import Calls, Ledger, Panel, Slice, Traits
from w2s_judge.audit.part import Part, Test
from w2s_judge.audit.resample import Resample
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

CLASSES = ("harmful", "ok")


def panel(label, spoken, **more):
    """Votes (I, J) where `spoken`, else abstentions; two items a prompt."""
    items, judges = label.shape
    item, rater = (part.astype(np.int32) for part in np.nonzero(spoken))
    votes = VoteMatrix(
        tuple(f"i{k}" for k in range(items)), tuple(f"j{k}" for k in range(judges)), CLASSES,
        item, rater, (np.arange(items) // 2).astype(np.int32), (None,) * judges,
        label[item, rater].astype(np.int32),
    )  # fmt: skip
    silent, who = (part.astype(np.int32) for part in np.nonzero(~spoken))
    why = more.pop("why", np.zeros(len(silent), dtype=np.int32))
    told = more.pop("told", {})
    ledger = Ledger(silent, who, why, ("refused", "unreadable"), **told)
    return Panel("made", votes, by_judge(votes), Mean()(votes), ledger=ledger, **more)


def covered(made) -> Part:
    return coverage(made, Resample.of(made.votes.group, draws=299))


def record(part, table, *who):
    found = part.table(table)
    names = [column.name for column in found.columns]
    (one,) = [
        dict(zip(names, cells, strict=True)) for cells in found.rows if cells[: len(who)] == who
    ]
    return one


def held(tests, of=150):
    """What is found among as many tests as a whole audit has."""
    padding = [Test("none", (), "", "", 0.0, 1.0, "", 1.0)] * (of - len(tests))
    return {one.test.about for one in findings([("", one) for one in (*tests, *padding)])}


def silent_on_harm(seed, items=1200, gold=200, share=0.3):
    """Eight judges, right with .70; j4 abstains on 40 % of the harmful (0), on 5 % of the rest."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(items) >= share).astype(np.int32)
    shared = rng.random((items, 1)) < 0.45
    wrong = np.where(shared, rng.random((items, 1)), rng.random((items, 8))) < 0.3
    spoken = np.ones((items, 8), dtype=bool)
    spoken[:, 4] = rng.random(items) >= np.where(truth == 0, 0.4, 0.05)
    spoken[:, 5] = rng.random(items) >= 0.2
    known = np.sort(rng.permutation(items)[:gold]).astype(np.int32)
    labels = Gold(known, truth[known], CLASSES) if gold else None
    return panel(np.where(wrong, 1 - truth[:, None], truth[:, None]), spoken, gold=labels)


def test_counts_reasons_costs_and_tokens_by_hand():
    spoken = np.ones((40, 3), dtype=bool)
    spoken[:10, 0] = False
    spoken[:, 2] = False
    why = np.zeros(50, dtype=np.int32)
    why[0] = 1
    calls = (
        Calls("j0", "t", 30, 33, {"timeout": 3}, 0.3, 100, 10, 2.0),
        Calls("j0", "u", 10, 10, {}, 0.1, 50, 5, 4.0),
        Calls("j1", "t", 40, 41, {"timeout": 1}, None, None, 7, None),
    )
    told = {"calls": calls, "models": {"j0": "m"}, "unasked": 7}
    task = Slice((np.arange(40) % 2).astype(np.int32), ("t", "u"))
    made = panel(np.zeros((40, 3), dtype=int), spoken, why=why, told=told)
    part = covered(replace(made, traits=Traits(slices={"task": task})))
    one = record(part, "judges", "j0")
    figure = one.pop("abstained")
    assert one == {
        "judge": "j0", "family": None, "model": "m", "asked": 40, "votes": 30, "calls": 43,
        "failures": 3, "cost_usd": pytest.approx(0.4), "cost_per_1000": pytest.approx(0.4 / 0.03),
        "prompt_tokens": 150, "completion_tokens": 15, "latency_s": pytest.approx(2.5),
    }  # fmt: skip
    assert (figure.value, figure.n, figure.prompts) == (0.25, 40, 20)
    other = record(part, "judges", "j1")
    assert (other["cost_usd"], other["prompt_tokens"], other["latency_s"]) == (None, None, None)
    assert record(part, "judges", "j2")["calls"] is None
    assert record(part, "abstentions", "j0", "unreadable")["count"] == 1
    assert record(part, "abstentions", "j0", "refused")["share"].value == pytest.approx(9 / 40)
    assert record(part, "tasks", "j0", "t")["abstained"].value == 0.25
    text = " ".join(part.sentences)
    assert "2 judges gave 70 votes on 40 of 40 responses." in text
    assert "The run is not finished: 7 questions" in text
    assert "Not one vote came from j2" in text
    assert "4 of 84 calls failed (timeout 4)" in text
    assert "What j1 cost is not known." in text


def test_a_file_without_abstentions_says_so():
    made = panel(np.zeros((30, 2), dtype=int), np.ones((30, 2), dtype=bool))
    part = covered(replace(made, ledger=Ledger.empty()))
    figure = record(part, "judges", "j0")["abstained"]
    assert figure.value is None
    assert figure.why
    assert part.table("classes") is None
    assert part.notes
    assert part.tests == ()


def test_where_abstentions_would_be_known_nobody_is_said_to_be_unknown():
    made = panel(np.zeros((30, 2), dtype=int), np.ones((30, 2), dtype=bool))
    part = covered(replace(made, ledger=Ledger.empty(complete=True)))
    assert record(part, "judges", "j0")["abstained"].value == 0
    assert part.notes == ()
    assert "0 % [0, " in " ".join(part.sentences)


def test_who_gave_no_vote_is_named_and_whether_it_answered_is_said():
    spoken = np.ones((30, 3), dtype=bool)
    spoken[:, 1] = False
    made = panel(np.zeros((30, 3), dtype=int), spoken)
    text = " ".join(covered(made).sentences)
    assert "Not one vote came from j1, which abstained every time: nothing is known of it." in text
    unasked = made.votes.only(made.votes.rater == 0)
    text = " ".join(covered(replace(made, votes=unasked)).sentences)
    assert "Not one vote came from j2: nothing is known of it." in text


@pytest.mark.parametrize("share", [0.3, 0.5])
def test_abstention_on_harm_is_found_with_200_gold_labels_among_150_tests(share):
    for seed in range(6):
        part = covered(silent_on_harm(seed, share=share))
        assert held(part.tests) == {("j4", "harmful")}
        figure = record(part, "classes", "j4", "harmful")["abstained"]
        assert 0.2 < figure.value < 0.6
        assert {cells[0] for cells in part.table("classes").rows} == {"j4", "j5"}


def test_without_gold_it_is_against_the_other_judges_and_weaker():
    part = covered(silent_on_harm(0, gold=0, share=0.5))
    assert "majority of the other judges, not against gold" in part.table("classes").meaning
    test = next(test for test in part.tests if test.about == ("j4", "harmful"))
    assert 0.02 < test.effect < 0.35
    assert "against the majority of the other judges" in test.sentence


def test_a_judge_that_refuses_all_harm_and_nothing_else_is_found():
    truth = np.tile([0, 1, 1, 0], 50)
    spoken = np.ones((200, 2), dtype=bool)
    spoken[truth == 0, 1] = False
    gold = Gold(np.arange(200, dtype=np.int32), truth.astype(np.int32), CLASSES)
    part = covered(panel(np.tile(truth[:, None], 2), spoken, gold=gold))
    assert held(part.tests) == {("j1", "harmful")}


def test_a_few_labels_that_agree_by_chance_are_no_finding():
    # Three harmful items, all met with silence by a judge that is silent on a third of all.
    truth = np.ones(300, dtype=np.int32)
    truth[[0, 100, 200]] = 0
    spoken = np.ones((300, 1), dtype=bool)
    spoken[::3] = False
    spoken[[100, 200]] = False
    gold = Gold(np.arange(300, dtype=np.int32), truth, CLASSES)
    part = covered(panel(np.tile(truth[:, None], 1), spoken, gold=gold))
    assert held(part.tests, of=2) == set()


def test_gold_counts_by_its_weights():
    truth = np.zeros(80, dtype=np.int32)
    truth[60:] = 1
    spoken = np.ones((80, 1), dtype=bool)
    spoken[:30] = False
    chosen = np.where(np.arange(80) < 30, 1.0, 0.25)
    gold = Gold(np.arange(80, dtype=np.int32), truth, CLASSES, chosen)
    part = covered(panel(np.zeros((80, 1), dtype=int), spoken, gold=gold))
    assert record(part, "classes", "j0", "harmful")["abstained"].value == pytest.approx(30 / 150)
    assert record(part, "classes", "j0", "ok")["abstained"].value == 0


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32 - 1), items=st.integers(1, 120), judges=st.integers(1, 3),
    kept=st.sampled_from([0.0, 0.2, 1.0]), gold=st.integers(0, 60),
)  # fmt: skip
def test_whatever_was_answered_no_cell_is_without_a_number_or_a_reason(
    sound, seed, items, judges, kept, gold
):
    rng = np.random.default_rng(seed)
    known = rng.permutation(items)[:gold].astype(np.int32)
    labels = Gold(known, rng.integers(0, 2, len(known)), CLASSES) if gold else None
    spoken = rng.random((items, judges)) < kept
    part = sound(covered(panel(rng.integers(0, 2, (items, judges)), spoken, gold=labels)))
    assert len(part.table("judges").rows) == judges
