"""What sways judges: places, lengths, kin, scales, circles, and ways of asking."""

from __future__ import annotations

import numpy as np
import pytest

from w2s_judge.aggregation.mean import Mean
from w2s_judge.audit.bias.length import length_scores
from w2s_judge.audit.bias.theme import bias
from w2s_judge.audit.by_judge import by_judge
from w2s_judge.audit.findings import findings
from w2s_judge.audit.panel import Ledger, Panel, Traits
from w2s_judge.audit.part import Part
from w2s_judge.audit.resample import Resample
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix


def matrix(item, rater, label, labels="ab", **more):
    """Hard votes; items are prompts of their own unless `group` is given."""
    items, raters = more.pop("items", int(max(item)) + 1), int(max(rater)) + 1
    return VoteMatrix(
        tuple(f"i{k}" for k in range(items)),
        more.pop("raters", tuple(f"j{k}" for k in range(raters))), tuple(labels),
        np.array(item, dtype=np.int32), np.array(rater, dtype=np.int32),
        more.pop("group", np.arange(items, dtype=np.int32)),
        more.pop("family", (None,) * raters), np.array(label, dtype=np.int32), **more,
    )  # fmt: skip


def panel(votes, **more):
    judged = by_judge(votes)
    return Panel("made", votes, judged, more.pop("consensus", None) or Mean()(judged), **more)


def audited(made) -> Part:
    return bias(made, Resample.of(made.votes.group, draws=299))


def dense(label, labels="ab", **more):
    """Votes of every judge on every item, label (I, J)."""
    item, rater = np.indices(np.shape(label)).reshape(2, -1)
    return matrix(item, rater, np.ravel(label), labels, **more)


def row(part, table, who):
    """The row of a judge, by column."""
    found = part.table(table)
    names = [column.name for column in found.columns]
    (one,) = [dict(zip(names, cells, strict=True)) for cells in found.rows if cells[0] == who]
    return one


def held(part, least=0):
    """What is found, after as many tests as a whole audit has."""
    tests = [("", test) for test in part.tests]
    assert len(tests) >= least
    return {(one.test.kind, *one.test.about) for one in findings(tests)}


def noisy(seed, truth, judges, right=0.7):
    """(I, J) verdicts with a shared cause of error."""
    rng = np.random.default_rng(seed)
    shared = rng.random((len(truth), 1)) < 0.45
    drawn = rng.random((len(truth), judges))
    wrong = np.where(shared, rng.random((len(truth), 1)), drawn) < 1 - right
    return np.where(wrong, 1 - truth[:, None], truth[:, None])


def both_orders(verdict, **more):
    """Votes (I, J, 2): order ab, then ba, in the item's frame."""
    item, judge, order = np.indices(verdict.shape).reshape(3, -1)
    names = [f"j{k}" for k in range(verdict.shape[1])]
    return matrix(
        item, judge * 2 + order, verdict.ravel(), "AB",
        raters=tuple(f"{name}/{order}" for name in names for order in ("ab", "ba")),
        judge=tuple(name for name in names for _ in range(2)), order=("ab", "ba") * len(names),
        **more,
    )  # fmt: skip


def test_flips_first_and_lean_by_hand():
    # Both first, both second, the first response twice, and no pair: asked in one order only.
    votes = matrix(
        [0, 0, 1, 1, 2, 2, 3], [0, 1, 0, 1, 0, 1, 0], [0, 1, 1, 0, 0, 0, 0],
        raters=("x/ab", "x/ba"), judge=("x", "x"), order=("ab", "ba"),
    )  # fmt: skip
    part = audited(panel(votes, arity=2, utility=(1.0, 0.0)))
    one = row(part, "orders", "x")
    assert one["pairs"] == 3
    assert one["flips"].value == pytest.approx(2 / 3)
    assert (one["first"].value, one["lean"].value) == (0.5, 0.0)
    assert row(part, "orders", "all judges")["flips"].value == pytest.approx(2 / 3)


def test_ties_are_half_and_two_labels_name_the_responses():
    votes = matrix(
        [0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 2], "ATB",
        raters=("x/ab", "x/ba"), judge=("x", "x"), order=("ab", "ba"),
    )  # fmt: skip
    known = row(audited(panel(votes, arity=2, utility=(1.0, 0.5, 0.0))), "orders", "x")
    assert (known["first"].value, known["lean"].value) == (0.75, 0.0)
    unknown = row(audited(panel(votes, arity=2)), "orders", "x")
    assert unknown["flips"].value == 1.0
    assert unknown["first"].value is None
    assert unknown["first"].why
    verdict = np.zeros((40, 1, 2), dtype=int)
    verdict[:, :, 1] = 1
    part = audited(panel(both_orders(verdict)))
    assert row(part, "orders", "j0")["first"].value == 1.0
    assert any("A was taken to say that the first" in note for note in part.notes)


def test_a_judge_that_always_says_first_is_found_and_noise_is_not():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 600)
    found: list[set[tuple[str, ...]]] = []
    for seed in range(6):
        verdict = np.stack([noisy(2 * seed + k, truth, 4) for k in range(2)], axis=2)
        verdict[:, 0] = [0, 1]
        quarter = rng.random((600, 2)) < 0.25
        verdict[:, 1] = np.where(quarter, [0, 1], verdict[:, 1])
        found.append(held(audited(panel(both_orders(verdict), arity=2, utility=(1.0, 0.0))), 4))
    assert found == [{("position", "j0"), ("position", "j1")}] * 6


def test_a_judge_that_favours_the_second_is_said_to():
    verdict = np.ones((60, 2, 2), dtype=int)
    verdict[:, :, 1] = 0
    part = audited(panel(both_orders(verdict), arity=2, utility=(1.0, 0.0)))
    assert part.tests[0].sentence.startswith("j0 favours the response that is shown second: 100 % ")


@pytest.mark.parametrize("gold", [True, False])
def test_a_taste_for_length_is_found_in_one_of_eight_judges(gold):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        truth = (rng.random(1200) < 0.5).astype(int)
        z = rng.standard_normal(1200)
        said = noisy(seed, truth, 8)
        right = np.where(truth == 1, 0.7, 0.3)
        says = 1 / (1 + np.exp(-np.log(right / (1 - right)) - 0.5 * z))
        said[:, 2] = rng.random(1200) < says
        length = np.round(np.exp(5 + 0.5 * z)).astype(np.int32)[:, None]
        known = np.arange(0, 1200, 6, dtype=np.int32)
        made = panel(
            dense(said, group=(np.arange(1200) // 2).astype(np.int32)),
            gold=Gold(known, truth[known].astype(np.int32), ("a", "b")) if gold else None,
            utility=(0.0, 1.0), worth=(0.0, 1.0), traits=Traits(length),
        )  # fmt: skip
        part = audited(made)
        assert held(part, 8) == {("length", "j2")}
        assert 0.06 < row(part, "length", "j2")["slope"].value < 0.15


def test_gold_tells_skill_from_a_taste_for_length():
    rng = np.random.default_rng(5)
    truth = (rng.random(1200) < 0.5).astype(int)
    z = rng.standard_normal(1200) + 0.6 * truth
    said = noisy(5, truth, 6, np.where(np.arange(6) == 3, 0.35, 0.7))
    length = np.round(np.exp(5 + 0.5 * z)).astype(np.int32)[:, None]
    known = np.arange(0, 1200, 4, dtype=np.int32)
    more = {"utility": (0.0, 1.0), "worth": (0.0, 1.0), "traits": Traits(length)}
    gold = Gold(known, truth[known].astype(np.int32), ("a", "b"))
    sighted, blind = (audited(panel(dense(said), gold=one, **more)) for one in (gold, None))
    assert held(sighted) == set()
    assert abs(row(sighted, "length", "j3")["slope"].value) < 0.04
    assert row(blind, "length", "j3")["slope"].value < -0.06
    assert "difference in skill" in next(
        test.sentence for test in blind.tests if test.about == ("j3",)
    )


def test_length_of_pairs_is_a_difference_and_one_giant_does_not_count():
    rng = np.random.default_rng(2)
    lengths = rng.integers(100, 900, (400, 2)).astype(np.int32)
    score = length_scores(lengths)
    assert score.mean() == pytest.approx(0, abs=1e-9)
    assert score.std() == pytest.approx(1)
    longest = lengths.copy()
    longest[lengths == lengths.max()] = 10**9
    np.testing.assert_allclose(length_scores(longest), score)
    assert length_scores(np.full((5, 1), 7, dtype=np.int32)) is None
    said = noisy(3, rng.integers(0, 2, 400), 5)
    said[:, 0] = lengths[:, 0] < lengths[:, 1]  # label 0: the first is better
    part = audited(panel(dense(said), arity=2, utility=(1.0, 0.0), traits=Traits(lengths)))
    assert held(part) == {("length", "j0")}
    assert row(part, "length", "j0")["slope"].value > 0.2


@pytest.mark.parametrize("arity", [1, 2])
def test_the_own_family_is_preferred_beyond_neutral_judges(arity):
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 900)
    names = ("qwen", "llama", "phi")
    wrote = rng.integers(0, 3, 900)
    said = noisy(1, truth, 6)
    family = ("qwen", "llama", "phi", None, "gemma", "gemma")
    if arity == 1:
        rows = tuple((names[k],) for k in wrote)
        mine = wrote == 0
        said[:, 0] = np.where(mine & (rng.random(900) < 0.4), 1, said[:, 0])
        utility = (0.0, 1.0)
    else:
        rows = tuple((names[k], names[(k + 1) % 3]) for k in wrote)
        mine = (wrote == 0) | (wrote == 2)
        side = np.where(wrote == 0, 0, 1)
        said[:, 0] = np.where(mine & (rng.random(900) < 0.4), side, said[:, 0])
        utility = (1.0, 0.0)
    traits = Traits(family=rows)
    part = audited(panel(dense(said, family=family), arity=arity, utility=utility, traits=traits))
    assert held(part, 3) == {("own-family", "j0")}
    assert [cells[0] for cells in part.table("kin").rows] == ["j0", "j1", "j2"]
    assert 0.1 < row(part, "kin", "j0")["difference"].value < 0.3


def test_two_judges_of_the_two_families_have_no_neutral_third():
    wrote = np.arange(200) % 2
    rows = tuple((("qwen", "phi")[k],) for k in wrote)
    said = noisy(0, wrote, 2)
    made = panel(
        dense(said, family=("qwen", "phi")), utility=(0.0, 1.0), traits=Traits(family=rows)
    )
    part = audited(made)
    assert part.table("kin") is None
    assert any("neutral" in note for note in part.notes)


@pytest.mark.parametrize(
    ("authors", "judges", "why"),
    [
        (("qwen",), (None, None), "of which families the judges are is not known"),
        ((None,), ("qwen", None), "who wrote the responses is not known"),
        ((None,), (None, None), "neither who wrote the responses nor of which families"),
    ],
)
def test_which_of_the_two_is_missing_is_said(authors, judges, why):
    votes = dense(noisy(0, np.arange(60) % 2, 2), family=judges)
    made = panel(votes, utility=(0.0, 1.0), traits=Traits(family=(authors,) * 60))
    (note,) = [one for one in audited(made).notes if "own family" in one]
    assert note.startswith(f"Whether judges favour their own family is not known: {why}")


def test_a_judge_that_uses_two_of_ten_labels_is_found():
    rng = np.random.default_rng(0)
    said = np.clip(np.round(rng.normal(5, 2.5, (300, 5))), 0, 9).astype(int)
    said[:, 2] = rng.integers(6, 8, 300)
    part = audited(panel(dense(said, "0123456789"), utility=tuple(np.arange(10) / 9)))
    assert held(part) == {("scale-use", "j2")}
    one = row(part, "scale", "j2")
    assert one["used"] == 2
    assert one["effective"].value == pytest.approx(2, abs=0.02)
    assert one["commonest_two"].value == 1.0
    shares = [cells for cells in part.table("labels").rows if cells[0] == "j2"]
    assert sum(cells[3] for cells in shares) == 300
    assert sum(cells[2].value for cells in shares) == pytest.approx(1)
    unordered = audited(panel(dense(said, "0123456789", ordered=False)))
    assert unordered.table("scale") is None
    assert unordered.table("labels") is not None


def test_a_judge_that_runs_in_circles_is_found():
    rng = np.random.default_rng(0)
    prompts, pairs = 120, np.array([(0, 1), (1, 2), (0, 2)])
    verdict = np.zeros((prompts, 3, 4), dtype=int)  # 0 over 1 over 2
    verdict[:, :, 3] = np.where(rng.random((prompts, 1)) < 0.5, [[0, 0, 1]], [[0, 0, 0]])
    votes = dense(
        verdict.reshape(-1, 4), "AB", positions=np.tile(pairs, (prompts, 1)).astype(np.int32),
        group=np.repeat(np.arange(prompts), 3).astype(np.int32),
    )  # fmt: skip
    part = audited(panel(votes, arity=2, utility=(1.0, 0.0)))
    assert held(part) == {("cycles", "j3")}
    assert row(part, "cycles", "j3")["cyclic"].value == pytest.approx(0.5, abs=0.15)
    assert row(part, "cycles", "j0") == {
        "judge": "j0", "prompts": prompts, "cyclic": row(part, "cycles", "j0")["cyclic"],
    }  # fmt: skip
    assert row(part, "cycles", "j0")["cyclic"].value == 0


def test_ways_of_asking_one_model_beside_other_models():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 500)
    said = np.where(rng.random((500, 4)) < 0.9, truth[:, None], 1 - truth[:, None])
    said[:, 1] = np.where(rng.random(500) < 0.5, truth, 1 - truth)
    models = {"j0": "m", "j1": "m", "j2": "n", "j3": "n"}
    ledger = Ledger(*[np.zeros(0, dtype=np.int32)] * 3, (), models=models)
    part = audited(panel(dense(said), utility=(0.0, 1.0), ledger=ledger))
    assert held(part) == {("ways", "j0", "j1")}
    rows = part.table("ways").rows
    assert [cells[:3] for cells in rows] == [
        ("m", "j0", "j1"), ("n", "j2", "j3"), ("different models", "", "")
    ]  # fmt: skip
    plain = [np.mean(said[:, a] != said[:, b]) for a in (0, 1) for b in (2, 3)]
    assert rows[-1][4].value == pytest.approx(np.mean(plain))
    assert rows[0][4].value == pytest.approx(np.mean(said[:, 0] != said[:, 1]))


def test_votes_that_only_rank_are_left_out_and_named():
    said = noisy(0, np.arange(60) % 2, 3)
    votes = dense(said, uncalibrated=np.array([True, False, False]))
    part = audited(panel(votes, utility=(0.0, 1.0)))
    assert {cells[0] for cells in part.table("labels").rows} == {"j1", "j2"}
    assert any("j0" in note for note in part.notes)
