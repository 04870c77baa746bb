"""One file per command: the whole Python API, without a terminal."""
