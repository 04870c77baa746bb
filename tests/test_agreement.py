"""The audit's theme "agreement": its tables, intervals, sentences, and what it leaves out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from w2s_judge.audit.agreement.coefficient import quadratic_weights
from w2s_judge.audit.agreement.cohen import cohen_kappa, contingency
from w2s_judge.audit.agreement.gwet import gwet_ac
from w2s_judge.audit.agreement.judge_pairs import judge_pairs
from w2s_judge.audit.agreement.kendall import kendall_taus
from w2s_judge.audit.agreement.krippendorff import Spread, krippendorff_alpha
from w2s_judge.audit.agreement.readings import Readings
from w2s_judge.audit.agreement.theme import agreement
from w2s_judge.audit.by_judge import by_judge
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Figure
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.shown_judges import shown_judges
from w2s_judge.consensus import Consensus
from w2s_judge.votes import VoteMatrix

RAW, ALPHA, ORDINAL, INTERVAL, FLEISS, AC1, AC2, SINGLE, AVERAGE = (
    "raw agreement", "Krippendorff's alpha, nominal", "Krippendorff's alpha, ordinal",
    "Krippendorff's alpha, interval", "Fleiss' kappa", "Gwet's AC1",
    "Gwet's AC2, quadratic weights", "ICC(2,1)", "ICC(2,k)",
)  # fmt: skip


def votes_of(table, labels, kept=None, per=1, **more):
    """Hard votes of a table (I, J), where `kept`; `per` items a prompt."""
    items, judges = table.shape
    item, rater = np.nonzero(np.ones(table.shape, dtype=bool) if kept is None else kept)
    columns = {
        "raters": tuple(f"judge {j}" for j in range(judges)),
        "labels": tuple("ABCDEFGH"[:labels]) if isinstance(labels, int) else labels,
        "label": table[item, rater].astype(np.int32),
        "family": (None,) * judges,
        **more,
    }
    return VoteMatrix(
        items=tuple(f"i{k}" for k in range(items)), item=item.astype(np.int32),
        rater=rater.astype(np.int32), group=(np.arange(items) // per).astype(np.int32), **columns,
    )  # fmt: skip


def simulated(seed, items=400, judges=4, labels=3, right=0.6):
    rng = np.random.default_rng(seed)
    truth = rng.integers(labels, size=(items, 1))
    own = rng.integers(labels, size=(items, judges))
    return np.where(rng.random((items, judges)) < right, truth, own)


def soft_of(votes, seed=0):
    """The same verdicts, as mass that differs from vote to vote."""
    rng = np.random.default_rng(seed)
    mass = rng.dirichlet(np.ones(votes.L), votes.V) * 0.4 + 0.6 * np.eye(votes.L)[votes.label]
    return replace(votes, label=None, mass=mass)


def panel_of(votes):
    flat = Consensus(
        np.full((votes.I, votes.L), 1 / votes.L), votes.labels, votes.support, "majority", "none"
    )
    return Panel("x", votes, by_judge(votes), flat)


def part_of(votes, draws=199):
    return agreement(panel_of(votes), Resample.of(votes.group, draws=draws))


def rows_of(part, table, key):
    found = part.table(table)
    return {} if found is None else {row[key]: row for row in found.records()}


def test_the_tables_hold_the_coefficients_with_base_rates_beside_them():
    votes = votes_of(simulated(1), 3, per=2)
    part = part_of(votes)
    panel = rows_of(part, "panel", "coefficient")
    assert list(panel) == [RAW, ALPHA, ORDINAL, INTERVAL, FLEISS, AC1, AC2, SINGLE, AVERAGE]
    alpha = krippendorff_alpha(votes.item, votes.label)
    assert panel[ALPHA]["value"]["value"] == pytest.approx(alpha.value, abs=1e-6)
    assert panel[ALPHA]["expected"] == pytest.approx(alpha.expected, abs=1e-6)
    ac2 = gwet_ac(votes.item, votes.label, 3, quadratic_weights(np.arange(3.0)))
    assert panel[AC2]["value"]["value"] == pytest.approx(ac2.value, abs=1e-6)
    share = np.bincount(votes.label, minlength=3) / votes.V
    rates = rows_of(part, "base_rates", "label")
    assert [row["share"]["value"] for row in rates.values()] == pytest.approx(share, abs=1e-6)
    for name, row in panel.items():
        assert row["value"]["low"] < row["value"]["value"] < row["value"]["high"]
        assert (row["value"]["prompts"], row["items"]) == (200, 400)
        if name not in (SINGLE, AVERAGE):
            assert row["base_rate"] == pytest.approx(share.max(), abs=1e-6)
    pairs = part.table("pairs")
    assert len(pairs.rows) == 6
    for one, two, items, raw, kappa, weighted, tau, base_one, base_two in pairs.rows:
        first, second = (votes.label[votes.rater == int(name[-1])] for name in (one, two))
        table = contingency(first, second, (3, 3))
        assert (items, raw.value) == (400, pytest.approx((first == second).mean()))
        assert kappa.value == pytest.approx(cohen_kappa(table).value)
        near = cohen_kappa(table, quadratic_weights(np.arange(3.0)))
        assert weighted.value == pytest.approx(near.value)
        assert base_one == pytest.approx(np.bincount(first).max() / 400)
        assert base_two == pytest.approx(np.bincount(second).max() / 400)
        assert all(f.low < f.value < f.high for f in (raw, kappa, weighted, tau))


def test_sentences_say_what_it_means_and_that_it_is_not_correctness():
    told = " ".join(part_of(votes_of(simulated(2), 3)).sentences)
    for words in ("same verdict", "guessed", "commonest label", "beyond chance", "agree most"):
        assert words in told
    assert "Agreement is not correctness" in told
    for right, words in ((1.0, "stand in for another"), (0.0, "hardly other than chance")):
        told = " ".join(part_of(votes_of(simulated(2, right=right), 3)).sentences)
        assert words in told
    flipped = simulated(2, judges=2, labels=2, right=1.0)
    flipped[:, 1] = 1 - flipped[:, 1]
    assert "contradict one another" in " ".join(part_of(votes_of(flipped, 2)).sentences)


def test_a_label_that_has_nearly_all_verdicts_is_named():
    rng = np.random.default_rng(3)
    table = (rng.random((500, 4)) < 0.05).astype(int)
    part = part_of(votes_of(table, 2))
    assert "AC1" in " ".join(part.sentences)
    panel = rows_of(part, "panel", "coefficient")
    assert panel[ALPHA]["value"]["value"] < 0.1 < 0.85 < panel[AC1]["value"]["value"]


def again(resample, votes, draw, compute):
    """What `compute` makes of the votes with every item as often as it was drawn."""
    times = resample.weights[draw][resample.block].astype(int)[votes.item]
    copy = np.concatenate([np.arange(many) for many in times])
    kept = np.repeat(np.arange(votes.V), times)
    return compute(votes.item[kept] + copy * votes.I, kept)


def test_linear_draws_are_those_of_votes_drawn_anew():
    votes = votes_of(simulated(4, judges=3, labels=4), 4, per=2)
    score = np.array([0.0, 1, 1.5, 7])[votes.label]
    resample = Resample.of(votes.group, draws=60)
    for metric in ("ordinal", "interval"):
        drawn = Spread.of(votes.item, score, metric).drawn(resample)
        exact = [
            again(resample, votes, d, lambda i, kept, m=metric: krippendorff_alpha(
                i, score[kept], m).value)
            for d in range(60)
        ]  # fmt: skip
        off = np.abs(drawn[1:] - exact).mean()
        assert drawn[0] == pytest.approx(krippendorff_alpha(votes.item, score, metric).value)
        assert off < (1e-9 if metric == "interval" else 0.1 * np.std(exact))


def test_intervals_of_pairs_are_those_of_votes_drawn_anew():
    votes = votes_of(simulated(5, judges=2, labels=4), 4, per=2)
    resample = Resample.of(votes.group, draws=400)
    found = judge_pairs(Readings.of(votes), resample, [(0, 1)])[0]
    near = quadratic_weights(np.arange(4.0))

    def anew(item, kept):
        first, second = (votes.label[kept[votes.rater[kept] == j]] for j in (0, 1))
        table = contingency(first, second, (4, 4))
        tau = kendall_taus(item, votes.rater[kept], votes.label[kept].astype(float))
        return cohen_kappa(table).value, cohen_kappa(table, near).value, tau.value[0]

    exact = np.array([again(resample, votes, d, anew) for d in range(400)])
    for figure, values in zip((found.kappa, found.weighted, found.tau_b), exact.T, strict=True):
        low, high = np.quantile(values, [0.025, 0.975])
        assert figure.low == pytest.approx(low, abs=0.1 * (high - low))
        assert figure.high == pytest.approx(high, abs=0.1 * (high - low))


def test_responses_to_one_prompt_are_drawn_together():
    once = simulated(6, items=100)
    same = votes_of(np.repeat(once, 4, axis=0), 3, per=4)
    wide = rows_of(part_of(same), "panel", "coefficient")[ALPHA]["value"]
    narrow = rows_of(part_of(votes_of(np.repeat(once, 4, axis=0), 3)), "panel", "coefficient")
    narrow = narrow[ALPHA]["value"]
    ratio = (wide["high"] - wide["low"]) / (narrow["high"] - narrow["low"])
    assert 1.5 < ratio < 2.6


def test_soft_votes_are_read_as_verdicts_and_as_expected_levels():
    hard = votes_of(simulated(7), 3)
    soft = soft_of(hard)
    one, other = (rows_of(part_of(v), "panel", "coefficient") for v in (hard, soft))
    for name in (RAW, ALPHA, FLEISS, AC1, AC2):
        assert one[name] == other[name]
    expected = krippendorff_alpha(soft.item, soft.scores, "ordinal").value
    assert other[ORDINAL]["value"]["value"] == pytest.approx(expected, abs=1e-6)
    assert other[ORDINAL] != one[ORDINAL]
    assert "cut into 64 parts" in " ".join(part_of(soft).notes)
    assert "cut into" not in " ".join(part_of(hard).notes)


def test_a_vote_with_two_labels_level_on_top_gives_no_verdict():
    votes = soft_of(votes_of(simulated(8), 3))
    mass = votes.mass.copy()
    mass[:37] = [0.45, 0.45, 0.1]
    part = part_of(replace(votes, mass=mass))
    assert part.notes[0].startswith("37 of 1,600 votes have two labels level on top")
    panel = rows_of(part, "panel", "coefficient")
    without = replace(votes, mass=mass).only(np.arange(37, votes.V))
    expected = krippendorff_alpha(without.item, without.mass.argmax(axis=1)).value
    assert panel[ALPHA]["value"]["value"] == pytest.approx(expected, abs=1e-6)
    assert panel[SINGLE]["items"] == 400


def test_labels_without_order_have_no_ordinal_figures():
    part = part_of(votes_of(simulated(9), 3, ordered=False))
    assert list(rows_of(part, "panel", "coefficient")) == [RAW, ALPHA, FLEISS, AC1]
    for row in part.table("pairs").rows:
        assert row[5] == row[6] == Figure(None, why="the labels have no order")
        assert row[4].value is not None
    assert "no order" in " ".join(part.notes)


def test_judges_whose_mass_only_ranks_enter_tau_alone():
    votes = soft_of(votes_of(simulated(10), 3))
    part = part_of(replace(votes, uncalibrated=np.array([False, True, False, False])))
    assert "judge 1 only rank" in " ".join(part.notes)
    without = votes.only(votes.rater != 1)
    expected = krippendorff_alpha(without.item, without.mass.argmax(axis=1)).value
    panel = rows_of(part, "panel", "coefficient")
    assert panel[ALPHA]["value"]["value"] == pytest.approx(expected, abs=1e-6)
    for one, two, items, _, kappa, _, tau, *_ in part.table("pairs").rows:
        assert items == 400
        assert (kappa.value is None) == ("judge 1" in (one, two))
        assert tau.value is not None
    none = part_of(replace(votes, uncalibrated=np.ones(4, dtype=bool)))
    assert "No item has verdicts of two judges" in none.sentences[0]
    assert none.table("base_rates") is None
    assert len(none.table("pairs").rows) == 6


def test_one_judge_cannot_agree_with_anybody():
    alone = part_of(votes_of(simulated(11, judges=1), 3))
    assert "cannot agree with anybody" in alone.sentences[0]
    assert alone.tables == ()
    votes = votes_of(simulated(11), 3)
    silent = part_of(votes.only(votes.rater == 2))
    assert "judge 2 is the only judge" in silent.sentences[0]
    assert "judge 0, judge 1, judge 3" in silent.notes[0]
    assert "No judge has a vote" in part_of(votes.only(votes.rater > 8)).sentences[0]


def test_orders_of_a_judge_are_one_vote():
    table = simulated(12)
    orders = ("ab", "ba", "ab", "ba")
    part = part_of(votes_of(table, 3, judge=("x", "x", "y", "y"), order=orders))
    clear = (table[:, 0] == table[:, 1]) & (table[:, 2] == table[:, 3])
    assert [row[:3] for row in part.table("pairs").rows] == [("x", "y", clear.sum())]
    assert "level on top" in " ".join(part.notes)


@pytest.mark.parametrize(
    "case", ["one prompt", "no common item", "one label", "two labels", "few votes", "rare"]
)
def test_every_cell_is_a_number_or_says_why(sound, case):
    table, labels, kept, per = simulated(13, judges=3), 3, None, 1
    if case == "one prompt":
        per = 400
    elif case == "no common item":
        kept = np.arange(400)[:, None] % 3 == np.arange(3)
    elif case == "one label":
        table = np.zeros_like(table)
    elif case == "two labels":
        table, labels = table % 2, 2
    elif case == "few votes":
        kept = np.random.default_rng(0).random(table.shape) < 0.004
    else:
        table = np.zeros_like(table)
        table[0, 0] = 1
    hard = votes_of(table, labels, kept, per)
    for votes in (hard, soft_of(hard)):
        assert sound(part_of(votes)).sentences


def test_of_many_judges_the_pairs_of_those_with_most_votes_are_shown():
    full = votes_of(simulated(14, items=60, judges=40), 3)
    part = part_of(full.only((full.rater != 3) | (full.item > 5)), draws=20)
    rows = part.table("pairs").rows
    shown = {name for row in rows for name in row[:2]}
    assert len(rows) == 276
    assert shown == {f"judge {j}" for j in range(25) if j != 3}
    assert any("Of 40 judges, the pairs of 24 are shown" in note for note in part.notes)
    assert any("Of 276 pairs that are shown, " in one for one in part.sentences)
    few = part_of(votes_of(simulated(14, items=60, judges=25), 3), draws=20)
    assert len(few.table("pairs").rows) == 300
    assert not any("are shown" in one for one in (*few.notes, *few.sentences))


def test_of_sparse_judges_those_who_share_items_are_shown():
    kept = np.zeros((300, 60), dtype=bool)
    kept[:40, :30] = True  # thirty who saw the same
    kept[np.arange(240) % 260 + 40, np.repeat(np.arange(30, 60), 8)] = True
    kept[40:110, 30] = True  # and one with more votes than they, who saw other items
    chosen = shown_judges(sparse.csr_array(kept.astype(float)), kept.sum(axis=0).astype(float))
    np.testing.assert_array_equal(chosen[:-1], np.arange(23))
    part = part_of(votes_of(simulated(14, items=300, judges=60), 3, kept), draws=20)
    assert len(part.table("pairs").rows) >= 23 * 22 / 2


def test_names_stay_as_they_are_and_the_same_votes_give_the_same():
    names = ("<script>", "=1+1", "{0}", "\u202ex")
    votes = votes_of(simulated(15), ("<b>", "{x}", "%s"), raters=names)
    part = part_of(votes)
    assert {row[0] for row in part.table("pairs").rows} <= set(names)
    assert [row[0] for row in part.table("base_rates").rows] == ["<b>", "{x}", "%s"]
    assert part == part_of(votes)
