"""Peers' posteriors: each fit is a process in an environment of its own; results are kept."""

from __future__ import annotations

import hashlib
import json
import signal
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from environments import HERE, PeerBroken, last_line, pinned, python_of, requirements_of
from measure import Ended, run

from aggregation_parts.forked import Done
from aggregation_parts.sets import VoteSet

LIMIT_S = 60  # CPU seconds of a fit
WALL_S = 900.0  # in case something else keeps the processors busy
LIMIT_REACHED = f"limit of {LIMIT_S} CPU s"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class Peer:
    """A method of a package: `module` is its script under peers/, and its environment."""

    package: str
    method: str
    module: str
    posterior: bool = True  # False: it tells labels, and its probabilities are ours

    @property
    def name(self) -> str:
        """As the tables call it."""
        return f"{self.package} {self.method}"

    @property
    def version(self) -> str:
        """Package and pinned version."""
        return f"{self.package} {pinned(self.package, self.module)}"


CROWD_KIT = ("MajorityVote", "Wawa", "ZeroBasedSkill", "DawidSkene", "OneCoinDawidSkene", "GLAD",
             "MACE")  # fmt: skip
PEERS = (
    *(Peer("crowd-kit", method, "crowd_kit") for method in CROWD_KIT),
    Peer("snorkel", "LabelModel", "snorkel_model"),
    Peer("cleanlab", "majority", "crowdlab", posterior=False),
    Peer("cleanlab", "CROWDLAB", "crowdlab"),
)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the environments are, and where results are kept."""

    envs: Path
    cache: Path


def fit(peer: Peer, voted: VoteSet, bench: Bench) -> tuple[Done, bool]:
    """The peer's posterior under the array "posterior", and whether it was kept from before."""
    with tempfile.TemporaryDirectory() as place:
        votes, out = Path(place) / "votes.npz", Path(place) / "posterior.npz"
        _write(voted, votes)
        kept = bench.cache / f"{_key(peer, votes)}.npz"
        if kept.is_file():
            return _read(kept), True
        try:
            python = python_of(peer.module, bench.envs)
        except PeerBroken as broken:
            return Done(error=str(broken)), False
        script = HERE / "peers" / f"{peer.module}.py"
        command = [str(python), str(script), "--votes", str(votes), "--method", peer.method]
        command += ["--limit", str(LIMIT_S), "--out", str(out)]
        print(f"{peer.name} on {voted.name}", file=sys.stderr, flush=True)
        ended = run(command, cwd=Path(place), limit_s=WALL_S, environment=ONE_THREAD)
        done = _outcome(ended, out)
        if done.error not in ("", LIMIT_REACHED):
            return done, False  # it may be another machine's trouble: tried anew next time
        bench.cache.mkdir(parents=True, exist_ok=True)
        costs = {"cpu_s": done.cpu_s, "peak_mb": done.peak_mb, "error": done.error}
        np.savez(kept, allow_pickle=False, costs=np.array(json.dumps(costs)), **done.arrays)
        return done, False


def _write(voted: VoteSet, path: Path) -> None:
    votes = voted.votes
    assert votes.label is not None
    shape = np.array([votes.I, votes.J, votes.L])
    np.savez(path, item=votes.item, rater=votes.rater, label=votes.label, shape=shape)


def _key(peer: Peer, votes: Path) -> str:
    """Votes, script, pins and limit: a change of any of them is another result."""
    digest = hashlib.sha256(peer.method.encode())
    with np.load(votes, allow_pickle=False) as file:
        for name in sorted(file.files):
            digest.update(file[name].astype(np.int64).tobytes())
    digest.update((HERE / "peers" / f"{peer.module}.py").read_bytes())
    digest.update(requirements_of(peer.module).read_bytes() + str(LIMIT_S).encode())
    return f"{peer.module}-{peer.method}-{digest.hexdigest()[:20]}"


def _outcome(ended: Ended, out: Path) -> Done:
    told = ended.last_json()
    if ended.code == -signal.SIGXCPU:
        return Done(cpu_s=ended.cpu_s, peak_mb=ended.peak_mb, error=LIMIT_REACHED)
    if ended.code or not told or not out.is_file():
        return Done(error=last_line(ended.errors) or f"ended with {ended.code}")
    with np.load(out, allow_pickle=False) as file:
        found = Done({"posterior": file["posterior"]}, told["cpu_s"], ended.peak_mb)
    if not np.isfinite(found.arrays["posterior"]).all():
        return replace(found, arrays={}, error="its probabilities are not finite")
    return found


def _read(kept: Path) -> Done:
    with np.load(kept, allow_pickle=False) as file:
        costs = json.loads(str(file["costs"]))
        arrays = {name: file[name] for name in file.files if name != "costs"}
    return Done(arrays, costs["cpu_s"], costs["peak_mb"], costs["error"])
