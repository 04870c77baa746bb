"""The engine: every judge by every question, resumably, within limits and budget."""
