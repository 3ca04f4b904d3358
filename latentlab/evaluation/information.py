"""The KL's two parts: E_x KL(q(z|x) || p(z)) = I(x; z) + KL(q(z) || p(z)) (Hoffman and Johnson 2016).

q(z) = E_x q(z|x) is the aggregate posterior. Its density is not known, so neither part is: there are bounds. From
below: q(z) as the mean over the N images themselves, which can say no more than ln N (Poole et al. 2019, eq. 12).
From above: the same with an image's own posterior left out (their eq. 13); -E log r(z) - H(z|x) for any density r, here
a Gaussian and a mixture of eight, fitted to other images than those they are judged on (Barber and Agakov 2003); and
the rate itself, as no KL is negative. For a Gaussian q(z) the Gaussian is right.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latentlab.evaluation.mixture import fit_mixture

MOST_IMAGES = 10_000  # of which every pair is looked at
FOLDS = 5
COMPONENTS = 8  # of the mixture
LEAST_PER_COMPONENT = 4  # images per component and dimension
MARGIN = 1.0  # nats below ln N from which on the bound from below says no more
MOST_DRAWS = 2_500  # that are looked at beside all images
ROWS_AT_ONCE = 256
LOG_TWO_PI = math.log(2 * math.pi)


class Posteriors(NamedTuple):
    """q(z|x) of N images: mu and log_var, (N, d), float64, on the CPU."""

    mu: Tensor
    log_var: Tensor

    def take(self, rows: Tensor) -> "Posteriors":
        return Posteriors(self.mu[rows], self.log_var[rows])

    def entropy(self) -> Tensor:
        """H of each q(z|x), (N,), in nats."""
        return 0.5 * (self.log_var + LOG_TWO_PI + 1).sum(1)


def information(
    mu: Tensor, log_var: Tensor, rates: Tensor, groups: NDArray[np.int64] | None = None, seed: int = 0
) -> dict[str, Any]:
    """I(x; z) and KL(q(z) || p(z)) in nats, with bounds on both, from q(z|x) of N images: mu and log_var (N, d).

    `rates` (N,) is each image's KL(q(z|x) || p(z)), to whose mean the two parts add up. With `groups` (N,), classes
    that each have a prior of their own, both parts are those within a class: I(x; z | c) and E_c KL(q(z|c) || p(z|c)).
    A class too small for one of the bounds from above has the lowest of its others in that one's place.
    Saturated means that the bound from below is within a nat of ln N: the figure is then the lowest bound from above.
    """
    posteriors, rates = Posteriors(mu.cpu().double(), log_var.cpu().double()), rates.cpu().double()
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(mu), generator=generator)[:MOST_IMAGES]
    chosen = None if groups is None else torch.as_tensor(groups)[rows]
    parts = [rows] if chosen is None else [rows[chosen == group] for group in chosen.unique()]
    found = [{**_bounds(posteriors.take(part), generator), "rate": float(rates[part].mean())} for part in parts]
    shares = [len(part) / len(rows) for part in parts]
    ceiling = sum(share * math.log(len(part)) for share, part in zip(shares, parts, strict=True))
    rate = float(rates.mean())
    minibatch = sum(share * bounds.pop("minibatch") for share, bounds in zip(shares, found, strict=True))
    lower = max(0.0, min(minibatch, rate))
    uppers = {**_mean_of_classes(found, shares), "rate": rate}
    best = min(uppers, key=lambda name: uppers[name])
    upper = max(uppers[best], lower)
    saturated = lower > ceiling - MARGIN
    figure = upper if saturated else lower
    return {
        "mutual_information": figure,
        "mutual_information_bounds": [lower, upper],
        "aggregate_kl": rate - figure,
        "aggregate_kl_bounds": [rate - upper, rate - lower],
        "estimator": best if saturated else "minibatch",
        "upper_bound": best,
        "saturated": saturated,
        "within_classes": groups is not None,
        "ceiling": ceiling,
        "n": len(rows),
    }


def _mean_of_classes(found: list[dict[str, float]], shares: list[float]) -> dict[str, float]:
    """The mean over the classes of each bound from above that any class has; every class has one at least."""
    names = dict.fromkeys(name for bounds in found for name in bounds)
    return {
        name: sum(share * bounds.get(name, min(bounds.values())) for share, bounds in zip(shares, found, strict=True))
        for name in names
    }


def _bounds(posteriors: Posteriors, generator: torch.Generator) -> dict[str, float]:
    """Bounds on I by the name of what gives them: minibatch from below, the others from above."""
    mu, log_var = posteriors
    noise = torch.randn(mu.shape, generator=generator, dtype=mu.dtype)
    z = mu + torch.exp(0.5 * log_var) * noise
    bounds = _pairwise(posteriors, z)
    folds = torch.arange(len(mu)) % FOLDS
    if len(mu) >= FOLDS * 2:
        bounds["gaussian"] = _by_gaussian(posteriors, folds)
    if len(mu) >= LEAST_PER_COMPONENT * COMPONENTS * mu.shape[1]:
        bounds["mixture"] = _by_mixture(posteriors, z, generator)
    return bounds


def _pairwise(posteriors: Posteriors, z: Tensor) -> dict[str, float]:
    """q(z) as the mean over the N images, with and without the image that z (N, d) was drawn for."""
    mu, log_var = posteriors
    if len(mu) < 2:
        return {"minibatch": 0.0}
    precision = torch.exp(-log_var)  # (N, d)
    constant = -0.5 * (mu.square() * precision + log_var + LOG_TWO_PI).sum(1)  # (N,)
    n, judged = len(z), z[:MOST_DRAWS]
    minibatch = left_out = 0.0
    for start in range(0, len(judged), ROWS_AT_ONCE):
        some = judged[start : start + ROWS_AT_ONCE]
        log_q = constant - 0.5 * some.square() @ precision.T + some @ (mu * precision).T  # (b, N): log q(z_i | x_j)
        row = torch.arange(len(some))
        own = log_q[row, start + row].clone()  # (b,)
        log_q[row, start + row] = -math.inf
        highest = log_q.amax(1, keepdim=True)
        others = (log_q - highest).float().exp().sum(1).double().log() + highest[:, 0]  # float32: twice as fast
        minibatch += float((own - torch.logaddexp(own, others) + math.log(n)).sum()) / len(judged)
        left_out += float((own - others + math.log(n - 1)).sum()) / len(judged)
    return {"minibatch": minibatch, "leave-one-out": left_out}


def _by_gaussian(posteriors: Posteriors, folds: Tensor) -> float:
    """-E log N(z; m, S) - H(z|x), with m and S the moments of q(z) over the other folds; nothing is drawn."""
    cross_entropy = torch.empty(len(folds), dtype=torch.float64)
    for fold in range(FOLDS):
        fitted, judged = posteriors.take(folds != fold), posteriors.take(folds == fold)
        d = fitted.mu.shape[1]
        mean = fitted.mu.mean(0)
        covariance = fitted.mu.T.cov(correction=0).reshape(d, d) + torch.diag(fitted.log_var.exp().mean(0))
        factor = torch.linalg.cholesky(covariance)
        apart = torch.linalg.solve_triangular(factor, (judged.mu - mean).T, upper=False)  # (d, n)
        trace = judged.log_var.exp() @ torch.cholesky_inverse(factor).diagonal()  # (n,)
        log_det = 2 * factor.diagonal().log().sum()
        cross_entropy[folds == fold] = 0.5 * (d * LOG_TWO_PI + log_det + apart.square().sum(0) + trace)
    return float((cross_entropy - posteriors.entropy()).mean())


def _by_mixture(posteriors: Posteriors, z: Tensor, generator: torch.Generator) -> float:
    """-E log r(z) - H(z|x) at the draws z (N, d), each by a mixture fitted to the other half of them."""
    half = torch.arange(len(z)) % 2 == 0
    cross_entropy = torch.empty(len(z), dtype=torch.float64)
    for judged in (half, ~half):
        cross_entropy[judged] = -fit_mixture(z[~judged], COMPONENTS, generator).log_prob(z[judged])
    return float((cross_entropy - posteriors.entropy()).mean())
