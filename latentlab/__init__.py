"""LatentLab: train variational autoencoders and walk through their latent space."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latentlab.explore.loaded import Loaded


def load(run: Any, *args: Any, **options: Any) -> "Loaded":
    """A run's model, ready to encode and decode NumPy arrays; see `latentlab.explore.loaded.load`."""
    from latentlab.explore.loaded import load as load_run  # torch takes seconds to import

    return load_run(run, *args, **options)
