"""The ranking benchmark measures what it says: figures, judges, loaders, folds, a quick run."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
sys.path.append(str(BENCHMARKS))

from ranking_parts import held_out, pair_sets, unequal  # noqa: E402
from ranking_parts.agreement import agreement, mean_and_error, over_objects  # noqa: E402
from ranking_parts.lines import TAU, TOP  # noqa: E402
from ranking_parts.models import all_rows  # noqa: E402
from ranking_parts.panels import Models, Panel  # noqa: E402
from ranking_parts.rows import ALONE, TOGETHER, singles  # noqa: E402
from ranking_parts.scored import lines_of  # noqa: E402
from ranking_parts.speed import SAME, drawn  # noqa: E402

from w2s_judge.ranking.bradley_terry import BradleyTerry  # noqa: E402

# Figures


def test_agreement_is_scipys_where_nothing_is_level() -> None:
    rng = np.random.default_rng(0)
    truth, question = rng.standard_normal(30), np.repeat([0, 1, 2], [4, 16, 10])
    score = truth + rng.standard_normal(30)
    found = agreement(score, truth, question)
    assert found.question.tolist() == [0, 2, 1]  # by size
    for q, tau, top, rho in zip(found.question, found.tau, found.top, found.rho, strict=True):
        said, right = score[question == q], truth[question == q]
        assert tau == pytest.approx(kendalltau(said, right).statistic)
        assert rho == pytest.approx(spearmanr(said, right).statistic)
        assert top == (said.argmax() == right.argmax())


def test_level_scores_are_as_if_broken_by_lot() -> None:
    truth, question = np.array([3.0, 2, 1, 0]), np.zeros(4, dtype=int)
    found = agreement(np.array([1.0, 1, 0, 0]), truth, question)
    assert found.tau == pytest.approx(4 / 6)
    assert found.top == pytest.approx(0.5)
    nothing = agreement(np.zeros(4), truth, question)
    assert (nothing.tau[0], nothing.top[0], nothing.rho[0]) == (0, 0.25, 0)


def test_unknown_objects_and_questions_of_one_truth_are_left_out() -> None:
    truth = np.array([1.0, 0, np.nan, 2, 2, 5])
    found = agreement(np.arange(6.0), truth, np.array([0, 0, 0, 1, 1, 2]))
    assert found.question.tolist() == [0]
    assert found.tau.tolist() == [-1]


def test_standard_errors() -> None:
    values = np.random.default_rng(1).standard_normal(400)
    mean, error = mean_and_error(values, np.arange(400))
    assert mean == pytest.approx(values.mean())
    assert error == pytest.approx(values.std(ddof=1) / 20)
    doubled = mean_and_error(np.repeat(values, 2), np.repeat(np.arange(400), 2))
    assert doubled == pytest.approx((mean, error))  # the same twice says nothing more
    truth = np.random.default_rng(2).standard_normal(60)
    tau, rho = over_objects(truth + values[:60], truth)
    assert 0 < tau < 0.2
    assert 0 < rho < 0.2


# Judges


@pytest.mark.parametrize("noise", ["flips", "bradley-terry"])
@pytest.mark.parametrize("shared", [0.0, 0.5])
def test_judges_err_as_often_as_they_are_to(noise: str, shared: float) -> None:
    skill = 0.68 if noise == "flips" else 0.73
    found = Panel(8, (skill,) * 3, noise, shared, questions=300).drawn(0)  # type: ignore[arg-type]
    assert found.right == pytest.approx(0.68, abs=0.02)
    lower = np.minimum(found.comparisons.left, found.comparisons.right)
    first = np.where(found.comparisons.left == lower, 0, 2)
    up = found.comparisons.outcome[np.arange(found.comparisons.M), first].astype(int)
    low, high = lower, np.maximum(found.comparisons.left, found.comparisons.right)
    wrong = (up == (found.truth[low] < found.truth[high])).reshape(3, -1)
    if noise == "flips":
        assert np.corrcoef(wrong)[0, 1] == pytest.approx(shared**2, abs=0.04)


def test_rows_find_what_judges_without_error_say() -> None:
    found = Panel(6, (1.0, 1.0, 1.0), "flips", questions=5).drawn(3)
    lines = list(lines_of("", "", found.comparisons, found.truth))
    assert {line.method for line in lines} == {*ALONE, *TOGETHER}
    for line in lines:
        assert line.figures[TAU][0] == pytest.approx(1), line.method
        assert line.figures[TOP][0] == pytest.approx(1), line.method


def test_single_judges_score_what_they_compared() -> None:
    found = Panel(4, (0.9, 0.9), "flips", questions=2).drawn(0).comparisons
    part = found.only((found.rater == 0) | (found.question[found.left] == 1))
    scores = dict(singles(part, ALONE["single judge, wins counted"]))
    assert np.isfinite(scores["j0"]).all()
    assert np.isnan(scores["j1"]).tolist() == [True] * 4 + [False] * 4


def test_known_judges_are_worth_more() -> None:
    panel = Panel(8, unequal.PANEL.skills, "flips", questions=60)
    known = unequal.log_odds(panel.skills)
    borda = TOGETHER["borda"]
    rows = {"plain": borda, "known": unequal.counting(borda, known)}
    taus = unequal.taus(panel, rows, 2, 0)
    assert taus["known"].mean() > taus["plain"].mean() + 0.1


def test_models_over_questions() -> None:
    models = Models(models=6, questions=30, skills=(4.0, 4.0), spread=2.0)
    found = models.drawn(0)
    one = np.zeros(6, dtype=int)
    for name, rank in all_rows():
        tau = agreement(rank(found.comparisons, models.names()), found.truth, one).tau
        assert tau[0] > 0.7, name


# Sets and folds


def write(folder: Path) -> None:
    rng = np.random.default_rng(0)
    place = folder / "crowd" / pair_sets.MUSIC
    place.mkdir(parents=True)
    rows, gold = ["left,right,judge,winner"], ["object,score"]
    for query in "abc":
        names = [f"{query}|{k}" for k in range(4)]
        gold += [f"{name},{-k}" for k, name in enumerate(names)]
        for judge in range(4):
            for one, two in ((0, 1), (2, 1), (2, 3), (0, 3), (0, 2), (3, 1)) * 2:
                winner = names[min(one, two)] if rng.random() < 0.8 else "tie"
                rows.append(f"{names[one]},{names[two]},j{judge},{winner}")
    (place / "votes.csv").write_text("\n".join(rows) + "\n")
    (place / "gold.csv").write_text("\n".join(gold) + "\n")
    judging = folder / "judging"
    judging.mkdir()
    votes = [
        {"item": f"i{i}", "judge": f"m{j}", "order": order, "label": i % 2, "gold": i % 2}
        for i in range(6) for j in range(6) for order in ("ab", "ba")
    ]  # fmt: skip
    pairs = [{"id": f"i{i}", "preferred": i % 2} for i in range(6)]
    for name, lines in zip(pair_sets.LLMBAR, (votes, pairs), strict=True):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (judging / name).write_bytes(gzip.compress(text.encode()))


def test_queries_are_questions_and_gold_is_theirs(tmp_path: Path) -> None:
    write(tmp_path)
    found = pair_sets.load(pair_sets.MUSIC, tmp_path / "crowd")
    assert found.comparisons.questions == ("a", "b", "c")
    assert np.bincount(found.comparisons.question).tolist() == [4, 4, 4]
    scores = dict(zip(found.comparisons.objects, found.gold, strict=True))
    assert (scores["b|0"], scores["b|3"]) == (0, -3)


def test_a_verdict_in_the_other_order_is_for_the_same_response(tmp_path: Path) -> None:
    write(tmp_path)
    found = pair_sets.load_llmbar(tmp_path / "judging")
    assert (found.comparisons.Q, found.comparisons.J, found.comparisons.M) == (6, 6, 72)
    assert found.comparisons.outcome.sum(axis=0).tolist() == [36, 0, 36]
    score = BradleyTerry()(found.comparisons).score
    assert agreement(score, found.gold, found.comparisons.question).top.tolist() == [1] * 6


def test_held_out_credit_by_hand() -> None:
    found = Panel(3, (1.0,), "flips", questions=1).drawn(0).comparisons
    fold = np.array([0, 0, 1])
    right = BradleyTerry()(found).score
    # without fold 0 one comparison is left: it connects no pair of fold 0
    assert held_out.credited(found, fold, [right, right]).tolist() == [0.5, 0.5, 1]
    assert held_out.credited(found, fold, [right, -right]).tolist() == [0.5, 0.5, 0]
    unseen = np.full(3, np.nan)
    assert held_out.credited(found, fold, [right, unseen]).tolist() == [0.5, 0.5, 0.5]


def test_folds_are_of_one_size_and_repeat() -> None:
    fold = held_out.folds(103, 0)
    assert sorted(np.bincount(fold)) == [20, 20, 21, 21, 21]
    assert (fold == held_out.folds(103, 0)).all()
    assert (fold != held_out.folds(103, 1)).any()


def test_the_best_peer_is_none_that_is_known_to_be_inverted() -> None:
    credit, pair = np.array([1.0, 0, 1, np.nan]), np.arange(4)

    def row(name: str, credit: np.ndarray | None, *, ranks: bool = True) -> held_out.Predicted:
        return held_out.Predicted(name, credit, None, 0.0, "", peer=True, ranks=ranks)

    rows = [row("a", 1 - credit), row("b", credit), row("c", credit + 1, ranks=False),
            row("d", None)]  # fmt: skip
    best = held_out.best_peer(rows)
    assert best is not None
    assert best.method == "b"
    assert held_out.difference(rows[0], best, pair)[0] == pytest.approx(-1 / 3)
    assert held_out.best_peer([]) is None


def test_what_is_timed_has_a_maximum() -> None:
    found = SAME(drawn(20_000, 0).built())
    assert found.fit is not None
    assert found.fit.converged


# The command


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARKS / "ged.py"), *words]
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=environment, check=False
    )


def test_quick_prints_its_tables(tmp_path: Path) -> None:
    write(tmp_path)
    out = tmp_path / "lines.json"
    blocks = ["--block", "unequal", "models", "real", "heldout"]
    done = run("--quick", *blocks, "--data", str(tmp_path / "crowd"), "--json", str(out))
    assert done.returncode == 0, done.stderr
    for title in ("four of 0.55", "Models over questions", "votes_llmbar", "music_pairs, held out"):
        assert title in done.stdout
    lines = json.loads(out.read_text())
    assert {line["block"] for line in lines} == {"unequal", "models", "real", "heldout"}
    held = {line["method"]: line for line in lines if line["block"] == "heldout"}
    assert held["bradley-terry"]["figures"][held_out.RIGHT][0] > 0.9


def test_without_data_it_says_so(tmp_path: Path) -> None:
    done = run("--block", "real", "heldout", "--data", str(tmp_path / "nowhere"))
    assert done.returncode == 0
    assert done.stdout.count("left out, there are no comparisons in") == 2
