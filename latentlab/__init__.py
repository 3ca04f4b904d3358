"""LatentLab: train variational autoencoders and walk through their latent space."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from latentlab.explore.loaded import Loaded


def load(
    run: str | Path, checkpoints: str | Path | None = None, device: str = "cpu", step: int | None = None
) -> "Loaded":
    """A run's model for a notebook: `.encode(images)`, `.decode(z)`, `.model`, `.config`.

    `run` is a path, or a name in the folder `checkpoints`; see `latentlab.explore.loaded.load`.
    """
    from latentlab.explore.loaded import load as load_run  # torch takes seconds to import

    return load_run(run, checkpoints, device, step)
