"""Votes onto one scale, posteriors into honest probabilities, and how far votes are dependent."""
