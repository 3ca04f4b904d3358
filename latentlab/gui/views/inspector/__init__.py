"""The inspector: one image as the model sees it."""
