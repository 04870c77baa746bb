"""The parts of `benchmarks/ged.py`: sets, simulated judges, figures, rows, peers, and blocks."""

from __future__ import annotations

import os

# Before numpy is imported: CPU seconds are those of one thread.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
