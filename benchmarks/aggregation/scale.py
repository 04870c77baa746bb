"""Seconds and memory of Dawid-Skene by size, beside others; every method on a million items.

    python benchmarks/aggregation/scale.py [--quick] [--peers] [--envs DIR] [--data DIR]
    python benchmarks/aggregation/scale.py --table methods     # every method alone

Dawid-Skene stands beside a numpy majority vote and crowd-kit. CPU seconds of one thread, each
measurement in a process of its own. Real votes are read from --data; without them these lines are
left out, and that is said. Exit code 1 where a promise is not kept (with --quick nothing is
promised of Dawid-Skene: the sizes are too small).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))  # the benchmarks' shared modules

import every_method  # noqa: E402
import scale_jobs  # noqa: E402
from environments import PeerBroken, default_folder, last_line, python_of  # noqa: E402
from measure import run  # noqa: E402
from scale_line import Line  # noqa: E402

PEER = HERE / "peers" / "crowdkit_scale.py"
DATA = HERE.parent.parent.parent / "shared" / "data" / "crowd"
SETS = ("relevance", "fact_eval")
CROWD = "simulated crowd"
SIZES, METHODS = "sizes", "methods"  # the tables
LIMIT_S = 900.0
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
MAJORITY_TIMES, CROWDKIT_TIMES, ITERATION_TIMES = 2.0, 500.0, 10.0
PARITY, SOFT_SECONDS, SOFT_MEMORY = 1e-6, 3.0, 3.0


@dataclass(frozen=True, slots=True)
class Bench:
    """Where things are: a scratch folder, the peer's Python (None: no peers), the sizes."""

    scratch: Path
    peer: Path | None
    data: Path
    quick: bool

    def own(self, *words: object) -> dict[str, float]:
        """Figures of one job of this script in a process of its own, and its peak memory."""
        return self._figures([sys.executable, __file__, "--job", *map(str, words)])

    def crowd_kit(self, votes: Path, out: Path, iterations: Sequence[int]) -> dict[str, object]:
        """crowd-kit's seconds by number of iterations (0: its own stop), and the iterations."""
        words = [str(self.peer), str(PEER), "--votes", str(votes), "--out", str(out)]
        return self._figures([*words, "--iterations", *map(str, iterations)])

    def _figures(self, command: list[str]) -> dict[str, float]:
        ended = run(command, cwd=HERE, limit_s=LIMIT_S, environment=ONE_THREAD)
        if ended.code:
            raise PeerBroken(last_line(ended.errors) or f"ended with {ended.code}")
        return {**ended.last_json(), "peak_mb": ended.peak_mb}


def hard(bench: Bench) -> list[Line]:
    """Many items, one panel, hard votes, to convergence, beside majority."""
    items = 100_000 if bench.quick else 1_000_000
    found = bench.own("hard", items, 3 if bench.quick else 9)
    lines = []
    for name in ("in order", "shuffled"):
        ratio = found[f"{name} ratio"]
        lines.append(
            Line(
                f"{items:,} x 5 x 3 hard, {name}, converged ({found['iterations']:.0f} iterations)",
                f"{found[f'{name} ours']:.4f} s",
                f"numpy majority {found[f'{name} majority']:.4f} s",
                f"{ratio:.2f} (at worst {found[f'{name} worst']:.2f})",
                f"at most {MAJORITY_TIMES:.0f} times" if name == "in order" else "",
                ratio <= MAJORITY_TIMES if name == "in order" and not bench.quick else None,
            )
        )
    return lines


def converged(bench: Bench) -> list[Line]:
    """10,000 items, to convergence, beside crowd-kit to its own."""
    votes = bench.scratch / "small.npz"
    found = bench.own("converged", 10_000, votes)
    what = f"10,000 x 5 x 3 hard, converged ({found['iterations']:.0f} iterations)"
    ours = f"{1000 * found['seconds']:.2f} ms"
    if bench.peer is None:
        return [Line(what, ours, "", "", "", None)]
    lines = []
    # Its own stop (1e-5 a vote, absolute) comes early; converged as ours means as many plain steps
    # as ours takes without acceleration to the same tolerance.
    for name, iterations in (("its own stop", 0), ("converged as ours", int(found["plain"]))):
        wanted = (iterations,) if iterations else ()
        peer = bench.crowd_kit(votes, bench.scratch / "peer.npz", wanted)
        theirs = peer["seconds"][str(iterations)]
        ratio = theirs / found["seconds"]
        other = f"crowd-kit {theirs:.3f} s ({name}: {peer['iterations']} iterations)"
        promised = bool(iterations)
        promise = f"at least {CROWDKIT_TIMES:.0f} times faster" if promised else ""
        kept = ratio >= CROWDKIT_TIMES if promised and not bench.quick else None
        lines.append(Line(what, ours, other, f"{ratio:.0f}", promise, kept))
    return lines


def sparse(bench: Bench, name: str) -> list[Line]:
    """One iteration, the early stop off on both sides, and how far the posteriors are apart."""
    if name != CROWD and not (bench.data / name).is_dir():
        print(f"{name}: left out, there are no votes in {bench.data} (--data)")
        return []
    votes, ours_out, peer_out = (bench.scratch / f"{one}.npz" for one in ("votes", "ours", "peer"))
    source: object = bench.data / name if name != CROWD else 20_000 if bench.quick else 200_000
    found = bench.own("sparse", source, votes, ours_out)
    few, many = scale_jobs.FEW, scale_jobs.MANY
    ours = (found[str(many)] - found[str(few)]) / (many - few)
    what = f"{name}, {found['votes']:,.0f} votes, one iteration"
    if bench.peer is None:
        return [Line(what, f"{1000 * ours:.2f} ms", "", "", "", None)]
    peer = bench.crowd_kit(votes, peer_out, (few, many))
    theirs = (peer["seconds"][str(many)] - peer["seconds"][str(few)]) / (many - few)
    apart = float(np.abs(_posterior(ours_out) - _posterior(peer_out)).max())
    whole = peer["seconds"][str(many)] / found[str(many)]
    ratio = theirs / ours
    return [
        Line(
            what,
            f"{1000 * ours:.2f} ms",
            f"crowd-kit {1000 * theirs:.1f} ms",
            f"{ratio:.1f} ({whole:.1f} with the set-up, {many} iterations)",
            f"at least {ITERATION_TIMES:.0f} times faster",
            None if bench.quick else ratio >= ITERATION_TIMES,
        ),
        Line(
            f"{name}, posterior after {many} iterations",
            "", "", f"{apart:.1e} apart", f"at most {PARITY:.0e}", apart <= PARITY,
        ),
    ]  # fmt: skip


def soft(bench: Bench) -> list[Line]:
    """Many items, one panel, soft votes, to convergence: seconds, and the process's peak memory."""
    items = 100_000 if bench.quick else 1_000_000
    found = bench.own("soft", items)
    times = found["peak_mb"] / found["votes_mb"]
    what = f"{items:,} x 5 x 3 soft, converged ({found['iterations']:.0f} iterations)"
    quick = bench.quick
    return [
        Line(
            what, f"{found['seconds']:.2f} s", "", "", f"at most {SOFT_SECONDS:.0f} s",
            None if quick else found["seconds"] <= SOFT_SECONDS,
        ),
        Line(
            f"{items:,} x 5 x 3 soft, peak memory", f"{found['peak_mb']:.0f} MB",
            f"votes {found['votes_mb']:.0f} MB", f"{times:.2f}",
            f"at most {SOFT_MEMORY:.0f} times", None if quick else times <= SOFT_MEMORY,
        ),
    ]  # fmt: skip


def _posterior(path: Path) -> np.ndarray:
    with np.load(path, allow_pickle=False) as file:
        return file["posterior"]


def job(words: list[str]) -> dict[str, float] | dict[str, float | str]:
    """One measurement, in this process."""
    kind, *rest = words
    if kind == "method":
        return every_method.job(rest[0], rest[1], int(rest[2]))
    if kind == "hard":
        return scale_jobs.hard(int(rest[0]), int(rest[1]))
    if kind == "converged":
        return scale_jobs.converged(int(rest[0]), Path(rest[1]))
    if kind == "soft":
        return scale_jobs.soft(int(rest[0]))
    made = rest[0].isdigit()
    votes = scale_jobs.crowd(int(rest[0])) if made else scale_jobs.real(Path(rest[0]))
    return scale_jobs.sparse(votes, Path(rest[1]), Path(rest[2]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the sizes, no promises")
    parser.add_argument("--peers", action="store_true", help="crowd-kit, too")
    parser.add_argument("--envs", type=Path, default=default_folder(), help="peers' environments")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of NAME/votes.csv[.gz]")
    parser.add_argument("--table", choices=("all", SIZES, METHODS), default="all")
    parser.add_argument("--job", nargs="+", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.job:
        print(json.dumps(job(chosen.job)))
        return 0
    peer = python_of("crowd_kit", chosen.envs) if chosen.peers else None
    kept = True
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(Path(scratch), peer, chosen.data.resolve(), chosen.quick)
        if chosen.table != METHODS:
            kept = by_size(bench)
        if chosen.table != SIZES:
            kept = every(bench) and kept
    return 0 if kept else 1


def by_size(bench: Bench) -> bool:
    """The table of Dawid-Skene, and whether every promise is kept."""
    print("| what | ours | beside | ratio | promise | kept |\n|---|---|---|---|---|---|")
    kept = True
    blocks = [hard, converged, *(lambda b, n=name: sparse(b, n) for name in (*SETS, CROWD)), soft]
    for block in blocks:
        for line in block(bench):
            print(line, flush=True)
            kept = kept and line.kept is not False
    return kept


def every(bench: Bench) -> bool:
    """The table of every method, and whether every promise is kept."""
    print(f"\n## Every method\n\n{every_method.HEAD}")
    kept = True
    for row, held in every_method.rows(bench.own, quick=bench.quick):
        print(row, flush=True)
        kept = kept and held
    print(f"\n{every_method.SAID}")
    return kept


if __name__ == "__main__":
    sys.exit(main())
