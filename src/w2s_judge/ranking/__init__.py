"""Comparisons to rankings: one method a file, and the parts they share."""
