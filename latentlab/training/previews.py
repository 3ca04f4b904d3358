"""Pictures of what a model has learnt so far, always of the same images and the same noise, to be leafed through."""

import torch
from torch import Tensor

from latentlab.explore.grids import Rgb, grid
from latentlab.explore.paths import interpolate
from latentlab.images import Indices
from latentlab.models.build import to_float, to_pixels
from latentlab.models.latent_model import LatentModel
from latentlab.training.batches import Batch, stream

SAMPLES_NOISE = 11  # a random stream of its own, beside those of batches.py
ACROSS = 10  # images in a row, and frames of an interpolation
SAMPLE_ROWS = 6
STRIPS = 3  # interpolations, each between two images of the upper row
LEAST_SIDE = 56  # pixels: smaller images are magnified by a whole number


def shown_positions(validation: Indices, train: Indices) -> Indices:
    """Positions of the images that are always shown, spread evenly: of held-out ones where there are any."""
    positions = validation if len(validation) else train
    count = min(ACROSS, len(positions))
    return positions[[place * len(positions) // count for place in range(count)]]


@torch.no_grad()
def drawn(model: LatentModel, images: Batch, seed: int) -> dict[str, Rgb]:
    """Pictures uint8 (H, W, 3) by name, from a model in evaluation mode.

    reconstructions: the images over what becomes of their mean encodings; samples from the prior, of a conditional
    model one class after another; interpolations: straight lines between the encodings of neighbouring images.
    """
    mu, _ = model.encode(to_float(images.pixels), images.labels)  # (B, d)
    decoded = to_pixels(model.decode(mu, images.labels))
    return {
        "reconstructions": _grid(torch.cat([images.pixels, decoded]), len(images)),
        "samples": _grid(_samples(model, seed), ACROSS),
        "interpolations": _grid(_interpolations(model, mu, images.labels), ACROSS),
    }


def _samples(model: LatentModel, seed: int) -> Tensor:
    """uint8 (SAMPLE_ROWS * ACROSS, C, H, W)."""
    device = next(model.parameters()).device
    count = SAMPLE_ROWS * ACROSS
    labels = torch.arange(count, device=device) % model.num_classes if model.num_classes else None
    generator = torch.Generator(device).manual_seed(stream(seed, SAMPLES_NOISE))
    return to_pixels(model.decode(model.sample(count, labels, generator), labels))


def _interpolations(model: LatentModel, mu: Tensor, labels: Tensor | None) -> Tensor:
    """uint8 (strips * ACROSS, C, H, W), each strip with the class of its first image."""
    ends = mu.cpu().numpy()
    strips = []
    for first in range(0, min(2 * STRIPS, max(1, len(ends) - 1)), 2):
        path = interpolate(ends[first], ends[min(first + 1, len(ends) - 1)], ACROSS)
        condition = None if labels is None else labels[first].expand(ACROSS)
        strips.append(to_pixels(model.decode(torch.from_numpy(path).to(mu), condition)))
    return torch.cat(strips)


def _grid(pixels: Tensor, columns: int) -> Rgb:
    scale = max(1, -(-LEAST_SIDE // min(pixels.shape[2:])))
    return grid(pixels.cpu().numpy(), columns, padding=2, scale=scale)
