"""What can be laid over a map of latent space: the prior, holes, posteriors, neighbours, sensitivity, the manifold."""
