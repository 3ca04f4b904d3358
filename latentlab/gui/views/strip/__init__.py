"""The strip: a walk through latent space as frames in a row."""
