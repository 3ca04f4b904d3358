"""One image as a model sees it: its posterior beside the prior, the terms of its ELBO, and what is around its code."""

from collections.abc import Generator

import numpy as np
import torch
from numpy.typing import NDArray

from latentlab.explore.anomaly import anomaly_scores
from latentlab.explore.decode import classes, decode
from latentlab.explore.inspection import Floats, Inspection, Surroundings
from latentlab.explore.sample import prior_moments
from latentlab.explore.traverse import traversal
from latentlab.images import Images, Pixels
from latentlab.models.build import to_float, to_pixels
from latentlab.models.latent_model import LatentModel
from latentlab.models.latents import Posterior

DRAWS = 32  # of z, over which the reconstruction term is averaged
AT_ONCE = 8  # of them: between two of these parts others may go first
STEPS = np.array([-3, -2, -1, 0, 1, 2, 3], np.float32)  # sigmas from mu


def inspect(
    model: LatentModel, pixels: Pixels, label: int | None = None, draws: int = DRAWS, seed: int = 0, step: int = 0
) -> Generator[None, None, Inspection]:
    """What the model, in evaluation mode and on the CPU, makes of one image uint8 (C, H, W); yields between parts.

    The terms are those of -ELBO = E_q(z|x)[-log p(x | z)] + KL(q(z | x) || p(z)) (Kingma and Welling 2014, eq. 3): the
    KL exact, the expectation over `draws` draws, all chance from the seed. Of a picture that is seen as coin flips the
    likelier side is taken, so that it always has the same posterior.

    label: the class under which a conditional model looks at it. Raises ValueError for an image or a class that the
    model does not take.
    """
    image = Images(pixels[None], np.zeros(1, np.int64), None if label is None else np.array([label]))
    model.check(image)
    given = classes(model, label, 1)
    x = model.likelihood.likeliest(to_float(torch.from_numpy(pixels[None])))  # (1, C, H, W)
    c = model.condition(given, 1)  # (1, K)
    posterior = model.encode(x, given)  # (1, d), (1, d)
    kl = model.prior.kl(*posterior, c)[0]  # (d,)
    output = model.decoder(posterior.mu, c)  # (1, C, H, W)
    at_mean = float(model.likelihood.negative_log_prob(output, x))
    mean = to_pixels(model.likelihood.mean(output))[0].numpy()
    generator, total = torch.Generator().manual_seed(seed), 0.0
    for start in range(0, draws, AT_ONCE):
        yield
        count = min(AT_ONCE, draws - start)
        rows = Posterior(*(part.expand(count, -1) for part in posterior))
        z = model.latent.draw(rows, model.prior, c.expand(count, -1), generator).z  # (count, d)
        errors = model.likelihood.negative_log_prob(model.decoder(z, c.expand(count, -1)), x.expand(count, -1, -1, -1))
        total += float(errors.double().sum())
    yield
    anomaly = yield from _score(model, image)
    prior_mu, prior_var = prior_moments(model)
    of = label if label is not None and len(prior_mu) > 1 else 0
    reconstruction, dims = total / draws, int(np.prod(pixels.shape))
    return Inspection(
        _numpy(posterior.mu[0]), _numpy(torch.exp(0.5 * posterior.log_var[0])), prior_mu[of], np.sqrt(prior_var[of]),
        _numpy(kl), reconstruction, at_mean, mean, anomaly,
        model.likelihood.bits_per_dim(reconstruction + float(kl.sum()), dims), step,
    )  # fmt: skip


def around(
    model: LatentModel,
    mu: Floats,
    sigma: Floats,
    dim: int,
    label: int | None = None,
    count: int = 14,
    seed: int = 0,
) -> Surroundings:
    """`count` draws from N(mu, sigma^2), of q(z | x) with mu and sigma (d,), and mu moved by STEPS sigmas along `dim`;
    decoded, under the class `label`. Raises ValueError as `traversal` and `decode` do."""
    noise = np.random.default_rng(seed).standard_normal((count, len(mu))).astype(np.float32)
    draws = mu + sigma * noise  # (count, d)
    probes = traversal(mu, dim, np.zeros(len(STEPS))).astype(np.float32)  # (K, d)
    probes[:, dim] = mu[dim] + sigma[dim] * STEPS
    pictures = decode(model, np.concatenate([draws, probes]), label)
    return Surroundings(draws, pictures[:count], dim, STEPS, probes, pictures[count:])


def _score(model: LatentModel, image: Images) -> Generator[None, None, float]:
    work = anomaly_scores(model, image)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return float(end.value[0])
        yield


def _numpy(values: torch.Tensor) -> NDArray[np.float32]:
    return values.detach().float().cpu().numpy()
