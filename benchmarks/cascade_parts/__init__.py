"""Parts of the benchmark of cascades."""
