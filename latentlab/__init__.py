"""LatentLab: train variational autoencoders and walk through their latent space."""
