"""How an evaluation's figures came about: what a reader needs to compare or repeat them."""

from typing import Any

from latentlab.evaluation.evaluate import Evaluation
from latentlab.models.latent_model import LatentModel
from latentlab.models.likelihoods import Bernoulli
from latentlab.runs.record import versions

ESTIMATORS = {
    "neg_elbo": "reconstruction by Monte Carlo, all draws; KL in closed form; beta 1; model in evaluation mode",
    "nll": "importance-weighted bound (Burda et al. 2016), as many draws from q(z|x) as samples",
    "mutual_information": "minibatch: mean over all images as q(z) (Poole et al. 2019, eq. 12), cannot exceed ln N; "
    "leave-one-out: the same without the image itself (eq. 13); gaussian, mixture: cross-fitted density of q(z); "
    "rate: the KL itself",
    "aggregate_kl": "rate minus mutual information",
    "active_units": "variance over images of the mean of q(z|x) above the threshold",
    "error": "picture decoded from the mean of q(z|x), against what the model saw, mean over pixels",
    "smoothness": "energy of straight lines between codes over that of a cross-fade; 1 is a cross-fade",
    "neighbours": "leave-one-out majority of the k nearest means of q(z|x), Euclidean",
    "unusual": "score per image, highest first",
}

SEEN = {"none": "pixels as they are", "fresh": "a coin flip per pixel, drawn once", "threshold": "pixels cut at 1/2"}
"""Of an image, by what a Bernoulli makes of it."""


def protocol(model: LatentModel, measured: Evaluation, device: str, **about: Any) -> dict[str, Any]:
    """Split, n, samples, seed, what was seen of an image, device, versions; and whatever `about` tells."""
    bernoulli = model.likelihood if isinstance(model.likelihood, Bernoulli) else None
    seen = SEEN["none" if bernoulli is None else bernoulli.binarize]
    return {
        **about,
        "split": measured.split,
        "n": measured.n,
        "samples": measured.nll_samples,
        "seed": measured.seed,
        "seen": seen,
        "grey": bernoulli is not None and bernoulli.binarize == "none",
        "given_the_class": bool(model.num_classes),
        "numbers": "float32",
        "device": device,
        "estimators": ESTIMATORS,
        "versions": versions(),
    }
