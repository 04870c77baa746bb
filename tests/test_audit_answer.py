"""The five lines: which verdict a panel gets, whom to watch, what would help."""

from __future__ import annotations

import numpy as np
import pytest

import w2s_judge


@pytest.fixture
def audited(tmp_path):
    """Audit judges of these accuracies on a file of 300 items, 120 of them with gold."""

    def run(*accuracies, gold=lambda truth: truth, labelled=120, **given):
        random = np.random.default_rng(0)
        truth = random.random(300) < 0.5
        votes, labels = tmp_path / "votes.csv", tmp_path / "gold.csv"
        rows = [
            f"i{k},judge-{j},{int(truth[k] == (random.random() < right))}"
            for k in range(300)
            for j, right in enumerate(accuracies)
        ]
        votes.write_text("item,judge,label\n" + "\n".join(rows) + "\n")
        known = [f"i{k},{int(gold(truth[k]))}" for k in range(labelled)]
        labels.write_text("item,label\n" + "\n".join(known) + "\n")
        return w2s_judge.audit_panel(votes, gold=labels if labelled else None, **given)

    return run


@pytest.mark.parametrize(
    ("accuracies", "verdict"),
    [((0.95, 0.95, 0.95), "yes"), ((0.7, 0.7, 0.7), "with care"), ((0.5, 0.5, 0.5), "no")],
)
def test_the_verdict_follows_what_labels_show(audited, accuracies, verdict):
    found = audited(*accuracies)
    assert found.answer.verdict == verdict
    assert len(found.answer.lines) == 5
    assert "120 labelled items" in found.answer.lines[0]


def test_a_perfect_panel_is_usable_although_no_draw_errs(audited):
    found = audited(1.0, 1.0, 1.0)
    assert found.answer.verdict == "yes"
    assert "err together" not in found.answer.lines[-1]


def test_labels_of_one_class_alone_cannot_tell(audited):
    found = audited(0.9, 0.9, 0.9, gold=lambda truth: True)
    assert found.answer.verdict == "cannot tell"


def test_without_labels_the_answer_is_to_label(audited):
    found = audited(0.9, 0.9, 0.9, labelled=0)
    assert found.answer.verdict == "cannot tell"
    assert "label" in found.answer.lines[-1]


def test_a_judge_that_is_worse_than_chance_is_named_and_the_answer_is_no_plain_yes(audited):
    found = audited(0.95, 0.95, 0.95, 0.95, 0.2)
    assert found.answer.verdict == "with care"
    assert "judge-4" in found.answer.lines[2]
    assert {one.test.kind for one in found.findings} == {"worse-than-chance"}
    assert "judge-4" in found.answer.lines[-1]
