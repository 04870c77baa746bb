"""Rates that people quote, corrected for the judges' errors."""
