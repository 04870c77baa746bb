"""Patterns, sparse and dense layouts, chunks, acceleration, and models that score new votes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_judge.aggregation.cells import Cells
from w2s_judge.aggregation.dawid_skene import DawidSkene
from w2s_judge.aggregation.em import Climb, collect, expect, posterior
from w2s_judge.aggregation.fitted import Fitted, Problem, table_of
from w2s_judge.aggregation.folding import fold
from w2s_judge.aggregation.layout import Block, Layout, item_blocks
from w2s_judge.aggregation.one_coin import OneCoin
from w2s_judge.aggregation.patterns import Patterns, lay_out
from w2s_judge.aggregation.soft_cells import DenseSoft, SparseSoft, soft
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

METHODS = (DawidSkene(), OneCoin())


def panel(seed, items=300, raters=4, labels=3, fill=1.0, mild=None):
    """Votes of a panel of which each is right in its own share of the items."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, labels, items)
    right = rng.random((items, raters)) < np.linspace(0.5, 0.9, raters)
    label = np.where(right, truth[:, None], rng.integers(0, labels, (items, raters)))
    item, rater = np.divmod(np.flatnonzero(rng.random(items * raters) < fill), raters)
    label = label[item, rater]
    mass = None
    if mild is not None:
        mass = (1 - mild) * np.eye(labels)[label] + mild * rng.dirichlet(np.ones(labels), len(item))
    return VoteMatrix(
        tuple(f"i{k}" for k in range(items)), tuple(f"r{k}" for k in range(raters)),
        tuple("abcde"[:labels]), item.astype(np.int32), rater.astype(np.int32),
        np.arange(items, dtype=np.int32), (None,) * raters,
        label=label.astype(np.int32) if mass is None else None, mass=mass, ordered=False,
    )  # fmt: skip


def gold_on(votes, count, seed=0):
    rng = np.random.default_rng(seed)
    item = rng.choice(votes.I, count, replace=False).astype(np.int32)
    return Gold(item, rng.integers(0, votes.L, count).astype(np.int32), votes.labels)


def item_by_item(method, votes, gold=None):
    """The fit with a row an item, whatever `lay_out` would take."""
    problem = method.problem(votes, gold)
    blocks = tuple(item_blocks(votes, gold))
    layout = Layout(lambda: blocks, float(votes.V), votes.support)
    fitted = method.fit(layout, problem)
    return fitted.consensus(layout, table_of(fitted.confusion), fitted.notes)


def chunks_of(votes, size):
    """Runs of items as vote matrices of their own, and the same function of the gold labels."""
    for start in range(0, votes.I, size):
        here = np.flatnonzero((votes.item >= start) & (votes.item < start + size))
        part = votes.only(here)
        names = votes.items[start : start + size]
        yield replace(
            part, items=names, item=part.item - np.int32(start), group=votes.group[: len(names)]
        )


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from([0.4, 0.8, 1.0]), st.booleans())
def test_patterns_change_nothing(seed, fill, with_gold):
    votes = panel(seed, items=60, fill=fill)
    gold = gold_on(votes, 9, seed) if with_gold else None
    assert lay_out(votes, gold, 3).row_of_item is not None
    for method in METHODS:
        ours, plain = method(votes, gold), item_by_item(method, votes, gold)
        np.testing.assert_allclose(ours.posterior, plain.posterior, atol=1e-6)
        np.testing.assert_allclose(ours.confusion, plain.confusion, atol=1e-6)
        np.testing.assert_array_equal(ours.support, votes.support)


@pytest.mark.parametrize("mild", [None, 0.5])
def test_the_order_of_the_votes_changes_nothing(mild):
    votes = panel(3, mild=mild)
    turned = votes.only(np.random.default_rng(0).permutation(votes.V))
    for method in METHODS:
        np.testing.assert_allclose(method(votes).posterior, method(turned).posterior, atol=1e-9)


def test_rows_that_cannot_be_numbered_are_kept_as_items():
    twice = panel(4)
    twice = twice.only(np.append(np.arange(twice.V), 0))
    wide = panel(5, items=20, raters=40)
    heavy = replace(panel(6), weight=np.full(1200, 0.5))
    for votes in (twice, wide, heavy):
        assert Patterns(votes.J, votes.L).codes(votes, None) is None
        assert lay_out(votes, None, 3).row_of_item is None
        assert np.isfinite(DawidSkene()(votes).posterior).all()


def test_many_possible_rows_are_sorted_instead_of_counted():
    votes = panel(7, items=500, raters=14, labels=2, fill=0.9)
    assert Patterns(14, 2).possible > 2**20
    np.testing.assert_allclose(
        DawidSkene()(votes).posterior, item_by_item(DawidSkene(), votes).posterior, atol=1e-6
    )


def test_a_complete_table_of_soft_votes_is_not_copied():
    votes = panel(8, mild=0.4)
    table = DenseSoft.of(votes)
    assert np.shares_memory(table.rows, votes.mass)
    assert isinstance(soft(panel(8, fill=0.2, mild=0.4)), SparseSoft)
    assert isinstance(soft(replace(votes, weight=np.ones(votes.V))), SparseSoft)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from([0.5, 0.9, 1.0]))
def test_soft_layouts_agree(seed, fill):
    votes = panel(seed, items=40, fill=fill, mild=0.6)
    confusion = np.random.default_rng(seed).dirichlet(np.ones(3), (4, 3))
    found = []
    for table in (DenseSoft.of(votes), SparseSoft.of(votes)):
        blocks = tuple(Block(part) for part in table.blocks(16))
        layout = Layout(lambda blocks=blocks: blocks, float(votes.V))
        step = expect(layout, table_of(confusion), np.log([0.5, 0.3, 0.2]))
        flat = collect(layout, (12, 3), lambda block: block.cells.project(np.zeros((12, 3))) + 1)
        found.append((step, flat))
    (dense, flat), (listed, also) = found
    np.testing.assert_allclose(dense.counts, listed.counts, atol=1e-12)
    np.testing.assert_allclose(dense.classes, listed.classes, atol=1e-12)
    assert dense.log_likelihood == pytest.approx(listed.log_likelihood)
    np.testing.assert_allclose(flat.counts, also.counts, atol=1e-12)
    np.testing.assert_allclose(flat.counts, Cells.of(votes).collect(np.ones((40, 3))), atol=1e-12)


def test_hard_votes_as_one_hot_mass_give_the_same():
    hard = panel(9, fill=0.9)
    for masses in (hard, replace(hard, weight=np.full(hard.V, 1.0))):
        soft_votes = replace(masses, label=None, mass=np.eye(3)[hard.label])
        for method in METHODS:
            np.testing.assert_allclose(
                method(soft_votes).posterior, method(hard).posterior, atol=1e-6
            )


@pytest.mark.parametrize("mild", [None, 0.5])
@pytest.mark.parametrize("raters", [4, 40])
@pytest.mark.parametrize("golds", [0, 40])
def test_chunks_give_what_the_whole_gives(mild, raters, golds):
    votes = panel(10, raters=raters, mild=mild, fill=0.9)
    gold = gold_on(votes, golds) if golds else None
    passes = []

    def chunks():
        passes.append(1)
        return chunks_of(votes, 70)

    def gold_of(chunk):
        start = votes.items.index(chunk.items[0])
        mine = gold.only((gold.item >= start) & (gold.item < start + chunk.I))
        return replace(mine, item=mine.item - np.int32(start))

    for method in METHODS:
        passes.clear()
        folded = fold(method, chunks, gold_of if golds else None)
        whole = method(votes, gold)
        assert len(passes) == 1 if mild is None and raters == 4 else len(passes) > 2
        np.testing.assert_allclose(folded.confusion, whole.confusion, atol=1e-6)
        np.testing.assert_allclose(folded.prior, whole.prior, atol=1e-9)
        rows = np.concatenate([folded.predict(part).posterior for part in chunks_of(votes, 70)])
        free = np.setdiff1d(np.arange(votes.I), [] if gold is None else gold.item)
        np.testing.assert_allclose(rows[free], whole.posterior[free], atol=1e-6)
        assert folded.notes == whole.notes


def test_chunks_must_fit_together():
    votes = panel(11)
    other = replace(votes, raters=("x", "y", "z", "w"))
    with pytest.raises(ConfigurationError, match="differ in their raters"):
        fold(DawidSkene(), lambda: [votes, other])
    with pytest.raises(ConfigurationError, match="gave none"):
        fold(DawidSkene(), list)


def fitted_to(method, votes):
    return method.fit(lay_out(votes, None, 3), method.problem(votes, None))


def test_new_votes_are_scored_without_a_fit():
    votes = panel(12)
    for method in METHODS:
        model = fitted_to(method, votes)
        assert isinstance(model, Fitted)
        known = method(votes)
        np.testing.assert_allclose(model.predict(votes).posterior, known.posterior, atol=1e-12)
        # Two of the raters, in another order, labels in another order, and one who is new.
        some = votes.only(votes.rater >= 2)
        table = np.array([0, 0, 1, 0], np.int32)
        turned = replace(
            some, raters=("r3", "r2"), labels=("c", "b", "a"), family=(None, None),
            rater=table[some.rater], label=2 - some.label,
        )  # fmt: skip
        found = model.predict(turned)
        layout = Layout(lambda some=some: tuple(item_blocks(some, None)), 1.0, some.support)
        expected = posterior(layout, table_of(known.confusion), np.log(known.prior))
        np.testing.assert_allclose(found.posterior, expected, atol=1e-9)
        stranger = model.predict(replace(turned, raters=("r3", "new")))
        assert stranger.support.max() == 1
        assert any("new" in note for note in stranger.notes)
        with pytest.raises(ConfigurationError, match="knows no label"):
            model.predict(replace(votes, labels=("a", "b", "z")))


@pytest.mark.parametrize("method", [DawidSkene, OneCoin])
def test_acceleration_ends_at_the_same_place_sooner(method):
    votes = panel(13, items=400, raters=25, fill=0.2)
    fast, slow = (
        method(accelerate=on, tol=1e-13, max_iterations=20000)(votes) for on in (True, False)
    )
    assert fast.fit.converged
    assert slow.fit.converged
    assert fast.fit.iterations < slow.fit.iterations
    np.testing.assert_allclose(fast.posterior, slow.posterior, atol=1e-4)
    assert fast.fit.objective == pytest.approx(slow.fit.objective, abs=1e-9)


def test_no_point_of_a_climb_is_evaluated_twice():
    """Three rates, so that an extrapolation is never exact; now and then it leads downhill."""
    seen, downhill = [], []
    rate = np.array([0.95, 0.6, 0.2])

    def step(at):
        seen.append(at.tobytes())
        return -1.0 - float(at @ at), at * rate

    def moved(trial):
        downhill.append(len(downhill) % 3 == 2)
        return trial + 10.0 if downhill[-1] else trial

    top, fit = Climb(1e-10, 500, True)(step, np.array([5.0, 2.0, 1.0]), moved)
    assert fit.converged
    assert any(downhill)
    assert len(downhill) > 3
    assert len(set(seen)) == len(seen) == fit.iterations
    assert fit.objective == step(top)[0]


@pytest.mark.parametrize("mild", [None, 0.5])
@pytest.mark.parametrize("method", [DawidSkene, OneCoin])
def test_a_given_prior_stays_as_it_is_through_acceleration(method, mild):
    prior = (0.7, 0.2, 0.1)
    votes = panel(20, items=400, raters=12, fill=0.4, mild=mild)
    votes = replace(votes, truth=Truth(votes.labels, (0, 1, 2), prior))
    fast, slow = (
        method(accelerate=on, tol=1e-13, max_iterations=20000)(votes) for on in (True, False)
    )
    assert fast.fit.iterations < slow.fit.iterations
    assert fast.prior.tobytes() == np.array(prior).tobytes()
    assert fast.prior_source == "given"
    np.testing.assert_allclose(fast.posterior, slow.posterior, atol=1e-4)
    blocks = tuple(item_blocks(votes, None))
    layout = Layout(lambda: blocks, float(votes.V))
    with_it = posterior(layout, table_of(fast.confusion), np.log(prior))
    np.testing.assert_allclose(fast.posterior, with_it, atol=1e-9)


@pytest.mark.parametrize("mild", [None, 0.7])
def test_a_pilot_leads_to_the_same_place_in_fewer_passes(mild):
    votes = panel(19, items=20000, raters=5, mild=mild)
    table = Cells.of(votes) if mild is None else DenseSoft.of(votes)
    blocks = tuple(Block(part) for part in table.blocks(500))
    sample = Layout(lambda: blocks[::4], float(votes.V) / 4)
    for method in (DawidSkene(tol=1e-10), OneCoin(tol=1e-10)):
        problem = method.problem(votes, None)
        plain, led = (
            method.fit(Layout(lambda: blocks, float(votes.V), None, None, pilot), problem)
            for pilot in (None, sample)
        )
        assert led.fit.converged
        assert led.fit.iterations <= plain.fit.iterations
        assert led.fit.objective == pytest.approx(plain.fit.objective, abs=1e-6)
        np.testing.assert_allclose(led.confusion, plain.confusion, atol=2e-3)


@pytest.mark.parametrize("method", [DawidSkene, OneCoin])
def test_a_fit_that_did_not_converge_says_so(method):
    found = method(max_iterations=3)(panel(14))
    assert not found.fit.converged
    assert found.fit.iterations == 3
    assert any("3 iterations" in note for note in found.notes)
    done = method()(panel(14))
    assert done.fit.converged
    assert not any("iterations" in note for note in done.notes)


@pytest.mark.parametrize("method", METHODS)
def test_silence_is_the_prior(method):
    votes = panel(15, items=20)
    none = votes.only(np.zeros(0, np.int64))
    found = method(none)
    np.testing.assert_allclose(found.posterior, 1 / 3)
    assert found.fit.converged
    levels = replace(none, ordered=True, truth=Truth(("no", "yes"), None, (0.3, 0.7)))
    np.testing.assert_allclose(method(levels).posterior, np.tile([0.3, 0.7], (20, 1)))
    some = method(votes.only(votes.item != 4))
    np.testing.assert_allclose(some.posterior[4], some.prior, atol=1e-12)
    one_label = method(replace(votes, label=np.zeros(votes.V, np.int32)))
    assert np.isfinite(one_label.posterior).all()
    assert (one_label.posterior.argmax(axis=1) == 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_rater_who_never_votes_changes_nothing(method):
    votes = panel(16)
    more = replace(votes, raters=(*votes.raters, "mute"), family=(None,) * 5)
    np.testing.assert_allclose(method(votes).posterior, method(more).posterior, atol=1e-9)
    assert method(votes).fit.objective == pytest.approx(method(more).fit.objective, abs=1e-12)


def test_the_same_votes_give_the_same_bytes_and_are_left_alone():
    for votes in (panel(17), panel(17, mild=0.5), panel(17, raters=40, fill=0.3)):
        before = [np.copy(one) for one in (votes.item, votes.rater, votes.soft())]
        for method in METHODS:
            assert method(votes).posterior.tobytes() == method(votes).posterior.tobytes()
        for one, kept in zip((votes.item, votes.rater, votes.soft()), before, strict=True):
            np.testing.assert_array_equal(one, kept)


def test_indices_that_name_nothing_are_refused():
    votes = panel(18)
    with pytest.raises(ValueError, match="label has an index outside"):
        DawidSkene()(replace(votes, label=votes.label + np.int32(1)))
    assert Problem.of(votes, None).table == (12, 3)
