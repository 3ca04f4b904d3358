"""Walking through latent space: the strip from A to B, or along a path; in one way, or in several side by side."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from latentlab.explore.curve import Curve
from latentlab.explore.paths import Way, going_on, through
from latentlab.gui.main_window.exploring import Exploring
from latentlab.gui.main_window.mapping import Mapping
from latentlab.gui.main_window.waypoints import Waypoints
from latentlab.gui.records import Floats, Strip
from latentlab.gui.session import Session
from latentlab.gui.states.strip import COMPARED
from latentlab.gui.threads.decoding import Decoder
from latentlab.gui.threads.walks import Classes, WalkAsked, Walked

MEASURED_BY = 96  # pieces for each leg of a way whose decoded length is measured
SAME = "A and B are the same place: every frame is the same"
NO_SHORTER = "no way was found that is shorter than the straight one"
COMPUTING = "straight until the geodesic is there"
TRAINING = "the geodesic comes when the training pauses or ends: every step of it moves the way"


@dataclass(frozen=True, eq=False)
class _Asked:
    """What strips are made for: ways in their order; found: how they really go, a geodesic straight where there is
    none yet; z (T, d) of each, waypoints (W, d)."""

    ways: tuple[Way, ...]
    found: tuple[Way, ...]
    z: tuple[Floats, ...]
    waypoints: Floats
    beyond: int
    classes: Classes
    curve: Curve | None


class Walking(QObject):
    """Makes the strip again whenever what it leads through has changed: `session.walk` says whether that is A and B or
    a path. While a run trains nothing is measured, and no geodesic sought: each snapshot makes everything anew."""

    def __init__(
        self, session: Session, mapping: Mapping, exploring: Exploring, decoder: Decoder, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._mapping, self._decoder, self._strips = session, mapping, decoder, session.strips
        self.path = Waypoints(session, mapping, self)
        self._last: tuple[Any, ...] | None = None  # of what the strip was made last
        self._curve: tuple[tuple[Any, ...], Curve] | None = None  # the last geodesic, and of what it is one
        self._awaited: tuple[Any, ...] | None = None  # of what a geodesic was asked for
        self._ends: list[bytes | None] = [None, None]
        self._trained = False
        self._weights = 0  # how often there were others
        decoder.walked.connect(self._on_walked)
        decoder.leading.connect(self._on_leading)
        exploring.renewed.connect(self._renew)
        session.ends_changed.connect(self._class_ends)
        session.run_changed.connect(self._on_run)
        for signal in (
            session.ends_changed, session.route_changed, session.walk_changed, self._strips.settings_changed
        ):  # fmt: skip
            signal.connect(self._follow)
        session.training_changed.connect(self._on_training)

    # -- what it leads through

    @property
    def method(self) -> Way:
        return self._strips.settings.way

    def waypoints(self) -> Floats | None:
        """(W, d) that the strip leads through; None where they are not set yet."""
        return self.path.current()

    def take(self, z: Floats, way: Way) -> None:
        """A path through these waypoints (W, d), wherever they came from, in this way."""
        self._strips.change(way=way, compare=False)
        self.path.take(z)

    def classes(self) -> Classes:
        """What a conditional model is told: the class in force, or A's and B's where it goes from one to the other."""
        held, (a, b) = self._session.condition, self._strips.end_classes
        if held is None:
            return None
        mixed = self._strips.settings.mixed and self.path.between_ends
        return (a, b) if mixed and a is not None and b is not None and a != b else held

    def z(self, way: Way, frames: int) -> Floats | None:
        """So many places (frames, d) from end to end, a column more where classes are mixed; None without ends. Where
        its geodesic is not there yet, those of the straight way."""
        waypoints = self.waypoints()
        return None if waypoints is None else self._inside(way, waypoints, frames)

    # -- its pictures

    def make(self, way: Way, frames: int) -> None:
        """The strip, in this way from now on."""
        told = self._strips.change(way=way, frames=frames)
        if self.waypoints() is None:
            if self._session.run is not None and self._session.encoding is not None:
                words = "A strip needs two ends: go to a place and press A, to another and press B"
                self._session.told.emit(words, False)
        elif not told:
            self.refresh()

    def refresh(self) -> None:
        """The strip again, by whatever decodes now."""
        waypoints, settings = self.waypoints(), self._strips.settings
        self._last = self._key(waypoints)
        if waypoints is None:
            return
        ways: tuple[Way, ...] = COMPARED if settings.compare else (settings.way,)
        curve = self._curve_of(waypoints)
        found: tuple[Way, ...] = tuple("linear" if way == "geodesic" and curve is None else way for way in ways)
        z = tuple(
            self._with_beyond(self._inside(way, waypoints, settings.frames), waypoints, settings.beyond)
            for way in found
        )
        pieces = min(MEASURED_BY * (len(waypoints) - 1), 4 * MEASURED_BY) + 1
        measured = () if self._training else ("linear", *found)
        lines = tuple(self._inside(way, waypoints, pieces) for way in measured)
        asked = _Asked(ways, found, z, waypoints, settings.beyond, self.classes(), curve)
        marks = self._shared(waypoints) if self._mixed else waypoints
        self._decoder.ask("walks", WalkAsked((*z, marks), asked.classes, lines), asked)
        if "geodesic" in ways and curve is None:
            self._seek(waypoints)
        else:
            self._give_up()
            self._strips.set_note("")

    # -- the ways in latent space

    def _inside(self, way: Way, waypoints: Floats, frames: int) -> Floats:
        """From end to end (frames, d), with a column for how much of B's class there is where it goes there."""
        curve = self._curve_of(waypoints) if way == "geodesic" else None
        if curve is not None:
            return curve.frames(frames)
        z = through(waypoints, frames, "linear" if way == "geodesic" else way)
        return self._shared(z) if self._mixed else z

    def _shared(self, z: Floats) -> Floats:
        """With a column for how much of B's class there is: more of it from each of z (n, d) to the next."""
        return np.column_stack([z, np.linspace(0, 1, len(z))]).astype(np.float32)

    def _with_beyond(self, z: Floats, waypoints: Floats, beyond: int) -> Floats:
        """With frames beyond both ends, where the class stays as it is at the end."""
        dims = waypoints.shape[1]
        longer = going_on(z[:, :dims], waypoints, beyond)
        share = np.pad(z[:, dims:], ((beyond, beyond), (0, 0)), mode="edge")
        return np.concatenate([longer, share], axis=1).astype(np.float32)

    @property
    def _mixed(self) -> bool:
        return isinstance(self.classes(), tuple)

    # -- the geodesic

    def _seek(self, waypoints: Floats) -> None:
        if self._training:
            self._give_up()
            self._strips.set_note(TRAINING)
            return
        if self._awaited == self._geodesic_key(waypoints):
            return
        self._awaited = self._geodesic_key(waypoints)
        self._strips.set_note(COMPUTING)
        survey, mixed = self._mapping.survey, self._mixed
        fits = survey is not None and survey.encoding.mu.shape[1] == waypoints.shape[1] and not mixed
        waypoints = self._shared(waypoints) if mixed else waypoints
        mu = survey.encoding.mu if survey is not None and fits else None
        self._decoder.ask("geodesic", WalkAsked((waypoints,), self.classes(), mu=mu), self._awaited)

    def _give_up(self) -> None:
        """The geodesic that is being computed is not wanted any more."""
        if self._awaited is not None:
            self._awaited = None
            self._decoder.ask("geodesic", WalkAsked(()), None)

    def _on_leading(self, done: int, total: int) -> None:
        if self._awaited is not None and total:
            self._strips.set_note(f"{COMPUTING}: {done / total:.0%}")

    def _curve_of(self, waypoints: Floats) -> Curve | None:
        return self._curve[1] if self._curve is not None and self._curve[0] == self._geodesic_key(waypoints) else None

    def _geodesic_key(self, waypoints: Floats) -> tuple[Any, ...]:
        return self._weights, waypoints.tobytes(), waypoints.shape, self.classes()

    def _renew(self) -> None:
        """Other weights, or another class: what was short is not any more."""
        self._curve = self._awaited = None
        self._weights += 1
        self.refresh()

    def _on_training(self) -> None:
        """What waited for the training to pause comes now."""
        trained, self._trained = self._trained, self._training
        if trained and not self._trained:
            self._renew()

    @property
    def _training(self) -> bool:
        return self._session.training.phase == "training"

    # -- when it is made again

    def _key(self, waypoints: Floats | None) -> tuple[Any, ...]:
        return None if waypoints is None else waypoints.tobytes(), self._strips.settings, self.classes()

    def _follow(self) -> None:
        """The strip again, if it leads through anything else now, or in another way."""
        waypoints = self.waypoints()
        if waypoints is not None and self._key(waypoints) != self._last:
            self.refresh()

    def _on_run(self) -> None:
        if self._session.strip is None:
            self._curve = self._awaited = self._last = None

    def _class_ends(self) -> None:
        """Notes what class A and B show: the sample's, or that which was in force when the end was set."""
        images, known = self._session.images, list(self._strips.end_classes)
        for which, end in enumerate(self._session.ends):
            now = None if end is None else end.z.tobytes()
            if now != self._ends[which]:
                known[which] = None if end is None else self._session.condition
            if end is not None and end.sample is not None and images is not None and images.labels is not None:
                known[which] = int(images.labels[end.sample]) if end.sample < len(images.labels) else known[which]
            self._ends[which] = now
        self._strips.end_classes = (known[0], known[1])

    # -- what came

    def _on_walked(self, channel: str, found: Any, asked: Any) -> None:
        run = self._session.run
        if run is None:
            return
        if channel == "geodesic":
            if asked == self._awaited:
                self._awaited, self._curve = None, (asked, found)
                self.refresh()
        elif found.pixels[0].shape[1:] != run.image_shape:
            return
        elif channel == "walks":
            self._show(found, asked)

    def _show(self, walked: Walked, asked: _Asked) -> None:
        survey, settings = self._mapping.survey, self._strips.settings
        if survey is None or asked.waypoints.shape[1] != survey.encoding.mu.shape[1]:
            self._session.set_strip(None)
            self._strips.set_compared(())
            return
        strips = tuple(self._strip(walked, asked, at) for at in range(len(asked.ways)))
        compared = len(strips) > 1
        at = asked.ways.index(settings.way) if settings.way in asked.ways else 0
        self._strips.waypoints = walked.pixels[-1]
        self._strips.set_compared(strips if compared else ())
        self._session.set_strip(strips[at])

    def _strip(self, walked: Walked, asked: _Asked, at: int) -> Strip:
        survey = self._mapping.survey
        assert survey is not None, "looked at before"
        z, pixels, way = asked.z[at][:, : asked.waypoints.shape[1]], walked.pixels[at], asked.found[at]
        _, nearest = survey.neighbours.nearest(z, 1)
        usual = survey.usual.percentile(z).astype(np.float32)
        strip = Strip(pixels, z, nearest.reshape(-1), usual, smoothness(pixels), way, len(asked.waypoints),
                      asked.beyond, classes=asked.classes)  # fmt: skip
        if walked.lengths:
            strip = replace(strip, straight=walked.lengths[0], length=walked.lengths[1 + at])
        if way == "geodesic" and asked.curve is not None:
            strip = replace(strip, straight=asked.curve.straight, length=asked.curve.length)
        return replace(strip, note=self._note(asked, at))

    def _note(self, asked: _Asked, at: int) -> str:
        if (asked.waypoints == asked.waypoints[0]).all():
            return SAME if self.path.between_ends else "All waypoints are the same place: every frame is the same"
        curve = asked.curve if asked.found[at] == "geodesic" else None
        if curve is None or not curve.as_straight:
            return ""
        legs = len(asked.waypoints) - 1
        return NO_SHORTER if legs == 1 else f"on {curve.as_straight} of {legs} legs {NO_SHORTER}"


def smoothness(pixels: NDArray[np.uint8]) -> float:
    """The mean squared difference of neighbours among (T, C, H, W), pixels from 0 to 1."""
    return float(np.square(np.diff(pixels.astype(np.float32) / 255, axis=0)).mean())
