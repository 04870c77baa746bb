"""The laws that methods declare, each a property test run for every registered method.

Votes are small and drawn at random: hard or soft, missing, repeated, weighted, ordered or not, as
many classes as labels or fewer, with a prior or without, with gold or without.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from w2s_judge.aggregation.contract import METHODS, Law
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

CLOSE = {"rtol": 0, "atol": 1e-6}
MANY = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,  # the gate must not depend on luck
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
EVERY = METHODS.all()


def declaring(*laws):
    chosen = [one for one in EVERY if set(laws) <= one.laws]
    return pytest.mark.parametrize("method", chosen, ids=[one.name for one in chosen])


@dataclass(frozen=True)
class Case:
    votes: VoteMatrix
    gold: Gold | None


@st.composite
def cases(draw, ordered=None, hard=None):
    """Votes that follow a truth more or less, so that iterative methods have something to find."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    I, J, L = draw(st.integers(1, 9)), draw(st.integers(1, 5)), draw(st.integers(2, 4))  # noqa: E741, N806
    C = draw(st.integers(2, L))  # noqa: N806
    given_prior = draw(st.booleans())
    ordered = draw(st.booleans()) if ordered is None else ordered
    hard = draw(st.booleans()) if hard is None else hard
    of_label = np.arange(L) * C // L
    truth = rng.integers(0, C, I)
    pairs = np.argwhere(rng.random((I, J)) < draw(st.sampled_from([0.4, 0.8, 1.0])))
    if draw(st.booleans()):
        pairs = np.concatenate([pairs, pairs[rng.random(len(pairs)) < 0.2]])
    label = rng.integers(0, L, len(pairs))
    follows = rng.random(len(pairs)) < 0.7
    for v in np.flatnonzero(follows):
        label[v] = rng.choice(np.flatnonzero(of_label == truth[pairs[v, 0]]))
    mass = np.eye(L)[label] * rng.random((len(pairs), 1)) + rng.dirichlet(np.ones(L), len(pairs))
    known = Truth(
        tuple("XYZW"[:C]),
        tuple(of_label.tolist()),
        tuple(rng.dirichlet(np.full(C, 5.0)).tolist()) if given_prior else None,
    )
    votes = VoteMatrix(
        items=tuple(f"i{k}" for k in range(I)),
        raters=tuple(f"r{k}" for k in range(J)),
        labels=tuple("abcd"[:L]),
        item=pairs[:, 0].astype(np.int32),
        rater=pairs[:, 1].astype(np.int32),
        group=np.arange(I, dtype=np.int32),
        family=(None,) * J,
        label=label.astype(np.int32) if hard else None,
        mass=None if hard else mass / mass.sum(axis=1, keepdims=True),
        ordered=ordered,
        weight=rng.uniform(0.2, 3, len(pairs)) if draw(st.booleans()) else None,
        levels=np.sort(rng.normal(size=L)) if ordered and draw(st.booleans()) else None,
        truth=known if C < L or given_prior or draw(st.booleans()) else None,
    )
    chosen = np.flatnonzero(rng.random(I) < draw(st.sampled_from([0.0, 0.3, 0.7])))
    gold = None
    if draw(st.booleans()):
        classes = known.classes if votes.truth else votes.labels
        shares = rng.uniform(0.1, 1, len(chosen)) if draw(st.booleans()) else None
        gold = Gold(chosen.astype(np.int32), truth[chosen].astype(np.int32), classes, shares)
    return Case(votes, gold)


def may_refuse(method, votes, gold):
    """Where a method may say that it cannot: no gold, no order, or too many classes for it."""
    usable = gold is not None and gold.G and votes.support[gold.item].any()
    many = votes.truth_with(gold).C > 2
    return (
        (method.needs_gold and not usable)
        or (method.graded and not votes.ordered)
        or (method.binary and many)
    )


def fit(method, case, aggregate=None):
    """The consensus after what holds always was looked at; None where the method may refuse."""
    votes, gold = case.votes, case.gold
    before = frozen(votes), frozen(gold)
    aggregate = method.make() if aggregate is None else aggregate
    try:
        found = aggregate(votes, gold)
    except ConfigurationError:
        if may_refuse(method, votes, gold):
            return None
        raise
    assert (frozen(votes), frozen(gold)) == before, "the inputs were touched"
    truth = votes.truth_with(gold)
    assert found.classes == truth.classes
    assert found.posterior.shape == (votes.I, truth.C)
    assert np.isfinite(found.posterior).all()
    assert found.posterior.min() >= 0
    np.testing.assert_allclose(found.posterior.sum(axis=1), 1, atol=1e-9)
    np.testing.assert_array_equal(found.support, votes.support)
    assert found.prior is not None
    assert found.prior.sum() == pytest.approx(1)
    if found.prior_source == "given":
        np.testing.assert_allclose(found.prior, truth.prior)
    for column in (found.score, found.weight, found.confusion):
        assert column is None or np.isfinite(column).all()
    return found


def frozen(thing):
    """All arrays as bytes; they cannot be written from here on."""
    if thing is None:
        return None
    found = []
    for field in fields(thing):
        value = getattr(thing, field.name)
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
            value = value.tobytes()
        found.append(value)
    return found


def same(one, other, order=slice(None)):
    """Two consensuses of the same items; `order` puts the second in the order of the first."""
    assert (one is None) == (other is None)
    if one is None:
        return
    np.testing.assert_allclose(other.posterior[order], one.posterior, **CLOSE)
    if one.decided is not None:
        np.testing.assert_array_equal(other.decided[order], one.decided)
    if one.score is not None:
        np.testing.assert_allclose(other.score[order], one.score, **CLOSE)


def shuffled(rng, votes):
    """The votes in another order."""
    return votes.only(rng.permutation(votes.V))


def test_every_method_keeps_the_first_laws(capsys):
    """Print the grid of methods and laws."""
    with capsys.disabled():
        print("\n" + " " * 20 + " ".join(f"{law.name:8}" for law in Law))
        for method in EVERY:
            cells = (f"{'yes' if law in method.laws else '-':8}" for law in Law)
            print(f"{method.name:20}" + " ".join(cells))
    for method in EVERY:
        assert {Law.ITEMS, Law.RATERS, Law.SILENCE} <= method.laws, method.name
        assert Law.LABELS in method.laws or Law.REVERSAL in method.laws, method.name


@declaring()
@MANY
@given(case=cases())
def test_rows_sum_to_one_inputs_stay_and_bytes_repeat(method, case):
    found, again = fit(method, case), fit(method, case)
    if found is not None:
        assert found.posterior.tobytes() == again.posterior.tobytes()
        assert (found.fit, found.notes) == (again.fit, again.notes)


@declaring(Law.ITEMS)
@MANY
@given(case=cases(), seed=st.integers(0, 2**16))
def test_items(method, case, seed):
    votes, gold = case.votes, case.gold
    rng = np.random.default_rng(seed)
    order = rng.permutation(votes.I)  # the new item k is the old item order[k]
    place = np.argsort(order).astype(np.int32)
    turned = replace(
        votes,
        items=tuple(votes.items[k] for k in order),
        item=place[votes.item],
        group=votes.group[order],
    )
    moved = None if gold is None else replace(gold, item=place[gold.item])
    same(fit(method, case), fit(method, Case(shuffled(rng, turned), moved)), place)


@declaring(Law.RATERS)
@MANY
@given(case=cases(), seed=st.integers(0, 2**16))
def test_raters(method, case, seed):
    votes = case.votes
    rng = np.random.default_rng(seed)
    order = rng.permutation(votes.J)
    place = np.argsort(order).astype(np.int32)
    turned = replace(votes, raters=tuple(votes.raters[k] for k in order), rater=place[votes.rater])
    one, other = fit(method, case), fit(method, Case(shuffled(rng, turned), case.gold))
    same(one, other)
    if one is not None:
        for was, now in ((one.weight, other.weight), (one.confusion, other.confusion)):
            if was is not None:
                np.testing.assert_allclose(now[place], was, rtol=1e-5, atol=1e-6)


def relabelled(case, label_order, class_order):
    """New label k is the old label_order[k], new class k the old class_order[k]."""
    votes, gold = case.votes, case.gold
    truth = votes.truth_with(None)
    to_label = np.argsort(label_order).astype(np.int32)
    to_class = np.argsort(class_order).astype(np.int32)
    levels = votes.levels
    turned = replace(
        votes,
        labels=tuple(votes.labels[k] for k in label_order),
        label=None if votes.label is None else to_label[votes.label],
        mass=None if votes.mass is None else votes.mass[:, label_order],
        levels=None if levels is None else -levels[label_order],
        truth=Truth(
            tuple(truth.classes[k] for k in class_order),
            tuple(int(to_class[truth.of_label[k]]) for k in label_order),
            None if truth.prior is None else tuple(truth.prior[k] for k in class_order),
        ),
    )
    classes = tuple(truth.classes[k] for k in class_order)
    moved = None if gold is None else replace(gold, label=to_class[gold.label], classes=classes)
    return Case(turned, moved)


@declaring(Law.LABELS)
@MANY
@given(case=cases(ordered=False), seed=st.integers(0, 2**16))
def test_labels(method, case, seed):
    rng = np.random.default_rng(seed)
    classes = rng.permutation(case.votes.truth_with(None).C)
    turned = relabelled(case, rng.permutation(case.votes.L), classes)
    one, other = fit(method, case), fit(method, turned)
    assert (one is None) == (other is None)
    if one is not None:
        np.testing.assert_allclose(other.posterior, one.posterior[:, classes], **CLOSE)


@declaring(Law.REVERSAL)
@MANY
@given(case=cases(ordered=True))
def test_reversal(method, case):
    labels = np.arange(case.votes.L)[::-1]
    classes = np.arange(case.votes.truth_with(None).C)[::-1]
    one, other = fit(method, case), fit(method, relabelled(case, labels, classes))
    assert (one is None) == (other is None)
    if one is not None:
        np.testing.assert_allclose(other.posterior, one.posterior[:, ::-1], **CLOSE)


@declaring(Law.SILENCE)
@MANY
@given(case=cases())
def test_silence(method, case):
    found = fit(method, case)
    if found is None:
        return
    known = np.zeros(case.votes.I, dtype=bool)
    if case.gold is not None:
        known[case.gold.item] = True
    silent = (case.votes.support == 0) & ~known
    expected = np.repeat(found.prior[None], silent.sum(), axis=0)
    np.testing.assert_allclose(found.posterior[silent], expected, atol=1e-9)


@declaring(Law.GOLD)
@MANY
@given(case=cases())
def test_gold(method, case):
    found = fit(method, case)
    if found is not None and case.gold is not None:
        expected = np.eye(len(found.classes))[case.gold.label]
        np.testing.assert_allclose(found.posterior[case.gold.item], expected, atol=1e-12)


@declaring(Law.MUTE)
@MANY
@given(case=cases())
def test_mute(method, case):
    votes = case.votes
    more = replace(votes, raters=(*votes.raters, "silent"), family=(*votes.family, None))
    same(fit(method, case), fit(method, Case(more, case.gold)))


@declaring(Law.CLIMBS)
@MANY
@given(case=cases())
def test_climbs(method, case):
    aggregate, last = method.make(), -np.inf
    for steps in (1, 2, 3, 4, 6, 10, 40):
        found = fit(method, case, replace(aggregate, max_iterations=steps))
        if found is None or found.fit is None or found.fit.objective is None:
            return
        assert found.fit.iterations <= steps
        assert found.fit.objective >= last - 1e-9
        last = found.fit.objective
