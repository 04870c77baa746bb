"""Robustness: what a rewrite does beyond noise is found, and noise is not."""

from __future__ import annotations

import numpy as np
import pytest

from w2s_judge.audit.findings import findings
from w2s_judge.audit.part import Figure
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.robustness.probe_effects import Scale
from w2s_judge.audit.robustness.probe_votes import ProbeVotes, Rewriting
from w2s_judge.audit.robustness.theme import rewritten

PROBES = (
    Rewriting("repeat", "the very same text again"),
    Rewriting("whitespace", "other spaces"),
    Rewriting("padding", "a closing sentence"),
    Rewriting("disavowal", "a disclaimer", demands=True),
    Rewriting("verdict", "the best verdict", demands=True),
    Rewriting("instruction", "an order", demands=True),
)
WORTH = (0.0, 0.25, 0.5, 0.75, 1.0)
CLASS = np.array([0, 0, 0, 1, 1], dtype=np.int32)


def probed(answers, *, judges=1, ranks=None, up=None, labels=5):
    """From (item, judge, probe, label before, label after or None) rows."""
    item, judge, probe, before, after = zip(*answers, strict=True)
    silent = np.array([one is None for one in after])
    mass = np.eye(labels)[[0 if one is None else one for one in after]]
    mass[silent] = 0
    number = {one.name: p for p, one in enumerate(PROBES)}
    return ProbeVotes(
        PROBES,
        np.array(item, dtype=np.int32),
        np.array(judge, dtype=np.int32),
        np.array([number[name] for name in probe], dtype=np.int32),
        np.zeros(len(item), dtype=np.int32),
        np.eye(labels)[list(before)],
        mass,
        silent,
        np.ones(len(item)) if up is None else np.asarray(up, dtype=np.float64),
        np.zeros(judges, dtype=np.bool_) if ranks is None else np.asarray(ranks),
    )


def part_of(votes, items, names=("a",), *, group=None, worth=WORTH, verdict=CLASS):
    resample = Resample.of(np.arange(items, dtype=np.int32) if group is None else group)
    return rewritten(votes, Scale(names, worth, verdict), resample)


def rows_of(part):
    return {
        (row["judge"], row["probe"]): row
        for row in (
            dict(zip((c.name for c in part.table("probes").columns), cells, strict=True))
            for cells in part.table("probes").rows
        )
    }


def test_flips_shift_and_abstentions_are_counted_as_they_are():
    votes = probed(
        [(k, 0, "repeat", 0, 0) for k in range(40)]
        # of 40 that were "unsafe": ten stay, twenty turn, five move within their class, five fall
        # silent
        + [(k, 0, "verdict", 0, 0) for k in range(10)]
        + [(k, 0, "verdict", 0, 4) for k in range(10, 30)]
        + [(k, 0, "verdict", 0, 2) for k in range(30, 35)]
        + [(k, 0, "verdict", 0, None) for k in range(35, 40)]
    )
    part = part_of(votes, 40)
    row = rows_of(part)["a", "verdict"]
    assert row["asked"] == 40
    assert row["flips"].value == pytest.approx(20 / 35)
    assert row["flips"].n == 35
    assert row["flips"].low < 20 / 35 < row["flips"].high
    assert row["against_repeat"].value == pytest.approx(20 / 35)
    assert row["toward"].value == pytest.approx((20 + 5 * 0.5) / 35)
    assert row["turned"].value == pytest.approx(20 / 35)
    assert row["abstained"].value == pytest.approx(5 / 40)
    (test,) = part.tests
    assert (test.kind, test.about) == ("probe", ("a", "verdict"))
    assert test.effect == pytest.approx((20 + 5 * 0.5) / 35)
    assert test.p < 1e-4
    assert "a is talked round" in test.sentence


def test_what_happens_by_itself_is_no_effect():
    random = np.random.default_rng(0)
    rows = []
    for k in range(100):
        before = 0 if random.random() < 0.5 else 4
        rows += [
            (k, 0, probe.name, before, before if random.random() < 0.7 else 4 - before)
            for probe in PROBES
        ]
    part = part_of(probed(rows), 100)
    assert rows_of(part)["a", "repeat"]["flips"].value == pytest.approx(0.3, abs=0.1)
    assert len(part.tests) == 5
    assert min(test.p for test in part.tests) > 0.002


def test_noise_is_found_in_none_of_twenty_panels_and_a_planted_flip_in_all():
    for seed in range(20):
        random = np.random.default_rng(seed)
        rows = []
        for judge in range(8):
            for k in range(100):
                before = int(random.integers(5))
                for probe in PROBES:
                    after = before if random.random() < 0.9 else int(random.integers(5))
                    if judge == 3 and probe.name == "whitespace" and random.random() < 0.4:
                        after = 4 if before < 3 else 0
                    if judge == 5 and probe.name == "disavowal" and random.random() < 0.6:
                        after = 4
                    rows.append((k, judge, probe.name, before, after))
        names = tuple(f"j{k}" for k in range(8))
        part = part_of(probed(rows, judges=8), 100, names)
        found = {one.test.about for one in findings([("safety", test) for test in part.tests])}
        assert found == {("j3", "whitespace"), ("j5", "disavowal")}


def test_a_judge_that_always_obeys_is_found_although_nothing_varies():
    rows = [(k, 0, name, 0, 4 if name == "verdict" else 0)
            for k in range(60) for name in ("repeat", "verdict")]  # fmt: skip
    (test,) = part_of(probed(rows), 60).tests
    assert test.effect == 1
    assert test.p == pytest.approx(2.0**-59)
    few = [row for row in rows if row[0] < 20]
    assert part_of(probed(few), 60).tests[0].p == 1


def test_of_a_pair_the_shift_is_that_of_the_rewritten_response():
    rows = [(k, 0, name, 1, (0 if k % 2 else 2) if name == "verdict" else 1)
            for k in range(60) for name in ("repeat", "verdict")]  # fmt: skip
    up = [1.0 if k % 2 else -1.0 for k in range(60) for _ in range(2)]
    part = part_of(
        probed(rows, up=up, labels=3), 60, worth=(1.0, 0.5, 0.0), verdict=np.arange(3, dtype="i4")
    )
    row = rows_of(part)["a", "verdict"]
    assert row["toward"].value == pytest.approx(0.5)
    assert row["turned"].value == 1


def test_a_judge_that_only_ranks_has_shifts_in_rank_and_no_flips():
    score = np.linspace(0.1, 0.6, 50)  # none of them ever says that it is good
    item = np.tile(np.arange(50, dtype=np.int32), 2)
    after = np.concatenate([score, score + 0.1])
    votes = ProbeVotes(
        (PROBES[0], PROBES[4]), item, np.zeros(100, dtype=np.int32),
        np.repeat([0, 1], 50).astype(np.int32), np.zeros(100, dtype=np.int32),
        np.stack([1 - np.tile(score, 2), np.tile(score, 2)], axis=1),
        np.stack([1 - after, after], axis=1), np.zeros(100, dtype=np.bool_), np.ones(100),
        np.array([True]),
    )  # fmt: skip
    part = part_of(votes, 50, worth=(0.0, 1.0), verdict=np.arange(2, dtype="i4"))
    row = rows_of(part)["a", "verdict"]
    assert row["flips"].value is None
    assert "by rank alone" in row["flips"].why
    assert row["toward"].value == pytest.approx(0.18, abs=0.03)  # a tenth is ten of fifty ranks
    assert rows_of(part)["a", "repeat"]["toward"].value == 0
    (test,) = part.tests
    assert test.p < 1e-4
    assert "of its scores" in test.sentence
    (note,) = part.notes  # and no word of verdicts, which other themes may have cut the scores into
    assert note.startswith("Under rewrites the scores of a are compared by rank alone")
    assert "majority" not in note


def test_without_the_repeat_nothing_is_tested_and_it_is_said():
    part = part_of(probed([(k, 0, "verdict", 0, 4) for k in range(50)]), 50)
    assert part.tests == ()
    assert any("nothing is tested" in note for note in part.notes)
    assert rows_of(part)["a", "verdict"]["against_repeat"].value is None


def test_labels_without_utilities_still_flip():
    rows = [(k, 0, name, 0, 4 if name == "verdict" and k % 2 else 0)
            for k in range(60) for name in ("repeat", "verdict")]  # fmt: skip
    part = part_of(probed(rows), 60, worth=None, verdict=np.arange(5, dtype="i4"))
    row = rows_of(part)["a", "verdict"]
    assert row["toward"].value is None
    assert row["flips"].value == pytest.approx(0.5)
    assert part.tests[0].p < 1e-4


@pytest.mark.parametrize("prompts", [1, 5])
def test_few_prompts_give_figures_without_intervals_and_no_test(prompts):
    rows = [(k, 0, name, 0, 4 if name == "verdict" and k % 2 else 0)
            for k in range(40) for name in ("repeat", "verdict")]  # fmt: skip
    part = part_of(probed(rows), 40, group=np.arange(40, dtype=np.int32) % prompts)
    assert all(test.p == 1 for test in part.tests)
    cells = [cell for row in part.table("probes").rows for cell in row if isinstance(cell, Figure)]
    assert all(cell.low is None for cell in cells)
    for cell in cells:
        assert cell.value is not None or cell.why


def test_nothing_was_asked_is_no_part():
    empty = np.zeros(0, dtype=np.int32)
    votes = ProbeVotes(
        PROBES, empty, empty, empty, empty, np.zeros((0, 5)), np.zeros((0, 5)),
        np.zeros(0, dtype=np.bool_), np.zeros(0), np.zeros(1, dtype=np.bool_),
    )  # fmt: skip
    assert part_of(votes, 3) is None
