"""The command line: parse, then train, evaluate, export or examine; the window is __main__'s to open."""
