"""Parts of the session's state, each with its own signals."""
