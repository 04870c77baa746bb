"""How the audit writes: numbers in one way, and what several themes say in the same words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.aggregation.mean import Mean
from w2s_judge.audit.by_judge import by_judge
from w2s_judge.audit.change.theme import change
from w2s_judge.audit.common_notes import OF_THE_PANEL, told_apart
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Figure
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.spoken import decimal, number, of_kind, percent, points, written
from w2s_judge.audit.themes import themes
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.934, "93 %"), (0.5, "50 %"), (0.0, "0 %"), (1.0, "100 %"), (1 - 1e-12, "100 %"),
        (0.004, "0.4 %"), (0.0004, "<0.1 %"), (0.993, "99.3 %"), (0.9999, ">99.9 %"),
        (0.0099, "1 %"), (0.9904, "99 %"), (-0.04, "−4 %"),
    ],
)  # fmt: skip
def test_a_share_has_a_decimal_where_it_would_else_be_none_or_all(value, said):
    assert percent(value) == said


def test_figures_have_their_interval_in_brackets():
    assert percent(Figure(0.934, 0.92, 0.947)) == "93 % [92, 95]"
    assert percent(Figure(0.003, 0.0, 0.021)) == "0.3 % [0, 2]"
    assert percent(Figure(0.5, why="too few")) == "50 %"
    assert number(Figure(0.41, 0.38, 0.45)) == ".41 [.38, .45]"
    assert number(Figure(-0.05, -0.1, 0.0), signed=True) == "−.05 [−.10, .00]"
    assert number(Figure(3.31, 2.9, 3.9), digits=1) == "3.3 [2.9, 3.9]"
    assert points(Figure(0.015, -0.004, 0.034)) == "+1.5 points [−0.4, +3.4]"
    assert {percent(Figure(None)), number(Figure(None)), points(Figure(None))} == {"unknown"}
    assert percent(Figure(0.3, 0.2, 0.5).turned(1.0)) == "70 % [50, 80]"


def test_cells_are_written_by_the_kind_of_their_column():
    assert written(Figure(0.034, 0.01, 0.06), "signed", 3) == "+.034 [+.010, +.060]"
    assert written(Figure(0.934, 0.92, 0.947), "share") == ".93 [.92, .95]"
    assert (written(None, "share"), written(Figure(None), "share")) == ("–", "–")
    assert written("=1+1", "text") == "=1+1"
    assert [of_kind(one, "usd") for one in (0, 0.004, 12.5)] == ["$0.00", "$0.0040", "$12.50"]
    assert of_kind(12_000, "count") == "12,000"
    assert of_kind(1.25, "seconds") == "1.25 s"
    assert (decimal(1234.5), decimal(123.45), decimal(1.0)) == ("1,234", "123.5", "1.00")


@given(st.floats(0, 1))
def test_shares_do_not_seem_to_be_all_or_none_unless_they_are(value):
    said = percent(value)
    assert (said == "0 %") <= (value < 1e-8)
    assert (said == "100 %") <= (value > 1 - 1e-8)


@pytest.mark.parametrize("labelled", [True, False])
def test_themes_say_the_same_in_the_same_words(labelled, sound):
    """A judge that only ranks, one without a vote: a note each, whatever number of themes."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 200)
    said = np.where(rng.random((200, 4)) < 0.7, truth[:, None], 1 - truth[:, None])
    item, rater = np.indices(said.shape).reshape(2, -1).astype(np.int32)
    upper = rng.uniform(0.5, 1.0, len(item)) * (said.ravel() == 1)
    votes = VoteMatrix(
        tuple(f"i{k}" for k in range(200)), ("j0", "ranks", "j2", "j3", "mute"), ("no", "yes"),
        item, rater, (np.arange(200) // 2).astype(np.int32), (None,) * 5,
        mass=np.stack([1 - upper, upper], axis=1),
        uncalibrated=np.array([False, True, False, False, False]),
    )  # fmt: skip
    at = np.arange(0, 200, 2, dtype=np.int32)
    gold = Gold(at, truth[at].astype(np.int32), ("no", "yes")) if labelled else None
    consensus = Mean()(votes, gold)
    held = None if gold is None else consensus.posterior[gold.item]
    worth = (0.0, 1.0)
    made = Panel("made", votes, by_judge(votes), consensus, gold, held, 1, worth, worth)
    resample = Resample.of(votes.group, draws=99)
    parts = (*themes(made, resample), change(made, made, resample))
    notes = [note for part in parts for note in sound(part).notes]
    for word, least in (("only rank", 4), ("mute", 2)):
        alike = [note for note in notes if word in note and "consensus" not in note]
        assert len(alike) >= least
        assert len(set(alike)) == 1
    titles = [c.title for part in parts for table in part.tables for c in (*table.columns, table)]
    assert all(title[0].isupper() or title == "z" for title in titles)


@given(st.lists(st.sampled_from([*OF_THE_PANEL, "judge majority", "a"]), unique=True))
def test_rows_of_judges_are_told_apart_from_those_of_the_panel(judges):
    called = told_apart(judges)
    assert len({*called, *OF_THE_PANEL}) == len(judges) + len(OF_THE_PANEL)
    for name, shown in zip(judges, called, strict=True):
        assert shown.endswith(name)
        assert shown == name or name in OF_THE_PANEL
