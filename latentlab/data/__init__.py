"""Named sources of images."""
