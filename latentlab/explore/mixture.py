"""A prior after the fact: a mixture of Gaussians fitted to where the training images lie in latent space.

What the decoder was trained on are draws of q(z) = E_x q(z | x), and N(0, I) also draws from the holes between them.
A mixture fitted to q(z) once the model is trained avoids them (Ghosh et al. 2020, From variational to deterministic
autoencoders, section 4: ex-post density estimation).

mixture.safetensors in the run's folder holds weights (K,), means (K, d) and factors, (K, d, d) or (K, d), with what
they are of as metadata. It can be computed again: one that is damaged, or of another step, counts as absent.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latentlab.runs.files import write_whole

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture

Floats = NDArray[np.float32]
StepsDone = Callable[[int, int], None]
Cancelled = Callable[[], bool]

FILE, SCHEMA_VERSION = "mixture.safetensors", 1
FULL_UP_TO = 64  # latent dimensions; beyond, a covariance has more entries than images can tell
TRIED = (1, 4, 16, 64)  # components, until held-out points become less likely
MOST_POINTS = 10_000
HELD_OUT = 0.1
ENOUGH = 0.02  # nats by which held-out points must become more likely for a larger mixture to be worth it
ROUNDS = 30  # of expectation and maximisation, at most


@dataclass(frozen=True, eq=False)
class Mixture:
    """K Gaussians in the d latent dimensions, fitted to the model of optimizer step `step`.

    factors: of the covariances, lower triangular L with covariance L L' (K, d, d), or standard deviations (K, d).
    log_likelihood: mean nats of held-out encodings; gain: by how many nats that is above the prior's own.
    Where the model has a prior for each class, all of it is in that prior's units: of (z - mu(c)) / sigma(c).
    """

    step: int
    weights: Floats
    means: Floats
    factors: Floats
    log_likelihood: float
    gain: float
    points: int
    seed: int

    @property
    def components(self) -> int:
        return len(self.weights)

    def sample(self, count: int, seed: int) -> Floats:
        """(count, d), all chance from the seed."""
        draw = np.random.default_rng(seed)
        share = self.weights.astype(np.float64)
        of = draw.choice(len(share), count, p=share / share.sum())
        noise = draw.standard_normal((count, self.means.shape[1])).astype(np.float32)
        factors = self.factors[of]  # (count, d, d) or (count, d)
        spread = factors * noise if factors.ndim == 2 else np.einsum("nij,nj->ni", factors, noise)
        return np.asarray(self.means[of] + spread, np.float32)


def fit(
    points: Floats,
    step: int,
    components: int | None = None,
    seed: int = 0,
    progress: StepsDone | None = None,
    cancelled: Cancelled | None = None,
) -> Mixture | None:
    """The mixture that draws `points` (N, d) of q(z) most likely come from; None when cancelled between two fits.

    Its covariances are full up to FULL_UP_TO dimensions, else diagonal; of TRIED numbers of components the one is
    taken that makes a held-out tenth of the points most likely. `progress` is told fits done and their most. Raises
    ValueError where there are too few points.
    """
    if components is not None and components < 1:
        raise ValueError(f"a mixture has at least 1 component, not {components}")
    chosen = np.random.default_rng(seed).permutation(len(points))[:MOST_POINTS]
    held = points[chosen[: max(1, round(len(chosen) * HELD_OUT))]].astype(np.float64)
    kept = points[chosen[len(held) :]].astype(np.float64)
    tried: tuple[int, ...] = TRIED if components is None else (components,)
    tried = tuple(count for count in tried if count * (2 if components is None else 1) <= len(kept))
    if not tried or len(kept) < 2:
        raise ValueError(f"{len(points)} images are too few to fit a mixture of {components or TRIED[0]} to")
    best, likeliest = None, -np.inf
    for done, count in enumerate(tried):
        if cancelled is not None and cancelled():
            return None
        found = _fitted(kept, count, seed)
        reached = float(found.score(held))
        if progress is not None:
            progress(done + 1, len(tried))
        if reached <= likeliest + ENOUGH:
            break
        best, likeliest = found, reached
    assert best is not None, "the first is better than none"
    standard = float(-0.5 * (np.square(held) + np.log(2 * np.pi)).sum(axis=1).mean())
    weights, means, factors = (part.astype(np.float32) for part in (best.weights_, best.means_, _factors(best)))
    return Mixture(step, weights, means, factors, likeliest, likeliest - standard, len(chosen), seed)


def save_mixture(folder: Path, mixture: Mixture) -> None:
    """Keep it in the run's folder, whole. Raises OSError."""
    from safetensors.numpy import save

    arrays = {"weights": mixture.weights, "means": mixture.means, "factors": mixture.factors}
    about = {name: getattr(mixture, name) for name in ("step", "log_likelihood", "gain", "points", "seed")}
    text = json.dumps({"schema_version": SCHEMA_VERSION, **about})
    write_whole(
        folder / FILE, save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, {"mixture": text})
    )


def load_mixture(folder: Path) -> Mixture | None:
    """The mixture kept in the run's folder, whatever its step; None where there is none that can be used."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / FILE, framework="numpy") as file:
            about: dict[str, Any] = json.loads(file.metadata()["mixture"])
            arrays = {name: file.get_tensor(name) for name in ("weights", "means", "factors")}
        if about.pop("schema_version") != SCHEMA_VERSION:
            return None
        mixture = Mixture(**about, **arrays)
        return mixture if _sound(mixture) else None
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return None


def _sound(mixture: Mixture) -> bool:
    """Whether the parts belong together and hold numbers."""
    count, dims = mixture.means.shape
    fits = mixture.weights.shape == (count,) and mixture.factors.shape in ((count, dims), (count, dims, dims))
    arrays = (mixture.weights, mixture.means, mixture.factors)
    return fits and all(array.dtype == np.float32 and bool(np.isfinite(array).all()) for array in arrays)


def _fitted(points: NDArray[np.float64], components: int, seed: int) -> "GaussianMixture":
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    # k-means++ and not k-means: as good a start here, and no second OpenMP runtime beside torch's (macOS)
    mixture = GaussianMixture(
        components,
        covariance_type="full" if points.shape[1] <= FULL_UP_TO else "diag",
        max_iter=ROUNDS,
        tol=ENOUGH / 2,
        init_params="k-means++",
        random_state=seed,
        reg_covar=1e-4,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # held-out points decide whether it is good
        return mixture.fit(points)


def _factors(mixture: "GaussianMixture") -> NDArray[np.float64]:
    covariances = np.asarray(mixture.covariances_, np.float64)
    return np.asarray(np.sqrt(covariances) if covariances.ndim == 2 else np.linalg.cholesky(covariances))
