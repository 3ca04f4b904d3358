"""What a trained model is worth: ELBO, NLL, active units."""
