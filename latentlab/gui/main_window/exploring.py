"""Going to places in latent space: what the person does on the map and the sliders, and the pictures of it."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from latentlab.gui.main_window.mapping import Mapping
from latentlab.gui.records import Place
from latentlab.gui.session import Session
from latentlab.gui.threads.decoding import Decoder
from latentlab.gui.threads.model_thread import FromSnapshot, Weights


class Exploring(QObject):
    """Sets the place in hand and asks the decoder for it; nothing is computed here that takes longer than a frame."""

    renewed = Signal()  # everything that is shown is to be decoded again: by other weights, or for another class

    def __init__(self, session: Session, mapping: Mapping, decoder: Decoder, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._mapping, self._decoder = session, mapping, decoder
        self._random = np.random.default_rng()
        decoder.opened.connect(self._on_weights)
        decoder.decoded.connect(self._on_decoded)
        decoder.drawn.connect(self._on_drawn)
        session.condition_changed.connect(self.refresh)
        session.layout_changed.connect(self.relocate)
        session.run_changed.connect(self._on_run)
        self._begun = False  # a place and both ends were set for this run

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
        self._go(Place(reading.z, reading.origin, (x, y), reading.rows, weights=reading.weights, gap=reading.gap))

    def choose_sample(self, row: int) -> None:
        """Selects the map's row and goes to its encoding."""
        survey, chart = self._mapping.survey, self._mapping.chart
        if survey is None or chart is None or row >= len(survey.encoding):
            return
        self._session.select(row)
        if self._session.condition is not None:
            label = self._label(row)
            self._session.set_condition(self._session.condition if label is None else label)
        self._go(self._sample(row))
        self._ask_reconstruction()

    def _sample(self, row: int) -> Place:
        survey, chart = self._mapping.survey, self._mapping.chart
        assert survey is not None, "asked before"
        assert chart is not None, "asked before"
        x, y = chart.coords[row]
        words = " · ".join(
            word for word in (f"sample #{survey.encoding.index[row]}", self._session.label_of(row)) if word
        )
        return Place(survey.encoding.mu[row], words, (float(x), float(y)), sample=row)

    def go_to(self, z: NDArray[np.float32], origin: str) -> None:
        """To this place (d,), wherever it came from; it is found on the map."""
        self._go(Place(z, origin), locate=True)

    def move_dim(self, dim: int, value: float) -> None:
        z = self._held().copy()
        z[dim] = value
        self._go(Place(z, "set by the sliders"), locate=True)

    def reset(self) -> None:
        self._go(Place(np.zeros(self._dims(), np.float32), "the origin"), locate=True)

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
            self._session.set_place(replace(place, position=self._locate(place.z), rows=None, gap=None))
        if a is not None:
            self._session.set_end("A", replace(a, position=self._locate(a.z)))
        if b is not None:
            self._session.set_end("B", replace(b, position=self._locate(b.z)))

    def begin(self) -> None:
        """A run was opened: a sample is selected and both ends are set, so that nothing is empty.

        Where the person was quicker, what they chose stays, and only what they did not is filled in. Once for a run.
        """
        survey, session = self._mapping.survey, self._session
        if survey is None or self._mapping.chart is None or not len(survey.encoding) or self._begun:
            return
        self._begun = True
        for which, row, end in (("B", self._other(len(survey.encoding)), session.ends[1]), ("A", 0, session.ends[0])):
            if end is None:
                chosen = self._sample(row)
                session.set_end(which, replace(chosen, usual=self._usual(chosen.z)))  # type: ignore[arg-type]
        place = session.place
        if place is None:
            self.choose_sample(0)
        elif (
            session.selected is None and place.position is None
        ):  # set by a slider, before there was a map to find it on
            session.select(0)
            self._ask_reconstruction()
            session.set_place(replace(place, position=self._locate(place.z), usual=self._usual(place.z)))

    def _other(self, count: int) -> int:
        """The first row of another class than that of row 0."""
        images = self._session.images
        labels = None if images is None else images.labels
        others = np.empty(0, np.int64) if labels is None else np.flatnonzero(labels != labels[0])
        return min(int(others[0]) if len(others) else 1, count - 1)

    def _on_run(self) -> None:
        if self._session.encoding is None:
            self._begun = False

    def set_end(self, which: Literal["A", "B"]) -> None:
        """A or B goes to the place in hand, and the strip goes between them; by way of what was put between them."""
        if self._session.place is not None:
            if self._session.route is None or not self._session.route.tied:
                self._session.set_walk("ends")
            self._session.set_end(which, self._session.place)

    def return_to(self, place: Place | None, ends: tuple[Place | None, Place | None], again: bool) -> None:
        """To where one was, with A and B. again: the map or the weights are others since, and it is found anew."""
        if again:
            place, ends = self._found_again(place), (self._found_again(ends[0]), self._found_again(ends[1]))
        for which, end, now in (("A", ends[0], self._session.ends[0]), ("B", ends[1], self._session.ends[1])):
            if end is not now:
                self._session.set_end(which, end)  # type: ignore[arg-type]
        if place is not None and place is not self._session.place:
            self._ask("place", place.z[None], place)
            self._session.set_place(place)
        self._begun |= place is not None and None not in ends
        self._ask_reconstruction()

    def _found_again(self, place: Place | None) -> Place | None:
        """The same z, or the same sample, on the map as it is now."""
        if place is None:
            return None
        moved = self._moved(place)
        if moved is place and place.position is not None:
            moved = replace(place, position=self._locate(place.z), rows=None, weights=None, gap=None)
        return replace(moved, usual=self._usual(moved.z))

    # -- asking and hearing

    def refresh(self) -> None:
        """Everything that is shown, decoded again: by other weights, or for another class."""
        place = self._session.place
        if place is not None:
            self._ask("place", place.z[None], place)
        self._ask_reconstruction()
        self.renewed.emit()

    def resurvey(self) -> None:
        """The points were encoded by other weights: what stands on a sample goes where that has gone."""
        place, (a, b) = self._session.place, self._session.ends
        if place is not None:
            moved = self._moved(place)
            self._session.set_place(replace(moved, usual=self._usual(moved.z)))
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
        return replace(place, z=z, position=None if place.position is None else self._locate(z))

    def _ask(self, channel: str, z: NDArray[np.float32], tag: Any) -> None:
        self._decoder.ask(channel, z, self._session.condition, tag)

    def _ask_reconstruction(self) -> None:
        row, survey = self._session.selected, self._mapping.survey
        if row is not None and survey is not None and row < len(survey.encoding):
            label = self._label(row) if self._session.condition is not None else None
            self._decoder.ask("sample", survey.encoding.mu[row][None], label, row)

    def _on_drawn(self, z: NDArray[np.float32]) -> None:
        self._go(Place(z, "a sample of the prior"), locate=True)

    def _on_weights(self, weights: Weights, step: int) -> None:
        if isinstance(weights, FromSnapshot):
            self._session.decoded.heard(step)

    def _on_decoded(self, channel: str, _number: int, pixels: NDArray[np.uint8], tag: Any, step: int) -> None:
        run = self._session.run
        if run is None or pixels.shape[1:] != run.image_shape:
            return
        if channel == "place":
            self._session.decoded.set_step(step)
            self._session.set_picture(pixels[0])
        elif channel == "sample" and tag == self._session.selected:
            self._session.set_reconstruction(pixels[0])

    def _go(self, place: Place, locate: bool = False) -> None:
        """There, having measured how usual it is; locate: having found it on the map."""
        if self._session.run is None or len(place.z) != self._dims():
            return
        self._ask("place", place.z[None], place)  # first: it is decoded while the rest is measured and told
        position = self._locate(place.z) if locate else place.position
        self._session.set_place(replace(place, position=position, usual=self._usual(place.z)))

    def _usual(self, z: NDArray[np.float32]) -> float | None:
        survey = self._mapping.survey
        return None if survey is None else float(survey.usual.percentile(z[None])[0])

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
