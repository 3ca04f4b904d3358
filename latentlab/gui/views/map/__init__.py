"""The map of the encoded images: one view, in parts that share its canvas."""
