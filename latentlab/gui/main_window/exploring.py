"""Walking through latent space: what the person does on the map, the sliders and the strip, and its pictures."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from latentlab.explore.paths import interpolate
from latentlab.gui.main_window.mapping import Mapping
from latentlab.gui.records import Place, Strip
from latentlab.gui.session import Session
from latentlab.gui.threads.decoding import Decoder

STRIP_FRAMES = 9
ANIMATION_FRAMES = 48


class Exploring(QObject):
    """Sets the place in hand and asks the decoder for it; nothing is computed here that takes longer than a frame."""

    frames_ready = Signal(object, object)  # pixels (T, C, H, W) decoded for an animation, and the path it goes to

    def __init__(self, session: Session, mapping: Mapping, decoder: Decoder, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._mapping, self._decoder = session, mapping, decoder
        self._random = np.random.default_rng()
        self._strip_kind: tuple[Literal["linear", "spherical"], int] = ("linear", STRIP_FRAMES)
        decoder.decoded.connect(self._on_decoded)
        decoder.drawn.connect(self._on_drawn)
        session.condition_changed.connect(self.refresh)
        session.layout_changed.connect(self.relocate)

    # -- places

    def move(self, x: float, y: float, snap: bool) -> None:
        """To what lies at this place of the map, or to the sample nearest to it."""
        chart = self._mapping.chart
        if chart is None:
            return
        if snap:
            distance = np.hypot(*(np.asarray(chart.coords) - (x, y)).T)
            self.choose_sample(int(np.argmin(distance)))
            return
        reading = chart.read((x, y), self._held())
        self._go(reading.z, reading.origin, (x, y), reading.rows)

    def choose_sample(self, row: int) -> None:
        """Selects the map's row and goes to its encoding."""
        survey, chart = self._mapping.survey, self._mapping.chart
        if survey is None or chart is None or row >= len(survey.encoding):
            return
        self._session.select(row)
        if self._session.condition is not None:
            label = self._label(row)
            self._session.set_condition(self._session.condition if label is None else label)
        x, y = chart.coords[row]
        words = " · ".join(
            word for word in (f"sample #{survey.encoding.index[row]}", self._session.label_of(row)) if word
        )
        self._go(survey.encoding.mu[row], words, (float(x), float(y)), None, sample=row)
        self._ask_reconstruction()

    def move_dim(self, dim: int, value: float) -> None:
        z = self._held().copy()
        z[dim] = value
        self._go(z, "set by the sliders", self._locate(z), None)

    def reset(self) -> None:
        self._go(np.zeros(self._dims(), np.float32), "the origin", None, None, locate=True)

    def reset_dim(self, dim: int) -> None:
        self.move_dim(dim, 0.0)

    def random(self) -> None:
        """A place from the prior that was trained: it comes from the decoding thread, which holds the model."""
        self._decoder.ask("prior", self._session.condition, int(self._random.integers(2**31)))

    def from_selection(self) -> None:
        if self._session.selected is not None:
            self.choose_sample(self._session.selected)

    def clear(self) -> None:
        self._session.select(None)
        if self._session.place is not None:
            self._session.set_place(replace(self._session.place, position=None, rows=None))

    def relocate(self) -> None:
        """The map has another layout: the place in hand and both ends are found again on it."""
        if self._mapping.chart is None or self._session.layout is None:
            return
        place, (a, b) = self._session.place, self._session.ends
        if place is not None and place.position is not None:
            self._session.set_place(replace(place, position=self._locate(place.z), rows=None))
        if a is not None:
            self._session.set_end("A", replace(a, position=self._locate(a.z)))
        if b is not None:
            self._session.set_end("B", replace(b, position=self._locate(b.z)))

    def begin(self) -> None:
        """A run was opened: a sample is selected and a strip laid, so that nothing is empty."""
        survey = self._mapping.survey
        if survey is None or not len(survey.encoding) or self._session.place is not None:
            return
        images = self._session.images
        other = 1
        if images is not None and images.labels is not None:
            others = np.flatnonzero(images.labels != images.labels[0])
            other = int(others[0]) if len(others) else 1
        self.choose_sample(min(other, len(survey.encoding) - 1))
        self.set_end("B")
        self.choose_sample(0)
        self.set_end("A")
        self.make_strip(*self._strip_kind)

    # -- strips

    def set_end(self, which: Literal["A", "B"]) -> None:
        """A or B goes to the place in hand."""
        if self._session.place is not None:
            self._session.set_end(which, self._session.place)
            if all(self._session.ends):
                self.make_strip(*self._strip_kind)

    def swap_ends(self) -> None:
        a, b = self._session.ends
        self._session.set_end("A", b)
        self._session.set_end("B", a)
        self.make_strip(*self._strip_kind)

    def make_strip(self, method: Literal["linear", "spherical"], frames: int) -> None:
        self._strip_kind = (method, frames)
        path = self._path(frames)
        if path is not None:
            self._ask("strip", path, path)
        elif self._session.run is not None and self._session.encoding is not None:
            self._session.told.emit("A strip needs two ends: go to a place and press A, to another and press B", False)

    def animate(self, file: str) -> None:
        """Decodes the strip finely, for an animation in `file`."""
        path = self._path(ANIMATION_FRAMES)
        if path is not None:
            self._ask("animation", path, file)

    def _path(self, frames: int) -> NDArray[np.float32] | None:
        a, b = self._session.ends
        if a is None or b is None:
            return None
        return interpolate(a.z, b.z, frames, self._strip_kind[0]).astype(np.float32)

    # -- asking and hearing

    def refresh(self) -> None:
        """Everything that is shown, decoded again: by other weights, or for another class."""
        place = self._session.place
        if place is not None:
            self._ask("place", place.z[None], place)
        self._ask_reconstruction()
        path = self._path(self._strip_kind[1])
        if path is not None:
            self._ask("strip", path, path)

    def resurvey(self) -> None:
        """The points were encoded by other weights: what stands on a sample goes where that has gone."""
        place, (a, b) = self._session.place, self._session.ends
        if place is not None and place.sample is not None:
            self._session.set_place(self._moved(place))
        if a is not None:
            self._session.set_end("A", self._moved(a))
        if b is not None:
            self._session.set_end("B", self._moved(b))
        self.refresh()

    def _moved(self, place: Place) -> Place:
        survey = self._mapping.survey
        if survey is None or place.sample is None or place.sample >= len(survey.encoding):
            return place
        z = survey.encoding.mu[place.sample]
        return replace(place, z=z, position=self._locate(z))

    def _ask(self, channel: str, z: NDArray[np.float32], tag: Any) -> None:
        self._decoder.ask(channel, z, self._session.condition, tag)

    def _ask_reconstruction(self) -> None:
        row, survey = self._session.selected, self._mapping.survey
        if row is not None and survey is not None and row < len(survey.encoding):
            label = self._label(row) if self._session.condition is not None else None
            self._decoder.ask("sample", survey.encoding.mu[row][None], label, row)

    def _on_drawn(self, z: NDArray[np.float32]) -> None:
        self._go(z, "a sample of the prior", None, None, locate=True)

    def _on_decoded(self, channel: str, _number: int, pixels: NDArray[np.uint8], tag: Any, _step: int) -> None:
        run = self._session.run
        if run is None or pixels.shape[1:] != run.image_shape:
            return
        if channel == "place":
            self._session.set_picture(pixels[0])
        elif channel == "sample" and tag == self._session.selected:
            self._session.set_reconstruction(pixels[0])
        elif channel == "strip":
            self._session.set_strip(self._strip(pixels, tag))
        elif channel == "animation":
            self.frames_ready.emit(pixels, tag)

    def _strip(self, pixels: NDArray[np.uint8], z: NDArray[np.float32]) -> Strip | None:
        survey = self._mapping.survey
        if survey is None or z.shape[1] != survey.encoding.mu.shape[1]:
            return None
        _, nearest = survey.neighbours.nearest(z, 1)
        steps = np.diff(pixels.astype(np.float32) / 255.0, axis=0)
        usual = survey.usual.percentile(z).astype(np.float32)
        return Strip(pixels, z, nearest.reshape(-1), usual, float(np.mean(steps**2)))

    def _go(
        self,
        z: NDArray[np.float32],
        origin: str,
        position: tuple[float, float] | None,
        rows: NDArray[np.int64] | None,
        locate: bool = False,
        sample: int | None = None,
    ) -> None:
        if self._session.run is None or len(z) != self._dims():
            return
        survey = self._mapping.survey
        usual = None if survey is None else float(survey.usual.percentile(z[None])[0])
        place = Place(z, origin, self._locate(z) if locate else position, rows, usual, sample)
        self._session.set_place(place)
        self._ask("place", z[None], place)

    def _locate(self, z: NDArray[np.float32]) -> tuple[float, float] | None:
        return None if self._mapping.chart is None else self._mapping.chart.locate(z)

    def _held(self) -> NDArray[np.float32]:
        place = self._session.place
        return np.zeros(self._dims(), np.float32) if place is None else place.z

    def _dims(self) -> int:
        return 0 if self._session.run is None else self._session.run.latent_dim

    def _label(self, row: int) -> int | None:
        images = self._session.images
        return None if images is None or images.labels is None else int(images.labels[row])
