"""Honest p for picked pairs: the winner's curse, its cure by gold, and what is promised of it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, ndtr

from w2s_judge.calibration.maps import Identity
from w2s_judge.calibration.platt import Platt
from w2s_judge.errors import UsageError
from w2s_judge.preferences.noise import checked_noise, unchecked_noise
from w2s_judge.preferences.orientation import settled
from w2s_judge.preferences.pair_map import NO_MAP, PairMap, learn, outcomes
from w2s_judge.preferences.pair_mass import BETTER, TIE, WORSE, PairMass, share
from w2s_judge.preferences.promise import promise
from w2s_judge.preferences.rated_pairs import from_ratings
from w2s_judge.preferences.reasons import Reason
from w2s_judge.preferences.screening import Bars, screen
from w2s_judge.preferences.strategies import candidates
from w2s_judge.votes import VoteMatrix

WORTH = (0.0, 0.25, 0.5, 0.75, 1.0)
CUTS = np.array([-1.5, -0.5, 0.5, 1.5])
JUDGES = 5


@cache
def judged(seed, prompts, responses):
    """Votes, the truth (I,), mean utility (I,).

    Judges share an error as large as their own, and each has its own leniency. In half of the
    prompts the responses are all about as good, in the others far apart.
    """
    rng = np.random.default_rng(seed)
    size = prompts * responses
    spread = np.repeat(np.where(rng.random(prompts) < 0.5, 0.1, 1.6), responses)
    truth = spread * rng.normal(size=size)
    seen = truth[:, None] + 0.6 * rng.normal(size=(size, 1)) + 0.6 * rng.normal(size=(size, JUDGES))
    seen += np.linspace(-0.8, 0.8, JUDGES)
    upto = ndtr((CUTS - seen[..., None]) / 0.6)
    ends = np.zeros((size, JUDGES, 1)), np.ones((size, JUDGES, 1))
    mass = np.diff(np.concatenate([ends[0], upto, ends[1]], axis=2), axis=2).reshape(-1, 5)
    item = np.repeat(np.arange(size), JUDGES).astype(np.int32)
    votes = VoteMatrix(
        tuple(map(str, range(size))), tuple(f"j{k}" for k in range(JUDGES)), tuple("12345"), item,
        np.tile(np.arange(JUDGES), size).astype(np.int32),
        np.repeat(np.arange(prompts), responses).astype(np.int32), (None,) * JUDGES, mass=mass,
    )  # fmt: skip
    return votes, truth, np.bincount(item, mass @ np.array(WORTH)) / JUDGES


def drawn(world, strategy):
    """Mass (P, 3), outcome (P,) and prompt (P,) of the pairs that a strategy draws."""
    votes, truth, utility = world
    found = candidates(votes.group, utility, strategy)
    found, mass = settled(found, from_ratings(votes, WORTH, found.better, found.worse), strategy)
    return mass.mass, outcomes(truth[found.better], truth[found.worse]), votes.group[found.better]


def by_chance(world, responses):
    """The same of the first two responses of each prompt, whatever was said of them."""
    votes, truth, _ = world
    one = np.arange(0, votes.I, responses, dtype=np.int32)
    mass = from_ratings(votes, WORTH, one, one + 1)
    return mass.mass, outcomes(truth[one], truth[one + 1]), votes.group[one]


@pytest.mark.parametrize("responses", [4, 8])
def test_p_of_picked_pairs_is_honest_only_after_gold_pairs_picked_alike(responses):
    """400 gold prompts; 6,000 others, of which the share of right pairs is known to .005."""
    mass, outcome, _ = drawn(judged(1, 6000, responses), "best-worst")
    right = (outcome == BETTER).mean()
    assert share(mass).mean() > right + 0.1  # the winner's curse
    told, random = [], []
    for seed in range(10, 16):
        gold = judged(seed, 400, responses)
        learned = learn(*drawn(gold, "best-worst"), seed=seed)
        p = share(learned.map.apply(mass))
        sure = p >= np.quantile(p, 0.5)
        told.append((p.mean(), p[sure].mean() - (outcome[sure] == BETTER).mean()))
        other = learn(*by_chance(gold, responses), seed=seed)
        random.append(share(other.map.apply(mass)).mean())
    # the standard error of a share from 400 labels is .02, of the mean of six .008
    mean, of_the_surer_half = np.mean(told, axis=0)
    assert mean == pytest.approx(right, abs=0.02)
    assert of_the_surer_half == pytest.approx(0, abs=0.02)
    assert np.mean(random) > right + 0.03
    assert learned.map.name.startswith("gold:")
    assert learned.tried


def test_held_out_p_did_not_see_the_label():
    """Labels by lot: whatever a map learns of them is wrong where it was not learned."""
    mass, _, prompt = drawn(judged(20, 200, 4), "adjacent")
    coin = np.random.default_rng(0).integers(0, 2, 200) * 2
    outcome = coin[prompt].astype(np.int32)  # one label a prompt: a leak would show
    learned = learn(mass, outcome, prompt)
    assert not isinstance(learned.map.sure, Identity)
    hit = outcome == BETTER
    p = share(learned.held_out)
    assert p[hit].mean() - p[~hit].mean() < 0.01
    assert p.mean() == pytest.approx(0.5, abs=0.08)


def test_ties_are_mapped_apart():
    """The votes say .1 tie, gold says .4: p stays, and the tie mass is mended."""
    rng = np.random.default_rng(3)
    size = 600
    p = rng.beta(6, 3, size)
    tie = np.clip(rng.normal(0.1, 0.03, size), 0.01, 0.3)
    mass = np.stack([(1 - tie) * p, tie, (1 - tie) * (1 - p)], axis=1)
    won = np.where(rng.random(size) < p, BETTER, WORSE)
    outcome = np.where(rng.random(size) < 0.4, TIE, won).astype(np.int32)
    prompt = np.arange(size, dtype=np.int32)
    learned = learn(mass, outcome, prompt)
    assert isinstance(learned.map.sure, Identity)  # honest already
    assert learned.map.name == "gold:ties beta"
    found = learned.map.apply(mass)
    assert found[:, TIE].mean() == pytest.approx(0.4, abs=0.05)
    np.testing.assert_allclose(share(found), p, atol=1e-9)
    coarse = learn(mass, outcome, prompt, ties_tell=False)
    assert coarse.map == NO_MAP
    assert "coarser than the votes" in coarse.notes[1]


def test_little_gold_and_none():
    mass, outcome, prompt = drawn(judged(4, 12, 4), "best-worst")
    for few in (0, 1, 9):
        learned = learn(mass[:few], outcome[:few], prompt[:few])
        assert (learned.map, learned.tried) == (NO_MAP, False)
        np.testing.assert_array_equal(learned.held_out, mass[:few])
    one = learn(mass, outcome, np.zeros(12, dtype=np.int32))
    assert (one.map, one.tried) == (NO_MAP, False)
    assert NO_MAP.name == "none: vote shares"
    assert NO_MAP.apply(mass) is mass


def test_gold_that_agrees_with_every_pair_or_with_none():
    """Ten labels tell how sure p may be also where no error, or no hit, is among them."""
    mass = np.tile([[0.6, 0.0, 0.4]], (40, 1))
    prompt = np.arange(40)
    right = learn(mass, np.zeros(40, dtype=np.int32), prompt)
    assert right.tried
    assert right.map.apply(mass)[0, 0] > 0.7
    wrong = learn(mass, np.full(40, 2, dtype=np.int32), prompt)
    assert 0.5 <= wrong.map.apply(mass)[0, 0] < 0.56
    unsure = learn(mass[:12], np.zeros(12, dtype=np.int32), prompt[:12])
    assert unsure.tried
    for found in (right, wrong, unsure):
        np.testing.assert_allclose(found.map.apply(mass).sum(axis=1), 1)
        turned = found.map.apply(mass[:, ::-1])
        np.testing.assert_allclose(turned, found.map.apply(mass)[:, ::-1], atol=1e-12)


def test_labels_count_by_the_inverse_of_their_chance():
    """Wrong pairs came to be labelled three times as often as right ones."""
    mass, outcome, prompt = drawn(judged(8, 1500, 4), "best-worst")
    chance = np.where(outcome == BETTER, 0.3, 0.9)
    kept = np.random.default_rng(0).random(1500) < chance
    weighted = learn(mass[kept], outcome[kept], prompt[kept], 1 / chance[kept])
    plain = learn(mass[kept], outcome[kept], prompt[kept])
    right = (outcome == BETTER).mean()
    assert share(weighted.map.apply(mass)).mean() == pytest.approx(right, abs=0.03)
    assert share(plain.map.apply(mass)).mean() < right - 0.1


def test_separated_gold_gives_a_finite_map():
    p = np.r_[np.full(30, 1.0), np.full(10, 0.0)]
    mass = np.stack([p, 0 * p, 1 - p], axis=1)
    outcome = np.where(p > 0.5, BETTER, WORSE).astype(np.int32)
    learned = learn(mass, outcome, np.arange(40, dtype=np.int32))
    found = share(learned.map.apply(mass))
    assert np.isfinite(found).all()
    assert (found[:30] > 0.9).all()
    assert (found[30:] < 0.2).all()


masses = st.lists(
    st.tuples(st.integers(1, 10), st.integers(0, 10), st.integers(0, 10)), min_size=1, max_size=20
).map(lambda rows: np.array(rows) / np.sum(rows, axis=1, keepdims=True))


@given(masses, st.floats(0.2, 3), st.floats(-2, 2), st.floats(-2, 2))
def test_a_map_keeps_the_order_of_p_and_of_ties(mass, slope, bias, other):
    found = PairMap(Platt(slope, (0.0, bias)), Platt(slope, (0.0, other))).apply(mass)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert found.min() >= 0
    p, q = share(mass), share(found)
    assert (np.diff(q[np.argsort(p, kind="stable")]) >= -1e-9).all()
    by_tie = found[np.argsort(mass[:, TIE], kind="stable"), TIE]
    assert (np.diff(by_tie) >= -1e-9).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_what_is_not_the_mass_stays(seed):
    mass, _, _ = drawn(judged(5, 20, 4), "adjacent")
    rng = np.random.default_rng(seed)
    lack = rng.choice([Reason.KEPT, Reason.NO_VOTE], len(mass)).astype(np.int8)
    pairs = PairMass(mass, mass, rng.integers(1, 5, len(mass)).astype(np.int32), lack)
    mapped = PairMap(Platt(0.5, (0.2, 0.0)), Identity()).mapped(pairs)
    np.testing.assert_array_equal(mapped.dissent, pairs.dissent)
    np.testing.assert_array_equal(mapped.tie, pairs.tie)
    np.testing.assert_array_equal(mapped.lack, pairs.lack)
    assert (screen(mapped, Bars(0.5))[lack == Reason.NO_VOTE] == Reason.NO_VOTE).all()


@pytest.mark.parametrize(("strategy", "replications"), [("best-worst", 120), ("above-bar", 30)])
def test_the_promise_is_kept(strategy, replications):
    """Gold on 160 prompts out of 5,000, drawn anew; the errors of what passes are known."""
    mass, outcome, prompt = drawn(judged(6, 5000, 4), strategy)
    rng = np.random.default_rng(0)
    broken, coverage = 0, 0.0
    for seed in range(replications):
        rows = np.flatnonzero(np.isin(prompt, rng.choice(5000, 160, replace=False)))
        found = promise(mass[rows], outcome[rows], prompt[rows], 0.2, 0.9, among=mass, seed=seed)
        if found.bars.min_p is None:
            continue
        p = np.round(share(found.map.apply(mass)), 12)
        kept = p >= found.bars.min_p
        broken += (outcome[kept] != BETTER).mean() > 0.2
        coverage += kept.mean() / replications
    # the standard error of .10 from so many replications: .027 and .055
    assert broken / replications <= 0.1 + 2 * np.sqrt(0.1 * 0.9 / replications)
    assert coverage > 0.2


def test_a_tie_is_an_error_and_what_cannot_be_promised_is_not():
    rng = np.random.default_rng(0)
    p = expit(rng.normal(3, 1, 300))
    mass, prompt = np.stack([p, 0 * p, 1 - p], axis=1), np.arange(300, dtype=np.int32)
    outcome = np.where(rng.random(300) < p, BETTER, WORSE).astype(np.int32)
    found = promise(mass, outcome, prompt, 0.15, 0.9)
    assert found.bars.min_p is not None
    assert screen(PairMass(mass, mass, prompt, 0 * prompt), found.bars).min() == Reason.KEPT
    assert any("or a tie" in note for note in found.notes)
    tied = np.where(rng.random(300) < 0.4, TIE, outcome).astype(np.int32)
    nothing = promise(mass, tied, prompt, 0.15, 0.9)
    assert nothing.bars.min_p is None
    codes = screen(PairMass(mass, mass, prompt, 0 * prompt), nothing.bars)
    assert set(codes) == {Reason.AGAINST, Reason.UNPROMISED}
    coarse = promise(mass, tied, prompt, 0.25, 0.9, ties_tell=False)
    assert coarse.bars.min_p is not None
    for few in (0, 1):
        with pytest.raises(UsageError, match="only gold labels can"):
            promise(mass[:few], outcome[:few], prompt[:few], 0.1, 0.9)
    small = promise(mass[:30], outcome[:30], prompt[:30], 0.1, 0.9)
    assert small.bars.min_p is None
    assert "too few labels" in small.notes[-1]
    assert found.tried
    assert not promise(mass[:12], outcome[:12], prompt[:12], 0.1, 0.9).tried


def test_the_interval_of_the_noise_covers():
    """Several pairs a prompt, wrong together: 120 prompts of 4,000, drawn 400 times."""
    mass, outcome, prompt = drawn(judged(7, 4000, 4), "above-bar")
    bars = Bars(0.8)
    above = share(mass) >= 0.8
    true = (outcome[above] != BETTER).mean()
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        rows = np.flatnonzero(np.isin(prompt, rng.choice(4000, 120, replace=False)))
        found = checked_noise(mass[rows], outcome[rows], prompt[rows], bars)
        covered += found.low <= true <= found.high
    assert 0.92 <= covered / 400 <= 0.985  # standard error of .95: .011
    weight = np.full(len(rows), 3.0)
    assert checked_noise(mass[rows], outcome[rows], prompt[rows], bars, weight) == found


def test_noise_by_the_votes_own_account_has_no_interval():
    mass = np.array([[0.8, 0.1, 0.1], [0.6, 0.2, 0.2]])
    found = unchecked_noise(mass.sum(axis=0), 2, "there is no gold")
    assert (found.share, found.tied) == (pytest.approx(0.3), pytest.approx(0.15))
    assert (found.low, found.high, found.prompts) == (None, None, 0)
    assert found.source == "by the judges' own account, a tie counted as wrong: there is no gold"
    none = np.zeros(2, dtype=np.int32)
    assert checked_noise(mass, none, none, Bars(0.95)) is None
    assert checked_noise(mass, none, none, Bars(None)) is None
    tied = checked_noise(mass, np.array([TIE, BETTER], np.int32), np.arange(2), Bars(0.5))
    assert (tied.share, tied.tied, tied.pairs) == (0.5, 0.5, 2)
    untied = checked_noise(
        mass, np.array([TIE, BETTER], np.int32), np.arange(2), Bars(0.5), ties_tell=False
    )
    assert (untied.share, untied.tied, untied.pairs) == (0, 0, 1)
    with pytest.raises(ValueError, match="no pair was written"):
        unchecked_noise(np.zeros(3), 0, "")
