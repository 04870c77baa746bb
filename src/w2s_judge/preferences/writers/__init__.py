"""One thin writer a trainer: what its documentation says that it reads."""
