"""What the inspector is about: one image of the map or of the person's own, and what is found out about it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal

from latentlab.explore.inspection import Filled, Floats, Inspection, Surroundings
from latentlab.gui.records import Encoding, MapImages
from latentlab.gui.states.state import State
from latentlab.gui.widgets.picture import row_of


@dataclass(frozen=True, eq=False)
class Subject:
    """The image that is inspected: pixels uint8 (C, H, W) and its name.

    index: its dataset index, and row: the map's row that it is; both None for an image of the person's own. note: what
    was done to such a one; inverted: whether light and dark were exchanged.
    """

    pixels: NDArray[np.uint8]
    name: str
    row: int | None = None
    index: int | None = None
    note: str = ""
    inverted: bool = False

    @property
    def own(self) -> bool:
        return self.index is None


@dataclass(frozen=True, eq=False)
class Peers:
    """Anomaly scores of some of the map's points, (n,) nats, by the weights of `step`."""

    step: int
    scores: Floats


class InspectorState(State):
    """Every `set_...` stores a value and emits the signal of that name. Another subject: what was found of the last
    one goes."""

    subject_changed = Signal()
    inspection_changed = Signal()  # its posterior and terms
    surroundings_changed = Signal()  # what is around its code
    filled_changed = Signal()  # a masked part was filled in, or has another iteration
    peers_changed = Signal()  # what its anomaly score is compared with
    own_changed = Signal()  # an image of the person's own came, moved on the map, or went

    subject: Subject | None = None
    inspection: Inspection | None = None
    label: int | None = None  # the class under which the inspection looked at it
    surroundings: Surroundings | None = None
    filled: Filled | None = None
    filling: bool = False
    peers: Peers | None = None
    own: Subject | None = None  # the last one that was taken in, also while another is inspected
    own_z: Floats | None = None  # (d,) where it is encoded
    own_position: tuple[float, float] | None = None  # where that is on the map

    def forget(self) -> None:
        self.set_peers(None)
        self.set_own(None)
        self.set_subject(None)

    def set_subject(self, subject: Subject | None) -> None:
        self.subject = subject
        self.inspection = self.label = None
        self.subject_changed.emit()
        self.inspection_changed.emit()
        self.set_surroundings(None)
        self.set_filled(None, False)

    def set_inspection(self, inspection: Inspection | None, label: int | None) -> None:
        self.inspection, self.label = inspection, label
        self.inspection_changed.emit()

    def set_surroundings(self, surroundings: Surroundings | None) -> None:
        self.surroundings = surroundings
        self.surroundings_changed.emit()

    def set_filled(self, filled: Filled | None, filling: bool) -> None:
        """filling: more iterations come."""
        self.filled, self.filling = filled, filling
        self.filled_changed.emit()

    def set_peers(self, peers: Peers | None) -> None:
        self.peers = peers
        self.peers_changed.emit()

    def set_own(
        self, own: Subject | None, z: Floats | None = None, position: tuple[float, float] | None = None
    ) -> None:
        self.own, self.own_z, self.own_position = own, z, position
        self.own_changed.emit()


def picture_of(encoding: Encoding | None, images: MapImages | None, row: int) -> NDArray[np.uint8] | None:
    """The picture (C, H, W) of the map's row, found by its dataset index; None while it has not arrived."""
    at = _place_of(encoding, images, row)
    return None if at is None or images is None else images.pixels[at]


def name_of(encoding: Encoding | None, images: MapImages | None, names: tuple[str, ...], row: int) -> str:
    """'#105 · sneaker', or without its class where that is not known."""
    if encoding is None or not 0 <= row < len(encoding):
        return ""
    at = _place_of(encoding, images, row)
    label = -1 if at is None or images is None or images.labels is None else int(images.labels[at])
    words = "" if label < 0 else names[label] if label < len(names) else str(label)
    return f"#{encoding.index[row]} · {words}" if words else f"#{encoding.index[row]}"


def _place_of(encoding: Encoding | None, images: MapImages | None, row: int) -> int | None:
    if images is None or encoding is None or not 0 <= row < len(encoding):
        return None
    return row_of(images.index, int(encoding.index[row]), guess=row)
