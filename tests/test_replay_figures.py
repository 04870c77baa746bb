"""What a replay makes of its draws: figures of a policy, and which policy it names."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from w2s_judge.audit.part import Figure
from w2s_judge.calibration.estimates import mean_difference
from w2s_judge.cascade.replay import Replayed
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.replay_choice import choice
from w2s_judge.workflows.replay_figures import Judged, Line, Outcome, figure, lines_of
from w2s_judge.workflows.replay_lessons import Averages
from w2s_judge.workflows.replay_part import part_of

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))

from cascade_parts.replays import goal_lines, rows_of, table

MARGIN = 0.02
LABELS = 100
PRICES = {"cheap": 1.0, "dear": 9.0}


def line(policy: str, price: float, off: np.ndarray, draws: int = 2000) -> Line:
    known = Figure(0.8, 0.75, 0.85)
    behind = figure(mean_difference(off, draws=draws))
    return Line(policy, 1.0, price, price, price, known, behind, 0.0, 1.0, 0.2, off, (0.0,))


def judged(labels: int = LABELS) -> Judged:
    return Judged(np.ones(labels, dtype=np.bool_), np.arange(labels), np.ones(labels))


def off_by(rng: np.random.Generator, worse: float, better: float) -> np.ndarray:
    """Where a policy is wrong and the full panel right, and the other way round."""
    lot = rng.random(LABELS)
    return np.where(lot < worse, -1.0, np.where(lot < worse + better, 1.0, 0.0))


def named(seed: int, policies: int) -> bool:
    """Whether one is said to lose at most 2 points, of policies that all lose 2.5."""
    rng = np.random.default_rng(seed)
    lines = [
        line(f"judge:{k}", 1.0 + k, off_by(rng, 0.055, 0.03), draws=100) for k in range(policies)
    ]
    found = choice(lines, judged(), MARGIN)
    assert found is not None
    assert found.among == policies
    return found.shown


def test_none_of_many_policies_that_lose_more_is_named():
    """With intervals of 95 % for each alone, a fourth of such replays or more name one."""
    assert sum(named(seed, 20) for seed in range(40)) <= 2


def test_a_policy_that_loses_little_is_named_among_many():
    rng = np.random.default_rng(1)
    poor = [line(f"judge:{k}", 1.0, off_by(rng, 0.2, 0.02)) for k in range(9)]
    gains = np.zeros(LABELS)
    gains[0], gains[1:10] = -1.0, 1.0
    good, dearer = line("cascade:0.4", 4.0, gains), line("first:5", 5.0, gains)
    found = choice([*poor, dearer, good], judged(), MARGIN)
    assert found is not None
    assert found.shown
    assert found.line is good
    assert found.among == 11


def test_what_one_policy_shows_many_do_not():
    """The same differences; the interval is wider the more policies are compared."""
    off = np.zeros(LABELS)
    off[0], off[1:5] = -1.0, 1.0
    once = choice([line("first:1", 1.0, off)], judged(), MARGIN)
    often = choice([line(f"first:{k}", k, off) for k in range(1, 21)], judged(), MARGIN)
    assert once is not None
    assert often is not None
    assert once.shown
    assert once.behind == once.line.behind
    assert not often.shown
    assert often.behind.value == once.behind.value
    assert often.behind.low < once.behind.low < once.behind.high < often.behind.high


def test_no_loss_on_few_labels_does_not_show_that_there_is_none():
    off = np.zeros(40)
    off[:2] = 1.0
    lucky = line("judge:0", 1.0, off)
    assert lucky.behind.low == 0
    found = choice([lucky], judged(40), MARGIN)
    assert found is not None
    assert not found.shown
    assert found.behind.low == pytest.approx(0.05 - (1 - 0.025 ** (1 / 40)))
    halved = Judged(np.ones(40, dtype=np.bool_), np.arange(40) // 2, np.ones(40))
    by_prompt = choice([lucky], halved, MARGIN)
    assert by_prompt is not None
    assert by_prompt.behind.low == pytest.approx(0.05 - (1 - 0.025 ** (1 / 20)))


def test_a_policy_that_claims_fewer_labels_is_not_named():
    rng = np.random.default_rng(0)
    full = line("full", 9.0, np.zeros(LABELS), draws=100)
    dear, cheap = (line(f"first:{k}", k, off_by(rng, 0.0, 0.1), draws=100) for k in (2, 1))
    found = choice([full, dear, replace(cheap, claimed=0.5)], judged(), MARGIN)
    assert found is not None
    assert (found.line.policy, found.among) == ("first:2", 1)


def test_alone_the_full_panel_is_not_compared():
    assert choice([line("full", 1.0, np.zeros(LABELS))], judged(), MARGIN) is None


def world(items, judges=tuple(PRICES)):
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, items).astype(np.int32)
    shares = np.linspace(0.7, 0.92, len(judges))
    said = [np.where(rng.random(items) < right, truth, 1 - truth) for right in shares]
    votes = VoteMatrix(
        tuple(f"i{k:03d}" for k in range(items)), tuple(judges), ("0", "1"),
        np.tile(np.arange(items, dtype=np.int32), len(judges)),
        np.repeat(np.arange(len(judges), dtype=np.int32), items),
        np.arange(items, dtype=np.int32), (None,) * len(judges),
        label=np.concatenate(said).astype(np.int32), ordered=False,
    )  # fmt: skip
    return votes, Gold(np.arange(items, dtype=np.int32), truth, ("0", "1"))


def done(policy, at, right, price, accuracy):
    """What a replay gives, of these labels."""
    right = np.asarray(right, dtype=np.float64)
    n = len(right)
    return Replayed(
        policy, ("cheap",), price, price + 1, accuracy, 0.1, 1.0, 0.0, np.asarray(at), right,
        np.full(n, price), np.ones(n, dtype=np.int32), np.ones(n, dtype=np.bool_),
        np.full((n, 2), 0.5),
    )  # fmt: skip


def two_draws(gold):
    """Labels 0 to 3; the first is never judged, the last in both draws, by full and by another."""
    outcomes = [Outcome(name, Averages.of(gold.G)) for name in ("full", "judge:cheap")]
    for outcome, marks in zip(outcomes, ([[1, 1], [1, 0]], [[1, 0], [0, 0]]), strict=True):
        for at, right in zip(([1, 3], [2, 3]), marks, strict=True):
            outcome.add(
                np.array(at), done(outcome.policy, at, right, 10.0 - len(marks), np.mean(right))
            )
    return outcomes


def test_labels_are_averaged_over_the_draws_that_judged_them_and_weighted_as_drawn():
    votes, gold = world(4)
    chosen = np.array([1.0, 0.5, 0.5, 0.25])  # weights 1, 2, 2, 4
    gold = Gold(gold.item, gold.label, gold.classes, chosen)
    outcomes = two_draws(gold)
    full, cheap = lines_of(outcomes, Judged.of(outcomes[0], votes, gold), PRICES)
    weight = gold.weight[1:] / gold.weight[1:].sum()
    assert full.accuracy.value == pytest.approx(weight @ [1, 1, 0.5])
    assert cheap.accuracy.value == pytest.approx(weight @ [1, 0, 0])
    np.testing.assert_allclose(cheap.off, [0, -1, -0.5])
    assert cheap.behind.value == pytest.approx(weight @ [0, -1, -0.5])
    assert cheap.apart == (-0.5, -0.5)
    assert cheap.price == 8.0
    assert cheap.with_pilot == 9.0
    assert cheap.share == 0.8
    assert full.behind.value is None


def test_what_is_said_names_its_confidence_and_what_intervals_leave_out():
    votes, gold = world(4)
    outcomes = two_draws(gold)
    one = part_of("t", outcomes, votes, gold, PRICES, 3, MARGIN, ())
    assert "at 95 % confidence: more labels" in one.sentences[1]
    assert any(
        "draw by draw judge:cheap was between −50.0 and −50.0 points" in n for n in one.notes
    )
    more = [*outcomes, *two_draws(gold)[1:]]
    more[-1].policy = "cascade:0.5"
    two = part_of("t", more, votes, gold, PRICES, 3, MARGIN, ())
    assert "at 95 % confidence over all 2 policies compared: more labels" in two.sentences[1]
    assert any("(Bonferroni)" in note for note in two.notes)
    nothing = two_draws(gold)
    for one in nothing:
        one.sums.kept[:] = 0.0
    none = part_of("t", nothing, votes, gold, PRICES, 3, MARGIN, ())
    assert "No policy claims a label" in none.sentences[1]
    learns = part_of("t", [outcomes[0], more[-1]], votes, gold, PRICES, 3, MARGIN, ())
    assert "with them cascade:0.5 costs 90 % of the full price" in learns.notes[0]


def test_the_benchmark_prices_the_pilot_beside_the_rest():
    policies = {"full": "full", "cascade, budget 40%": "cascade:0.4"}
    price = {"one": 1.0, "two": 2.0, "three": 3.0}
    made = rows_of("made up", *world(150, tuple(price)), price, 1, policies)
    full, goal = (row.line for row in made)
    assert goal.price < goal.with_pilot < full.with_pilot == 6.0
    assert goal.with_pilot == pytest.approx((100 * 6.0 + 50 * goal.price) / 150)
    (told,) = [text for text in goal_lines(made).splitlines() if text.startswith("- made up")]
    assert f"{goal.with_pilot / 6:.3f} with the pilot" in told
    assert table("made up", made, 2).count("\n") == len(made) + 3
