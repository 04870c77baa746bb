"""Peers' scores of folds: each method is a process in the environment of its package."""

from __future__ import annotations

import hashlib
import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from environments import HERE, PeerBroken, last_line, pinned, python_of, requirements_of
from measure import Ended, run

from w2s_judge.comparisons import Comparisons

LIMIT_S = 30  # CPU seconds of a fit
WALL_S = 1200.0  # in case something else keeps the processors busy
LIMIT_REACHED = f"limit of {LIMIT_S} CPU s a fit"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class Peer:
    """A method of a package; `script` is under peers/, `environment` names its pins there."""

    package: str
    method: str
    script: str
    environment: str
    ranks: bool = True  # False: it is shown, and is never taken for the best

    @property
    def name(self) -> str:
        """As the tables call it."""
        return f"{self.package} {self.method}"

    @property
    def version(self) -> str:
        """Package and pinned version."""
        return f"{self.package} {pinned(self.package, self.environment)}"


TIES = ("ties dropped", "ties half")
EVALICA = ("bradley_terry", "newman", "elo", "pagerank", "average_win_rate")
CHOIX = ("ilsr_pairwise", "lsr_pairwise", "rank_centrality")
PEERS = (
    *(Peer("evalica", method, "evalica_rank", "evalica_rank") for method in EVALICA),
    Peer("evalica", "eigen", "evalica_rank", "evalica_rank", ranks=False),
    Peer("evalica", "eigen, turned round", "evalica_rank", "evalica_rank"),
    *(Peer("choix", f"{method}, {ties}", "choix_rank", "choix_rank")
      for method in CHOIX for ties in TIES),
    *(Peer("crowd-kit", f"BradleyTerry, {ties}", "crowd_kit_rank", "crowd_kit") for ties in TIES),
    Peer("choix", "opt_pairwise 0.1, ties dropped", "choix_rank", "choix_rank"),
    Peer("crowd-kit", "NoisyBradleyTerry, ties dropped", "crowd_kit_rank", "crowd_kit"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the environments are, and where results are kept."""

    envs: Path
    cache: Path


@dataclass(frozen=True, eq=False, slots=True)
class Scored:
    """(folds + 1, N) scores without each fold and with all comparisons, or why there are none."""

    scores: np.ndarray | None
    cpu_s: float = 0.0
    note: str = ""


def scores(peer: Peer, comparisons: Comparisons, fold: np.ndarray, bench: Bench) -> Scored:
    """The peer's scores; from an earlier time where the comparisons, script and pins are those."""
    with tempfile.TemporaryDirectory() as place:
        pairs, out = Path(place) / "pairs.npz", Path(place) / "scores.npz"
        _write(comparisons, fold, pairs)
        kept = bench.cache / f"{_key(peer, pairs)}.npz"
        if kept.is_file():
            return _read(kept)
        try:
            python = python_of(peer.environment, bench.envs)
        except PeerBroken as broken:
            return Scored(None, note=str(broken))
        script = HERE / "peers" / f"{peer.script}.py"
        command = [str(python), str(script), "--pairs", str(pairs), "--method", peer.method]
        command += ["--limit", str(LIMIT_S), "--out", str(out)]
        print(f"{peer.name} on {comparisons!r}", file=sys.stderr, flush=True)
        ended = run(command, cwd=Path(place), limit_s=WALL_S, environment=ONE_THREAD)
        found = _outcome(ended, out)
        if found.scores is not None or found.note == LIMIT_REACHED:
            bench.cache.mkdir(parents=True, exist_ok=True)
            table = np.empty((0, 0)) if found.scores is None else found.scores
            said = np.array(json.dumps({"cpu_s": found.cpu_s, "note": found.note}))
            np.savez(kept, allow_pickle=False, scores=table, said=said)
        return found


def versions(peers: Sequence[Peer] = PEERS) -> str:
    """Packages and their pinned versions."""
    return ", ".join(dict.fromkeys(peer.version for peer in peers))


def _write(comparisons: Comparisons, fold: np.ndarray, path: Path) -> None:
    np.savez(
        path, left=comparisons.left, right=comparisons.right, rater=comparisons.rater,
        said=comparisons.outcome.argmax(axis=1), fold=fold, objects=np.array(comparisons.N),
    )  # fmt: skip


def _key(peer: Peer, pairs: Path) -> str:
    """Comparisons, folds, scripts, pins and limit: a change of any of them is another result."""
    digest = hashlib.sha256(peer.method.encode() + str(LIMIT_S).encode())
    with np.load(pairs, allow_pickle=False) as file:
        for name in sorted(file.files):
            digest.update(file[name].astype(np.int64).tobytes())
    for script in (peer.script, "rank_job"):
        digest.update((HERE / "peers" / f"{script}.py").read_bytes())
    digest.update(requirements_of(peer.environment).read_bytes())
    return f"{peer.script}-{digest.hexdigest()[:20]}"


def _outcome(ended: Ended, out: Path) -> Scored:
    told = ended.last_json()
    if ended.code == -signal.SIGXCPU:
        return Scored(None, note=LIMIT_REACHED)
    if ended.code or not told or not out.is_file():
        return Scored(None, note=last_line(ended.errors) or f"ended with {ended.code}")
    with np.load(out, allow_pickle=False) as file:
        return Scored(file["scores"], told["cpu_s"])


def _read(kept: Path) -> Scored:
    with np.load(kept, allow_pickle=False) as file:
        said, table = json.loads(str(file["said"])), file["scores"]
    return Scored(table if table.size else None, said["cpu_s"], said["note"])
