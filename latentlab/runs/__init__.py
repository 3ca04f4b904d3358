"""The run folder: create, lock, append, list, read, verify; knows no torch."""
