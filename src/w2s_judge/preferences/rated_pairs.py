"""Pairs from votes on single responses: differences within judges, then the mean over judges.

A judge that is strict is strict with both responses, so that two ratings are set against each other
only where one judge gave both; between judges nothing is compared. Under a judge's two masses,
taken as independent, P(better) is the mass on pairs of labels of which the first is worth more.
Mass that only ranks enters, where asked for, as P = Phi((z_a - z_b) / sqrt 2) with z the normal
score of its rank (as in `ranking.within_judges`); it is no probability before a map learned from
gold follows.

Letters: I responses, P pairs, J judges, L labels, K ratings (cells of response and judge).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.preferences.pair_mass import BETTER, TIE, WORSE, PairMass, gathered
from w2s_judge.preferences.reasons import Codes, Reason
from w2s_judge.ranking.ratings import rank_scores, ratings
from w2s_judge.ranking.responses import judges_of
from w2s_judge.ranking.within_judges import outcome_mass, rank_outcome
from w2s_judge.votes import VoteMatrix

AT_ONCE = 1 << 15  # pairs that are spread over their judges together

Places = npt.NDArray[np.int64]


def from_ratings(
    votes: VoteMatrix,
    worth: Sequence[float],
    better: Ints,
    worse: Ints,
    ranked: Mapping[str, Floats] | None = None,
    *,
    ranking_too: bool = False,
) -> PairMass:
    """What the votes say of pairs (better, worse), each (P,) rows of `votes.items`.

    worth       : (L,) utility of each label; labels of equal utility are a tie
    ranked      : for raters whose mass only ranks: name -> sorted masses on the last label of all
                  its votes, to rank these among; whom it names ranks, and whom
                  `votes.uncalibrated` marks (the votes may be a part in which no such vote is)
    ranking_too : such raters enter; else they are left out, and a pair that only they rated lacks
                  probabilities (RANKS_ONLY)
    Judges that rated both responses count alike; several votes of one on a response are their mean.
    Raises `ValueError` where ranks are asked for and `ranked` does not name a rater that has votes.
    """
    ratings = _ratings(votes, np.asarray(worth, dtype=np.float64), ranked, ranking_too)
    total = np.zeros((len(better), 3))
    many = np.zeros(len(better), dtype=np.int32)
    silent = np.zeros(len(better), dtype=np.bool_)
    for start in range(0, len(better), AT_ONCE):
        cut = slice(start, start + AT_ONCE)
        total[cut], many[cut], silent[cut] = ratings.of_pairs(better[cut], worse[cut])
    return gathered(total, many, _lack(many, silent))


def _lack(votes: Ints, silent: Bools) -> Codes:
    lack = np.where(silent, np.int8(Reason.RANKS_ONLY), np.int8(Reason.NO_VOTE))
    return np.where(votes > 0, np.int8(Reason.KEPT), lack).astype(np.int8)


@dataclass(frozen=True, eq=False, slots=True)
class _Ratings:
    """What each judge makes of each response, by response, then judge.

    key   : (K,) response * J + judge, ascending
    start : (I + 1,) first cell of each response
    mass  : (K, L)
    score : (K,) normal score, higher is better, where mass only ranks; else NaN; None: none does
    enters : (K,) False where mass only ranks and ranks do not enter; None: all enter
    """

    J: int
    key: Places
    start: Places
    mass: Floats
    worth: Floats
    score: Floats | None
    enters: Bools | None

    def of_pairs(self, better: Ints, worse: Ints) -> tuple[Floats, Ints, Bools]:
        """Sum (n, 3) of the judges' masses, how many they are, and if others only rank."""
        pair, one, two = self._both(better, worse)
        silent = np.zeros(len(better), dtype=np.bool_)
        if self.enters is not None:
            enters = self.enters[one]
            silent[pair[~enters]] = True
            pair, one, two = pair[enters], one[enters], two[enters]
        mass = outcome_mass(self.mass[one], self.mass[two], self.worth)
        if self.score is not None:
            apart = self.score[one] - self.score[two]
            ranks = ~np.isnan(apart)
            mass[ranks] = rank_outcome(apart[ranks])
        total = np.zeros((len(better), 3))
        for side in (BETTER, TIE, WORSE):
            total[:, side] = np.bincount(pair, mass[:, side], len(better))
        return total, np.bincount(pair, minlength=len(better)).astype(np.int32), silent

    def _both(self, better: Ints, worse: Ints) -> tuple[Places, Places, Places]:
        """Pairs spread over the judges that rated both: the pair, and the two cells."""
        first = self.start[better]
        many = self.start[better + 1] - first
        pair = np.repeat(np.arange(len(better)), many)
        one = np.arange(len(pair)) + np.repeat(first - (np.cumsum(many) - many), many)
        if len(self.key) == (len(self.start) - 1) * self.J:  # every judge rated every response
            return pair, one, one + ((worse.astype(np.int64) - better) * self.J)[pair]
        wanted = self.key[one] + ((worse.astype(np.int64) - better) * self.J)[pair]
        two = np.minimum(np.searchsorted(self.key, wanted), len(self.key) - 1)
        found = self.key[two] == wanted
        return pair[found], one[found], two[found]


def _ratings(
    votes: VoteMatrix, worth: Floats, ranked: Mapping[str, Floats] | None, ranking_too: bool
) -> _Ratings:
    judges, of_rater, unsure = judges_of(_marked(votes, ranked))
    many = max(len(judges), 1)
    judge = of_rater[votes.rater]
    cell = votes.item.astype(np.int64) * many + judge
    only_rank = np.zeros(votes.J, dtype=np.bool_) if unsure is None else unsure[of_rater]
    some = bool(only_rank[votes.rater].any())
    score = None
    if some and ranking_too:
        _check_named(votes, only_rank, ranked)
        score = rank_scores(votes, only_rank, worth, ranked)
    rated = ratings(votes, cell, score)
    enters = None if not some or ranking_too else ~only_rank[votes.rater[rated.vote]]
    key = cell[rated.vote]
    start = np.searchsorted(key, np.arange(votes.I + 1, dtype=np.int64) * many)
    return _Ratings(many, key, start, rated.mass, worth, rated.score, enters)


def _marked(votes: VoteMatrix, ranked: Mapping[str, Floats] | None) -> VoteMatrix:
    if not ranked:
        return votes
    named = np.array([name in ranked for name in votes.raters], dtype=np.bool_)
    return replace(
        votes, uncalibrated=named if votes.uncalibrated is None else named | votes.uncalibrated
    )


def _check_named(votes: VoteMatrix, only_rank: Bools, ranked: Mapping[str, Floats] | None) -> None:
    for j in np.unique(votes.rater[only_rank[votes.rater]]).tolist():
        among = None if ranked is None else ranked.get(votes.raters[j])
        if among is None or not len(among):
            raise ValueError(f"{votes.raters[j]}: the masses to rank its votes among are not given")
