"""Weak judges in, honest probabilities and preference data out."""
