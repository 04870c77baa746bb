"""irrCAC's alpha, Fleiss' kappa and Gwet's coefficients, from the frame (items, judges).

Each figure is the class with its method; "method alone" is without the class being made.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
from agreement_job import Figure, run
from irrCAC.raw import CAC

DIGITS = 15  # it rounds
METHODS = {
    "alpha nominal": ("krippendorff", "identity"), "alpha interval": ("krippendorff", "quadratic"),
    "Fleiss' kappa": ("fleiss", "identity"), "Gwet's AC1": ("gwet", "identity"),
    "Gwet's AC2": ("gwet", "quadratic"),
}  # fmt: skip


def figures(table: Any) -> dict[str, Figure]:
    frame = pd.DataFrame(table)
    found: dict[str, Figure] = {}
    for name, (method, weights) in METHODS.items():
        found[name] = partial(whole, frame, method, weights)
        found[f"{name}, method alone"] = partial(value, made(frame, weights), method)
    return found


def made(frame: Any, weights: str) -> Any:
    return CAC(frame, weights=weights, digits=DIGITS)


def whole(frame: Any, method: str, weights: str) -> float:
    return value(made(frame, weights), method)


def value(coefficients: Any, method: str) -> float:
    return float(getattr(coefficients, method)()["est"]["coefficient_value"])


if __name__ == "__main__":
    run(figures)
