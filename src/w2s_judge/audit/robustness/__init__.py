"""Whether harmless rewrites change the judges' minds."""
