"""Who answered, and what the answers took."""
