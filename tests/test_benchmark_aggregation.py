"""The aggregation benchmark measures what it says: its statistics, its loaders, and a quick run."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
sys.path.append(str(BENCHMARKS))

from aggregation_parts import graded, sets  # noqa: E402
from aggregation_parts.baselines import best_single, majority, ridge  # noqa: E402
from aggregation_parts.draws import draws  # noqa: E402
from aggregation_parts.figures import figures, intervals, standard_error  # noqa: E402
from aggregation_parts.fits import over_draws, paired  # noqa: E402
from aggregation_parts.lines import gain, share, signed  # noqa: E402
from aggregation_parts.soft_votes import made_up  # noqa: E402

JUDGES = 5


def write(folder: Path, name: str, votes: list[str], gold: list[str], *, packed: bool) -> None:
    place = folder / name
    place.mkdir(parents=True)
    text = "\n".join(["item,judge,label", *votes]) + "\n"
    if packed:
        (place / "votes.csv.gz").write_bytes(gzip.compress(text.encode()))
    else:
        (place / "votes.csv").write_text(text)
    (place / "gold.csv").write_text("\n".join(["item,label", *gold]) + "\n")


def two_labels(table: np.ndarray) -> VoteMatrix:
    """Votes of 0 and 1, one row an item, one column a judge."""
    items, judges = table.shape
    return VoteMatrix(
        tuple(f"i{i}" for i in range(items)),
        tuple(f"j{j}" for j in range(judges)),
        ("0", "1"),
        np.repeat(np.arange(items, dtype=np.int32), judges),
        np.tile(np.arange(judges, dtype=np.int32), items),
        np.arange(items, dtype=np.int32),
        (None,) * judges,
        label=table.ravel().astype(np.int32),
        ordered=False,
    )


def all_gold(label: np.ndarray) -> Gold:
    return Gold(np.arange(len(label), dtype=np.int32), label.astype(np.int32), ("0", "1"))


# Figures


def test_figures_by_hand() -> None:
    top = np.array([0.95, 0.95, 0.95, 0.95, 0.65, 0.65])
    posterior = np.column_stack([1 - top, top])
    label = np.array([1, 1, 1, 0, 1, 0])
    found = figures(posterior, label)
    assert found.n == 6
    assert found.accuracy == pytest.approx(4 / 6)
    assert found.ece10 == pytest.approx(4 / 6 * 0.20 + 2 / 6 * 0.15)
    assert found.brier == pytest.approx(2 * np.mean((label - top) ** 2))
    assert found.auc is not None
    assert found.auc == pytest.approx(5 / 8)  # of 8 pairs 3 are right, 1 wrong, 4 level


def test_level_classes_are_credited_in_expectation() -> None:
    found = figures(np.array([[0.5, 0.5], [0.4, 0.6]]), np.array([0, 1]))
    assert found.accuracy == pytest.approx(0.75)


def test_a_perfect_forecaster_is_as_good_as_the_table_says() -> None:
    rng = np.random.default_rng(0)
    top = rng.uniform(0.5, 1, size=4000)
    posterior = np.column_stack([1 - top, top])
    label = (rng.random(4000) < top).astype(int)
    found = figures(posterior, label)
    assert found.ece15 == pytest.approx(found.perfect, abs=0.01)


def test_intervals_are_those_of_a_mean() -> None:
    rng = np.random.default_rng(1)
    drawn = rng.normal(0.1, 0.5, size=(400, 2))
    drawn[:, 1] = 0.25
    random, constant = intervals(drawn)
    half = 1.96 * standard_error(drawn[:, 0])
    assert random.mean == pytest.approx(drawn[:, 0].mean())
    assert random.low == pytest.approx(random.mean - half, abs=0.1 * half)
    assert random.high == pytest.approx(random.mean + half, abs=0.1 * half)
    assert (constant.mean, constant.low, constant.high) == pytest.approx((0.25, 0.25, 0.25))
    assert intervals(drawn) == [random, constant]
    alone = intervals(drawn[:, :1])[0]  # a column's interval is its own, whatever stands beside it
    assert (alone.low, alone.high) == pytest.approx((random.low, random.high))


def test_a_difference_of_constants_is_found_over_draws() -> None:
    label = np.tile([0, 1], 30)
    votes, gold = two_labels(np.zeros((60, 3))), all_gold(label)
    drawn, anew = draws(gold, 20, 4)
    assert anew == 0
    right = {
        name: over_draws(estimate, votes, gold, drawn)()
        for name, estimate in {
            "plain majority": majority,
            "perfect": lambda votes, gold: np.eye(2)[label],
        }.items()
    }
    assert right["perfect"]["figures"][:, 1] == pytest.approx(1.0)
    assert np.isnan(right["perfect"]["right"]).sum() == 4 * 20
    found = paired("perfect", {name: one["right"] for name, one in right.items()})
    span = found["plain majority"]
    assert span.low < span.mean < span.high
    assert span.mean == pytest.approx(0.5, abs=0.1)


def test_numbers_as_text() -> None:
    assert (share(0.772), share(1.0), share(None), signed(-0.0104)) == (
        ".772",
        "1.000",
        "",
        "-.010",
    )
    assert gain(None) == ""


# Draws and baselines


def test_draws_hold_every_class_and_say_how_many_did_not() -> None:
    gold = all_gold((np.arange(100) < 8).astype(int))
    drawn, anew = draws(gold, 10, 20)
    assert anew > 0
    assert all(len(np.unique(gold.label[one])) == 2 and len(one) == 10 for one in drawn)
    again, _ = draws(gold, 10, 20)
    assert all((one == other).all() for one, other in zip(drawn, again, strict=True))
    with pytest.raises(ValueError, match="100 of 100"):
        draws(gold, 100, 1)


def test_baselines_find_the_judge_who_is_right() -> None:
    rng = np.random.default_rng(2)
    label = rng.integers(2, size=80)
    table = rng.integers(2, size=(80, 4))
    table[:, 2] = label
    votes = two_labels(table)
    gold = all_gold(label).only(np.arange(20))
    for estimate in (best_single, ridge):
        posterior = estimate(votes, gold)
        assert posterior.sum(axis=1) == pytest.approx(np.ones(80))
        assert (posterior.argmax(axis=1) == label).all()
    assert best_single(votes, gold).max() == pytest.approx(21 / 22)
    assert majority(votes) == pytest.approx(
        np.column_stack([1 - table.mean(axis=1), table.mean(axis=1)])
    )


# Sets


def test_nominal_sets(tmp_path: Path) -> None:
    write(tmp_path, "rte", ["b,y,10", "a,x,2", "a,y,2"], ["a,3", "b,10", "unseen,2"], packed=False)
    found = sets.load("rte", tmp_path)
    assert found.votes.items == ("a", "b")
    assert found.votes.labels == ("2", "3", "10")
    assert not found.votes.ordered
    assert found.votes.truth is None
    assert found.gold.classes == found.votes.labels
    assert found.labels_right().tolist() == [1, 2]


def test_graded_sets_and_their_cut(tmp_path: Path) -> None:
    rows = [f"i{k},judge/ab/x,{k}" for k in range(10)]
    write(tmp_path, sets.CIVIL, rows, ["i0,0", "i9,1"], packed=True)
    graded = sets.load(sets.CIVIL, tmp_path)
    assert graded.votes.ordered
    assert graded.votes.scale.tolist() == list(range(10))
    assert graded.votes.truth == Truth(("0", "1"), None, (0.5, 0.5))
    assert graded.votes.judge == ("judge/ab/x",)
    assert majority(graded.votes)[:, 1].tolist() == [0] * 5 + [1] * 5
    binary = sets.cut(graded)
    assert binary.votes.label is not None
    assert binary.votes.label.tolist() == [0] * 5 + [1] * 5
    assert binary.votes.truth == Truth(("0", "1"), (0, 1), (0.5, 0.5))


def test_scores_cut_at_medians_are_split_as_evenly_as_each_judge_allows(tmp_path: Path) -> None:
    low = [f"i{k},low,{k // 3}" for k in range(12)]  # 0 to 3, three times each
    high = [f"i{k},high,{9 if k else 2}" for k in range(12)]  # all but one the same
    write(tmp_path, sets.CIVIL, low + high, ["i0,0", "i11,1"], packed=False)
    graded_votes = sets.load(sets.CIVIL, tmp_path)
    found = sets.cut_at_medians(graded_votes).votes
    assert found.label is not None
    of = {name: found.label[found.rater == j].tolist() for j, name in enumerate(found.raters)}
    scores = {name: graded_votes.votes.rater == j for j, name in enumerate(found.raters)}
    assert graded_votes.votes.label is not None
    for name, least in (("low", 2), ("high", 9)):
        level = graded_votes.votes.scale[graded_votes.votes.label[scores[name]]]
        assert of[name] == (level >= least).astype(int).tolist()
    assert found.truth == Truth(("0", "1"), (0, 1), (0.5, 0.5))
    names = {method.name for method in graded.at_medians(sets.cut_at_medians(graded_votes))}
    assert {"majority", "dawid-skene", "ising", "triplets"} <= names


def test_orders_are_split_from_judges_and_panels_are_by_number(tmp_path: Path) -> None:
    raters = ["m/CoT/ab", "m/CoT/ba", "n/Vanilla/ab"]
    rows = [f"i{k},{rater},{1 + k % 2}" for k in range(4) for rater in raters]
    write(tmp_path, sets.ORDERS, rows, [f"i{k},{1 + k % 2}" for k in range(4)], packed=False)
    whole = sets.load(sets.ORDERS, tmp_path)
    assert whole.votes.judge == ("m/CoT", "m/CoT", "n/Vanilla")
    assert whole.votes.order == ("ab", "ba", "ab")
    listed = tmp_path / "panels.json"
    listed.write_text(json.dumps([{"set": sets.ORDERS, "judges": [1, 2], "items": [1, 3]}]))
    (panel,) = sets.panels(listed, tmp_path)
    assert panel.votes.raters == ("m/CoT/ba", "n/Vanilla/ab")
    assert panel.votes.items == ("i1", "i3")
    assert panel.votes.label is not None
    assert panel.votes.label.tolist() == [1, 1, 1, 1]
    assert panel.labels_right().tolist() == [1, 1]


def test_made_up_soft_votes_are_of_use_to_a_perfect_scale_map() -> None:
    for levels in (2, 6):
        found = made_up(levels, items=400)
        assert found.votes.mass is not None
        assert found.votes.mass.sum(axis=1) == pytest.approx(np.ones(found.votes.V))
        scores = found.votes.scores.reshape(400, -1)
        separate = [
            np.corrcoef(scores[:, j], found.gold.label)[0, 1] for j in range(scores.shape[1])
        ]
        assert min(separate) > 0.15


# The command


def quick_data(folder: Path) -> None:
    rng = np.random.default_rng(3)
    label = rng.integers(2, size=150)
    heard = label[:, None] ^ (rng.random((150, JUDGES)) < 0.3)
    for name in ("rte", sets.BLUEBIRD):
        rows = [f"i{i},j{j},{heard[i, j]}" for i in range(150) for j in range(JUDGES)]
        write(folder, name, rows, [f"i{i},{label[i]}" for i in range(150)], packed=False)
    level = np.clip(
        np.round(4.5 + 2 * (2 * label - 1)[:, None] + rng.normal(0, 2, heard.shape)), 0, 9
    )
    rows = [f"i{i},j{j},{level[i, j]:.0f}" for i in range(150) for j in range(JUDGES)]
    write(folder, sets.CIVIL, rows, [f"i{i},{label[i]}" for i in range(150)], packed=True)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARKS / "aggregation.py"), *words]
    environment = {**os.environ, "PYTHONWARNINGS": "default"}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=environment, check=False
    )


def test_quick_prints_its_tables(tmp_path: Path) -> None:
    quick_data(tmp_path / "crowd")
    out = tmp_path / "lines.json"
    done = run("--quick", "--data", str(tmp_path / "crowd"), "--json", str(out))
    assert done.returncode == 0, done.stderr
    for title in ("People's votes, no gold", "civilcomments_llm, no gold", "100 gold labels"):
        assert title in done.stdout
    lines = json.loads(out.read_text())
    named = {line["method"] for line in lines}
    assert {"plain majority", "ridge logistic", "best single judge", "mean"} <= named
    assert {"dawid-skene, cut at medians", "ising, cut at medians", "ising, cut at 5"} <= named
    by_hand = [one for one in lines if (one["set"], one["method"]) == ("rte", "plain majority")]
    assert 0.7 < by_hand[0]["figures"]["accuracy"] < 1
    golden = [one for one in lines if one["gold"] == 100 and one["figures"]]
    assert {one["draws"] for one in golden} == {2}
    assert {one["figures"]["n"] for one in golden} == {50}


def test_without_votes_it_says_so(tmp_path: Path) -> None:
    done = run("--block", "civil", "panels", "--data", str(tmp_path / "nowhere"))
    assert done.returncode == 0
    assert done.stdout.count("left out, there are no votes in") == 2


def test_a_method_that_breaks_is_a_line_and_not_the_end() -> None:
    program = (
        "from aggregation_parts.forked import forked\n"
        "def broken(): raise ZeroDivisionError('by nothing')\n"
        "def endless():\n    while True: pass\n"
        "print(forked(broken).error)\n"
        "print(forked(endless, limit_s=0).error)\n"
        "print(forked(lambda: {}).error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=BENCHMARKS, check=True
    )
    assert done.stdout.splitlines() == ["ZeroDivisionError: by nothing", "limit of 0 CPU s", ""]
