"""Do judges err together: figures as defined, copies named, and what is missing said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri

from w2s_judge.aggregation.mean import Mean
from w2s_judge.audit.by_judge import by_judge
from w2s_judge.audit.dependence.theme import dependent
from w2s_judge.audit.dependence.words import (
    AGREED,
    ALONE,
    CENTRED,
    COST,
    EFFECTIVE,
    EIGEN,
    MAJORITY,
    UNCENTRED,
    WRONG,
)
from w2s_judge.audit.findings import findings
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Test
from w2s_judge.audit.resample import Resample
from w2s_judge.calibration.dependence import dependence
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

LATENT = {0.2: 0.328, 0.4: 0.613, 0.6: 0.824}  # normal correlation -> that of errors, right at .70
TESTS = 150  # of a whole audit


def matrix(label, labels=2, kept=None, per=2, **more):
    items, raters = label.shape
    pairs = np.argwhere(np.ones(label.shape, dtype=bool) if kept is None else kept)
    given = {
        "raters": tuple(f"judge-{k}" for k in range(raters)),
        "labels": tuple("abcdefgh"[:labels]),
        "family": (None,) * raters,
        **more,
    }
    return VoteMatrix(
        items=tuple(f"i{k}" for k in range(items)),
        item=pairs[:, 0].astype(np.int32),
        rater=pairs[:, 1].astype(np.int32),
        group=(np.arange(items) // per).astype(np.int32),
        label=label[pairs[:, 0], pairs[:, 1]].astype(np.int32),
        **given,
    )


def simulated(seed, errors=0.2, copies=(), family=(0,) * 8, right=0.7, gold=200, prompts=600):
    """Votes on two responses a prompt, gold on some; errors correlate within a family."""
    rng = np.random.default_rng(seed)
    items, latent, family = 2 * prompts, LATENT[errors], np.array(family)
    truth = rng.integers(0, 2, items)
    common = rng.standard_normal((items, family.max() + 1))[:, family]
    own = rng.standard_normal((items, len(family)))
    good = np.sqrt(latent) * common + np.sqrt(1 - latent) * own < ndtri(right)
    label = np.where(good, truth[:, None], 1 - truth[:, None])
    for of, copy in copies:
        label[:, copy] = np.where(rng.random(items) < 0.9, label[:, of], label[:, copy])
    return matrix(label), chosen(rng, truth, gold) if gold else None


def chosen(rng, truth, count, classes=("a", "b"), probability=None):
    item = np.sort(rng.choice(len(truth), count, replace=False)).astype(np.int32)
    return Gold(item, truth[item].astype(np.int32), classes, probability)


def audited(votes, gold=None, draws=199, consensus=None):
    made = consensus if consensus is not None else Mean()(votes, gold)
    panel = Panel("rubric", votes, by_judge(votes), made, gold)
    return dependent(panel, Resample.of(votes.group, draws=draws))


def summary(part):
    table = part.table("summary")
    return {} if table is None else {row[0]: row[1] for row in table.rows}


def named(part):
    """What an audit of `TESTS` tests would state."""
    idle = Test("other", (), "", "", 0.0, 1.0, "", 1.0)
    others = [idle] * (TESTS - len(part.tests))
    held = findings([("rubric", test) for test in (*part.tests, *others)])
    return {frozenset(one.test.about) for one in held}


@pytest.mark.parametrize("gold", [200, 0])
@pytest.mark.parametrize("seed", range(20))
def test_a_planted_copy_is_named_and_nobody_else(seed, gold):
    votes, known = simulated(seed, copies=((2, 5),), gold=gold)
    part = audited(votes, known)
    assert named(part) == {frozenset({"judge-2", "judge-5"})}
    if not seed:
        held = next(test for test in part.tests if test.about == ("judge-2", "judge-5"))
        assert held.effect == pytest.approx(0.9, abs=0.1)
        assert "judge-2 and judge-5 are near copies" in held.sentence
        assert ("only gold labels can tell" in held.sentence) == (not gold)
        assert len(part.tests) == 28


@pytest.mark.parametrize("gold", [200, 0])
@pytest.mark.parametrize(
    ("errors", "family"), [(0.2, (0,) * 8), (0.4, (0,) * 4 + (1,) * 4), (0.6, (0,) * 8)]
)
def test_no_copy_is_named_where_there_is_none(errors, family, gold):
    for seed in range(3):
        part = audited(*simulated(seed, errors, family=family, gold=gold))
        assert not named(part)
        if errors > 0.5 and gold:
            assert summary(part)[EFFECTIVE].value < 2


def test_a_copy_that_never_differs_is_named():
    """All draws of prompts give the same; a variance of nothing must not make it nothing."""
    votes, gold = simulated(0)
    label = votes.label.reshape(-1, 8).copy()
    label[:, 6] = label[:, 1]
    assert named(audited(matrix(label), gold)) == {frozenset({"judge-1", "judge-6"})}


@pytest.mark.parametrize("kind", ["hard", "soft", "five", "missing"])
@pytest.mark.parametrize("labelled", [True, False])
def test_the_figures_are_those_that_aggregation_has(kind, labelled):
    rng = np.random.default_rng(4)
    classes = 5 if kind == "five" else 2
    truth = rng.integers(0, classes, 300)
    hard_ones = rng.random((300, 1)) < 0.3
    off = (truth[:, None] + rng.integers(1, classes, (300, 6))) % classes
    label = np.where(rng.random((300, 6)) < 0.15 + 0.5 * hard_ones, off, truth[:, None])
    kept = rng.random(label.shape) < 0.6 if kind == "missing" else None
    votes = matrix(label, classes, kept)
    if kind == "soft":
        sure = rng.uniform(0.5, 1, votes.V)[:, None]
        votes = replace(votes, label=None, mass=sure * votes.soft() + (1 - sure) / 2)
    gold = chosen(rng, truth, 220, votes.labels) if labelled else None
    consensus = Mean()(votes, gold)
    part, expected = audited(votes, gold), dependence(votes, consensus.posterior, gold)
    found = summary(part)
    assert found[CENTRED].value == pytest.approx(expected.centred)
    assert found[UNCENTRED].value == pytest.approx(expected.uncentred)
    assert found[EFFECTIVE].value == pytest.approx(expected.effective)
    assert found[EIGEN].value == pytest.approx(expected.effective_eigen)
    pairs = part.table("pairs").rows
    assert np.mean([row[3].value for row in pairs]) == pytest.approx(expected.centred)
    assert np.mean([row[4].value for row in pairs]) == pytest.approx(expected.uncentred)
    figures = [found[CENTRED], found[EIGEN], pairs[0][3]]
    if expected.centred > 0.02:  # else effective votes are all votes in most draws
        figures.append(found[EFFECTIVE])
    assert labelled <= (len(figures) == 4)
    for figure in figures:
        assert figure.low <= figure.value <= figure.high
    assert ("as a rule flatters" in part.sentences[0]) == (not labelled)


def test_pairs_are_correlations_within_class():
    votes, gold = simulated(1, prompts=100, gold=120)
    part = audited(votes, gold)
    label = votes.label.reshape(-1, 8)[gold.item]
    error = (label != gold.label[:, None]).astype(float)
    inside = error.copy()
    for c in (0, 1):
        inside[gold.label == c] -= error[gold.label == c].mean(axis=0)
    for one, two, items, centred, plain in part.table("pairs").rows:
        a, b = int(one[-1]), int(two[-1])
        assert items == 120
        assert centred.value == pytest.approx(np.corrcoef(inside[:, a], inside[:, b])[0, 1])
        assert plain.value == pytest.approx(np.corrcoef(error[:, a], error[:, b])[0, 1])


def test_the_interval_of_effective_votes_is_as_wide_as_they_vary():
    ends, values = [], []
    for seed in range(30):
        figure = summary(audited(*simulated(seed, prompts=60, gold=100), 99))[EFFECTIVE]
        values.append(figure.value)
        ends.append(figure.high - figure.low)
    assert np.mean(ends) == pytest.approx(2 * 1.96 * np.std(values, ddof=1), rel=0.35)


def test_erring_together_costs_and_is_told():
    part = audited(*simulated(0, errors=0.6))
    found = summary(part)
    assert found[COST].value == pytest.approx(found[ALONE].value - found[MAJORITY].value)
    assert found[COST].low > 0.05
    told = " ".join(part.sentences)
    assert "8 judges are worth about 1." in told
    assert "] independent ones" in told
    assert "erring together costs" in told
    assert "wrong all the same" in told


def test_two_readings_are_told_and_no_copy_is_named_without_gold():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 3000)
    u = rng.random((3000, 5))
    u[:, 1] = np.where(rng.random(3000) < 0.6, u[:, 0], u[:, 1])
    good = u < np.array([0.62, 0.62, 0.96, 0.96, 0.96])
    votes = matrix(np.where(good, truth[:, None], 1 - truth[:, None]))
    part = audited(votes)
    assert not named(part)
    assert any("Two readings" in one and "label 10 items" in one for one in part.sentences)
    known = audited(votes, chosen(rng, truth, 600))
    assert not any("Two readings" in one for one in known.sentences)


def test_one_judge_has_nobody_to_err_with(sound):
    votes, gold = simulated(0)
    part = audited(matrix(votes.label.reshape(-1, 8)[:, :1]), gold)
    sound(part)
    assert "one judge" in part.sentences[0]
    assert not part.tests


def test_no_votes_at_all(sound):
    silent = np.zeros((40, 3), dtype=bool)
    sound(audited(matrix(silent.astype(int), kept=silent)))


@pytest.mark.parametrize("gold", [200, 0])
def test_a_judge_without_votes_and_items_without_votes(sound, gold):
    votes, known = simulated(0, gold=gold)
    part = audited(votes.only((votes.rater != 3) & (votes.item > 100)), known)
    sound(part)
    assert "7 of the 8 judges" in part.sentences[0]


@pytest.mark.parametrize("gold", [200, 0])
def test_one_prompt_only(sound, gold):
    votes, known = simulated(0, copies=((2, 5),), gold=gold)
    one = replace(votes, group=np.zeros(votes.I, dtype=np.int32))
    part = audited(one, known)
    sound(part)
    assert not named(part)
    assert summary(part)[EFFECTIVE].low is None


def test_labels_that_mean_classes_in_no_known_way(sound):
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, (200, 5))
    votes = replace(matrix(label, 3), ordered=False, truth=Truth(("no", "yes")))
    posterior = np.full((200, 2), 0.5)
    consensus = Consensus(posterior, ("no", "yes"), votes.support, "none", "none")
    part = audited(votes, chosen(rng, rng.integers(0, 2, 200), 60, ("no", "yes")), 99, consensus)
    sound(part)
    assert "which label means which class" in part.sentences[0]
    assert AGREED in summary(part)
    assert WRONG not in summary(part)


def test_judges_whose_mass_only_ranks_are_left_out_and_named(sound):
    votes, gold = simulated(0)
    ranks = np.arange(8) == 7
    part = audited(replace(votes, uncalibrated=ranks), gold)
    sound(part)
    assert "7 of the 8 judges" in part.sentences[0]
    assert any("judge-7" in note for note in part.notes)


def test_few_gold_labels_leave_the_consensus_for_truth_and_it_is_said(sound):
    votes, _ = simulated(0)
    truth = np.zeros(votes.I, dtype=int)
    part = audited(votes, chosen(np.random.default_rng(0), truth, 20))
    sound(part)
    assert "as a rule flatters" in part.sentences[0]
    assert any("No two judges share 30 items with gold" in note for note in part.notes)


def test_gold_drawn_unevenly_is_said():
    votes, gold = simulated(0)
    uneven = replace(gold, chosen=np.linspace(0.1, 1, gold.G))
    assert any("however it was chosen" in note for note in audited(votes, uneven).notes)


def test_many_sparse_judges_end_and_say_what_was_left_out(sound):
    rng = np.random.default_rng(0)
    kept = rng.random((4000, 120)) < 0.1
    truth = rng.integers(0, 2, 4000)
    label = np.where(rng.random(kept.shape) < 0.7, truth[:, None], 1 - truth[:, None])
    part = audited(matrix(label, kept=kept), chosen(rng, truth, 4000), 99)
    sound(part)
    assert len(part.table("pairs").rows) <= 300
    judges = {name for row in part.table("pairs").rows for name in row[:2]}
    assert 2 <= len(judges) <= 24
    assert any(f"Of 120 judges, the pairs of {len(judges)} are" in note for note in part.notes)
    assert any("pairs that are shown" in note for note in part.notes)
    assert not named(part)


def test_names_stay_what_they_are(sound):
    votes, gold = simulated(0, copies=((0, 1),))
    names = ("<script>{0}%s</script>", "=cmd|' /C calc'!A0", *votes.raters[2:])
    part = audited(replace(votes, raters=names), gold)
    sound(part)
    assert named(part) == {frozenset(names[:2])}
    assert any(names[0] in row for row in part.table("pairs").rows)


def test_the_same_votes_give_the_same_figures():
    votes, gold = simulated(3)
    assert audited(votes, gold) == audited(votes, gold)
