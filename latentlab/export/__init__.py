"""Grids, strips, GIF and other files to take away."""
