"""Judge-weighted Bradley-Terry beside plain, and beside the weights that made the votes.

    python benchmarks/judge_weighted.py [--replications 20 200]

One good judge (right with probability .85) and four poor ones (.55), independent of each other and
of how far two candidates are apart; 8 candidates a question, all 28 pairs once per judge, the first
shown at random. `oracle` is the same fit with the discriminations held at logit(.85), logit(.55).
Prints the mean Kendall tau to the true order (over questions and replications, its standard error
over replications), the paired differences, and CPU seconds a fit.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from w2s_judge.comparisons import Comparisons
from w2s_judge.ranking.bradley_terry import BradleyTerry
from w2s_judge.ranking.contract import Ranker
from w2s_judge.ranking.judge_weighted import JudgeWeighted

RIGHT = (0.85, 0.55, 0.55, 0.55, 0.55)
CANDIDATES = 8
NAMES = tuple(f"judge-{j}" for j in range(len(RIGHT)))
KNOWN = {name: float(np.log(p / (1 - p))) for name, p in zip(NAMES, RIGHT, strict=True)}
METHODS: dict[str, Callable[[], Ranker]] = {
    "plain": BradleyTerry,
    "judge-weighted": JudgeWeighted,
    "oracle": lambda: JudgeWeighted(KNOWN),
}


def simulated(seed: int, questions: int) -> tuple[Comparisons, np.ndarray]:
    """Comparisons, and the true place (questions, candidates), higher is better."""
    rng = np.random.default_rng(seed)
    place = rng.random((questions, CANDIDATES)).argsort(axis=1)
    i, j = np.triu_indices(CANDIDATES, 1)
    shape = (questions, len(i), len(RIGHT))
    turned = rng.random(shape) < 0.5
    left = np.where(turned, j[:, None], i[:, None])
    right = np.where(turned, i[:, None], j[:, None])
    row = np.arange(questions)[:, None, None]
    better = place[row, left] > place[row, right]
    says_left = (better == (rng.random(shape) < np.array(RIGHT))).ravel()
    question = np.broadcast_to(row, shape).ravel().astype(np.int32)
    of_object = np.repeat(np.arange(questions, dtype=np.int32), CANDIDATES)
    compared = Comparisons(
        tuple(str(k) for k in range(questions * CANDIDATES)), of_object,
        tuple(str(k) for k in range(questions)), NAMES,
        (row * CANDIDATES + left).ravel().astype(np.int32),
        (row * CANDIDATES + right).ravel().astype(np.int32),
        np.broadcast_to(np.arange(len(RIGHT), dtype=np.int32), shape).ravel(),
        np.stack([says_left, np.zeros_like(says_left), ~says_left], axis=1).astype(np.float64),
        question,
    )  # fmt: skip
    return compared, place


def tau(score: np.ndarray, place: np.ndarray) -> float:
    """Mean Kendall tau over questions; equal scores count as neither order."""
    i, j = np.triu_indices(CANDIDATES, 1)
    scores = score.reshape(place.shape)
    agreed = np.sign(scores[:, i] - scores[:, j]) * np.sign(place[:, i] - place[:, j])
    return float(agreed.mean())


def measure(questions: int, replications: int) -> None:
    found = {name: np.empty(replications) for name in METHODS}
    spent = dict.fromkeys(METHODS, 0.0)
    for seed in range(replications):
        compared, place = simulated(seed, questions)
        for name, make in METHODS.items():
            before = time.process_time()
            ranking = make()(compared)
            spent[name] += time.process_time() - before
            assert ranking.fit is not None
            assert ranking.fit.converged
            found[name][seed] = tau(ranking.score, place)
    print(f"{questions} question(s) of {CANDIDATES}, {replications} replications\n")
    print("| method | mean tau | less judge-weighted | CPU s a fit |\n|---|---|---|---|")
    for name, values in found.items():
        apart = values - found["judge-weighted"]
        print(
            f"| {name} | {shown(values)} | {shown(apart, '+')} | {spent[name] / replications:.4f} |"
        )
    print()


def shown(values: np.ndarray, sign: str = "") -> str:
    error = values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():{sign}.4f} ± {error:.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--replications", nargs=2, type=int, default=(20, 200), metavar=("MANY", "ONE"),
        help="with 200 questions, and with one",
    )  # fmt: skip
    many, one = parser.parse_args().replications
    measure(200, many)
    measure(1, one)


if __name__ == "__main__":
    main()
