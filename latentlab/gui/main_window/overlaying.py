"""What is laid over the map: computed when it is wanted, and again when weights, layout, selection or view change."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer

from latentlab.explore.overlays.gaussians import posteriors_on, prior_on
from latentlab.explore.overlays.holes import Holes, holes
from latentlab.explore.overlays.kinds import NAMES, Nothing, why_not
from latentlab.explore.overlays.lattice import Field, Look, Sheet
from latentlab.explore.overlays.neighbours import Kept, kept_neighbours
from latentlab.explore.overlays.plane import Plane
from latentlab.gui.main_window.mapping import Mapping
from latentlab.gui.session import Session
from latentlab.gui.threads.decoding import Decoder
from latentlab.gui.threads.fields import AtSamples, Fields, OnPlane
from latentlab.gui.threads.jobs import Jobs, Ticket
from latentlab.gui.threads.model_thread import Weights

DECODED = ("sensitivity", "manifold")  # what needs the decoder again and again
OF_LATENTS = ("prior", "holes", "posteriors", "neighbours")
PATIENCE_MS = 250  # after which what is shown is greyed, for the new one takes long
PACE_MS = 500  # between two sets of weights while training, at least, and
SPARED = 9  # times as long as drawing took: the processors are the training's
HANDS_OFF = 0.15  # seconds after a move of the mouse
QUICK_POINTS, QUICK_SIZE = 1500, 64  # of posteriors and cells, while training
SAMPLES = 400  # at which the sensitivity is taken on a map without axes


class Overlaying(QObject):
    """Answers `session.overlays` with `session.overlay`. What means nothing on the map in hand is None."""

    def __init__(
        self,
        session: Session,
        mapping: Mapping,
        decoder: Decoder,
        fields: Fields,
        jobs: Jobs,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._mapping, self._fields, self._jobs = session, mapping, fields, jobs
        self._look: Look | None = None
        self._weights: Weights | None = None  # that decode, and
        self._used = False  # whether the fields have them
        self._layout: tuple[object, ...] = ()  # what kind of map the overlays are on
        self._asked: dict[str, tuple[int, object]] = {}  # the newest request of each, and what it is of
        self._waiting: set[str] = set()  # requests that are not answered to the end
        self._shown: dict[str, object] = {}  # what that which is shown is of
        self._number = 0
        self._patience = _timer(self, PATIENCE_MS, self._grey)
        self._pace = _timer(self, 0, self._follow)
        self._pause_ms = PACE_MS
        self._sent: dict[str, float] = {}  # when each was asked for
        decoder.opened.connect(self._on_weights)
        fields.drawn.connect(self._on_drawn)
        session.run_changed.connect(self._on_run)
        session.overlays_changed.connect(self._on_wanted)
        session.layout_changed.connect(self._on_layout)
        session.selection_changed.connect(lambda: self._renew("posteriors", "neighbours"))
        session.group_changed.connect(lambda: self._renew("posteriors"))
        session.condition_changed.connect(lambda: self._renew("prior", "holes", *DECODED))
        session.place_changed.connect(self._on_place)
        session.training_changed.connect(self._on_training)
        self._run: object = None
        self._phase = session.training.phase

    def look(self, look: Look) -> None:
        """This part of the map is seen."""
        self._look = look
        on_plane = Plane.of(self._mapping.chart) is not None
        self._renew(*(name for name in DECODED if on_plane))

    # -- what happens

    def _on_run(self) -> None:
        run = None if self._session.run is None else self._session.run.path
        if run != self._run:
            self._run, self._weights, self._used, self._layout = run, None, False, ()
            self._asked.clear()
            self._waiting.clear()
            self._fields.forget()

    def _on_wanted(self) -> None:
        shown = self._session.overlay
        self._renew(*(n for n in NAMES if n not in self._session.overlays or shown.get(n) is None))

    def _on_layout(self) -> None:
        layout = self._session.layout
        kind = () if layout is None else (layout.kind, layout.dims, len(layout.coords))
        if kind != self._layout:  # coordinates mean something else now
            self._layout = kind
            for name, shows in self._session.overlay.items():
                if shows is not None:
                    self._session.set_overlay(name, None)
            self._renew(*NAMES)
        else:
            self._renew(*OF_LATENTS)
            self._decoded_soon()

    def _on_place(self) -> None:
        """Only what the map does not show of the place matters; a drag on the map leaves that as it is."""
        moved = False
        for name in DECODED:
            request = self._request(name) if name in self._session.overlays else None
            if isinstance(request, OnPlane) and name in self._asked and self._asked[name][1] != self._of(request):
                moved = True
                self._renew(name)
        if not moved:
            self._fields.rest(HANDS_OFF)

    def _on_training(self) -> None:
        phase, was = self._session.training.phase, self._phase
        self._phase = phase
        if was == "training" and phase != "training":
            self._renew("holes", *DECODED)

    def _on_weights(self, weights: Weights, _step: int) -> None:
        self._weights, self._used = weights, False
        self._decoded_soon()

    def _decoded_soon(self) -> None:
        """What the decoder is needed for: at once, but while training only now and then."""
        if not self._training():
            self._pace.start(0)
        elif not self._pace.isActive():
            self._pace.start(self._pause_ms)

    def _follow(self) -> None:
        if self._training() and self._waiting:
            self._pace.start(PACE_MS)  # weights come faster than they can be drawn: each is drawn to its end
        else:
            self._renew(*DECODED)

    def give_up(self) -> None:
        """What was asked for failed: it may be asked for again."""
        self._asked.clear()
        self._waiting.clear()

    def _training(self) -> bool:
        return self._session.training.phase == "training"

    # -- making them

    def _renew(self, *names: str) -> None:
        run, layout = self._session.run, self._session.layout
        for name in names:
            kind, dims = (None if layout is None else layout.kind), (0 if run is None else run.latent_dim)
            if name not in self._session.overlays or why_not(name, kind, dims) or not self._make(name):
                self._drop(name)

    def _make(self, name: str) -> bool:
        """False where there is nothing to show."""
        if name in DECODED:
            return self._ask(name)
        return bool(getattr(self, f"_make_{name}")())

    def _drop(self, name: str) -> None:
        self._jobs.cancel(_job(name))
        self._asked.pop(name, None)
        self._waiting.discard(name)
        if self._session.overlay.get(name) is not None:
            self._session.set_overlay(name, None)

    def _make_prior(self) -> bool:
        plane, survey = Plane.of(self._mapping.chart), self._mapping.survey
        if plane is None or survey is None or survey.priors is None:
            return False
        self._session.set_overlay("prior", prior_on(plane, survey.priors, self._session.condition))
        return True

    def _make_posteriors(self) -> bool:
        plane, survey, session = Plane.of(self._mapping.chart), self._mapping.survey, self._session
        if plane is None or survey is None or survey.log_var is None:
            return False
        rows = np.union1d(session.group, [] if session.selected is None else [session.selected]).astype(np.int64)
        rows = rows[rows < len(survey.encoding)]
        if len(rows):
            session.set_overlay("posteriors", posteriors_on(plane, survey.encoding.mu, survey.log_var, rows))
        return bool(len(rows))

    def _make_neighbours(self) -> bool:
        survey, layout, row = self._mapping.survey, self._session.layout, self._session.selected
        if survey is None or layout is None or row is None or not row < len(survey.encoding) == len(layout.coords):
            return False

        def work(_ticket: Ticket) -> Kept:
            return kept_neighbours(survey.neighbours, layout.coords, row)

        self._jobs.start(_job("neighbours"), work, lambda kept: self._session.set_overlay("neighbours", kept))
        return True

    def _make_holes(self) -> bool:
        plane, survey, condition = Plane.of(self._mapping.chart), self._mapping.survey, self._session.condition
        if plane is None or survey is None or survey.log_var is None or survey.priors is None:
            return False
        rows = self._of_class(condition, len(survey.encoding))
        if not len(rows):
            self._jobs.cancel(_job("holes"))
            self._session.set_overlay("holes", Nothing("the map has no images of this class"))
            return True
        if self._training():
            rows = rows[np.linspace(0, len(rows) - 1, min(QUICK_POINTS, len(rows))).astype(np.int64)]
        mu, log_var, prior = survey.encoding.mu, survey.log_var, prior_on(plane, survey.priors, condition)
        size = {"size": QUICK_SIZE} if self._training() else {}

        def work(ticket: Ticket) -> Holes | None:
            spread = plane.spread(np.exp(log_var[rows].astype(np.float64)))
            centre, prior_spread = prior.centres[0], prior.covariances[0]
            found = holes(plane.project(mu[rows]), spread, centre, prior_spread, cancelled=ticket.cancelled, **size)
            return None if found is None else replace(found, of_class=condition)

        self._jobs.start(_job("holes"), work, lambda found: self._session.set_overlay("holes", found))
        return True

    def _of_class(self, condition: int | None, count: int) -> NDArray[np.int64]:
        """Of a conditional model only the images of the class in hand: its samples come from the others in no case."""
        images = self._session.images
        if condition is None or images is None or images.labels is None or len(images.labels) != count:
            return np.arange(count)
        return np.flatnonzero(images.labels == condition)

    # -- what the decoder is asked for

    def _ask(self, name: str) -> bool:
        """What is shown stays until the answer is there."""
        request = self._request(name)
        if request is None or self._weights is None:
            return False
        if not self._used:
            self._used = True
            self._fields.use(self._weights)
            for other in self._waiting - {name}:  # what was asked of other weights may have been dropped with them
                self._send(other)
        self._send(name)
        return True

    def _send(self, name: str) -> None:
        request = self._request(name)
        if request is None:
            return
        self._number += 1
        self._asked[name] = (self._number, self._of(request))
        self._waiting.add(name)
        self._sent[name] = time.monotonic()
        if not self._patience.isActive():
            self._patience.start()
        self._fields.ask(name, request, self._number)

    def _of(self, request: OnPlane | AtSamples) -> object:
        """The same for all parts of one field."""
        return self._weights, request.key() if isinstance(request, OnPlane) else None

    def _request(self, name: str) -> OnPlane | AtSamples | None:
        session, survey, plane = self._session, self._mapping.survey, Plane.of(self._mapping.chart)
        if survey is None or session.run is None or session.layout is None:
            return None
        if plane is not None:
            if self._look is None:
                return None
            held = np.zeros(session.run.latent_dim) if session.place is None else session.place.z
            if len(held) != plane.axes.shape[1]:
                return None
            return OnPlane(plane, plane.rest(held), self._look, session.condition, not self._training())
        mu, coords = survey.encoding.mu, session.layout.coords
        if name == "manifold" or len(mu) != len(coords):
            return None
        rows = np.linspace(0, len(mu) - 1, min(SAMPLES, len(mu))).astype(np.int64)
        labels = None if session.images is None or session.images.labels is None else session.images.labels
        known = labels[rows] if labels is not None and len(labels) == len(mu) else None
        return AtSamples(mu[rows], coords[rows], known)

    def _on_drawn(self, name: str, shows: Field | Sheet, number: Any) -> None:
        if name not in self._asked or number != self._asked[name][0]:
            return
        if shows.complete:
            self._waiting.discard(name)
            self._pause_ms = max(PACE_MS, round(1000 * SPARED * (time.monotonic() - self._sent[name])))
        self._shown[name] = self._asked[name][1]
        self._session.set_overlay(name, shows)

    def _grey(self) -> None:
        for name in self._waiting:
            shows = self._session.overlay.get(name)
            if shows is not None and not shows.stale and self._shown.get(name) != self._asked[name][1]:
                self._session.set_overlay(name, replace(shows, stale=True))


def _job(name: str) -> str:
    return f"overlay {name}"


def _timer(parent: QObject, milliseconds: int, then: Any) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(then)
    return timer
