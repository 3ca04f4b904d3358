"""The one model: encoder, latent block, decoder, likelihood, prior and condition, composed and not subclassed.

VAE (Kingma and Welling 2014), beta-VAE (Higgins et al. 2017) and CVAE (Sohn et al. 2015) are configurations of it.
Everything comes out per image and unreduced; objectives.py turns it into a loss. All terms are in nats per image.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from latentlab.images import Images
from latentlab.models.latents import GaussianLatent, Posterior
from latentlab.models.likelihoods import Likelihood
from latentlab.models.priors import StandardNormal


class Terms(NamedTuple):
    """What one pass gives, per image and before any reduction.

    reconstruction (B,) is -log p(x | z); kls has one tensor (B, d) per latent layer; log_q (B,) is log q(z | x);
    log_p (B,) is log p(z); auxiliary holds further losses by name; z (B, d) is the draw. Of several draws per image
    there are samples * B rows: all images' first draws, then all their second ones.
    """

    reconstruction: Tensor
    kls: list[Tensor]
    log_q: Tensor
    log_p: Tensor
    auxiliary: dict[str, Tensor]
    z: Tensor
    samples: int = 1


class OneHot(nn.Module):
    """Labels int64 (B,) as the condition (B, K); of width 0 where there are no classes."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.register_buffer("rows", torch.eye(num_classes), persistent=False)
        self.rows: Tensor

    def forward(self, labels: Tensor | None, count: int) -> Tensor:
        if not self.num_classes:
            return self.rows.new_empty(count, 0)  # (B, 0)
        if labels is None:
            raise ValueError("this model is conditional: give the class of each picture")
        return self.rows[labels]  # (B, K)


class LatentModel(nn.Module):
    """p(x | z, c) p(z) and q(z | x, c). x is float (B, C, H, W) in [0, 1]; labels are int64 (B,), or None."""

    def __init__(
        self,
        encoder: nn.Module,
        latent: GaussianLatent,
        decoder: nn.Module,
        likelihood: Likelihood,
        prior: StandardNormal,
        condition: OneHot,
        image_shape: tuple[int, int, int],
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.latent = latent
        self.decoder = decoder
        self.likelihood = likelihood
        self.prior = prior
        self.condition = condition
        self.image_shape = image_shape

    @property
    def latent_dim(self) -> int:
        return self.prior.latent_dim

    @property
    def num_classes(self) -> int:
        """0 where the model is unconditional."""
        return self.condition.num_classes

    def forward(self, x: Tensor, labels: Tensor | None = None, generator: torch.Generator | None = None) -> Terms:
        x = self.likelihood.observe(x, generator)  # (B, C, H, W)
        c = self.condition(labels, len(x))  # (B, K)
        return self.draw(x, c, self.encoder(x, c), generator)

    def draw(self, x: Tensor, c: Tensor, h: Tensor, generator: torch.Generator | None = None) -> Terms:
        """One draw of z for each row: x as observed, condition c (B, K), and the encoder's features h (B, width)."""
        z, log_q, log_p, kls, auxiliary = self.latent(h, self.prior, generator)
        output = self.decoder(z, c)  # (B, C, H, W)
        reconstruction = self.likelihood.negative_log_prob(output, x)  # (B,)
        return Terms(reconstruction, kls, log_q, log_p, auxiliary, z)

    def terms(self, x: Tensor, labels: Tensor | None = None, generator: torch.Generator | None = None) -> Terms:
        """The terms of one draw per image; all chance comes from `generator` (None: torch's own)."""
        terms: Terms = self(x, labels, generator)
        return terms

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Posterior:
        """q(z | x): mu and log_var, (B, d). Nothing is random: of a coin flip its likelier side is seen."""
        x = self.likelihood.likeliest(x)  # (B, C, H, W)
        return self.latent.posterior(self.encoder(x, self.condition(labels, len(x))))

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """The likelihood's mean, float (B, C, H, W) in [0, 1]."""
        return self.likelihood.mean(self.decoder(z, self.condition(labels, len(z))))

    def check(self, images: Images) -> None:
        """Raises ValueError with one sentence where these images, or their labels, cannot be put into the model."""
        if images.shape != self.image_shape:
            wanted, given = ("x".join(str(side) for side in shape) for shape in (self.image_shape, images.shape))
            raise ValueError(f"this model was trained on images of {wanted} (channels, height, width), not {given}")
        if not self.num_classes:
            return
        if images.labels is None:
            raise ValueError("this model is conditional: give the class of each image")
        if len(images) and not 0 <= images.labels.min() <= images.labels.max() < self.num_classes:
            known = f"the {self.num_classes} classes it was trained on"
            raise ValueError(f"this model is conditional and knows {known}: these images have others")

    def sample(self, n: int, labels: Tensor | None = None, generator: torch.Generator | None = None) -> Tensor:
        """z (n, d) from the prior that was trained: here N(0, I), whatever the labels."""
        return self.prior.sample(n, generator)
