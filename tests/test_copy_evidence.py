"""Near copies are told by shared errors: chance and being right are never taken for them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_judge.audit.dependence.copies_found import copies_found
from w2s_judge.audit.dependence.copy_evidence import FEWEST_ERRORS, SharedErrors
from w2s_judge.audit.dependence.error_correlation import error_correlation
from w2s_judge.audit.findings import findings
from w2s_judge.audit.resample import Resample
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

PANELS = 5  # of each kind


def matrix(label, per=1):
    items, raters = label.shape
    item, rater = np.divmod(np.arange(label.size), raters)
    return VoteMatrix(
        items=tuple(f"i{k}" for k in range(items)),
        raters=tuple(f"judge-{k}" for k in range(raters)),
        labels=("a", "b"),
        item=item.astype(np.int32),
        rater=rater.astype(np.int32),
        group=(np.arange(items) // per).astype(np.int32),
        family=(None,) * raters,
        label=label.ravel().astype(np.int32),
    )


def looked_at(label, truth, *, labelled, per=1, draws=99):
    """What is found in votes (I, J) of 0 and 1, with gold for all items or none."""
    votes = matrix(label, per)
    resample, errors = Resample.of(votes.group, draws=draws), None
    if labelled:
        every = np.arange(len(truth), dtype=np.int32)
        gold = Gold(every, truth.astype(np.int32), ("a", "b"))
        posterior = np.stack([(label == c).mean(axis=1) for c in (0, 1)], axis=1)
        errors = error_correlation(votes, np.eye(2)[votes.label], posterior, gold, resample)
    return copies_found(votes, errors, resample)


def named(found):
    return {one.test.about for one in findings([("rubric", test) for test in found.tests])}


def independent(random, right, items, share, judges=10):
    truth = (random.random(items) < share).astype(int)
    good = random.random((items, judges)) < right
    return np.where(good, truth[:, None], 1 - truth[:, None]), truth


def wrong_on(items, *sets):
    """Verdicts (items, judges) on a truth of 0, each judge wrong on the items of its set."""
    label = np.zeros((items, len(sets)), dtype=int)
    for judge, where in enumerate(sets):
        label[list(where), judge] = 1
    return label, np.zeros(items, dtype=int)


@pytest.mark.parametrize("labelled", [True, False])
def test_independent_judges_are_hardly_ever_called_copies(labelled):
    """However often they are right, however few the items, however rare the class."""
    panels, false = 0, []
    for right in (0.98, 0.95, 0.9, 0.7):
        for items in (40, 60, 200):
            for share in (0.05, 0.5):
                for seed in range(PANELS):
                    random = np.random.default_rng([seed, items, round(100 * right)])
                    label, truth = independent(random, right, items, share)
                    panels += 1
                    if named(looked_at(label, truth, labelled=labelled)):
                        false.append((right, items, share, seed))
    assert len(false) <= panels / 100, false


@pytest.mark.parametrize("labelled", [True, False])
def test_errors_that_come_by_prompts_are_not_counted_by_items(labelled):
    for seed in range(20):
        random = np.random.default_rng(seed)
        label, truth = independent(random, 0.85, 40, 0.5, judges=6)
        many = np.repeat(label, 8, axis=0), np.repeat(truth, 8)
        assert not named(looked_at(*many, labelled=labelled, per=8))


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize(("right", "items"), [(0.7, 400), (0.9, 600), (0.95, 1500)])
def test_copies_of_good_judges_are_found_once_they_err_often_enough(right, items, labelled):
    for seed in range(3):
        random = np.random.default_rng(seed)
        label, truth = independent(random, right, items, 0.5, judges=8)
        repeats = random.random(items) < 0.95
        label[repeats, 5] = label[repeats, 2]
        assert named(looked_at(label, truth, labelled=labelled)) == {("judge-2", "judge-5")}


def test_a_pair_is_tested_from_ten_prompts_with_errors_of_each():
    random = np.random.default_rng(0)
    others = [random.choice(200, 30, replace=False) for _ in range(4)]
    for count in (1, FEWEST_ERRORS - 1, FEWEST_ERRORS + 20):
        found = looked_at(*wrong_on(200, range(count), range(count), *others), labelled=True)
        test = next(one for one in found.tests if one.about == ("judge-0", "judge-1"))
        few = count < FEWEST_ERRORS
        assert (test.p == 1.0) == few
        assert any("fewer than 10 prompts" in note for note in found.notes) == few
        rows = () if found.table is None else found.table.rows
        seen = {row[0] for row in rows if row[-1] == "errors on gold"}
        assert ("judge-0, judge-1" in seen) != few
        assert test.effect < 1


def test_errors_within_one_prompt_are_one():
    label, truth = wrong_on(200, range(12), range(12), range(20, 60), range(50, 90))
    tests = {one.about: one for one in looked_at(label, truth, labelled=True, per=4).tests}
    assert tests["judge-0", "judge-1"].p == 1.0


def test_nothing_is_said_where_all_judges_are_alike():
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, 900)
    one = np.where(random.random(900) < 0.7, truth, 1 - truth)
    flips = random.random((900, 6)) < 0.004
    label = np.where(flips, 1 - one[:, None], one[:, None])
    found = looked_at(label, truth, labelled=True)
    assert {test.p for test in found.tests} == {1.0}


def test_the_table_claims_no_more_than_that_it_looks_so():
    random = np.random.default_rng(1)
    label, truth = independent(random, 0.7, 900, 0.5, judges=8)
    label[:, 6] = label[:, 1]
    for labelled in (True, False):
        found = looked_at(label, truth, labelled=labelled)
        words = {row[5] for row in found.table.rows}
        assert "looks like it" in words
        assert words <= {"looks like it", "no"}


def counts(one, two, prompt):
    return SharedErrors.counted([(np.array(one) > 0, np.array(two) > 0, np.array(prompt))])


def test_shared_errors_by_hand():
    found = counts([1, 1, 1, 0, 0, 0], [1, 0, 1, 1, 0, 0], [0, 0, 1, 2, 3, 3])
    assert found.fewest == [2]  # the first errs in prompts 0 and 1, the other in 0, 1 and 2
    assert (found.one, found.two, found.both) == (3 / 6, 3 / 6, 2 / 6)
    assert found.prompts == pytest.approx(4**2 / (2**2 + 1 + 1))


@settings(max_examples=50, deadline=None)
@given(st.integers(10, 60), st.integers(10, 60), st.integers(0, 10), st.floats(0, 0.9))
def test_p_falls_with_what_is_shared_and_rises_with_what_is_expected(first, second, fewer, b):
    items = 300

    def p(shared, expected):
        one = np.arange(items) < first
        two = (np.arange(items) >= first - shared) & (np.arange(items) < first - shared + second)
        made = SharedErrors.counted([(one, two, np.arange(items))])
        return float(made.p_of_shared(0.4, np.array([expected]))[0])

    most = min(first, second)
    fewer = min(fewer, most)
    assert 0 <= p(most, b) <= p(most - fewer, b) <= 1
    assert p(most, 0.0) <= p(most, b)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6))
def test_saying_each_item_again_within_its_prompt_changes_nothing(seed, times):
    random = np.random.default_rng(seed)
    common = random.random(80) < 0.3
    one, two = (common ^ (random.random(80) < 0.05) for _ in range(2))
    prompt, base = np.arange(80), np.array([0.2])
    plain = SharedErrors.counted([(one, two, prompt)])
    again = SharedErrors.counted([tuple(np.repeat(part, times) for part in (one, two, prompt))])
    assert again.p_of_shared(0.4, base) == pytest.approx(plain.p_of_shared(0.4, base))
