"""The shapes of rows, one a file: each declares a `READER`, and is found by being here."""
