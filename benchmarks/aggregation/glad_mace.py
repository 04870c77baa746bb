"""GLAD and MACE beside crowd-kit: the same answers from the same start, and seconds.

    python benchmarks/aggregation/glad_mace.py [--quick] [--envs DIR] [--data DIR]

CPU seconds of one thread, each measurement in a process of its own. crowd-kit stops GLAD early, so
for parity its early stop is off and its inner search goes on to a stricter end (both are in the
table); for speed it runs as it comes. Real votes are read from --data; without them their lines are
left out, and that is said. Exit code 1 where a promise is not kept (--quick promises no speed).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # the benchmarks' shared modules

import scale_jobs  # noqa: E402
from environments import PeerBroken, default_folder, last_line, python_of  # noqa: E402
from measure import run  # noqa: E402
from scale import DATA, LIMIT_S, ONE_THREAD  # noqa: E402
from scale_line import Line  # noqa: E402

from w2s_judge.aggregation.glad import Glad  # noqa: E402
from w2s_judge.aggregation.habits import Habits  # noqa: E402
from w2s_judge.aggregation.mace import Mace  # noqa: E402
from w2s_judge.gold import Truth  # noqa: E402
from w2s_judge.votes import VoteMatrix  # noqa: E402

PEER = HERE / "peers" / "crowdkit_glad_mace.py"
MADE = {
    "simulated 300 x 8 x 2": (1, 300, 8, 2, 1.0),
    "simulated 400 x 30 x 3": (2, 400, 30, 3, 0.33),
}
REAL = ("rte", "bluebird", "dog")
ITERATIONS, INNER, STEPS = 30, (1e-5, 100), 50
TIMES, SECONDS, SAME, APART = 50.0, 60.0, 0.995, 1e-3
METHODS = {"glad": Glad(), "mace": Mace()}


@dataclass(frozen=True, slots=True)
class Bench:
    """A scratch folder, the peer's Python, where real votes are."""

    scratch: Path
    peer: Path
    data: Path
    quick: bool

    def own(self, *words: object) -> dict[str, float]:
        """Figures of one job of this script in a process of its own, and its peak memory."""
        return self._figures([sys.executable, __file__, "--job", *map(str, words)])

    def crowd_kit(self, votes: VoteMatrix, method: str, *words: object) -> tuple[np.ndarray, float]:
        """crowd-kit's posterior and CPU seconds."""
        path, out = self.scratch / "votes.npz", self.scratch / "peer.npz"
        scale_jobs.save(votes, path)
        stated = ["--votes", path, "--method", method, "--out", out, *words]
        told = self._figures([str(self.peer), str(PEER), *map(str, stated)])
        with np.load(out, allow_pickle=False) as file:
            return file["posterior"], told["seconds"]

    def _figures(self, command: list[str]) -> dict[str, float]:
        ended = run(command, cwd=HERE, limit_s=LIMIT_S, environment=ONE_THREAD)
        if ended.code:
            raise PeerBroken(last_line(ended.errors) or f"ended with {ended.code}")
        return {**ended.last_json(), "peak_mb": ended.peak_mb}


def even(votes: VoteMatrix) -> VoteMatrix:
    """With the prior that crowd-kit has."""
    L = votes.L  # noqa: N806
    return replace(votes, truth=Truth(votes.labels, tuple(range(L)), (1 / L,) * L))


def drawn(seed: int, items: int, raters: int, labels: int, share: float) -> VoteMatrix:
    """Votes by GLAD's model."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, labels, items)
    ability, ease = rng.normal(1.0, 0.7, raters), np.exp(rng.normal(0.3, 0.8, items))
    item, rater = np.nonzero(rng.random((items, raters)) < share)
    right = rng.random(len(item)) < 1 / (1 + np.exp(-ability[rater] * ease[item]))
    label = (truth[item] + ~right * rng.integers(1, labels, len(item))) % labels
    return scale_jobs.matrix(item, rater, (items, raters, labels), label=label.astype(np.int32))


def parity(bench: Bench, name: str, votes: VoteMatrix) -> list[Line]:
    """Both methods from crowd-kit's start."""
    votes = even(votes)
    theirs, _ = bench.crowd_kit(votes, "glad", "--iterations", ITERATIONS, "--inner", *INNER)
    stated = f"{ITERATIONS} iterations, inner search to {INNER[0]:.0e} or {INNER[1]} steps"
    lines = [
        _apart(f"GLAD, {name}, converged", f"crowd-kit {stated}", Glad()(votes).posterior, theirs)
    ]
    rng = np.random.default_rng(3)
    trust, labels = rng.uniform(0.2, 0.8, votes.J), rng.dirichlet(np.full(votes.L, 9.0), votes.J)
    begun = bench.scratch / "begun.npz"
    np.savez(begun, trust=trust, labels=labels)
    theirs, _ = bench.crowd_kit(votes, "mace", "--iterations", STEPS, "--begun", begun)
    method = Mace(accelerate=False, tol=0.0, max_iterations=STEPS)
    ours = method.estimates(votes, None, Habits(trust, labels)).consensus.posterior
    return [*lines, _apart(f"MACE, {name}, {STEPS} iterations", "crowd-kit the same", ours, theirs)]


def _apart(what: str, beside: str, ours: np.ndarray, theirs: np.ndarray) -> Line:
    same = float((ours.argmax(axis=1) == theirs.argmax(axis=1)).mean())
    apart = float(np.abs(ours - theirs).max())
    promise = f"at least {SAME:.1%} of labels, posterior within {APART:.0e}"
    kept = same >= SAME and apart <= APART
    return Line(what, f"{same:.1%} of labels equal", beside, f"{apart:.1e} apart", promise, kept)


def speed(bench: Bench, method: str, items: int, words: list[object], beside: str) -> Line:
    """Ours to convergence beside crowd-kit as `words` say; 5 judges, 3 labels."""
    found = bench.own("fit", method, "hard", items, 30)
    _, theirs = bench.crowd_kit(scale_jobs.dense(items), method, *words)
    ratio = theirs / found["seconds"]
    return Line(
        f"{method.upper()}, {items:,} x 5 x 3 hard, converged",
        f"{1000 * found['seconds']:.1f} ms",
        f"crowd-kit {theirs:.2f} s ({beside})",
        f"{ratio:.0f}",
        f"at least {TIMES:.0f} times faster",
        None if bench.quick else ratio >= TIMES,
    )


def size(bench: Bench, method: str, kind: str, items: int) -> Line:
    """Ours alone, one fit."""
    found = bench.own("fit", method, kind, items, 1)
    shape = "x 5 of 1,000 x 4 hard" if kind == "crowd" else f"x 5 x 3 {kind}"
    return Line(
        f"{method.upper()}, {items:,} {shape}, converged ({found['iterations']:.0f} iterations)",
        f"{found['seconds']:.2f} s, {found['peak_mb']:.0f} MB", "", "",
        f"at most {SECONDS:.0f} s", None if bench.quick else found["seconds"] <= SECONDS,
    )  # fmt: skip


def job(kind: str, method: str, votes_kind: str, items: int, repeats: int) -> dict[str, float]:
    """One measurement in this process: median CPU seconds of a fit."""
    assert kind == "fit"
    made: dict[str, Callable[[], VoteMatrix]] = {
        "hard": lambda: scale_jobs.dense(items),
        "soft": lambda: scale_jobs.dense(items, soft=True),
        "crowd": lambda: scale_jobs.crowd(items),
    }
    votes, took, found = made[votes_kind](), [], None
    for _ in range(repeats):
        begun = time.process_time()
        found = METHODS[method](votes)
        took.append(time.process_time() - begun)
    assert found is not None
    return {"seconds": statistics.median(took), "iterations": found.fit.iterations}


def lines(bench: Bench) -> list[Callable[[], list[Line]]]:
    """What is measured, in order."""
    work: list[Callable[[], list[Line]]] = []
    for name, drawing in list(MADE.items())[: 1 if bench.quick else None]:
        work.append(lambda n=name, d=drawing: parity(bench, n, drawn(*d)))
    for name in () if bench.quick else REAL:
        if (bench.data / name).is_dir():
            work.append(lambda n=name: parity(bench, n, scale_jobs.real(bench.data / n)))
        else:
            print(f"{name}: left out, there are no votes in {bench.data} (--data)")
    once = ["--iterations", 1]
    small, large = (200, 500) if bench.quick else (1_000, 10_000)
    work += [
        lambda: [speed(bench, "glad", small, [], "its own stop")],
        lambda: [speed(bench, "glad", large, once, "one iteration")],
        lambda: [speed(bench, "mace", small, [], "one start of its ten, 50 iterations")],
        lambda: [speed(bench, "mace", large, [], "one start of its ten, 50 iterations")],
    ]
    most = 10_000 if bench.quick else 1_000_000
    for method in METHODS:
        for kind, items in (("hard", most), ("soft", most), ("crowd", most // 5)):
            work.append(lambda m=method, k=kind, n=items: [size(bench, m, k, n)])
    return work


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, no promises of speed")
    parser.add_argument("--envs", type=Path, default=default_folder(), help="peers' environments")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of NAME/votes.csv[.gz]")
    parser.add_argument("--job", nargs=5, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.job:
        kind, method, votes_kind, items, repeats = chosen.job
        print(json.dumps(job(kind, method, votes_kind, int(items), int(repeats))))
        return 0
    peer = python_of("crowd_kit", chosen.envs)
    print("| what | ours | beside | ratio | promise | kept |\n|---|---|---|---|---|---|")
    kept = True
    with tempfile.TemporaryDirectory() as scratch:
        for work in lines(Bench(Path(scratch), peer, chosen.data.resolve(), chosen.quick)):
            for line in work():
                print(line, flush=True)
                kept = kept and line.kept is not False
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
