"""The one model: encoder, latent block, decoder, likelihood, prior and condition, composed and not subclassed.

VAE (Kingma and Welling 2014), beta-VAE (Higgins et al. 2017) and CVAE (Sohn et al. 2015) are configurations of it.
Everything comes out per image and unreduced; objectives.py turns it into a loss. All terms are in nats per image.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from latentlab.images import Images
from latentlab.models.chance import Chance
from latentlab.models.latents import GaussianLatent, Posterior
from latentlab.models.likelihoods import Likelihood
from latentlab.models.priors import Prior


class Terms(NamedTuple):
    """What one pass gives, per image and before any reduction.

    reconstruction (B,) is -log p(x | z); kls has one tensor (B, d) per latent layer; log_q (B,) is log q(z | x);
    log_p (B,) is log p(z | c); auxiliary holds further losses by name; z (B, d) is the draw. Of several draws per image
    there are samples * B rows: all images' first draws, then all their second ones.
    """

    reconstruction: Tensor
    kls: list[Tensor]
    log_q: Tensor
    log_p: Tensor
    auxiliary: dict[str, Tensor]
    z: Tensor
    samples: int = 1


class Condition(nn.Module):
    """Labels int64 (B,) as the condition (B, K); of width K = 0 where there are no classes.

    A label is one-hot. Where the classes are the combinations of attributes, it is the attributes instead, bit i of the
    label for attribute i: what is learnt of one is shared by all the combinations that have it.
    """

    def __init__(self, num_classes: int, attributes: int = 0) -> None:
        super().__init__()
        assert attributes == 0 or num_classes == 2**attributes, "a class for each combination of the attributes"
        rows = torch.eye(num_classes)
        if attributes:
            rows = (torch.arange(num_classes)[:, None] >> torch.arange(attributes) & 1).float()  # (2^A, A)
        self.register_buffer("rows", rows, persistent=False)
        self.rows: Tensor

    @property
    def num_classes(self) -> int:
        return len(self.rows)

    @property
    def width(self) -> int:
        return self.rows.shape[1]

    def forward(self, labels: Tensor | None, count: int) -> Tensor:
        if not self.width:
            return self.rows.new_empty(count, 0)  # (B, 0)
        if labels is None:
            raise ValueError("this model is conditional: give the class of each picture")
        return self.rows[labels]  # (B, K)


class LatentModel(nn.Module):
    """p(x | z, c) p(z | c) and q(z | x, c). x is float (B, C, H, W) in [0, 1]; labels are int64 (B,), or None.

    Encoder and decoder may run in bfloat16 (autocast). All that is summed or exponentiated, which is latents, prior and
    likelihood, is in the numbers of x: what leaves the two networks is brought back to them at once.
    """

    def __init__(
        self,
        encoder: nn.Module,
        latent: GaussianLatent,
        decoder: nn.Module,
        likelihood: Likelihood,
        prior: Prior,
        condition: Condition,
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

    def forward(self, x: Tensor, labels: Tensor | None = None, generator: Chance = None, samples: int = 1) -> Terms:
        x = self.likelihood.observe(x, generator)  # (B, C, H, W)
        c = self.condition(labels, len(x))  # (B, K)
        h = self.encoder(x, c)  # (B, width)
        if samples > 1:
            x, c, h = x.repeat(samples, 1, 1, 1), c.repeat(samples, 1), h.repeat(samples, 1)
        return self.draw(x, c, h, generator)._replace(samples=samples)

    def draw(self, x: Tensor, c: Tensor, h: Tensor, generator: Chance = None) -> Terms:
        """One draw of z for each row: x as observed, condition c (B, K), and the encoder's features h (B, width)."""
        with _full_precision(x):
            z, log_q, log_p, kls, auxiliary = self.latent(h.to(x.dtype), self.prior, c, generator)
        output = self.decoder(z, c)  # (B, C, H, W)
        with _full_precision(x):
            reconstruction = self.likelihood.negative_log_prob(output.to(x.dtype), x)  # (B,)
        return Terms(reconstruction, kls, log_q, log_p, auxiliary, z)

    def terms(self, x: Tensor, labels: Tensor | None = None, generator: Chance = None, samples: int = 1) -> Terms:
        """The terms of so many draws per image; all chance comes from `generator` (None: torch's own).

        What is seen of an image is drawn once, and encoded once.
        """
        terms: Terms = self(x, labels, generator, samples)
        return terms

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Posterior:
        """q(z | x): mu and log_var, (B, d). Nothing is random: of a coin flip its likelier side is seen."""
        x = self.likelihood.likeliest(x)  # (B, C, H, W)
        h = self.encoder(x, self.condition(labels, len(x)))  # (B, width)
        with _full_precision(x):
            return self.latent.posterior(h.to(x.dtype))

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """The likelihood's mean, float (B, C, H, W) in [0, 1]."""
        output = self.decoder(z, self.condition(labels, len(z)))  # (B, C, H, W)
        with _full_precision(z):
            return self.likelihood.mean(output.to(z.dtype))

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
        """z (n, d) from the prior that was trained; a prior for each class needs the labels (n,) as decoding does."""
        return self.prior.sample(n, self.condition(labels, n), generator)


def _full_precision(like: Tensor) -> torch.autocast:
    """Autocast off, on the tensor's device."""
    return torch.autocast(like.device.type, enabled=False)
