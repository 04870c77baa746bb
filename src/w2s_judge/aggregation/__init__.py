"""Votes in, consensus out: one method a file."""
