"""Which pairs and responses are written, and why the others are not."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.errors import UsageError
from w2s_judge.preferences.orientation import settled
from w2s_judge.preferences.pair_mass import PairMass, margins
from w2s_judge.preferences.rated import rate
from w2s_judge.preferences.reasons import TEXTS, Reason
from w2s_judge.preferences.rules import Rule, upper_mass
from w2s_judge.preferences.same_text import evened, same_text, text_numbers
from w2s_judge.preferences.screening import Bars, screen
from w2s_judge.preferences.strategies import candidates


def pairs(*masses, lack=Reason.KEPT):
    mass = np.array(masses, dtype=np.float64)
    return PairMass(mass, mass, np.ones(len(mass), np.int32), np.full(len(mass), lack, np.int8))


def test_only_above_bar_pairs_go_by_their_own_votes():
    group, utility = np.zeros(3, dtype=np.int32), np.array([0.9, 0.5, 0.5])
    mass = pairs([0.2, 0, 0.8], [0.9, 0, 0.1], [0.3, 0, 0.7])
    every = candidates(group, utility, "above-bar")
    turned, found = settled(every, mass, "above-bar")
    assert found.p.tolist() == [0.8, 0.9, 0.7]
    assert (turned.better.tolist(), turned.worse.tolist()) == ([1, 0, 2], [0, 2, 1])
    assert screen(found, Bars(0.75), turned.level).tolist() == [0, 0, Reason.BELOW]
    same, found = settled(every, mass, "adjacent")
    assert (same, found) == (every, mass)
    assert screen(found, Bars(0.75), same.level).tolist() == [Reason.AGAINST, 0, Reason.LEVEL]


def test_the_first_reason_counts():
    mass = pairs([0.9, 0, 0.1], [0.4, 0.6, 0], [0.25, 0.5, 0.25], [0.2, 0, 0.8], [0.6, 0, 0.4])
    found = screen(mass, Bars(0.7))
    assert found.tolist() == [0, Reason.TIED, Reason.EVEN, Reason.AGAINST, Reason.BELOW]
    yes = np.ones(5, dtype=np.bool_)
    assert set(screen(mass, Bars(0.7), level=yes)) == {Reason.LEVEL}
    lacking = replace(mass, lack=np.full(5, Reason.ONE_ORDER, np.int8))
    assert set(screen(lacking, Bars(0.7), level=yes)) == {Reason.ONE_ORDER}
    assert set(screen(lacking, Bars(0.7), same=yes)) == {Reason.SAME_TEXT}
    assert screen(mass, Bars(None)).tolist()[::4] == [Reason.UNPROMISED] * 2
    assert set(TEXTS) == set(Reason)
    assert len({reason.text for reason in Reason}) == len(Reason)
    for wrong in ({"min_p": 0.4}, {"min_p": 1.1}, {"min_p": 0.8, "max_tie": -0.1}):
        with pytest.raises(UsageError, match="must lie between"):
            Bars(**wrong)


def test_a_share_on_the_bar_passes_whatever_rounding_did():
    mass = np.full((1, 3), [0.1 + 0.2, 0.6, 0.1])  # p = .75, tie mass .6
    assert screen(pairs(*mass), Bars(0.75, 0.6)).tolist() == [Reason.KEPT]
    assert margins(np.array([0.5, 0.75, 1.0, 0.0])) == pytest.approx(
        [0, 1.0986, 6.9068, -6.9068], 1e-4
    )


def test_texts_are_the_same_but_for_space_case_and_composition():
    texts = ["Yes, sir.", " yes,\n\tSIR.", "Straße", "STRASSE", "caf\u00e9", "cafe\u0301", "no"]
    assert text_numbers(texts).tolist() == [0, 0, 1, 1, 2, 2, 3]
    assert all(same_text(*texts[k : k + 2]) for k in (0, 2, 4))
    assert not any(same_text(a, b) for a, b in combinations(texts[::2], 2))


@given(st.text(max_size=20), st.sampled_from([str.upper, str.title, lambda one: f" {one}\t"]))
def test_an_evened_text_stays(text, change):
    assert evened(evened(text)) == evened(text)
    if text.isascii():
        assert same_text(change(text), text)


def test_rubrics_veto_and_are_averaged():
    rule = Rule(("help", "law"), (("safety", 0.8), ("privacy", 0.5)))
    upper = {
        "safety": upper_mass(np.array([[0.2, 0.8], [0.3, 0.7], [0, 1], [0, 1]]), (0, 1)),
        "privacy": np.array([0.9, np.nan, np.nan, 0.4]),
    }
    expected = [Reason.KEPT, Reason.VETOED, Reason.UNCLEARED, Reason.VETOED]
    assert rule.vetoed(upper).tolist() == expected
    found = rule.utility({"help": np.array([1, 0.5]), "law": np.array([0.5, np.nan])})
    np.testing.assert_array_equal(found, [0.75, np.nan])
    assert Rule(("help",)).vetoed({"help": np.zeros(2)}).tolist() == [0, 0]
    assert upper_mass(np.array([[0.2, 0.3, 0.5]]), (1, 0.5, 0)) == pytest.approx([0.35])
    for wrong in ((), ("help", "help")):
        with pytest.raises(UsageError, match="rubric"):
            Rule(wrong)
    with pytest.raises(UsageError, match="at most 1"):
        Rule(("help",), (("safety", 0.0),))


def test_single_responses_are_desirable_undesirable_or_neither():
    p = np.array([0.8, 0.2, 1 - 0.8, 0.5, np.nan])
    good, codes = rate(p, 0.8)
    assert good.tolist() == [True, False, False, False, False]
    assert codes.tolist() == [0, 0, 0, Reason.BETWEEN, Reason.NO_VOTE]
    _, codes = rate(p, 0.8, undesirable=False)
    assert codes.tolist() == [0, *[Reason.BELOW] * 3, Reason.NO_VOTE]
    assert set(rate(p[:4], None)[1]) == {Reason.UNPROMISED}
    with pytest.raises(UsageError, match=r"above 0\.5"):
        rate(p, 0.5)
