"""Hashes that hang on what is hashed alone."""

from __future__ import annotations

import numpy as np

from w2s_judge.aggregation.hashes import hashed, mixed
from w2s_judge.aggregation.row_sample import keys
from w2s_judge.votes import VoteMatrix

LONE = "\ud800"  # half a surrogate pair, as JSON may hold


def test_the_mixer_gives_the_published_sequence():
    """SplitMix64 from the seed 0: its first output is the mix of the seed."""
    assert mixed(np.zeros(1, dtype=np.uint64))[0] == 0xE220A8397B1DCDAF


def test_names_that_are_no_text_are_hashed():
    assert len(set(hashed([LONE, "a", "b"]).tolist())) == 3


def test_items_with_the_same_votes_have_one_key_whatever_the_names():
    votes = VoteMatrix(
        items=("x", "y"), raters=(LONE, "r"), labels=("0", "1"),
        item=np.array([0, 0, 1, 1], np.int32), rater=np.array([0, 1, 1, 0], np.int32),
        group=np.arange(2, dtype=np.int32), family=(None, None),
        label=np.array([1, 0, 0, 1], np.int32),
    )  # fmt: skip
    one, other = keys(votes)
    assert one == other
