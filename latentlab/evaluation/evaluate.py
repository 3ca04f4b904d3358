"""How good a model is: negative ELBO, a tighter bound on -log p(x), and how many latents it uses.

All terms are in nats per image: summed over pixels and latents, averaged over images. The model is in evaluation
mode (a batch norm uses its running means).
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from latentlab.images import Images
from latentlab.models.build import to_float
from latentlab.models.latent_model import LatentModel

ACTIVE_UNITS_THRESHOLD = 0.01  # Burda et al. 2016
DECODED_AT_ONCE = 2048  # pictures held by one pass of the decoder, whatever the number of samples

Progress = Callable[[int, int], None]  # images done, images in all


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures over `n` images of a split, in nats per image.

    reconstruction and neg_elbo = reconstruction + kl (beta = 1) are means over `nll_samples` draws per image; nll
    is the importance-weighted bound with as many. A conditional model's are of -log p(x | c). active_units counts
    the latents whose mean varies over the images by more than the threshold.
    """

    neg_elbo: float
    reconstruction: float
    kl: float
    kl_per_dim: tuple[float, ...]
    nll: float
    nll_samples: int
    active_units: int
    active_units_threshold: float
    split: str
    n: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


class LogMeanExp:
    """log mean_k exp(log w_k), per image, over weights that arrive a few at a time: memory does not grow with k."""

    def __init__(self, count: int) -> None:
        self.highest = torch.full((count,), -math.inf, dtype=torch.float64)
        self.total = torch.zeros(count, dtype=torch.float64)  # of exp(log w - highest)
        self.samples = 0

    def add(self, log_weights: Tensor) -> None:
        """log_weights: (k, B), in nats."""
        log_weights = log_weights.cpu().double()
        highest = torch.maximum(self.highest, log_weights.amax(0))  # (B,)
        self.total = self.total * torch.exp(self.highest - highest) + torch.exp(log_weights - highest).sum(0)
        self.highest = highest
        self.samples += len(log_weights)

    def value(self) -> Tensor:
        """(B,) in nats, float64."""
        return self.highest + torch.log(self.total) - math.log(self.samples)


class Spread:
    """The variance of each column over rows that arrive a few at a time."""

    def __init__(self) -> None:
        self.count = 0
        self.mean: Tensor = torch.zeros(())
        self.squares: Tensor = torch.zeros(())  # sum of squared distances to the mean

    def add(self, rows: Tensor) -> None:
        """rows: (B, d). Two parts are put together as in Chan et al. 1983, which loses no digits."""
        rows = rows.cpu().double()
        mean, count = rows.mean(0), len(rows)
        total = self.count + count
        apart = mean - self.mean  # (d,)
        self.squares = self.squares + (rows - mean).square().sum(0) + apart.square() * (self.count * count / total)
        self.mean = self.mean + apart * (count / total)
        self.count = total

    def variance(self) -> Tensor:
        """(d,), float64."""
        return self.squares / self.count


@torch.no_grad()
def evaluate(
    model: LatentModel,
    images: Images,
    *,
    split: str,
    samples: int = 100,
    seed: int = 0,
    device: str | torch.device = "cpu",
    batch_size: int = 500,
    progress: Progress | None = None,
) -> Evaluation:
    """The model's figures on these images, with `samples` draws of z per image, all chance from the seed.

    The model must be on `device`; it is left in the mode in which it came. What a Bernoulli with fresh coin flips
    sees of an image is drawn once and then held. Raises ValueError with one sentence.
    """
    _check(model, images, samples)
    generator = torch.Generator(device).manual_seed(seed)
    reconstruction = nll = torch.zeros((), dtype=torch.float64)
    kl_per_dim = torch.zeros(model.latent_dim, dtype=torch.float64)
    spread = Spread()
    with evaluation_mode(model):
        for batch in images.batches(batch_size):
            x, labels = _tensors(batch, model, device)
            x = model.likelihood.observe(x, generator)  # (B, C, H, W)
            errors, bound, kl = _bounds(model, x, labels, samples, generator)
            reconstruction = reconstruction + errors.sum()
            nll = nll - bound.sum()
            kl_per_dim += kl.sum(0)
            spread.add(model.encode(x, labels).mu)
            if progress is not None:
                progress(spread.count, len(images))
    n = spread.count
    kl_per_dim /= n
    reconstruction_mean, kl_mean = float(reconstruction) / n, float(kl_per_dim.sum())
    return Evaluation(
        neg_elbo=reconstruction_mean + kl_mean,
        reconstruction=reconstruction_mean,
        kl=kl_mean,
        kl_per_dim=tuple(kl_per_dim.tolist()),
        nll=float(nll) / n,
        nll_samples=samples,
        active_units=int((spread.variance() > ACTIVE_UNITS_THRESHOLD).sum()),
        active_units_threshold=ACTIVE_UNITS_THRESHOLD,
        split=split,
        n=n,
        seed=seed,
    )


@contextmanager
def evaluation_mode(model: LatentModel) -> Iterator[None]:
    """The model in evaluation mode for as long as the block runs; afterwards in the mode in which it came."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)


def _bounds(
    model: LatentModel, x: Tensor, labels: Tensor | None, samples: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Mean of -log p(x|z) (B,), bound on log p(x) (B,), KL (B, d): in nats, on the CPU, in float64.

    log w = log p(x|z) + log p(z) - log q(z|x), and the bound is log mean_k w (Burda et al. 2016, eq. 8).
    """
    count = len(x)
    c = model.condition(labels, count)  # (B, K)
    h = model.encoder(x, c)  # (B, width)
    bound = LogMeanExp(count)
    reconstruction = torch.zeros(count, dtype=torch.float64)
    at_once = max(1, DECODED_AT_ONCE // count)
    for start in range(0, samples, at_once):
        k = min(at_once, samples - start)
        terms = model.draw(x.repeat(k, 1, 1, 1), c.repeat(k, 1), h.repeat(k, 1), generator)  # of (k * B) rows
        log_w = terms.log_p - terms.log_q - terms.reconstruction
        bound.add(log_w.view(k, count))
        reconstruction += terms.reconstruction.view(k, count).cpu().double().sum(0) / samples
    kl = torch.cat([layer.flatten(1) for layer in terms.kls], dim=1)[:count]  # the same for each draw
    return reconstruction, bound.value(), kl.cpu().double()


def _tensors(batch: Images, model: LatentModel, device: str | torch.device) -> tuple[Tensor, Tensor | None]:
    x = to_float(torch.as_tensor(batch.pixels, device=device))
    labels = torch.as_tensor(batch.labels, device=device) if model.num_classes else None
    return x, labels


def _check(model: LatentModel, images: Images, samples: int) -> None:
    if samples < 1:
        raise ValueError(f"samples is at least 1, not {samples}")
    if not len(images):
        raise ValueError("there are no images to evaluate on; choose another split")
    model.check(images)
