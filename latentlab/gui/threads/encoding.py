"""The encoding thread: the images on the map through the newest weights, so that the points can follow the training."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from latentlab.explore.charts import PcaChart
from latentlab.explore.mixture import Mixture
from latentlab.explore.neighbours import Neighbours, Usual
from latentlab.explore.overlays.gaussians import Priors
from latentlab.explore.pca import Pca
from latentlab.gui.records import Encoding, Live
from latentlab.gui.threads.judging import JUDGED, judge
from latentlab.gui.threads.model_thread import ModelThread
from latentlab.images import Images

if TYPE_CHECKING:
    from latentlab.models.latent_model import LatentModel

SAMPLES = 16  # of the prior, always with the same chance
MANY, TOLD_EVERY = 5000, 0.1  # of more pictures it is told how far it is, so many seconds apart


@dataclass(frozen=True, eq=False)
class Survey:
    """An encoding with what is asked of it again and again: its plane, its neighbours, what is usual in it.

    plane: the map that the PCA is. All of these take too long for the GUI thread, where there are many points.

    log_var (N, d): of the posteriors, None where only their means are known. priors: those of the same weights.
    """

    encoding: Encoding
    plane: PcaChart
    neighbours: Neighbours
    usual: Usual
    seconds: float = 0.0  # that encoding took, in the encoding thread
    log_var: NDArray[np.float32] | None = None
    priors: Priors | None = None

    @property
    def pca(self) -> Pca:
        return self.plane.pca


def survey(
    encoding: Encoding,
    log_var: NDArray[np.float32] | None = None,
    seconds: float = 0.0,
    priors: Priors | None = None,
    last: Survey | None = None,
) -> Survey:
    """Takes 10 to 100 ms: not for the GUI thread. last: the one before, whose plane this one is not to mirror."""
    neighbours, usual, pca = Neighbours(encoding.mu), Usual(encoding.mu, log_var), Pca.fit(encoding.mu)
    if last is not None:
        before = last.encoding
        _, here, there = np.intersect1d(encoding.index, before.index, return_indices=True)
        if len(here):
            pca = pca.facing(encoding.mu[here], last.pca.project(before.mu[there]))
    return Survey(encoding, PcaChart(encoding.mu, pca), neighbours, usual, seconds, log_var, priors)


class Encoder(ModelThread):
    """ask("map", images) answers `surveyed(Survey)`; ask("live", images, seed, mixture or None) answers `seen(Live)`.

    ask("map", images, False, precision) does without the reconstruction errors, which take half of the time.

    ask("density", encoding, images or None) and ask("anomaly", encoding, images) answer `judged(Judged)`, in steps.
    ask("peers", encoding, images) answers `compared(Judged)`: anomaly scores of some images, not for the map's colours.
    Samples are of the mixture where it was fitted to the very weights that decode them, else of the trained prior.
    """

    surveyed = Signal(object)
    surveying = Signal(int, int)  # pictures that are encoded, of so many
    seen = Signal(object)
    judged = Signal(object)
    compared = Signal(object)
    first_channel = "live"
    gives_way = True  # to the training, and to the window itself

    def __init__(self, parent: QObject | None = None) -> None:
        self._last: tuple[int, Survey | None] = (-1, None)  # the last survey, and the era that it was made in
        self._given_up = 0  # the newest request when a map was last given up
        super().__init__("encoding", parent)

    def give_up(self) -> None:
        """The map that was asked for last is not wanted any more."""
        with self._wake:
            self._requests.pop("map", None)
            self._given_up = self._number

    def answer(
        self, model: "LatentModel", channel: str, number: int, request: tuple[Any, ...]
    ) -> Iterator[object] | None:
        if channel in JUDGED:
            return self._judge(model, channel, self.judged, *request)
        if channel == "peers":
            return self._judge(model, "anomaly", self.compared, *request)
        if channel == "live":
            images, seed, mixture = request
            of_these = mixture if mixture is not None and mixture.step == self.step else None
            self.say(self.seen, _live(model, images, seed, self.step, of_these))
        else:
            self._survey(model, channel, number, *request)
        return None

    def _judge(
        self, model: "LatentModel", fact: str, answer: Any, encoding: Encoding, images: Images | None
    ) -> Iterator[object]:
        found = yield from judge(model, self.step, fact, encoding, images)
        self.say(answer, found)

    def _survey(
        self,
        model: "LatentModel",
        channel: str,
        number: int,
        images: Images,
        errors: bool = True,
        precision: Literal["float32", "bfloat16"] = "float32",
    ) -> None:
        from latentlab.explore.encode import encode
        from latentlab.explore.sample import prior_moments

        def stale() -> bool:
            return number <= self._given_up or not self.newest(channel)

        step, began = self.step, time.monotonic()
        progress = self._teller() if len(images) > MANY else None
        got = encode(model, images, progress=progress, cancelled=stale, errors=errors, precision=precision)
        if got is not None and not stale():
            known = got.reconstruction if errors else None
            encoding = Encoding(got.index, got.mu, got.kl_per_dim, step, known, got.kl)
            priors = Priors(*prior_moments(model))
            era, last = self._last  # of the same run, whatever was gone back to since
            last = last if era >= self._opened_in else None
            found = survey(encoding, got.log_var, time.monotonic() - began, priors, last)
            self._last = (self._working_in, found)
            self.say(self.surveyed, found)

    def _teller(self) -> Callable[[int, int], None]:
        """Says how far it is, now and then."""
        told = 0.0

        def tell(done: int, total: int) -> None:
            nonlocal told
            if time.monotonic() - told >= TOLD_EVERY:
                told = time.monotonic()
                self.say(self.surveying, done, total)

        return tell


def _live(model: "LatentModel", images: Images, seed: int, step: int, mixture: Mixture | None) -> Live:
    from latentlab.explore.decode import decode
    from latentlab.explore.encode import encode
    from latentlab.explore.mixture_prior import sample_mixture
    from latentlab.explore.sample import sample

    got = encode(model, images)
    assert got is not None, "nobody cancels"
    outputs = decode(model, got.mu, images.labels if model.num_classes else None)
    labels = np.arange(SAMPLES) % model.num_classes if model.num_classes else None
    if mixture is None:
        z = sample(model, SAMPLES, labels, seed)
    else:
        z = sample_mixture(model, mixture, SAMPLES, labels, seed)
    components = 0 if mixture is None else mixture.components
    inputs = np.asarray(images.pixels[np.arange(len(images))])
    return Live(inputs, outputs, decode(model, z, labels), step, components)
