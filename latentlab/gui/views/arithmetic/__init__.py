"""Directions in latent space, sums of places, and styles with other labels, in one panel."""
