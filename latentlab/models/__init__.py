"""Networks, likelihoods, latents, priors, objectives, schedules, and the model that composes them."""
