"""One card each; they know the session and nothing of one another."""
