"""The run folder: the only room that opens one. SQLite behind one reader and one writer."""
