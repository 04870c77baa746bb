"""Block speed: Bradley-Terry on a million comparisons of a thousand models, beside evalica's."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from aggregation_parts.lines import cost, markdown
from environments import HERE, PeerBroken, last_line, python_of
from measure import run

from ranking_parts.lines import Line, Plan
from ranking_parts.peers import ONE_THREAD, WALL_S
from w2s_judge.comparisons import Comparisons, Ranking
from w2s_judge.ranking.bradley_terry import BradleyTerry

BLOCK = "speed"
MODELS, COUNT, QUICK_COUNT = 1_000, 1_000_000, 20_000
TIES, SPREAD = 0.1, 1.0
TOLERANCE, REPEATS = 1e-10, 3
ASKED, NEAR = 0.6, 1e-6
PEER, SPEED = "evalica_rank", "evalica_speed"
SAME = BradleyTerry(prior=None, ties="half", position=False, tol=TOLERANCE)


@dataclass(frozen=True, eq=False, slots=True)
class Columns:
    """`left`, `right` (M,) integers; `said` (M,) 0 left, 1 tie, 2 right."""

    left: np.ndarray
    right: np.ndarray
    said: np.ndarray

    def built(self) -> Comparisons:
        """As `Comparisons`, checked."""
        outcome = np.zeros((len(self.said), 3))
        outcome[np.arange(len(self.said)), self.said] = 1
        none = np.zeros(len(self.said), dtype=np.int32)
        names = tuple(map(str, range(MODELS)))
        question = np.zeros(MODELS, dtype=np.int32)
        return Comparisons(
            names, question, ("",), ("judge",), self.left, self.right, none, outcome, none
        )


def drawn(count: int, seed: int) -> Columns:
    """Bradley-Terry strengths (normal), pairs by lot, a tenth of the comparisons ties by lot."""
    rng = np.random.default_rng(seed)
    strength = SPREAD * rng.standard_normal(MODELS)
    left = rng.integers(MODELS, size=count)
    right = (left + rng.integers(1, MODELS, size=count)) % MODELS
    won = rng.random(count) < 1 / (1 + np.exp(strength[right] - strength[left]))
    said = np.where(rng.random(count) < TIES, 1, np.where(won, 0, 2))
    return Columns(left.astype(np.int32), right.astype(np.int32), said)


def report(plan: Plan) -> Iterator[tuple[str, list[Line]]]:
    """One table of CPU seconds, and whether both found the same."""
    columns = drawn(QUICK_COUNT if plan.quick else COUNT, plan.seed)
    comparisons = columns.built()
    fitted, ours = _least(lambda: SAME(comparisons))
    _, whole = _least(lambda: SAME(columns.built()))
    _, default = _least(lambda: BradleyTerry()(comparisons))
    seconds = {
        "w2s-judge bradley-terry, from Comparisons": ours,
        "w2s-judge bradley-terry, with building them from integer arrays": whole,
        "w2s-judge bradley-terry at its defaults (Davidson's ties, position, prior)": default,
    }
    said = ["Peers were not run (--peers)."]
    if plan.bench:
        found = _evalica(columns, plan)
        if isinstance(found, str):
            said = [f"evalica: {found}"]
        else:
            seconds |= {f"evalica bradley_terry, {name}": s for name, s in found[1].items()}
            said = _beside(fitted, ours, whole, *found)
    rows = [[name, cost(value)] for name, value in seconds.items()]
    about = (
        f"{len(columns.said):,} comparisons of {MODELS:,} models, {TIES:.0%} ties, half a win for "
        f"each; tolerance {TOLERANCE:g} on both sides; least of {REPEATS} runs, one thread."
    )
    lines = [Line(BLOCK, "1e6 x 1e3", name, cpu_s=value) for name, value in seconds.items()]
    title = "## Speed of Bradley-Terry"
    yield "\n\n".join([title, markdown(["", "CPU s"], rows), about, *said]), lines


def _least(work: Callable[[], Ranking]) -> tuple[Ranking, float]:
    least = np.inf
    for _ in range(REPEATS):
        begun = time.process_time()
        found = work()
        least = min(least, time.process_time() - begun)
    return found, least


def _evalica(columns: Columns, plan: Plan) -> tuple[np.ndarray, dict[str, float], int] | str:
    """Its scores, seconds and iterations, or why there are none."""
    assert plan.bench is not None
    try:
        python = python_of(PEER, plan.bench.envs)
    except PeerBroken as broken:
        return str(broken)
    with tempfile.TemporaryDirectory() as place:
        pairs, out = Path(place) / "pairs.npz", Path(place) / "score.npz"
        np.savez(pairs, left=columns.left, right=columns.right, said=columns.said,
                 objects=np.array(MODELS))  # fmt: skip
        command = [str(python), str(HERE / "peers" / f"{SPEED}.py"), "--pairs", str(pairs)]
        command += ["--out", str(out), "--tolerance", str(TOLERANCE), "--repeats", str(REPEATS)]
        print(f"evalica on {len(columns.said):,} comparisons", file=sys.stderr, flush=True)
        ended = run(command, cwd=Path(place), limit_s=WALL_S, environment=ONE_THREAD)
        told = ended.last_json()
        if ended.code or not told or not out.is_file():
            return last_line(ended.errors) or f"ended with {ended.code}"
        with np.load(out, allow_pickle=False) as file:
            return file["score"], told["seconds"], told["iterations"]


def _beside(
    fitted: Ranking, ours: float, whole: float, score: np.ndarray, seconds: dict[str, float],
    iterations: int,
) -> list[str]:  # fmt: skip
    log = np.log(score)
    apart = float(np.abs(log - log.mean() - fitted.score).max())
    steps = fitted.fit.iterations if fitted.fit else 0
    said = [
        f"{ours / theirs:.2f} (with building ours {whole / theirs:.2f}) to evalica with {form}, at "
        f"most {ASKED}: {'yes' if ours / theirs <= ASKED else 'no'}"
        for form, theirs in seconds.items()
    ]
    return [
        f"Ratios of ours from Comparisons: {'; '.join(said)}.",
        f"Centred log-strengths are {apart:.1e} apart ({steps} and {iterations} iterations); "
        f"equal to {NEAR:g}: {'yes' if apart <= NEAR else 'no'}.",
    ]
