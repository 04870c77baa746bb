"""The audit's intervals cover and its p hold: unequal prompts, rare classes, few verdicts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from w2s_judge.audit.bias.scale_use import effective_labels, effective_number, scale_use
from w2s_judge.audit.by_judge import by_judge
from w2s_judge.audit.coverage.abstentions import abstentions_by_class
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.skill.chance import chance_tests
from w2s_judge.audit.skill.confusions import balanced
from w2s_judge.audit.skill.rightness import Answers, measured, total_mass
from w2s_judge.audit.skill.without_one import without_one
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.ledger import Ledger
from w2s_judge.votes import VoteMatrix

CLASSES = ("bad", "good")


def prompts(rng: np.random.Generator, many: int, *, equal: int = 0) -> np.ndarray:
    """The prompt of each item; sizes are lognormal up to 60 unless equal."""
    sizes = np.minimum(np.maximum(1, np.round(rng.lognormal(0.7, 1.2, many))), 60).astype(int)
    return np.repeat(np.arange(many), equal or sizes).astype(np.int32)


def panel(label, *, group=None, gold=None, silent=None, labels=CLASSES, posterior=None, cut=()):
    """label (I, N), -1 where there is no vote; silent (I, N) where a judge abstains."""
    many, judges = label.shape
    item, rater = np.nonzero(label >= 0)
    votes = VoteMatrix(
        tuple(f"i{k}" for k in range(many)), tuple(f"j{k}" for k in range(judges)), labels,
        item.astype(np.int32), rater.astype(np.int32),
        np.arange(many, dtype=np.int32) if group is None else group, (None,) * judges,
        label=label[item, rater].astype(np.int32),
    )  # fmt: skip
    if posterior is None:
        posterior = np.full((many, len(CLASSES)), 0.5)
    consensus = Consensus(posterior, CLASSES, votes.support, "majority", "none")
    quiet = np.nonzero(np.zeros(label.shape) if silent is None else silent)
    ledger = Ledger(
        quiet[0].astype(np.int32), quiet[1].astype(np.int32),
        np.zeros(len(quiet[0]), dtype=np.int32), ("refused",),
    )  # fmt: skip
    return Panel(
        "x", votes, by_judge(votes), consensus, gold, utility=None, ledger=ledger, cut=cut
    )  # fmt: skip


def drawn(one: Panel, seed: int = 0, draws: int = 199) -> Resample:
    return Resample.of(one.votes.group, draws=draws, seed=seed)


def mean(resample: Resample, hit: np.ndarray) -> np.ndarray:
    sums = resample.sums(np.arange(len(hit)), np.stack([hit, np.ones(len(hit))], axis=1))
    return sums[:, 0] / sums[:, 1]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=50))
def test_prompts_are_worth_at_most_their_number(sizes):
    resample = Resample.of(np.repeat(np.arange(len(sizes)), sizes).astype(np.int32), draws=2)
    worth = resample.worth(np.arange(sum(sizes)))
    assert 1 - 1e-9 <= worth <= len(sizes) + 1e-9
    assert worth == pytest.approx(sum(sizes) ** 2 / sum(size**2 for size in sizes))


@pytest.mark.parametrize("equal", [1, 3])
def test_of_equal_prompts_p_is_that_of_t_with_their_number(equal):
    rng = np.random.default_rng(0)
    group = prompts(rng, 40, equal=equal)
    resample, item = Resample.of(group, draws=199), np.arange(len(group))
    found = mean(resample, (rng.random(len(group)) < 0.7).astype(float))
    spread = found[1:].std(ddof=1) * np.sqrt(40 / 39)
    expected = 2 * special.stdtr(39, -abs(found[0] - 0.5) / spread)
    assert resample.p_value(found, item, 0.5) == pytest.approx(expected)


def test_a_few_large_prompts_are_not_tested_as_many():
    rng = np.random.default_rng(1)
    p: dict[int, list[float]] = {40: [], 150: []}
    for many, got in p.items():
        for seed in range(700):
            group = prompts(rng, many)
            resample, item = Resample.of(group, draws=99, seed=seed), np.arange(len(group))
            hit = (rng.random(many) < 0.5)[group].astype(float)  # alike within a prompt
            got.append(resample.p_value(mean(resample, hit), item, 0.5))
    assert min(p[40]) == 1.0  # worth fewer than 30
    assert np.mean(np.array(p[150]) < 0.01) <= 0.01


@pytest.mark.parametrize(("many", "chance"), [(40, 0.5), (40, 0.1), (150, 0.1)])
def test_the_interval_of_a_share_covers_where_prompts_are_unequal(many, chance):
    rng, covers = np.random.default_rng(2), 0
    for _ in range(300):
        group = prompts(rng, many)
        hit = (rng.random(many) < chance)[group].astype(float)
        figure = Resample.of(group, draws=2).share(np.arange(len(group)), hit)
        covers += figure.low <= chance <= figure.high
    assert covers / 300 >= 0.925


def test_one_prompt_with_most_of_the_items_leaves_no_percentiles():
    group = np.repeat(np.arange(20), [200] + [1] * 19).astype(np.int32)
    resample = Resample.of(group, draws=99)
    figure = resample.figure(mean(resample, np.arange(219) / 219), np.arange(219))
    assert (figure.value, figure.low) == (pytest.approx(0.498, abs=0.01), None)
    assert "prompts" in figure.why


@pytest.mark.parametrize("many", [40, 150])
def test_a_judge_who_guesses_by_prompt_is_not_worse_than_chance(many):
    found = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        group = prompts(rng, many)
        truth = (rng.random(many) < 0.5)[group].astype(np.int32)
        said = (rng.random((many, 4)) < 0.5)[group].astype(int)
        gold = Gold(np.arange(len(group), dtype=np.int32), truth, CLASSES)
        one = panel(said, group=group, gold=gold)
        tests = chance_tests(one, drawn(one, seed, 99), measured(one))
        found += sum(test.p < 0.005 and test.effect >= test.minimum for test in tests)
    assert found <= 2  # of 400


def answers(truth: np.ndarray, right: np.ndarray) -> Answers:
    said = np.eye(2)[np.where(right, truth, 1 - truth)]
    item, ones = np.arange(len(truth), dtype=np.int32), np.ones(len(truth))
    return Answers("j", item, said, said, np.eye(2)[truth], ones, ones, None)


@pytest.mark.parametrize(("many", "share"), [(200, 0.05), (500, 0.05), (200, 0.3)])
def test_balanced_accuracy_covers_for_a_rare_class(many, share):
    rng, shown, covers = np.random.default_rng(3), 0, 0
    resample = Resample.of(np.arange(many, dtype=np.int32), draws=2)
    for _ in range(300):
        truth = (rng.random(many) < share).astype(int)
        right = rng.random(many) < np.where(truth == 1, 0.5, 0.95)
        figure = balanced(resample, answers(truth, right), CLASSES)
        if figure.low is None:
            assert truth.sum() < 10
            assert figure.why == "fewer than 10 labelled prompts of the class good"
        else:
            shown += 1
            covers += figure.low <= 0.725 <= figure.high
    assert shown > 100
    assert covers / shown >= 0.93


def test_balanced_accuracy_without_an_error_has_an_interval():
    truth = np.tile([0, 1], 30)
    resample = Resample.of(np.arange(60, dtype=np.int32), draws=9)
    figure = balanced(resample, answers(truth, np.ones(60, dtype=bool)))
    assert figure.value == figure.high == 1
    assert 0.8 < figure.low < 0.97


def test_without_gold_a_judge_that_abstains_at_random_is_not_found():
    for seed in range(6):
        rng = np.random.default_rng(seed)
        truth = (rng.random(600) < 0.2).astype(int)
        right = rng.random((600, 3)) < np.where(truth[:, None] == 1, 0.75, 0.95)
        said = np.where(right, truth[:, None], 1 - truth[:, None])
        said[:, 0] = np.where(truth == 1, rng.random(600) < 0.99, rng.random(600) > 0.3)
        silent = np.zeros((600, 3), dtype=bool)
        silent[:, 0] = rng.random(600) < 0.4
        said[silent] = -1
        votes = np.stack([(said == c).sum(axis=1) for c in (0, 1)], axis=1) + 1e-3
        one = panel(said, silent=silent, posterior=votes / votes.sum(axis=1, keepdims=True))
        tests = abstentions_by_class(one, drawn(one)).tests
        assert tests
        assert not [test for test in tests if test.p < 0.001]


def test_without_gold_a_judge_that_abstains_on_one_class_is_found():
    rng = np.random.default_rng(0)
    truth = (rng.random(600) < 0.3).astype(int)
    said = np.where(rng.random((600, 4)) < 0.85, truth[:, None], 1 - truth[:, None])
    silent = np.zeros((600, 4), dtype=bool)
    silent[:, 2] = rng.random(600) < np.where(truth == 1, 0.6, 0.1)
    said[silent] = -1
    one = panel(said, silent=silent)
    (test,) = [one for one in abstentions_by_class(one, drawn(one)).tests if one.effect > 0]
    assert test.about == ("j2", "good")
    assert test.p < 1e-6


def test_abstaining_by_prompt_is_not_abstaining_by_class():
    found = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        group = prompts(rng, 40)
        truth = (rng.random(40) < 0.1)[group].astype(np.int32)
        silent = (rng.random((40, 12)) < 0.2)[group]
        said = np.where(silent, -1, np.tile(truth[:, None], 12))
        gold = Gold(np.arange(len(group), dtype=np.int32), truth, CLASSES)
        one = panel(said, group=group, gold=gold, silent=silent)
        tests = abstentions_by_class(one, drawn(one, seed, 49)).tests
        found += any(test.p < 0.0005 and test.effect >= test.minimum for test in tests)
    assert found == 0


def test_scores_that_were_cut_into_classes_use_no_scale():
    rng = np.random.default_rng(0)
    said = np.clip(np.round(rng.normal(2, 1.3, (300, 5))), 0, 4).astype(int)
    said[:, 4] = 4 * (said[:, 4] > 2)
    one = panel(said, labels=tuple("12345"), cut=("j4",))
    part = scale_use(one, drawn(one))
    assert {test.about for test in part.tests} == {(f"j{k}",) for k in range(4)}
    *others, last = part.table("scale").rows
    assert all(row[2].low is not None for row in others)
    assert last[2].value is last[3].value is None
    assert "cut" in last[2].why
    assert "j4" not in " ".join(part.sentences)


@pytest.mark.parametrize(("labels", "many"), [(5, 60), (10, 40), (40, 60), (5, 400)])
def test_the_effective_number_of_labels_covers(labels, many):
    rng, covers = np.random.default_rng(4), 0
    item = np.arange(many, dtype=np.int32)
    resample = Resample.of(item, draws=2)
    for _ in range(300):
        share = rng.dirichlet(np.ones(labels))
        said = rng.choice(labels, many, p=share).astype(np.int32)
        figure = effective_labels(resample, item, said, labels)
        plain = effective_number(np.bincount(said, minlength=labels) / many)
        assert figure.value == pytest.approx(float(plain))
        assert 1 <= figure.low <= figure.value <= figure.high <= labels
        covers += figure.low <= float(effective_number(share)) <= figure.high
    assert covers / 300 >= 0.915


def test_the_gain_without_a_judge_is_told_with_its_interval_and_as_picked():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 200)
    right = rng.random((200, 5)) < [0.8, 0.75, 0.7, 0.7, 0.2]
    gold = Gold(np.arange(200, dtype=np.int32), truth.astype(np.int32), CLASSES)
    one = panel(np.where(right, truth[:, None], 1 - truth[:, None]), gold=gold)
    found = measured(one)
    total = total_mass(found.panel, (200, 2))
    table, (told,) = without_one(drawn(one), found, total)
    most = max(table.rows, key=lambda row: row[2].value)
    assert most[0] == "j4"
    assert "without j4" in told
    assert "largest gain" in told
    assert "[" in told
