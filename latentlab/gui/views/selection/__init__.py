"""The points selected together, or all that are shown, as a table."""
