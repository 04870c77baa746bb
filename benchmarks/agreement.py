"""Coefficients of agreement: what they cost, and whether peers get the same.

    python benchmarks/agreement.py [--votes 1000000] [--repeats 5] [--peers]

Five judges vote on all items with three labels. Ours start from the votes as columns (item, label),
and, to compare, from a complete table (items, judges) of int8 with the making of columns inside the
clock; peers from the table in the forms that they take, which are made outside the clock. CPU
seconds of one thread, the least of the repeats. Values are set side by side on those votes and on a
small table of four ordered labels with a fifth of the votes missing. Exits with 1 where a peer's
value is off by more than 1e-9, or where alpha, Fleiss' kappa or AC1 from columns is less than 3
times as fast as the fastest peer with any of the three, in whatever form.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when numpy is imported
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from environments import HERE, PeerBroken, default_folder, last_line, pinned, python_of
from measure import run
from scipy.stats import kendalltau

from w2s_judge.audit.agreement.coefficient import linear_weights, quadratic_weights
from w2s_judge.audit.agreement.cohen import cohen_kappa, cohen_kappas, contingency
from w2s_judge.audit.agreement.fleiss import fleiss_kappa
from w2s_judge.audit.agreement.gwet import gwet_ac
from w2s_judge.audit.agreement.intraclass import intraclass
from w2s_judge.audit.agreement.kendall import kendall_taus
from w2s_judge.audit.agreement.krippendorff import krippendorff_alpha

JUDGES, LABELS, RIGHT = 5, 3, 0.7
SMALL_ITEMS, SMALL_LABELS, MISSING = 2_000, 4, 0.2
NEAR, FASTER = 1e-9, 3.0
WALL_S = 600.0
PROMISED = ("alpha nominal", "Fleiss' kappa", "Gwet's AC1")
GIVEN = "counts given"  # a row that does not start from votes: shown, and never the fastest
PEERS = {  # package: its script under peers/, and the environment
    "evalica": ("evalica_agreement", "evalica_rank"),
    "irrCAC": ("irrcac_agreement", "irrcac"),
    "statsmodels": ("statsmodels_agreement", "statsmodels"),
}


@dataclass(frozen=True, slots=True)
class Timed:
    """Values and CPU seconds by name; `note` says why there are none."""

    values: Mapping[str, float]
    seconds: Mapping[str, float]
    note: str = ""


def drawn(items: int, labels: int, missing: float, seed: int = 0) -> np.ndarray:
    """(items, judges) labels from 0, NaN where there is no vote."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(labels, size=(items, 1))
    own = rng.integers(labels, size=(items, JUDGES))
    table = np.where(rng.random((items, JUDGES)) < RIGHT, truth, own).astype(np.float64)
    table[rng.random(table.shape) < missing] = np.nan
    return table


def columns(table: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """item, rater, label of the votes."""
    item, rater = np.nonzero(~np.isnan(table))
    return item.astype(np.int32), rater.astype(np.int32), table[item, rater].astype(np.int32)


def from_columns(table: np.ndarray, labels: int) -> dict[str, Callable[[], float]]:
    """Ours, by the names that the peers' scripts have for the same."""
    item, rater, label = columns(table)
    complete, _, said = columns(table[~np.isnan(table).any(axis=1)])
    near = quadratic_weights(np.arange(float(labels)))
    return {
        "alpha nominal": lambda: value(krippendorff_alpha(item, label)),
        "alpha ordinal": lambda: value(krippendorff_alpha(item, label, "ordinal")),
        "alpha interval": lambda: value(krippendorff_alpha(item, label, "interval")),
        "Fleiss' kappa": lambda: value(fleiss_kappa(item, label)),
        "Fleiss' kappa, complete items": lambda: value(fleiss_kappa(complete, said)),
        "Gwet's AC1": lambda: value(gwet_ac(item, label)),
        "Gwet's AC2": lambda: value(gwet_ac(item, label, labels, near)),
        "Cohen's kappas of all pairs": lambda: float(cohen_kappas(item, rater, label).value[0]),
        "Kendall's tau-b of all pairs": lambda: float(kendall_taus(item, rater, label).value[0]),
        "ICC(2,1) and ICC(2,k)": lambda: intraclass(item, rater, label).single or np.nan,
    }


def from_table(table: np.ndarray) -> dict[str, Callable[[], float]]:
    """The promised three from a complete table, the making of columns inside the clock."""
    small = table.astype(np.int8)

    def alone(coefficient: Callable[..., object]) -> float:
        item = np.repeat(np.arange(len(small), dtype=np.int32), JUDGES)
        return value(coefficient(item, small.ravel()))

    functions = map(partial, [alone] * 3, (krippendorff_alpha, fleiss_kappa, gwet_ac))
    return dict(zip(PROMISED, functions, strict=True))


def pairs(table: np.ndarray, labels: int) -> dict[str, float]:
    """Kappas of the first two judges on complete items, as statsmodels is asked for."""
    complete = table[~np.isnan(table).any(axis=1)].astype(int)
    cross, levels = contingency(*complete[:, :2].T, (labels, labels)), np.arange(float(labels))
    return {
        "Cohen's kappa": value(cohen_kappa(cross)),
        "Cohen's kappa, linear weights": value(cohen_kappa(cross, linear_weights(levels))),
        "Cohen's kappa, quadratic weights": value(cohen_kappa(cross, quadratic_weights(levels))),
    }


def value(found: object) -> float:
    one = getattr(found, "value", None)
    return np.nan if one is None else float(one)


def timed(figures: Mapping[str, Callable[[], float]], repeats: int) -> Timed:
    values, seconds = {}, {}
    for name, figure in figures.items():
        least = np.inf
        for _ in range(repeats):
            begun = time.process_time()
            values[name] = figure()
            least = min(least, time.process_time() - begun)
        seconds[name] = least
    return Timed(values, seconds)


def taus_apart(table: np.ndarray) -> float:
    """Largest difference from scipy's tau-b over all pairs of judges."""
    found, apart = kendall_taus(*columns(table)), 0.0
    for one, two, ours in zip(found.one, found.two, found.value, strict=True):
        both = table[~np.isnan(table[:, [one, two]]).any(axis=1)][:, [one, two]]
        apart = max(apart, abs(kendalltau(*both.T).statistic - ours))
    return apart


def of_peer(package: str, table: np.ndarray, repeats: int, envs: Path) -> Timed:
    """The peer's values and seconds, worked out in its own environment."""
    script, environment = PEERS[package]
    try:
        python = python_of(environment, envs)
    except PeerBroken as broken:
        return Timed({}, {}, str(broken))
    with tempfile.TemporaryDirectory() as place:
        votes = Path(place) / "votes.npz"
        np.savez(votes, table=table)
        command = [str(python), str(HERE / "peers" / f"{script}.py"), "--votes", str(votes)]
        command += ["--repeats", str(repeats)]
        ended = run(command, cwd=Path(place), limit_s=WALL_S)
    told = ended.last_json()
    if ended.code or not told:
        return Timed({}, {}, last_line(ended.errors) or f"ended with {ended.code}")
    return Timed(told["values"], told["seconds"])


def parity(ours: Mapping[str, float], peer: Timed, package: str, votes: str) -> bool:
    """Prints the peer's values beside ours; whether all are near."""
    near = bool(peer.values)
    for name, theirs in peer.values.items():
        mine = ours[name if name in ours else name.rpartition(", ")[0]]
        apart = abs(mine - theirs)
        near &= bool(apart <= NEAR)
        print(f"| {votes} | {package} | {name} | {mine:.12f} | {theirs:.12f} | {apart:.1e} |")
    if peer.note:
        print(f"| {votes} | {package} | {peer.note} | | | |")
    return near


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--votes", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=7, help="runs, of which the least counts")
    parser.add_argument("--peers", action="store_true", help=", ".join(PEERS) + ", too")
    parser.add_argument("--envs", type=Path, default=default_folder(), help="peers' environments")
    return parser.parse_args()


def main() -> int:
    chosen = arguments()
    large = drawn(chosen.votes // JUDGES, LABELS, 0.0)
    small = drawn(SMALL_ITEMS, SMALL_LABELS, MISSING, seed=1)
    ours = timed(from_columns(large, LABELS), chosen.repeats)
    whole = timed(from_table(large), chosen.repeats)
    peers = {}
    if chosen.peers:
        peers = {name: of_peer(name, large, chosen.repeats, chosen.envs) for name in PEERS}
    print(f"{large.size:,} votes, CPU s, least of {chosen.repeats}:\n\n| | figure | CPU s |")
    print("| --- | --- | --- |")
    rows = {"w2s-judge, from columns": ours, "w2s-judge, from the table": whole}
    rows |= {f"{name} {pinned(name, PEERS[name][1])}": found for name, found in peers.items()}
    for name, found in rows.items():
        for figure, seconds in found.seconds.items():
            print(f"| {name} | {figure} | {seconds:.4f} |")
    apart = taus_apart(small)
    print(f"\nTau-b is at most {apart:.1e} from scipy's over all pairs of the small table.")
    kept = apart <= NEAR
    if chosen.peers:
        kept &= beside(large, small, ours, whole, peers, chosen.envs)
    return 0 if kept else 1


def beside(
    large: np.ndarray, small: np.ndarray, ours: Timed, whole: Timed, peers: Mapping[str, Timed],
    envs: Path,
) -> bool:  # fmt: skip
    """Prints values side by side and the ratios; whether what is promised is so."""
    print("\n| votes | peer | figure | ours | theirs | apart |\n|" + " --- |" * 6)
    few = timed(from_columns(small, SMALL_LABELS), 1)
    values = {
        "large": {**ours.values, **pairs(large, LABELS)},
        "small": {**few.values, **pairs(small, SMALL_LABELS)},
    }
    near = [parity(values["large"], found, name, "large") for name, found in peers.items()]
    near += [
        parity(values["small"], of_peer(name, small, 1, envs), name, "small") for name in PEERS
    ]
    theirs = {
        f"{name} {figure}": seconds
        for name, found in peers.items()
        for figure, seconds in found.seconds.items()
        if figure.startswith(PROMISED) and GIVEN not in figure
    }
    if not theirs:
        return False
    fastest = min(theirs, key=lambda name: theirs[name])
    print(f"\nFastest peer: {fastest}, {theirs[fastest]:.4f} CPU s.")
    for form, found in (("columns", ours), ("the table", whole)):
        for name in PROMISED:
            print(f"{name} from {form}: {theirs[fastest] / found.seconds[name]:.1f} times as fast")
    fast = min(theirs[fastest] / ours.seconds[name] for name in PROMISED) >= FASTER
    print(f"From columns at least {FASTER:g} times: {'yes' if fast else 'no'}.")
    print(f"All values within {NEAR:g}: {'yes' if all(near) else 'no'}.")
    return all(near) and fast


if __name__ == "__main__":
    sys.exit(main())
