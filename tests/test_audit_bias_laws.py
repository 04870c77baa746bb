"""Laws of the audit of bias: sums as by brute force, and no cell without a reason."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_judge.aggregation.mean import Mean
from w2s_judge.audit.bias.against_others import against_others
from w2s_judge.audit.bias.covariances import covariances
from w2s_judge.audit.bias.theme import bias
from w2s_judge.audit.by_judge import by_judge
from w2s_judge.audit.median_of_others import median_of_others
from w2s_judge.audit.panel import Ledger, Panel, Traits
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.sums_by import rows_of, sums_by
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix


def some_votes(rng):
    """Votes of three judges on some of six items."""
    item, rater = np.nonzero(rng.random((6, 3)) < 0.7)
    return VoteMatrix(
        tuple("abcdef"), ("x", "y", "z"), ("no", "yes"), item.astype(np.int32),
        rater.astype(np.int32), np.arange(6, dtype=np.int32), (None,) * 3,
        rng.integers(0, 2, len(item)).astype(np.int32),
    )  # fmt: skip


cells_strategy = st.fixed_dictionaries({
    "seed": st.integers(0, 2**32 - 1), "items": st.integers(1, 120), "judges": st.integers(1, 4),
    "labels": st.integers(1, 5), "kept": st.sampled_from([0.0, 0.3, 1.0]), "soft": st.booleans(),
    "ordered": st.booleans(), "arity": st.sampled_from([1, 2]), "orders": st.booleans(),
    "utility": st.booleans(), "prompts": st.sampled_from([1, 8, 80]), "gold": st.booleans(),
})  # fmt: skip


@settings(max_examples=60, deadline=None, derandomize=True)
@given(case=cells_strategy)
def test_whatever_the_votes_no_cell_is_without_a_number_or_a_reason(sound, case):
    rng = np.random.default_rng(case["seed"])
    items, size, orders = case["items"], case["labels"], 2 if case["orders"] else 1
    raters = case["judges"] * orders
    item, rater = np.nonzero(rng.random((items, raters)) < case["kept"])
    mass = rng.dirichlet(np.ones(size), len(item))
    names = tuple(f"j{k // orders}" for k in range(raters))
    votes = VoteMatrix(
        tuple(f"i{k}" for k in range(items)), tuple(f"{n}/{k}" for k, n in enumerate(names)),
        tuple("abcde"[:size]), item.astype(np.int32), rater.astype(np.int32),
        rng.integers(0, case["prompts"], items).astype(np.int32),
        tuple(rng.choice(["x", "y", None], raters)), None if case["soft"] else mass.argmax(1),
        mass if case["soft"] else None, ordered=case["ordered"], judge=names,
        order=("ab", "ba") * case["judges"] if case["orders"] else None,
        positions=np.tile(np.arange(case["arity"]), (items, 1)).astype(np.int32),
    )  # fmt: skip
    gold = Gold(
        np.arange(items, dtype=np.int32), rng.integers(0, size, items), tuple("abcde"[:size])
    )
    written = rng.choice(["x", "y", "z"], (items, case["arity"])).tolist()
    judged = by_judge(votes)
    made = Panel(
        "made", votes, judged, Mean()(judged), arity=case["arity"],
        gold=gold if case["gold"] else None,
        utility=tuple(np.linspace(0, 1, size)) if case["utility"] else None,
        worth=tuple(np.linspace(0, 1, size)),
        traits=Traits(rng.integers(0, 9, (items, case["arity"])), tuple(map(tuple, written))),
        ledger=Ledger(*[np.zeros(0, dtype=np.int32)] * 3, (), models={"j0": "m", "j1": "m"}),
    )  # fmt: skip
    part = bias(made, Resample.of(votes.group, draws=99))
    sound(part)
    assert part.sentences or part.notes
    assert all(table.rows for table in part.tables)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_sums_by_key_are_those_of_columns(seed):
    rng = np.random.default_rng(seed)
    items, rows, size = rng.integers(1, 30), rng.integers(0, 60), int(rng.integers(1, 40))
    resample = Resample.of(rng.integers(0, 12, items).astype(np.int32), draws=20)
    item, key, value = rng.integers(0, items, rows), rng.integers(0, size, rows), rng.random(rows)
    columns = value[:, None] * (key[:, None] == np.arange(size))
    found = sums_by(resample, item, key, size, value)
    np.testing.assert_allclose(found, resample.sums(item, columns), atol=1e-12)
    assert [r.tolist() for r in rows_of(key, size)] == [
        np.flatnonzero(key == k).tolist() for k in range(size)
    ]
    moments = covariances(resample, item, key, size, (value, value**2))
    for k in np.unique(key):
        plain = np.cov(np.stack([value, value**2])[:, key == k], bias=True)
        np.testing.assert_allclose(moments[:, :, 0, k], plain, atol=1e-12)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_others_by_brute_force(seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 5, (3, int(rng.integers(1, 7)))).astype(float)
    values[rng.random(values.shape) < 0.2] = np.nan
    found = median_of_others(values)
    for at, own in np.ndenumerate(values):
        others = np.delete(values[at[0]], at[1])
        known = others[np.isfinite(others)]
        expected = np.median(known) if len(known) and np.isfinite(own) else np.nan
        assert found[at] == expected or (np.isnan(found[at]) and np.isnan(expected))
    votes = some_votes(rng)
    value = rng.random(votes.V)
    against = against_others(votes, value)
    for vote, others, apart in zip(against.vote, against.others, against.apart, strict=True):
        rest = (votes.item == votes.item[vote]) & (np.arange(votes.V) != vote)
        assert others == pytest.approx(value[rest].mean())
        assert apart == pytest.approx(value[vote] - others)
