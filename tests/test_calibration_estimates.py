"""Differences with intervals of another coverage than the usual one."""

from __future__ import annotations

import numpy as np
import pytest

from w2s_judge.calibration.estimates import mean_difference


def differences(n=200, seed=0):
    return np.random.default_rng(seed).choice([-1.0, 0.0, 1.0], size=n, p=[0.1, 0.8, 0.1])


def test_a_higher_coverage_is_a_wider_interval_of_the_same_value():
    off = differences()
    usual, narrow, wide = (
        mean_difference(off, coverage=coverage) for coverage in (0.95, 0.5, 0.999)
    )
    assert usual == mean_difference(off)
    assert wide.value == usual.value == narrow.value
    assert wide.low < usual.low < narrow.low < narrow.high < usual.high < wide.high


def test_ends_lie_where_the_normal_curve_has_them():
    """Standard errors of the mean at 95 % and at 99.75 %, two-sided."""
    off = differences(2000)
    error = off.std() / np.sqrt(len(off))
    for coverage, z in ((0.95, 1.960), (0.9975, 3.023)):
        found = mean_difference(off, draws=20_000, coverage=coverage)
        assert (found.value - found.low) / error == pytest.approx(z, rel=0.05)
        assert (found.high - found.value) / error == pytest.approx(z, rel=0.05)


def test_where_no_group_differs_the_exact_bound_has_the_coverage_too():
    for coverage in (0.95, 0.99):
        found = mean_difference(np.zeros(50), coverage=coverage)
        assert found.high == pytest.approx(1 - ((1 - coverage) / 2) ** (1 / 50))
        assert found.low == -found.high
