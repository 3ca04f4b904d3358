"""The model with its optimizer and its noise: one step, one measurement, one frozen copy."""

from collections.abc import Mapping

import torch
from torch import Tensor

from latentlab.config import RunConfig
from latentlab.images import Dataset
from latentlab.models.build import build, to_float
from latentlab.models.objectives import Report, beta_objective
from latentlab.training.adam import Adam
from latentlab.training.batches import NOISE, VALIDATION_NOISE, Batch, stream


class Learner:
    """Draws nothing from global random state: weights, noise and validation noise have streams of the run's seed."""

    def __init__(self, config: RunConfig, dataset: Dataset, device: torch.device) -> None:
        seed = config.training.seed
        self.model = build(config.model, dataset.shape, dataset.num_classes, seed=seed).to(device).train()
        self.optimizer = Adam(self.model.named_parameters(), config.training.learning_rate)
        self.noise = torch.Generator(device).manual_seed(stream(seed, NOISE))
        self.device = device
        self._validation_seed = stream(seed, VALIDATION_NOISE)

    @property
    def conditional(self) -> bool:
        """The model needs labels."""
        return self.model.num_classes > 0

    def step(self, batch: Batch, beta: float) -> Report:
        """One step down the objective's gradient. Returns the batch's terms before it, still on the device."""
        terms = self.model.terms(to_float(batch.pixels), batch.labels, self.noise)
        loss, report = beta_objective(terms, beta)
        loss.backward()
        self.optimizer.step()
        return report

    @torch.no_grad()
    def measure(self, batch: Batch, noise: torch.Generator) -> Report:
        """The batch's terms at beta = 1, in evaluation mode (batch normalisation uses its running means)."""
        self.model.eval()
        try:
            return beta_objective(self.model.terms(to_float(batch.pixels), batch.labels, noise), 1.0)[1]
        finally:
            self.model.train()

    def validation_noise(self) -> torch.Generator:
        """The same noise at every validation, so that its curve shows the model and not the draw."""
        return torch.Generator(self.device).manual_seed(self._validation_seed)

    def snapshot(self) -> Mapping[str, Tensor]:
        """A frozen copy of weights and buffers by name, on the device, complete when this returns."""
        state = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        if self.device.type == "cuda":
            torch.cuda.current_stream(self.device).synchronize()  # readers may be on streams of their own
        return state

    def finite(self) -> bool:
        """Whether every weight is a finite number."""
        return all(bool(torch.isfinite(weight).all()) for weight in self.model.parameters())

    def restore(self, weights: Mapping[str, Tensor], moments: Mapping[str, Tensor]) -> None:
        """Copy in weights and Adam's moments. Raises RuntimeError or KeyError where they are another model's."""
        self.model.load_state_dict(dict(weights))
        self.optimizer.restore(moments)
