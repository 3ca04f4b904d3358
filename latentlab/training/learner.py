"""The model with its optimizer and its noise: one step, one measurement, one frozen copy."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from latentlab.config import RunConfig
from latentlab.images import Dataset
from latentlab.models.build import build, to_float
from latentlab.models.chance import Rows
from latentlab.models.latent_model import LatentModel
from latentlab.models.objectives import Report, Weights, beta_objective, objective
from latentlab.training.adam import Adam
from latentlab.training.augment import augmented
from latentlab.training.batches import NOISE, PROBE_NOISE, VALIDATION_NOISE, Batch, stream
from latentlab.training.capture import CapturedStep, CudaRecorder, Dials, Recorder
from latentlab.training.distributed import ALONE, Ranks, Share
from latentlab.training.ema import RunningMean
from latentlab.training.precision import Loss, computing, resolve, tf32
from latentlab.training.recompute import recomputed

State = Mapping[str, Tensor]

PROBED = 16  # images that bfloat16 is tried on


class Knobs(NamedTuple):
    """What one step is done with, schedules applied: the KL's weight, nats of capacity, and Adam's step size."""

    beta: float
    capacity: float
    learning_rate: float


class Copy(NamedTuple):
    """Everything a step changes, as it was: to be put back when a step went wrong."""

    values: list[Tensor]
    noise: Tensor


class Learner:
    """Draws nothing from global random state: weights, noise and validation noise have streams of the run's seed.

    Of `ranks` that train together each has a learner in the same state; a step is the same in all of them.
    """

    def __init__(self, config: RunConfig, dataset: Dataset, device: torch.device, ranks: Ranks = ALONE) -> None:
        settings = config.training
        self.model = new_model(config, dataset).to(device).train()
        self.optimizer = Adam(self.model.named_parameters(), settings.weight_decay)
        self.mean = (
            RunningMean(self.model, new_model(config, dataset).to(device), settings.ema) if settings.ema else None
        )
        self.noise = torch.Generator(device).manual_seed(stream(settings.seed, NOISE))
        self.device = device
        self.ranks = ranks
        self._objective = objective(config.objective)
        self._samples, self._augment = config.objective.samples, config.data.augment
        self._clip_norm, self._batch_size = settings.clip_norm, settings.batch_size
        self._validation_seed = stream(settings.seed, VALIDATION_NOISE)
        self.precision = resolve(settings.precision, device, self.model, settings.batch_size, self._probe(config))
        if settings.recompute:
            recomputed(self.model.encoder)
            recomputed(self.model.decoder)
        self._captured: CapturedStep | None = None
        if device.type == "cuda":
            self.capture(CudaRecorder(self.noise))

    def capture(self, recorder: Recorder) -> None:
        """From now on, have full batches' steps recorded once and replayed; not where several processes train."""
        self._captured = CapturedStep(self._learn, recorder, self.device, self._batch_size)

    @property
    def failed_capture(self) -> str | None:
        """Why steps are launched kernel by kernel on a device where they could have been replayed."""
        return None if self._captured is None else self._captured.failure

    @property
    def conditional(self) -> bool:
        """The model needs labels."""
        return self.model.num_classes > 0

    @property
    def shown(self) -> LatentModel:
        """The model that is measured, shown and kept: the running mean's, where there is one."""
        return self.model if self.mean is None else self.mean.model

    def step(self, batch: Batch, knobs: Knobs) -> Report:
        """One step down the objective's gradient. Returns the batch's terms before it, still on the device."""
        with tf32(self.device):
            if self._captured is None or batch.share is not None:
                return self._learn(batch.pixels, batch.labels, knobs, batch.share)
            return self._captured(batch.pixels, batch.labels, knobs)

    def _learn(self, pixels: Tensor, labels: Tensor | None, knobs: Knobs | Dials, share: Share | None = None) -> Report:
        """`step`, of nothing but tensors, and without a look at their values: a CUDA graph can hold it."""
        self.optimizer.drop_gradients()  # of a step that failed
        noise = _of(self.noise, share)
        x = to_float(augmented(pixels, self._augment, noise))
        with computing(self.precision, self.device):
            terms = self.model.terms(x, labels, noise, samples=self._samples)
        loss, report = self._objective(terms, Weights(knobs.beta, knobs.capacity))
        loss.backward()
        if share is not None:
            gradients = self.optimizer.gradients()
            torch._foreach_mul_(gradients, share.counts / share.total)
            self.ranks.add(gradients)
        if self._clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self._clip_norm)
        self.optimizer.step(knobs.learning_rate)
        if self.mean is not None:
            self.mean.update()
        return report

    def _probe(self, config: RunConfig) -> Loss:
        """The objective of a few images of noise, always the same ones, for comparing precisions.

        More dark than light: of grey ones a new network's gradient is next to nothing, and all of that is rounding.
        """
        draw = torch.Generator().manual_seed(stream(config.training.seed, PROBE_NOISE))
        pixels = torch.randint(0, 256, (PROBED, *self.model.image_shape), generator=draw, dtype=torch.uint8)
        labels = torch.randint(0, self.model.num_classes, (PROBED,), generator=draw) if self.conditional else None
        x, labels = to_float(pixels.to(self.device)).square(), None if labels is None else labels.to(self.device)

        def loss(model: LatentModel) -> Tensor:
            noise = torch.Generator(self.device).manual_seed(draw.initial_seed())
            weights = Weights(config.objective.beta, config.objective.capacity or 0.0)
            return self._objective(model.terms(x, labels, noise, samples=self._samples), weights)[0]

        return loss

    @torch.no_grad()
    def measure(self, batch: Batch, noise: torch.Generator) -> Report:
        """The shown weights' terms of a batch at beta = 1, in evaluation mode and in float32."""
        self.shown.eval()
        try:
            terms = self.shown.terms(to_float(batch.pixels), batch.labels, _of(noise, batch.share))
            return beta_objective(terms, 1.0)[1]
        finally:
            self.model.train()

    def validation_noise(self) -> torch.Generator:
        """The same noise at every validation, so that its curve shows the model and not the draw."""
        return torch.Generator(self.device).manual_seed(self._validation_seed)

    def snapshot(self) -> State:
        """A frozen copy of the shown weights and buffers by name, on the device, complete when this returns."""
        state = {name: value.detach().clone() for name, value in self.shown.state_dict().items()}
        if self.device.type == "cuda":
            torch.cuda.current_stream(self.device).synchronize()  # readers may be on streams of their own
        return state

    @torch.no_grad()
    def agree(self) -> None:
        """Take the mean of running statistics, which each process gathers from its own rows, over all of them."""
        models = [self.model] if self.mean is None else [self.model, self.mean.model]
        buffers = [buffer for model in models for buffer in model.buffers() if buffer.is_floating_point()]
        if buffers and not self.ranks.alone:
            self.ranks.add(buffers)
            torch._foreach_div_(buffers, self.ranks.world)

    def finite(self) -> bool:
        """Whether every weight and every running statistic is a finite number."""
        models = [self.model] if self.mean is None else [self.model, self.mean.model]
        values = [value for model in models for value in model.state_dict().values() if value.is_floating_point()]
        return bool(torch.stack([torch.isfinite(value).all() for value in values]).all())  # waits for the device once

    def state(self) -> tuple[State, State]:
        """The shown weights; and what going on needs besides: moments, and weights where a mean is shown. Not copies.

        Keys of the second: '<moment>.<parameter>', 'weight.<name>' and 'ema.steps'.
        """
        training = self.optimizer.state()
        if self.mean is not None:
            training |= {f"weight.{name}": value for name, value in self.model.state_dict().items()}
            training |= self.mean.state()
        return self.shown.state_dict(), training

    def restore(self, weights: State, training: State) -> None:
        """Copy in what `state` gave. Raises RuntimeError or KeyError where it is another model's."""
        if self.mean is not None:
            self.mean.restore(weights, training)
            names = self.model.state_dict()
            weights = {name: training[f"weight.{name}"] for name in names}
        self.model.load_state_dict(dict(weights))
        self.optimizer.restore(training)

    def copy(self) -> Copy:
        """A copy of weights, moments, running mean and noise, on the device."""
        return Copy([value.clone() for value in self._changing()], self.noise.get_state())

    @torch.no_grad()
    def put_back(self, copy: Copy) -> None:
        """Make all as it was at the copy, which stays good for another time."""
        for value, kept in zip(self._changing(), copy.values, strict=True):
            value.copy_(kept)
        self.noise.set_state(copy.noise)

    def _changing(self) -> list[Tensor]:
        weights, training = self.state()
        return [value.detach() for value in (*weights.values(), *training.values())]


def _of(noise: torch.Generator, share: Share | None) -> torch.Generator | Rows:
    """The part of the noise that belongs to these rows of a batch."""
    return noise if share is None else Rows(noise, share.first, share.stop, share.total)


def new_model(config: RunConfig, dataset: Dataset) -> LatentModel:
    """What this configuration makes of these images, with the weights that its seed draws. Raises ValueError."""
    attributes = len(config.data.attributes)
    return build(config.model, dataset.shape, dataset.num_classes, config.training.seed, attributes)
