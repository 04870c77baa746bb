"""snorkel's label model with its own defaults and a seed."""

from __future__ import annotations

from typing import Any

import torch
from aggregate_job import Votes, run
from snorkel.labeling.model import LabelModel

ABSTAIN = -1


def label_model(votes: Votes) -> Any:
    torch.set_num_threads(1)
    table = votes.dense(ABSTAIN, int)
    model = LabelModel(cardinality=votes.L, verbose=False)
    model.fit(table, seed=0, progress_bar=False)
    return model.predict_proba(table)


if __name__ == "__main__":
    run({"LabelModel": label_model})
