"""How good a model is: bounds on the likelihood and their parts, latents and classes, and how it reconstructs.

All terms are in nats per image: summed over pixels and latents, averaged over images. The model is in evaluation
mode (a batch norm uses its running means).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from latentlab.evaluation.anomalies import auroc, most_unusual
from latentlab.evaluation.bounds import IMAGES_AT_ONCE, Bounds, bounds
from latentlab.evaluation.information import information
from latentlab.evaluation.interpolation import smoothness
from latentlab.evaluation.overlap import knn_accuracy
from latentlab.evaluation.reconstruction import ReconstructionError
from latentlab.images import Images
from latentlab.models.build import to_float
from latentlab.models.latent_model import LatentModel
from latentlab.models.priors import StandardNormal

ACTIVE_UNITS_THRESHOLD = 0.01  # Burda et al. 2016
SAMPLES = 100  # draws of z per image, where nothing else is asked for
DRAWS_BETWEEN_NEWS = 100_000  # decoded between two reports of progress: a second or two

Progress = Callable[[int, int], None]  # images done, images in all


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures over `n` images of a split, in nats per image.

    reconstruction (distortion) and neg_elbo = reconstruction + kl (beta = 1; kl is the rate) are means over
    `nll_samples` draws per image; nll is the importance-weighted bound with as many. A conditional model's are of
    -log p(x | c). active_units counts the latents whose mean varies over the images by more than the threshold.
    bits_per_dim is of neg_elbo and nll, None where the likelihood has none.

    information: `information.information`; error: `reconstruction.ReconstructionError`; neighbours:
    `overlap.knn_accuracy`, None without classes; interpolation: `interpolation.smoothness`, whose energy is smoothness;
    unusual: per score the images where it is highest; against: per score the AUROC against other images, if asked for.
    """

    neg_elbo: float
    reconstruction: float
    kl: float
    kl_per_dim: tuple[float, ...]
    nll: float
    nll_samples: int
    bits_per_dim: dict[str, float] | None
    information: dict[str, Any]
    active_units: int
    active_units_threshold: float
    error: dict[str, Any]
    interpolation: dict[str, Any]
    neighbours: dict[str, Any] | None
    unusual: dict[str, list[dict[str, Any]]]
    against: dict[str, Any] | None
    split: str
    n: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values, with the second names that rate and distortion are known by."""
        second = {"rate": self.kl, "distortion": self.reconstruction, "smoothness": self.interpolation["energy"]}
        return asdict(self) | second


class Measured(NamedTuple):
    """One pass over images: bounds per image, (N,) and (N, d), and the error of what is decoded from the means."""

    bounds: Bounds
    error: dict[str, Any]

    @property
    def scores(self) -> dict[str, np.ndarray]:
        """How unusual each image is, (N,), in nats, by the name of the score."""
        reconstruction, kl = self.bounds.reconstruction, self.bounds.kl.sum(1)
        return {"neg_elbo": (reconstruction + kl).numpy(), "reconstruction": reconstruction.numpy()}


@torch.no_grad()
def evaluate(
    model: LatentModel,
    images: Images,
    *,
    split: str,
    samples: int = SAMPLES,
    seed: int = 0,
    device: str | torch.device = "cpu",
    batch_size: int = 500,
    progress: Progress | None = None,
    against: Images | None = None,
) -> Evaluation:
    """The model's figures on these images, with `samples` draws of z per image, all chance from the seed.

    The model must be on `device`; it is left in the mode in which it came. What a Bernoulli with fresh coin flips
    sees of an image is drawn once and then held. `against` are images that should be unusual to the model; they are
    measured in the same way. Raises ValueError with one sentence.
    """
    for some in (images, against):
        if some is not None:
            _check(model, some, samples)
    total = len(images) + (len(against) if against is not None else 0)

    def told(done: int) -> None:
        if progress is not None:
            progress(done, total)

    with evaluation_mode(model):
        found = measure(model, images, samples, seed, device, batch_size, told)
        if not all(bool(figures.isfinite().all()) for figures in found.bounds):
            raise ValueError("this model gives no finite figures for these images: its training has diverged")
        others = None
        if against is not None:
            others = measure(model, against, samples, seed, device, batch_size, lambda done: told(len(images) + done))
        interpolation = smoothness(model, found.bounds.mu.float().to(device), images.labels, seed)
    return _summary(model, images, found, others, interpolation, split=split, samples=samples, seed=seed)


def measure(
    model: LatentModel,
    images: Images,
    samples: int,
    seed: int,
    device: str | torch.device,
    batch_size: int,
    told: Callable[[int], None],
) -> Measured:
    """One pass over the images with a model in evaluation mode; `told` how many are done."""
    generator = torch.Generator(device).manual_seed(seed)
    error = ReconstructionError(model)
    parts = []
    done = 0
    for batch in images.batches(batch_size):
        x, labels = _tensors(batch, model, device)
        x = model.likelihood.observe(x, generator)  # (B, C, H, W)
        for few, some in _few(x, labels, samples):
            part = bounds(model, few, some, samples, generator)
            error.add(few, part.mu.float().to(device), some)
            parts.append(part)
            done += len(few)
            told(done)
    return Measured(Bounds(*(torch.cat(column) for column in zip(*parts, strict=True))), error.value())


def _summary(
    model: LatentModel,
    images: Images,
    found: Measured,
    others: Measured | None,
    interpolation: dict[str, Any],
    *,
    split: str,
    samples: int,
    seed: int,
) -> Evaluation:
    part = found.bounds
    kl_per_dim = part.kl.mean(0)  # (d,)
    reconstruction, kl, nll = float(part.reconstruction.mean()), float(kl_per_dim.sum()), float(part.nll.mean())
    labels = images.labels if images.num_classes and len(images) > 1 else None
    per_class = None if isinstance(model.prior, StandardNormal) else images.labels
    return Evaluation(
        neg_elbo=reconstruction + kl,
        reconstruction=reconstruction,
        kl=kl,
        kl_per_dim=tuple(kl_per_dim.tolist()),
        nll=nll,
        nll_samples=samples,
        bits_per_dim=_bits(model, neg_elbo=reconstruction + kl, nll=nll),
        information=information(part.mu, part.log_var, part.kl.sum(1), per_class, seed),
        active_units=int((part.mu.var(0, correction=0) > ACTIVE_UNITS_THRESHOLD).sum()),
        active_units_threshold=ACTIVE_UNITS_THRESHOLD,
        error=found.error,
        interpolation=interpolation,
        neighbours=None if labels is None else knn_accuracy(part.mu, labels, seed),
        unusual={name: most_unusual(scores, images.index) for name, scores in found.scores.items()},
        against=None if others is None else _against(found, others),
        split=split,
        n=len(images),
        seed=seed,
    )


def _against(found: Measured, others: Measured) -> dict[str, Any]:
    told_apart = {name: auroc(scores, others.scores[name]) for name, scores in found.scores.items()}
    return {"auroc": told_apart, "n": len(others.bounds.nll)}


def _bits(model: LatentModel, **nats: float) -> dict[str, float] | None:
    dims = int(np.prod(model.image_shape))
    bits = {name: model.likelihood.bits_per_dim(value, dims) for name, value in nats.items()}
    known = {name: value for name, value in bits.items() if value is not None}
    return known or None


@contextmanager
def evaluation_mode(model: LatentModel) -> Iterator[None]:
    """The model in evaluation mode for as long as the block runs; afterwards in the mode in which it came."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)


def _few(x: Tensor, labels: Tensor | None, samples: int) -> Iterator[tuple[Tensor, Tensor | None]]:
    """The batch in parts that take about as long as a person waits for news of progress."""
    size = IMAGES_AT_ONCE * max(1, DRAWS_BETWEEN_NEWS // samples // IMAGES_AT_ONCE)
    for start in range(0, len(x), size):
        yield x[start : start + size], None if labels is None else labels[start : start + size]


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
