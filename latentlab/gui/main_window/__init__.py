"""The window, put together: the only place that connects parts."""
