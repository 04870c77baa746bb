"""How right the judges are, on what, and which of them are needed."""
