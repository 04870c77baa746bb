"""How far the judges agree: a coefficient a file."""
