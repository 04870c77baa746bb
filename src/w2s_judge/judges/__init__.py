"""The judges: one way of asking per file, and the panel that names them."""
