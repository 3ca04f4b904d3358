"""A running mean of the weights (Polyak and Juditsky 1992), which is what is shown where there is one."""

from collections.abc import Mapping

import torch
from torch import Tensor

from latentlab.models.latent_model import LatentModel


class RunningMean:
    """mean <- d * mean + (1 - d) * weights after each step, with d = min(decay, (1 + t) / (10 + t)) after t steps.

    The warm-up of d is TensorFlow's: without it the mean would hold the first, random weights for 1 / (1 - decay)
    steps. Batch normalisation's running statistics are averaged like weights; its counters are copied. Nothing is
    decided by a tensor's value, so that a step can be captured once and replayed.
    """

    def __init__(self, model: LatentModel, mean: LatentModel, decay: float) -> None:
        """`mean` is another model of the same kind, on the same device; it is made equal to `model`."""
        self.model = mean
        mean.requires_grad_(False).eval()
        self._decay = decay
        ours, theirs = self.model.state_dict(), model.state_dict()
        self._means = [value for value in ours.values() if value.is_floating_point()]
        self._values = [theirs[name] for name, value in ours.items() if value.is_floating_point()]
        self._counts = [(value, theirs[name]) for name, value in ours.items() if not value.is_floating_point()]
        self._steps = torch.zeros((), device=self._means[0].device)
        self.model.load_state_dict(theirs)

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights as they are now."""
        share = 1 - ((1 + self._steps) / (10 + self._steps)).clamp(max=self._decay)
        self._steps += 1
        moves = torch._foreach_sub(self._values, self._means)
        torch._foreach_mul_(moves, share)
        torch._foreach_add_(self._means, moves)
        for mean, value in self._counts:
            mean.copy_(value)

    def state(self) -> dict[str, Tensor]:
        """What going on needs besides the means themselves. Not a copy."""
        return {"ema.steps": self._steps}

    def restore(self, weights: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> None:
        """Copy in the means, and what `state` gave. Raises RuntimeError or KeyError where they are another model's."""
        self.model.load_state_dict(dict(weights))
        self._steps.copy_(state["ema.steps"])
