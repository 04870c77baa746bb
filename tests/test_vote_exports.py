"""What `w2s-judge votes` writes is read in all its formats, as the matrix that the run gives."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

import w2s_judge
from w2s_judge.datasets.vote_files import read_votes
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.votes import export_votes


def same(one: VoteMatrix, other: VoteMatrix) -> None:
    """Two matrices say the same, whatever order their raters have."""
    assert one.items == other.items
    assert one.labels == other.labels
    assert sorted(one.raters) == sorted(other.raters)
    place = np.array([other.raters.index(name) for name in one.raters])
    assert one.item.tolist() == other.item.tolist()
    assert place[one.rater].tolist() == other.rater.tolist()
    np.testing.assert_array_equal(one.soft(), other.soft())
    assert one.group.tolist() == other.group.tolist()
    for name in ("family", "judge", "order", "uncalibrated"):
        mine, yours = getattr(one, name), getattr(other, name)
        mine = [None] * one.J if mine is None else list(mine)
        yours = [None] * one.J if yours is None else list(yours)
        assert mine == [yours[j] for j in place], name
    if other.positions is not None:
        assert one.positions.tolist() == other.positions.tolist()


@pytest.fixture
def run(endpoint, wire, outputs, panel):
    """Two judges with repeats in both orders; the second abstains, on some items always."""

    def reply(body, number):
        text = wire.prompt(body)
        if body["model"] == "m-b" and ("BAD one" in text or number % 5 == 0):
            return wire.token({"?": 0.97, "A": 0.01})
        good = 0.6 + number % 7 / 20
        first, second = ("A", "B") if text.find("GOOD") < text.index("BAD") else ("B", "A")
        return wire.token({first: good, second: 0.95 - good})

    url = endpoint(reply).url
    rows = [
        {
            "id": name,
            "prompt": "Q,\n?",
            "responses": ["BAD answer", "GOOD answer", "BAD one"][:size],
        }
        for name, size in (("=cmd|calc", 3), ('x,"y"', 2), ("-4", 2))
    ]
    judges = panel("repeats = 2\ntemperature = 0.7\nfamily = 'qwen'", a=url, b=url)
    return w2s_judge.score(outputs(rows), panel=judges, rubrics=["safety-pair"], method="mean")


def silent(run):
    """How many raters abstained on an item and have no vote on it."""
    abstained, voted = set(), set()
    for line in run.vote_lines("safety-pair"):
        cell = (line["item"], tuple(line["responses"]), line["judge"], line["order"])
        (voted if line["mass"] else abstained).add(cell)
    return len(abstained - voted)


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_exports_come_back_as_the_runs_own_matrix(run, tmp_path, kind):
    path = tmp_path / f"votes.{kind}"
    export_votes(run.folder, "safety-pair", kind, path)
    there = run.votes("safety-pair")
    if kind != "parquet":
        packed = tmp_path / f"votes.{kind}.gz"
        packed.write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
        path = packed
    found = read_votes(path, levels="A,T,B")
    same(found.votes, there)
    assert found.votes.ordered
    assert found.rubric == "safety-pair"
    assert silent(run)
    assert found.abstained.sum() == silent(run)
    assert "mean of a rater's repeats" in " ".join(found.notes)
    plain = read_votes(path)
    assert not plain.votes.ordered
    assert plain.votes.labels == ("A", "T", "B")
    assert "--levels declares one" in " ".join(plain.notes)
