"""Pairs for TRL's RewardTrainer: prompt, chosen, rejected and the margin.

Read in TRL 1.16: the prompt is put before both answers (strings are joined as they stand, lists
of messages appended), and a float column `margin` enters the loss,
-log sigmoid(r_chosen - r_rejected - margin), as in Llama 2 (Touvron et al. 2023, equation 2).
Ours is the clipped logit of p: a pair that is a toss-up asks for no gap in reward, a sure one for
a wide one.
"""

from __future__ import annotations

from w2s_judge.preferences.contract import PairWriter, Row, Style, Writer
from w2s_judge.preferences.turns import answered, asked
from w2s_judge.types import Preference


def row(pair: Preference, style: Style) -> Row:
    """One pair with its margin, in logits."""
    return {
        "prompt": asked(pair.prompt, style, pair.item),
        "chosen": answered(pair.chosen, style),
        "rejected": answered(pair.rejected, style),
        "margin": float(pair.margin),
    }


WRITER = Writer(
    "trl-reward", "pairs with a margin for TRL's RewardTrainer", PairWriter(row, weighs=True)
)
