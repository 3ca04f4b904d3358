"""What the encoding thread finds out about each point when it is asked: how dense its place is, how unusual it is."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from latentlab.gui.records import Encoding
from latentlab.images import Images

if TYPE_CHECKING:
    from latentlab.models.latent_model import LatentModel

JUDGED = ("density", "anomaly")  # the names of the facts, and of the channels


@dataclass(frozen=True, eq=False)
class Judged:
    """One fact of each point: values (N,) of the images with dataset indices index (N,), by the weights of `step`."""

    fact: str
    index: NDArray[np.int64]
    step: int
    values: NDArray[np.float32]


def judge(
    model: "LatentModel", step: int, fact: str, encoding: Encoding, images: Images | None
) -> Generator[float, None, Judged]:
    """Yields the share that is done. The density is of the encoding's step, the score of the model's."""
    from latentlab.explore.anomaly import anomaly_scores
    from latentlab.explore.density import log_density

    if fact == "density":
        values = yield from log_density(encoding.mu)
        return Judged(fact, encoding.index, encoding.step, values)
    assert images is not None, "a score is of pictures"
    values = yield from anomaly_scores(model, images)
    return Judged(fact, images.index, step, values)
