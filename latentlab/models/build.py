"""From a configuration to a model, and between uint8 pixels and what a model works in."""

import torch
from torch import Tensor, nn

from latentlab.config import ModelConfig
from latentlab.models.conv_network import ConvDecoder, ConvEncoder, conv_channels
from latentlab.models.latent_model import Condition, LatentModel
from latentlab.models.latents import GaussianLatent
from latentlab.models.layers import Shape, Style
from latentlab.models.likelihoods import Bernoulli, ContinuousBernoulli, DiscretizedLogistic, Gaussian, Likelihood
from latentlab.models.mlp_network import MLP_HIDDEN, MlpDecoder, MlpEncoder
from latentlab.models.priors import ConditionalNormal, Prior, StandardNormal

SMALLEST_SIDE, LARGEST_SIDE = 8, 128  # pixels


def build(
    config: ModelConfig, image_shape: Shape, num_classes: int, seed: int | None = None, attributes: int = 0
) -> LatentModel:
    """The model for pictures of shape (C, H, W) on the CPU; with a seed its weights are always the same.

    `num_classes` of the data matters to a CVAE only; where they are the combinations of so many attributes, these are
    its condition. torch's global random state is left as it was found.
    Raises ValueError with one sentence where the data do not suit the configuration.
    """
    check(config, image_shape, num_classes)
    condition = Condition(num_classes, attributes) if config.kind == "cvae" else Condition(0)
    with torch.random.fork_rng(devices=[]):  # layers draw their weights from the CPU's global generator
        if seed is not None:
            torch.default_generator.manual_seed(seed)
        encoder, decoder = _networks(config, image_shape, condition.width)
        latent = GaussianLatent(encoder.width, config.latent_dim)
    likelihood = _likelihood(config, image_shape[0])
    prior: Prior = StandardNormal(config.latent_dim)
    if config.prior == "conditional":
        prior = ConditionalNormal(config.latent_dim, condition.width)
    return LatentModel(encoder, latent, decoder, likelihood, prior, condition, image_shape)


def to_float(pixels: Tensor) -> Tensor:
    """uint8 (N, C, H, W) -> float32 in [0, 1]."""
    return pixels.to(torch.float32) / 255


def to_pixels(mean: Tensor) -> Tensor:
    """float (N, C, H, W) in [0, 1] -> uint8, rounded."""
    return (mean.clamp(0, 1) * 255).round().to(torch.uint8)


def count_parameters(model: nn.Module) -> int:
    """Numbers that are learnt."""
    return sum(parameter.numel() for parameter in model.parameters())


def check(config: ModelConfig, image_shape: Shape, num_classes: int) -> None:
    """Raises ValueError with one sentence where data of this shape and so many classes do not suit the model."""
    channels, height, width = image_shape
    if channels not in (1, 3):
        raise ValueError(f"pictures have 1 or 3 channels, not {channels}")
    if not SMALLEST_SIDE <= min(height, width) <= max(height, width) <= LARGEST_SIDE:
        raise ValueError(f"pictures are 8 to 128 pixels a side, not {width}x{height}; choose an image size")
    if config.kind == "cvae" and num_classes == 0:
        raise ValueError("a CVAE needs data with classes, and these have none; choose vae or beta-vae")
    if config.network != "mlp" and config.hidden == ():
        raise ValueError("a convolutional network needs at least one layer; leave hidden empty for the default")


def _likelihood(config: ModelConfig, channels: int) -> Likelihood:
    if config.likelihood == "bernoulli":
        return Bernoulli(config.binarize)
    if config.likelihood == "continuous-bernoulli":
        return ContinuousBernoulli()
    if config.likelihood == "gaussian":
        return Gaussian(config.sigma)
    return DiscretizedLogistic(channels)


def _networks(
    config: ModelConfig, shape: Shape, condition: int
) -> tuple[MlpEncoder | ConvEncoder, MlpDecoder | ConvDecoder]:
    style = Style(config.norm, config.activation, config.network == "residual", config.decoder == "upsample")
    if config.network == "mlp":
        hidden = MLP_HIDDEN if config.hidden is None else config.hidden
        return (
            MlpEncoder(shape, hidden, condition, style),
            MlpDecoder(config.latent_dim, shape, hidden, condition, style),
        )
    channels = conv_channels(shape) if config.hidden is None else config.hidden
    return (
        ConvEncoder(shape, channels, condition, style),
        ConvDecoder(config.latent_dim, shape, channels, condition, style),
    )
