"""Asks about the image in the inspector: the selected sample, or one of the person's own."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from latentlab.explore.inspection import Filled, Inspection, Surroundings
from latentlab.gui.main_window.exploring import Exploring
from latentlab.gui.main_window.mapping import Mapping
from latentlab.gui.records import Encoding, Place
from latentlab.gui.session import Session
from latentlab.gui.states.inspector import Peers, Subject, name_of, picture_of
from latentlab.gui.threads.decoding import Decoder
from latentlab.gui.threads.encoding import Encoder
from latentlab.gui.threads.inspecting import Around, Fill, Inspect
from latentlab.gui.threads.judging import Judged
from latentlab.images import Images

MOST_PEERS = 2000  # points whose score is computed for the comparison alone


class Inspecting(QObject):
    """What is shown is asked for, and again when weights or class are others. An answer on anything else but the image,
    the class and the weights in hand is dropped."""

    def __init__(
        self,
        session: Session,
        mapping: Mapping,
        exploring: Exploring,
        decoder: Decoder,
        encoder: Encoder,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._mapping, self._exploring = session, mapping, exploring
        self._decoder, self._encoder = decoder, encoder
        self._part = ""  # of the inspector that is seen
        self._dim: int | None = None  # that is probed; None: the most informative one
        self._seed = 0
        self._filling: Fill | None = None  # what was asked for last
        self._terms: tuple[int | None, int | None] = (None, None)  # class and past epoch in force
        self._peers_of: Encoding | None = None
        self._to_lead: Subject | None = None  # the image that the map is to go to, once it was encoded
        self._led: Place | None = None  # the place in hand, while it is that of the person's own image
        decoder.looked.connect(self._on_looked)
        decoder.opened.connect(self._on_weights)
        decoder.failed.connect(self._on_failed)
        encoder.compared.connect(self._on_compared)
        session.selection_changed.connect(self._on_selection)
        for changed in (session.condition_changed, session.history_changed):
            changed.connect(self._on_other_terms)
        session.condition_changed.connect(self._ask)
        session.model_ready_changed.connect(self._ask)
        session.layout_changed.connect(self._locate_own)
        for signal in (session.images_changed, session.encoding_changed):
            signal.connect(self._on_rows)
        for signal in (session.facts_changed, session.training_changed):
            signal.connect(self._ask_peers)

    # -- what is inspected

    def look_at(self, part: str) -> None:
        """This part of the inspector is seen from now on; empty: none is, and nothing is asked for."""
        before, self._part = self._part, part
        if part and (not before or self._session.inspector.inspection is None):
            self._ask()
        elif part == "around":
            self._ask_around()
        self._ask_peers()

    def show_own(self, own: Subject | None) -> None:
        """An image of the person's own instead of a sample; None: there is none any more."""
        state = self._session.inspector
        was = state.subject is not None and state.subject.own
        state.set_own(own)
        if own is not None:
            self._session.select(None)
            self._led, self._to_lead = None, own
            state.set_subject(own)
            self._ask()
        elif was:
            self._led = None
            state.set_subject(None)

    def back_to_own(self) -> None:
        """The image of the person's own that was taken in last, once more."""
        if self._session.inspector.own is not None:
            self.show_own(self._session.inspector.own)

    def set_end(self, which: Literal["A", "B"]) -> None:
        """A or B goes to the code of the image that is inspected."""
        state = self._session.inspector
        if state.subject is None or state.inspection is None:
            return
        self._go(state.subject, state.inspection)
        self._exploring.set_end(which)

    def go_to(self, z: NDArray[np.float32], origin: str) -> None:
        """To a place around the code."""
        self._exploring.go_to(z, origin)

    def _on_selection(self) -> None:
        row, state = self._session.selected, self._session.inspector
        if row is None:
            if state.subject is not None and not state.subject.own:
                state.set_subject(None)
            return
        self._led = None
        state.set_subject(self._sample(row))
        self._ask()

    def _on_rows(self) -> None:
        """Other rows, or their pictures: the selected sample is looked for again."""
        row, state = self._session.selected, self._session.inspector
        self._ask_peers()
        if row is None:
            return
        now, was = self._sample(row), state.subject
        same = now is not None and was is not None and now.index == was.index and now.row == was.row
        if not same or not np.array_equal(now.pixels, was.pixels):  # type: ignore[union-attr]
            state.set_subject(now)
            self._ask()

    def _sample(self, row: int) -> Subject | None:
        """The image on the map's row, found by its dataset index; None while its picture has not arrived."""
        session = self._session
        pixels = picture_of(session.encoding, session.images, row)
        if pixels is None or session.encoding is None or session.run is None:
            return None
        name = name_of(session.encoding, session.images, session.run.class_names, row)
        return Subject(pixels, name, row, int(session.encoding.index[row]))

    # -- asking

    def _label(self) -> int | None:
        run = self._session.run
        return self._session.condition if run is not None and run.conditional else None

    def _ask(self) -> None:
        """The terms of the image, under the class in force."""
        subject = self._session.inspector.subject
        if subject is None or not self._session.model_ready or not (self._part or subject.own):
            return
        label = self._label()
        self._decoder.ask("inspect", Inspect(subject.pixels, label), (subject, label))

    def look_around(self, dim: int | None, again: bool) -> None:
        """Probes along this dimension (None: the most informative). again: other draws than before."""
        self._dim = dim
        self._seed += again
        self._ask_around()

    def _ask_around(self) -> None:
        state = self._session.inspector
        subject, found = state.subject, state.inspection
        if self._part != "around" or subject is None or found is None:
            return
        dim = int(found.order()[0]) if self._dim is None or self._dim >= len(found.mu) else self._dim
        asked = Around(found.mu, found.sigma, dim, state.label, self._seed)
        self._decoder.ask("around", asked, (subject, state.label, found))

    def fill(self, known: NDArray[np.bool_], iterations: int) -> None:
        """Lets the model fill in what is not known (H, W) of the image."""
        state = self._session.inspector
        subject = state.subject
        if subject is None or not self._session.model_ready or known.shape != subject.pixels.shape[1:]:
            return
        label = self._label()
        state.set_filled(None, True)
        self._seed += 1
        asked = Fill(subject.pixels, known, label, iterations, self._seed)
        self._decoder.ask("fill", asked, (subject, label, asked))
        self._filling = asked

    def stop_filling(self) -> None:
        """No more iterations; what there is stays."""
        state = self._session.inspector
        if state.filling:
            self._decoder.ask("fill", None, None)
            state.set_filled(state.filled, False)

    def _ask_peers(self) -> None:
        """Scores to compare with, where the map's own are not there: of some of its points, evenly spread."""
        session, encoding = self._session, self._session.encoding
        images, run = session.images, session.run
        if self._part != "sample" or encoding is None or images is None or run is None or not session.model_ready:
            return
        facts = session.facts
        if facts is not None and facts.anomaly is not None and facts.step == encoding.step:
            return
        if session.training.active or encoding is self._peers_of or not np.array_equal(images.index, encoding.index):
            return
        self._peers_of = encoding
        rows = np.unique(np.linspace(0, len(encoding) - 1, min(len(encoding), MOST_PEERS)).astype(np.int64))
        labels = None if images.labels is None else images.labels[rows]
        some = Images(images.pixels[rows], images.index[rows], labels, run.class_names)
        self._encoder.ask("peers", encoding, some)

    # -- hearing

    def _on_looked(self, channel: str, found: Any, tag: Any) -> None:
        state = self._session.inspector
        if tag is None or state.subject is not tag[0] or tag[1] != self._label():
            return  # another image by now, or another class
        match found:
            case Inspection():
                state.set_inspection(found, tag[1])
                self._follow_own(found)
                self._ask_around()
            case Surroundings() if state.inspection is tag[2]:
                state.set_surroundings(found)
            case Filled() if state.filling and tag[2] is self._filling:
                state.set_filled(found, found.iteration < found.iterations)

    def _on_other_terms(self) -> None:
        """Another class, or a past epoch's weights: what is being filled in would be of neither."""
        terms = (self._session.condition, self._session.history.shown)
        if terms != self._terms:
            self._terms = terms
            self.stop_filling()

    def _on_weights(self, _weights: object, _step: int) -> None:
        state = self._session.inspector
        if state.own is not None and state.subject is not state.own:
            state.set_own(state.own)  # nobody knows where it lies now, until it is looked at again
        self._ask()

    def _on_failed(self, _sentence: str) -> None:
        state = self._session.inspector
        if state.filling:
            state.set_filled(state.filled, False)

    def _on_compared(self, judged: Judged) -> None:
        encoding = self._session.encoding
        if encoding is not None and encoding is self._peers_of:
            self._session.inspector.set_peers(Peers(judged.step, judged.values))

    # -- the person's own image on the map

    def _follow_own(self, found: Inspection) -> None:
        """Its mark stands where it is encoded, and so does the place in hand unless it was moved on from there."""
        state = self._session.inspector
        if state.subject is None or not state.subject.own:
            return
        state.set_own(state.subject, found.mu, self._position(found.mu))
        if self._to_lead is state.subject or (self._led is not None and self._session.place is self._led):
            self._to_lead = None
            self._go(state.subject, found)

    def _go(self, subject: Subject, found: Inspection) -> None:
        if subject.row is not None:
            self._exploring.choose_sample(subject.row)
            return
        self._exploring.go_to(found.mu, f"your image {subject.name}")
        self._led = self._session.place

    def _locate_own(self) -> None:
        """The map has another layout: the mark is found again on it."""
        state = self._session.inspector
        if state.own is not None and state.own_z is not None:
            state.set_own(state.own, state.own_z, self._position(state.own_z))

    def _position(self, z: NDArray[np.float32]) -> tuple[float, float] | None:
        chart = self._mapping.chart
        return None if chart is None else chart.locate(z)
