"""Arithmetic in latent space: an amount of a direction, a - b + c, and one style with every label, decoded at once."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from latentlab.explore.directions import analogy, moved
from latentlab.gui.main_window.exploring import Exploring
from latentlab.gui.main_window.mapping import Mapping
from latentlab.gui.records import Floats, Place
from latentlab.gui.session import Session
from latentlab.gui.states.arithmetic import AMOUNTS, Base, Filling, Frames, Result, Slot, Styles
from latentlab.gui.threads.decoding import Decoder
from latentlab.runs.groups import Group

SLOTS: tuple[Slot, ...] = ("a", "b", "c")
NEAREST = 4  # images beside a result
NOTHING_THERE = {
    "selected": "Select a sample on the map first",
    "A": "Set A first: go to a place and press A",
    "B": "Set B first: go to a place and press B",
    "place": "Go to a place on the map first",
}


class Arithmetic(QObject):
    """Decodes what the panel's open page shows, and that alone; by whatever weights decode now."""

    def __init__(
        self, session: Session, mapping: Mapping, exploring: Exploring, decoder: Decoder, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._state = session, session.arithmetic
        self._mapping, self._exploring, self._decoder = mapping, exploring, decoder
        decoder.decoded.connect(self._on_decoded)
        exploring.renewed.connect(self._renew)
        session.encoding_changed.connect(self._follow_samples)
        session.place_changed.connect(lambda: self._on_moved("place"))
        session.selection_changed.connect(lambda: self._on_moved("selected"))
        session.ends_changed.connect(self._on_ends)
        state = self._state
        for signal in (state.page_changed, state.base_changed):
            signal.connect(self.refresh)
        state.chosen_changed.connect(self._show_direction)
        state.amount_changed.connect(self._ask_result)
        self._ends: tuple[Place | None, Place | None] = (None, None)
        self._asked_sum: NDArray[np.float32] | None = None

    # -- what is in hand

    def z_of(self, base: Base) -> Floats | None:
        """(d,), of the selected sample, of A, of B or of the current place; None where there is none."""
        session, survey = self._session, self._mapping.survey
        if base == "selected":
            row = session.selected
            if row is None or survey is None or row >= len(survey.encoding):
                return None
            return np.asarray(survey.encoding.mu[row], np.float32)
        place = session.place if base == "place" else session.ends["AB".index(base)]
        return None if place is None else place.z

    def label_of(self, base: Base) -> int | None:
        """The class of the sample that this is, where it is one."""
        session, images = self._session, self._session.images
        place = session.place if base == "place" else None if base == "selected" else session.ends["AB".index(base)]
        row = session.selected if base == "selected" else None if place is None else place.sample
        known = row is not None and images is not None and images.labels is not None and row < len(images.labels)
        return int(images.labels[row]) if known else None  # type: ignore[union-attr, index]

    # -- slots

    def fill(self, slot: Slot, key: str) -> None:
        """With what `key` names: a base, 'class:3', or 'group:NAME'; '' empties it."""
        if not key:
            self._state.fill(slot, None)
            self._ask_sum()
            return
        filling = self._mean(key) if ":" in key else self._filling(key)  # type: ignore[arg-type]
        if filling is None:
            return
        self._state.fill(slot, filling)
        self._ask_slots()
        self._ask_sum()

    def _filling(self, base: Base) -> Filling | None:
        z, session = self.z_of(base), self._session
        if z is None:
            session.told.emit(NOTHING_THERE[base], False)
            return None
        place = session.place if base == "place" else None if base == "selected" else session.ends["AB".index(base)]
        row = session.selected if base == "selected" else None if place is None else place.sample
        if row is not None and session.encoding is not None and row < len(session.encoding):
            index = int(session.encoding.index[row])
            label = session.label_of(row) if session.images is not None else ""
            return Filling(f"#{index} · {label}" if label else f"#{index}", z, sample=index)
        return Filling(place.origin if place is not None and place.origin else "a place", z)

    def _mean(self, key: str, tell: bool = True) -> Filling | None:
        group, encoding = self.group_of(key), self._session.encoding
        if group is None or encoding is None:
            return None
        images = self._session.images
        try:
            rows = group.members(encoding.index, None if images is None else images.labels)
        except ValueError as error:
            if tell:
                self._session.told.emit(str(error), True)
            return None
        if not rows.any():
            if tell:
                self._session.told.emit(f"None of the images on the map belong to '{group.name}'", True)
            return None
        return Filling(f"mean of {group.name}", encoding.mu[rows].mean(axis=0), group=key)

    def group_of(self, key: str) -> Group | None:
        """The group that a key of the panel's lists names."""
        run, kept = self._session.run, self._state.kept
        kind, _, name = key.partition(":")
        if run is None:
            return None
        if kind == "class":
            return Group(run.class_names[int(name)], label=int(name))
        return None if kept is None else kept.group(name)

    def _follow_samples(self) -> None:
        """The points were encoded by other weights: what is of them goes where they have gone."""
        encoding = self._session.encoding
        if encoding is None:
            return
        for slot, filling in self._state.slots.items():
            if filling is None:
                continue
            if filling.sample is not None:
                row = np.flatnonzero(encoding.index == filling.sample)
                if len(row):
                    self._state.fill(slot, replace(filling, z=encoding.mu[row[0]]))
            elif filling.group is not None:
                mean = self._mean(filling.group, tell=False)  # at each snapshot: nobody has asked
                if mean is not None:
                    self._state.fill(slot, replace(filling, z=mean.z))

    def take_label(self, base: Base) -> None:
        """The style is marked with this sample's label."""
        label = self.label_of(base)
        if label is None:
            self._session.told.emit("That is no sample with a label", False)
        else:
            self._state.set_label(label)

    # -- asking

    def refresh(self) -> None:
        """What the open page shows, decoded again."""
        page = self._state.page
        if page == "apply":
            self._show_direction()
        elif page == "sum":
            self._ask_slots()
            self._ask_sum()
        elif page == "labels":
            self._ask_styles()

    def _renew(self) -> None:
        if self._state.page:
            self.refresh()

    def _on_moved(self, base: Base) -> None:
        if self._state.base == base and self._state.page in ("apply", "labels"):
            self.refresh()

    def _on_ends(self) -> None:
        before, self._ends = self._ends, self._session.ends
        for which, was, now in zip("AB", before, self._ends, strict=True):
            if was is not now:
                self._on_moved("A" if which == "A" else "B")

    def _show_direction(self) -> None:
        self._ask_frames()
        self._ask_result()

    def _ask_frames(self) -> None:
        direction, z = self._state.direction, self.z_of(self._state.base)
        if direction is None or z is None or len(z) != len(direction.vector):
            self._state.set_frames(None)
        elif self._state.page == "apply":
            path = moved(z, direction.vector, AMOUNTS)
            self._decoder.ask("amounts", path, self._session.condition, path)

    def _ask_result(self) -> None:
        direction, z = self._state.direction, self.z_of(self._state.base)
        if direction is None or z is None or len(z) != len(direction.vector):
            self._state.set_result(None)
        elif self._state.page == "apply":
            place = moved(z, direction.vector, [self._state.amount])
            self._decoder.ask("amount", place, self._session.condition, (place[0], self._session.condition))

    def _ask_slots(self) -> None:
        filled = [(slot, filling) for slot, filling in self._state.slots.items() if filling is not None]
        if filled and self._state.page == "sum":
            z = np.stack([filling.z for _, filling in filled])
            self._decoder.ask("slots", z, self._session.condition, filled)

    def _ask_sum(self) -> None:
        a, b, c = (self._state.slots[slot] for slot in SLOTS)
        if a is None or b is None or c is None:
            self._asked_sum = None
            self._state.set_sum(None)
        elif self._state.page == "sum":
            z = self._asked_sum = analogy(a.z, b.z, c.z)
            self._decoder.ask("sum", z[None], self._session.condition, (z, self._session.condition))

    def _ask_styles(self) -> None:
        run, z = self._session.run, self.z_of(self._state.base)
        if run is None or z is None or not run.conditional:
            self._state.set_styles(None)
            return
        if self._state.label is None:
            self._state.set_label(self._session.condition)
        labels = np.arange(len(run.class_names))
        self._decoder.ask("styles", np.repeat(z[None], len(labels), axis=0), labels, z)

    # -- hearing

    def _on_decoded(self, channel: str, _number: int, pixels: NDArray[np.uint8], tag: Any, _step: int) -> None:
        run, state = self._session.run, self._state
        if run is None or pixels.shape[1:] != run.image_shape:
            return
        match channel:
            case "amount":
                state.set_result(self._result(pixels[0], tag[0], tag[1]))
            case "amounts":
                state.set_frames(Frames(tag, pixels, self._usual(tag)))
            case "sum":
                z: Floats = tag[0]
                if z is self._asked_sum:
                    state.set_sum(self._result(pixels[0], z, tag[1], NEAREST))
            case "slots":
                for (slot, asked), picture in zip(tag, pixels, strict=True):
                    now = state.slots[slot]
                    if now is not None and np.array_equal(now.z, asked.z):
                        state.fill(slot, replace(now, pixels=picture))
            case "styles":
                state.set_styles(Styles(tag, pixels))

    def _result(self, pixels: NDArray[np.uint8], z: Floats, label: int | None, nearest: int = 0) -> Result:
        usual, survey = self._usual(z[None]), self._mapping.survey
        near: tuple[int, ...] = ()
        if nearest and survey is not None:
            near = tuple(int(row) for row in survey.neighbours.nearest(z, nearest)[1])
        return Result(z, pixels, None if usual is None else float(usual[0]), near, label)

    def _usual(self, z: Floats) -> Floats | None:
        survey = self._mapping.survey
        return None if survey is None else survey.usual.percentile(z).astype(np.float32)

    # -- where a result goes

    def send(self, where: Literal["place", "A", "B"]) -> None:
        """What the open page shows becomes the current place, or A, or B."""
        found = self._in_hand()
        if found is None:
            self._session.told.emit("There is no result yet: the Arithmetic panel says what it needs", False)
            return
        z, words, label = found
        if where == "place":
            if label is not None and self._session.condition is not None:
                self._session.set_condition(label)
            self._exploring.go_to(z, words)
            if self._state.base == "place" and self._state.page == "apply":
                self._state.set_amount(0.0)  # it is there already
            return
        chart = self._mapping.chart
        usual = self._usual(z[None])
        position = None if chart is None else chart.locate(z)
        self._session.set_walk("ends")
        self._session.set_end(
            where, Place(z, words, position=position, usual=None if usual is None else float(usual[0]))
        )

    def _in_hand(self) -> tuple[Floats, str, int | None] | None:
        """The result of the open page: z, in words, and the class it was decoded with."""
        state = self._state
        if state.page == "labels":
            return None if state.styles is None else (state.styles.z, "a style with another label", state.label)
        if state.page == "sum":
            return None if state.sum is None else (state.sum.z, "a − b + c", None)
        if state.result is None or state.direction is None:
            return None
        return state.result.z, f"{state.amount:+.2f} × {state.direction.name}", None
