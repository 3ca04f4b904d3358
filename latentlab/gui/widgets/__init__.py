"""Small parts without any knowledge of LatentLab's session."""
