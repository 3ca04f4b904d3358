"""A run's model, ready to use: NumPy in, NumPy out.

run = latentlab.load("digits-demo")
z = run.encode(images)              # uint8 (N, C, H, W) -> (N, d)
pictures = run.decode(z)            # (N, d) -> uint8 (N, C, H, W)
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from latentlab.config import RunConfig
from latentlab.explore.decode import decode
from latentlab.explore.encode import encode
from latentlab.explore.sample import sample
from latentlab.images import Images, Pixels
from latentlab.models.latent_model import LatentModel
from latentlab.models.weights import load_model
from latentlab.runs.files import read_json
from latentlab.runs.folder import RunFolder, open_run
from latentlab.runs.places import default_checkpoints


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model in evaluation mode, as of an optimizer step. notes: sentences on damaged newer checkpoints."""

    model: LatentModel
    config: RunConfig
    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int]
    step: int
    epoch: int
    device: torch.device
    notes: tuple[str, ...] = ()

    def encode(self, images: Pixels | Images, labels: ArrayLike | None = None) -> NDArray[np.float32]:
        """The means mu of q(z | x): uint8 (N, C, H, W), or Images, to float32 (N, d).

        labels (N,) are needed by a conditional model where the images do not carry them. Raises ValueError.
        """
        if not isinstance(images, Images):
            if images.dtype != np.uint8 or images.ndim != 4:
                raise ValueError("images are whole numbers from 0 to 255, uint8 (N, C, H, W)")
            known = None if labels is None else np.broadcast_to(np.asarray(labels, np.int64), (len(images),))
            images = Images(images, np.arange(len(images)), None if known is None else known.copy(), self.class_names)
        encoded = encode(self.model, images, self.device)
        assert encoded is not None, "nobody cancels"
        return encoded.mu

    def decode(self, z: NDArray[np.floating], labels: ArrayLike | None = None) -> Pixels:
        """What lies at z (N, d): uint8 (N, C, H, W). labels as for `latentlab.explore.decode.decode`."""
        return decode(self.model, z, labels, self.device)

    def sample(self, count: int, labels: ArrayLike | None = None, seed: int = 0) -> NDArray[np.float32]:
        """Places drawn from the prior that was trained, float32 (count, d). labels as for decoding."""
        return sample(self.model, count, labels, seed, self.device)


def load(
    run: str | Path | RunFolder,
    checkpoints: str | Path | None = None,
    device: str | torch.device = "cpu",
    step: int | None = None,
) -> Loaded:
    """A run's model from its newest good checkpoint, or `step`.

    `run` is a path, or a name in the folder `checkpoints` (None: the default place).

    Raises ValueError with one sentence: no such run, no checkpoint yet, or a damaged one; OSError where unreadable.
    """
    root = default_checkpoints() if checkpoints is None else Path(checkpoints)
    folder = run if isinstance(run, RunFolder) else open_run(run, root)
    place, notes = _checkpoint(folder, step)
    weights = load_model(place, device)
    return Loaded(
        weights.model,
        weights.config,
        weights.class_names,
        weights.image_shape,
        int(place.name.rpartition("-")[2]),
        _epoch(place),
        torch.device(device),
        notes,
    )


def _checkpoint(run: RunFolder, step: int | None) -> tuple[Path, tuple[str, ...]]:
    """The folder to read, verified, and what there is to say about others."""
    store = run.checkpoints
    if step is not None:
        if step not in store.steps():
            known = ", ".join(str(each) for each in store.steps()) or "none"
            raise ValueError(f"the run '{run.name}' has no checkpoint of step {step}; there are: {known}")
        store.verify(store.path(step))
        return store.path(step), ()
    place, notes = store.newest_good()
    if place is None:
        reason = f": {notes[0]}" if notes else "; train it for an epoch first"
        raise ValueError(f"the run '{run.name}' has no usable checkpoint{reason}")
    return place, tuple(notes)


def _epoch(checkpoint: Path) -> int:
    """Epochs completed at a checkpoint; 0 where it holds the model alone, without the state of its training."""
    state = checkpoint / "state.json"
    return int(read_json(state)["epoch"]) if state.exists() else 0
