"""The HTTP door: a pool of connections, its limits, and nothing that knows of judges."""
