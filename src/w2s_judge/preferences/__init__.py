"""Consensus or ranking to preferences: which pairs, how sure, and one thin writer a trainer."""
