"""Numbers about votes: can these judges be trusted, which of them, on what; one theme a file."""
