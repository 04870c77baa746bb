"""evalica's Krippendorff's alpha, from the frame (judges, items) that it takes.

"int8" is the same frame in small integers, which it is quickest with; it can hold no missing vote.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import evalica
import numpy as np
import pandas as pd
from agreement_job import Figure, run


def figures(table: Any) -> dict[str, Figure]:
    frame = pd.DataFrame(np.ascontiguousarray(table.T))
    found: dict[str, Figure] = {}
    for kind in ("nominal", "ordinal", "interval"):
        found[f"alpha {kind}"] = partial(alpha, frame, kind)
        if not np.isnan(table).any():
            found[f"alpha {kind}, int8"] = partial(alpha, frame.astype(np.int8), kind)
    return found


def alpha(frame: Any, kind: str) -> float:
    return float(evalica.alpha(frame, kind).alpha)


if __name__ == "__main__":
    run(figures)
