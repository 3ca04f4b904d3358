"""When a loss is so large that nothing is being learnt any more, though it is still a number."""

import math

from latentlab.config import ModelConfig

FACTOR = 10.0  # beyond what guessing costs


def worst_reconstruction(config: ModelConfig, image_shape: tuple[int, int, int]) -> float:
    """Nats per image that the reconstruction of a training that works never exceeds; the mean of a few batches does.

    Ten times what it costs to guess: ln 256 per value (an 8-bit code), and for a Gaussian of fixed sigma an error of
    1, 1 / (2 sigma^2), on top. The KL and the weighted objective say less: a plain autoencoder's KL may grow without
    harm, and beta, capacity and their schedules move the objective.

    Measured on 600 digits with 6 networks, as a multiple of ln 256 per value: at most 0.2 with learning rates up to
    0.01; with rate 10 from 17 to 1e23, in the first 10 steps.
    """
    guess = math.log(256)
    if config.likelihood == "gaussian" and isinstance(config.sigma, float):
        guess += 1 / (2 * config.sigma**2)
    return FACTOR * guess * math.prod(image_shape)
