"""Sums by prompt and their second moments: all that a linearised, clustered variance needs.

An estimate that is a function of totals varies, to first order, as the sum over prompts of
coef @ (the prompt's sums); its variance is coef @ second @ coef, whatever the sampling weights are
that the columns already hold, and however the items of one prompt hang together (Särndal, Swensson
and Wretman 1992, section 5.5, with prompts as the units that are drawn).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from w2s_judge.arrays import Floats, Ints


@dataclass(frozen=True, eq=False, slots=True)
class PromptSums:
    """What is known of n prompts; leading axes are replications, or none.

    total   : (..., m) sums over all items of m columns
    second  : (..., m, m) sums over prompts of the outer product of the prompt's sums with itself
    labelled : (...,) prompts with a gold label
    """

    total: Floats
    second: Floats
    labelled: Floats

    def of(self, coef: Floats) -> Floats:
        """(..., k, k) covariance of k estimates that are linear in the sums; coef (..., k, m)."""
        return np.asarray(coef @ self.second @ np.swapaxes(coef, -1, -2))


@dataclass(frozen=True, eq=False, slots=True)
class Prompts:
    """The items by prompt, laid out once.

    member : (I,) the prompt of each item, 0 .. n-1
    gather : (n, I) sparse ones
    """

    member: Ints
    gather: sparse.csr_array

    @classmethod
    def of(cls, group: Ints) -> Prompts:
        """Lay out items whose prompts are `group` (I,)."""
        _, member = np.unique(group, return_inverse=True)
        size = len(member)
        where = (member, np.arange(size))
        gather = sparse.csr_array(
            (np.ones(size), where), shape=(int(member.max(initial=0)) + 1, size)
        )
        return cls(member.astype(np.int32), gather)

    def sums(self, rows: Floats, labelled: Ints) -> PromptSums:
        """Of rows (I, m), one an item; `labelled` are the items with a gold label that counts."""
        by_prompt = np.asarray(self.gather @ rows)
        prompts = np.float64(len(np.unique(self.member[labelled])))
        return PromptSums(rows.sum(axis=0), by_prompt.T @ by_prompt, np.asarray(prompts))


@dataclass(frozen=True, eq=False, slots=True)
class Corrected:
    """Estimates of a rate with 95 % intervals, each (...,); NaN where there is none.

    `value` may lie outside [0, 1] where chance has it so; `low` and `high` do not.
    """

    value: Floats
    low: Floats
    high: Floats
