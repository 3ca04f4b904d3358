"""What a trained model is worth: bounds on its likelihood, what its latents tell, its errors, and what is unusual."""
