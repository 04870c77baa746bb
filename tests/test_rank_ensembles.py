"""One ranking out of the rankings of many questions."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau

from w2s_judge.comparisons import Comparisons, Ranking
from w2s_judge.errors import UsageError
from w2s_judge.ranking.components import ranks
from w2s_judge.ranking.mallows import LEAST, MOST, PARTNERS, expected_distance, spreads
from w2s_judge.ranking.rank_ensembles import merged
from w2s_judge.ranking.rank_lists import rank_lists

WAYS = ("borda", "kemeny", "majority", "weighted-kemeny", "weighted-majority")


def objects(orders):
    """Comparisons without a comparison, and the name of each object; orders: names, best first."""
    names = [name for order in orders for name in order]
    question = np.repeat(np.arange(len(orders)), [len(order) for order in orders])
    none = np.empty(0, dtype=np.int32)
    comparisons = Comparisons(
        tuple(f"o{k}" for k in range(len(names))), question.astype(np.int32),
        tuple(f"q{k}" for k in range(len(orders))), ("j",), none, none, none, np.empty((0, 3)),
        none,
    )  # fmt: skip
    return comparisons, names


def by_score(score, question):
    score = np.asarray(score, dtype=float)
    return Ranking(score, ranks(score, question), np.zeros(len(score), dtype=np.int32), "given")


def listed(*orders):
    """One list a question, names best first."""
    comparisons, names = objects(orders)
    score = [-place for order in orders for place in range(len(order))]
    return rank_lists(comparisons, by_score(score, comparisons.question), names)


def order_of(lists, how, **options):
    found = merged(lists, how, **options)
    return "".join(lists.names[k] for k in np.argsort(-found.score, kind="stable"))


def test_borda_is_n_less_rank_in_complete_lists():
    lists = listed("abc", "abc", "bca")
    found = merged(lists)
    points = {"a": 2 + 2 + 0, "b": 1 + 1 + 2, "c": 0 + 0 + 1}
    share = np.array([points[name] for name in lists.names]) / 2 / 3
    np.testing.assert_allclose(found.score, share - share.mean())
    assert found.rank.tolist() == [1, 1, 3]


def test_what_a_question_lacks_counts_neither_way():
    lists = listed("ab", "ab", "ca", "cb", "cb")
    share = np.array([2 / 3, 0, 1])  # of a, b and c
    np.testing.assert_allclose(merged(lists).score, share - share.mean())
    assert order_of(lists, "kemeny") == "cab"
    assert order_of(lists, "majority") == "cab"


def test_majorities_and_kemeny_on_a_circle():
    # a > b two to one, b > c two to one, c > a two to one; one more list settles it.
    circle = listed("abc", "bca", "cab")
    assert merged(circle, "majority").rank.tolist() == [1, 1, 1]
    settled = listed("abc", "bca", "cab", "bca")
    assert order_of(settled, "kemeny") == "bca"


def test_a_tie_is_half_a_win_for_borda_and_none_for_the_others():
    comparisons, names = objects(["ab", "ab"])
    lists = rank_lists(comparisons, by_score([1, 1, 2, 1], comparisons.question), names)
    np.testing.assert_allclose(merged(lists).score, [0.25, -0.25])
    np.testing.assert_allclose(merged(lists, "majority").score, [1, -1])
    alone = rank_lists(objects(["ab"])[0], by_score([1, 1], np.zeros(2, np.int32)), ["a", "b"])
    assert merged(alone).rank.tolist() == merged(alone, "majority").rank.tolist() == [1, 1]


def test_parts_of_a_question_are_lists_of_their_own():
    comparisons, names = objects(["abcd"])
    ranking = Ranking(
        np.array([1.0, -1, 1, -1]), np.array([1, 2, 1, 2], dtype=np.int32),
        np.array([0, 0, 1, 1], dtype=np.int32), "given",
    )  # fmt: skip
    for how in WAYS:
        found = merged(rank_lists(comparisons, ranking, names), how)
        assert found.component.tolist() == [0, 0, 1, 1]
        assert found.rank.tolist() == [1, 2, 1, 2]
        assert any("2 parts" in note for note in found.notes)


def test_two_objects_of_one_name_in_a_question_both_count():
    lists = listed("aba")
    assert merged(lists).score.tolist() == [0, 0]
    assert order_of(listed("aab"), "kemeny") == "ab"


def test_weights_of_questions_are_repeats():
    orders = ["abcd", "bdca", "dcab", "cabd"]
    weight = np.array([2.0, 0, 1, 3])
    repeated = listed(
        *(order for order, w in zip(orders, weight, strict=True) for _ in range(int(w)))
    )
    for how in ("borda", "kemeny", "majority"):
        one, other = merged(listed(*orders), how, weight=weight), merged(repeated, how)
        names = listed(*orders).names
        place = [repeated.names.index(name) for name in names]
        np.testing.assert_allclose(one.score, other.score[place], atol=1e-12)


def test_a_name_whose_questions_were_not_drawn_is_on_its_own():
    found = merged(listed("ab", "ac"), weight=np.array([1.0, 0.0]))
    assert found.component.tolist() == [0, 0, 1]
    assert found.score[2] == 0
    assert np.isfinite(found.score).all()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    orders=st.lists(st.permutations("abcd").map("".join), min_size=1, max_size=6),
    cut=st.integers(2, 4),
)
def test_kemeny_contradicts_no_more_pairs_than_any_order(orders, cut):
    lists = listed(*(order[:cut] for order in orders))
    place = {name: k for k, name in enumerate(order_of(lists, "kemeny"))}

    def contradicted(place):
        above = np.array([place[lists.names[k]] for k in lists.above])
        below = np.array([place[lists.names[k]] for k in lists.below])
        return int((above > below).sum())

    every = permutations(lists.names)
    assert contradicted(place) == min(contradicted({x: k for k, x in enumerate(o)}) for o in every)


@pytest.mark.parametrize("how", WAYS)
def test_the_hidden_order_is_recovered(how):
    rng = np.random.default_rng(0)
    comparisons, names = objects(["abcdefgh"] * 120)
    truth = -np.array(["abcdefgh".index(name) for name in names])
    score = truth + rng.normal(0, 3, len(truth))
    lists = rank_lists(comparisons, by_score(score, comparisons.question), names)
    assert kendalltau(merged(lists, how).score, -np.arange(8)).statistic > 0.85


def test_a_mallows_model_expects_what_counting_all_orders_says():
    for theta in (0.1, 0.7, 3.0):
        far = np.array([sum(a > b for k, a in enumerate(o) for b in o[k:])
                        for o in permutations(range(5))])  # fmt: skip
        chance = np.exp(-theta * far)
        expected = (chance * far).sum() / chance.sum()
        assert expected_distance(np.array(theta), 5) == pytest.approx(expected)


def test_spreads_find_which_judges_are_near_the_truth():
    rng = np.random.default_rng(1)
    comparisons, names = objects(["abcdefgh"] * 80)
    truth = -np.array(["abcdefgh".index(name) for name in names])
    rankings = [
        by_score(truth + rng.normal(0, noise, len(truth)), comparisons.question)
        for noise in (0.5, 2, 5, 30)
    ]
    theta = spreads(rank_lists(comparisons, rankings, names))
    assert (np.diff(theta) < 0).all()
    assert LEAST <= theta.min() < theta.max() / 2 < MOST


def test_weights_by_spread_help_where_most_questions_are_noise():
    rng = np.random.default_rng(2)
    noise = np.where(np.arange(60) < 15, 1.0, 30.0)
    taus = {how: [] for how in ("kemeny", "weighted-kemeny")}
    for _ in range(10):
        comparisons, names = objects(["abcdefgh"] * 60)
        truth = -np.array(["abcdefgh".index(name) for name in names])
        score = truth + rng.normal(size=len(truth)) * noise[comparisons.question]
        lists = rank_lists(comparisons, by_score(score, comparisons.question), names)
        for how, found in taus.items():
            found.append(kendalltau(merged(lists, how).score, -np.arange(8)).statistic)
    assert np.mean(taus["weighted-kemeny"]) > np.mean(taus["kemeny"])


def test_spreads_where_little_can_be_compared():
    assert spreads(listed("ab", "cd")).tolist() == [1, 1]
    assert spreads(listed("ab", "ab", "ab")).tolist() == pytest.approx([MOST] * 3)
    mixed = spreads(listed("ab", "ab", "ab", "cd"))
    assert mixed[3] == pytest.approx(MOST)
    many = listed(*["abc"] * (PARTNERS + 30))
    assert spreads(many).tolist() == spreads(many).tolist()


def test_trust_that_is_handed_over_is_used():
    lists = listed("abc", "cba", "cba")
    assert order_of(lists, "weighted-majority", trust=np.array([5.0, 1, 1])) == "abc"
    assert order_of(lists, "weighted-kemeny", trust=np.array([1.0, 1, 1])) == "cba"


def test_what_is_no_way_or_does_not_fit_is_refused():
    with pytest.raises(UsageError, match="weighted-majority"):
        merged(listed("ab"), "copeland")
    comparisons, names = objects(["ab"])
    with pytest.raises(ValueError, match="one entry an object"):
        rank_lists(comparisons, by_score([1, 0], comparisons.question), names[:1])


def test_nothing_to_merge():
    for how in WAYS:
        found = merged(listed("a", "b"), how)
        assert found.score.tolist() == [0, 0]
        assert found.rank.tolist() == [1, 1]
