"""What is believed of measured information: luck among many, and nobody who takes away."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from w2s_judge.calibration.estimates import mean_and_error
from w2s_judge.cascade.gains import adds, at_least_none

FALLS = st.floats(-0.2, 0.5)
ERRORS = st.floats(1e-4, 0.2)


@given(st.lists(st.tuples(FALLS, ERRORS), min_size=1, max_size=8))
def test_a_mean_cut_off_below_0_is_that_of_a_truncated_normal(measured):
    fall, error = np.array(measured).T
    found = at_least_none(fall, error)
    near = -fall / error < 5  # scipy's own mean loses its digits further in the tail
    cut = stats.truncnorm(-fall[near] / error[near], np.inf, loc=fall[near], scale=error[near])
    np.testing.assert_allclose(found[near], cut.mean(), rtol=1e-6)
    assert (found >= 0).all()
    assert (found <= np.maximum(fall, 0) + error).all()


def test_what_was_measured_exactly_or_not_at_all_is_kept():
    np.testing.assert_array_equal(
        at_least_none(np.array([0.1, -0.1, 0.2]), np.array([0.0, 0.0, np.inf])), [0.1, 0.0, 0.2]
    )


@given(st.lists(st.tuples(FALLS, ERRORS), min_size=1, max_size=8), st.randoms())
def test_chances_are_chances_and_go_with_their_judges(measured, random):
    order = list(range(len(measured)))
    random.shuffle(order)
    fall, error = np.array(measured).T
    found = adds(fall, error)
    assert ((found >= 0) & (found <= 1)).all()
    np.testing.assert_allclose(adds(fall[order], error[order]), found[order], rtol=1e-9)


def test_the_luckiest_of_many_coins_is_not_believed_and_who_knows_is():
    random = np.random.default_rng(0)
    error = np.full(15, 0.006)
    fall = np.concatenate([[0.25, 0.2, 0.15], random.normal(0, 0.006, 12)])
    error[:3] = 0.05
    found = adds(fall, error)
    assert found[:3].min() > 0.8
    assert found[3:].max() < 0.1
    # the same fall is luck among coins, and none where the others know something, too
    among = adds(np.array([0.012, *random.normal(0, 0.006, 12)]), np.full(13, 0.006))
    beside = adds(np.array([0.012, *random.normal(0.1, 0.02, 12)]), np.full(13, 0.006))
    assert among[0] < 0.5 < beside[0]


def test_of_whom_nothing_was_measured_the_others_speak():
    nobody = adds(np.array([0.3, 0.2, 0.25]), np.array([0.03, 0.03, np.inf]))
    assert nobody[2] > 0.5
    assert adds(np.array([0.0, -0.002, 0.3]), np.array([0.003, 0.003, np.inf]))[2] < 0.5


def test_a_mean_and_its_error_are_over_prompts():
    value, weight = np.array([1.0, 1.0, 0.0, 0.0]), np.ones(4)
    assert mean_and_error(value, weight, np.arange(4)) == pytest.approx((0.5, np.sqrt(1 / 12)))
    assert mean_and_error(value, weight, np.array([0, 0, 1, 1])) == pytest.approx((0.5, 0.5))
    assert mean_and_error(value, weight, np.zeros(4, int)) == (0.5, np.inf)
