"""Opening a run: its record, curves and kept map at once, then its pictures, then its model."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from latentlab.explore.charts import UmapChart
from latentlab.explore.map_cache import StoredLayout, save_map
from latentlab.explore.mixture import Mixture
from latentlab.gui.main_window.bringing import Bringing
from latentlab.gui.main_window.exploring import Exploring
from latentlab.gui.main_window.library import (
    LIVE_POINTS,
    Library,
    OpenedRun,
    Pictures,
    as_map_images,
    pictures,
    read_run,
)
from latentlab.gui.main_window.mapping import Mapping
from latentlab.gui.records import Encoding, Live
from latentlab.gui.session import Session
from latentlab.gui.states.amount import preferred
from latentlab.gui.threads.decoding import Decoder
from latentlab.gui.threads.encoding import Encoder, Survey, survey
from latentlab.gui.threads.jobs import Jobs, Ticket
from latentlab.gui.threads.model_thread import FromHistory, FromRun, FromSnapshot, Weights
from latentlab.runs.folder import RunFolder, open_run

BETWEEN_ERRORS = 10.0  # seconds: decoding all of the map's images takes as long as encoding them


class Opening(QObject):
    """Brings a run into the session, and keeps its encodings in step with the weights that are in use."""

    mapped = Signal(bool)  # the points were encoded; True: their layout is on its way
    placed = Signal()  # the layout under way is there, or will not come

    def __init__(
        self,
        session: Session,
        library: Library,
        jobs: Jobs,
        mapping: Mapping,
        exploring: Exploring,
        decoder: Decoder,
        encoder: Encoder,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._library, self._jobs = session, library, jobs
        self._mapping, self._exploring = mapping, exploring
        self._decoder, self._encoder = decoder, encoder
        self.bringing = Bringing(session, library, jobs, mapping, encoder, self)  # the pictures of the open run
        self._waiting: Weights | None = None  # the weights to load once the window has been painted
        self._painted = False
        self._live_seed = 0
        self._mixture: Mixture | None = None  # that samples are drawn from
        self._measured = 0.0  # when the map's reconstruction errors were
        self._newest: FromSnapshot | None = None  # what the training has come to
        self.newest_step = 0  # of that, or of the weights in the run's folder
        self._past: FromHistory | None = None  # what is shown in place of the newest weights
        decoder.opened.connect(self._on_weights)
        encoder.surveyed.connect(self._on_surveyed)
        encoder.seen.connect(self._on_seen)
        encoder.failed.connect(lambda _sentence: self.mapped.emit(False))
        self.bringing.changed.connect(self._on_other_points)
        mapping.laid_out.connect(self._keep)
        mapping.rested.connect(self.placed)
        session.layout_changed.connect(self._prepare)

    def painted(self) -> None:
        """The window stands: from now on torch may be imported."""
        self._painted = True
        if self._waiting is not None:
            weights, self._waiting = self._waiting, None
            self._use(weights)

    # -- opening and closing

    def open(self, run: str | Path, root: Path | None = None) -> None:
        """Opens a run by its name or path; a sentence is told where that cannot be."""
        self._jobs.start("open", lambda _ticket: read_run(open_run(run, root)), self._on_opened)

    def close(self) -> None:
        self._jobs.cancel("open")
        self._jobs.cancel("pictures")
        self._forget()
        self._session.open(None)

    def _forget(self) -> None:
        self._waiting = self._mixture = self._newest = self._past = None
        self.bringing.forget()
        self._mapping.forget()
        self._decoder.forget()
        self._encoder.forget()

    def _on_opened(self, opened: OpenedRun) -> None:
        self._forget()
        session, run = self._session, opened.run
        self.newest_step = run.step
        session.open(run)
        session.set_config(run.config)
        session.add_records(opened.records)
        if opened.stored is not None:
            self._mapping.show_kept(opened.stored, opened.layouts)
            self._survey(opened.stored)
        else:
            session.set_map_note("Reading the pictures…")
        index, choice = None if opened.stored is None else opened.stored.index, preferred()

        def read(ticket: Ticket) -> tuple[Pictures, bool]:
            return self._read_pictures(run.path, index, choice, ticket)

        self._jobs.start("pictures", read, self._on_pictures)
        if run.step:
            self._use(FromRun(run.path))
        session.logged.emit(f"Opened {run.name}: {run.status}, epoch {run.epoch}, step {run.step}")

    def _survey(self, kept: Encoding) -> None:
        """Many points take long to be encoded: until then what was kept of them is enough to walk on their map."""
        if len(kept) > LIVE_POINTS:
            self._jobs.start("survey", lambda _ticket: survey(kept), self._on_kept_survey)

    def _on_kept_survey(self, found: Survey) -> None:
        if self._mapping.survey is None and self._session.encoding is found.encoding:
            note = self._session.map_note, self._session.map_action
            self._mapping.take(found)
            self._session.set_map_note(*note)
            if self._session.images is not None:  # else when they are there
                self._exploring.begin()

    def _read_pictures(
        self, path: Path, index: NDArray[np.int64] | None, choice: int, ticket: Ticket
    ) -> tuple[Pictures, bool]:
        record = RunFolder(path).record
        config = record.config
        dataset = self._library.load(config.data, config.training.seed, ticket)
        changed = dataset.fingerprint != record.dataset.fingerprint
        return pictures(dataset, None if changed else index, choice), changed

    def _on_pictures(self, found: tuple[Pictures, bool]) -> None:
        shown, changed = found
        self._session.set_map_note("")
        if changed:
            self._session.told.emit("The pictures of this run have changed since it was trained", False)
        self.bringing.begin(shown)
        self._show_pictures(shown)

    # -- a run that is about to be trained

    def begin(self, opened: OpenedRun, shown: Pictures) -> None:
        """A new run: it is shown from its first snapshot on."""
        self._jobs.cancel("open")
        self._jobs.cancel("pictures")
        self._forget()
        self._session.open(opened.run)
        self._session.set_map_note("The map comes with the first snapshot")
        self.bringing.begin_training(shown)
        self._show_pictures(shown)

    def _show_pictures(self, shown: Pictures) -> None:
        images, kept = shown.map, self._session.encoding
        if kept is not None and not np.array_equal(kept.index, images.index):
            self._mapping.forget()  # the kept map is of other pictures: no row of it may show one of these
            self._session.drop_map()
        self._session.set_images(as_map_images(images))
        encoding = self._session.encoding
        if self._session.model_ready and (encoding is None or encoding.reconstruction is None):
            self._encode()
        self._exploring.begin()

    # -- weights and what follows from them

    def _use(self, weights: Weights) -> None:
        if self._painted:
            self._decoder.use(weights)
            self._encoder.use(weights)
        else:
            self._waiting = weights

    def follow(self, weights: FromSnapshot, with_map: bool) -> None:
        """A snapshot of the training: decoding goes on from it, and the map too where asked; not while a past epoch
        is looked at."""
        self._newest, self.newest_step = weights, weights.snapshot.step
        if self._past is not None:
            return
        self._use(weights)
        shown = self.bringing.pictures
        if shown is not None:
            self._ask_live()
            if with_map:
                due = time.monotonic() - self._measured > BETWEEN_ERRORS
                self._encoder.ask("map", shown.map, due, weights.snapshot.precision)

    def go_back(self, past: FromHistory | None) -> None:
        """From now on everything is shown as of this past epoch; None: as of the newest weights again."""
        run = self._session.run
        if run is None or (past is None and self._past is None):
            return
        self._past = past
        weights = past or self._newest or FromRun(run.path)
        self._decoder.use(weights, anew=True)
        self._encoder.use(weights, anew=True)
        self.mapped.emit(False)  # whatever was under way is not answered any more
        self._encode()

    def _on_weights(self, weights: Weights, step: int) -> None:
        self._session.update_run(step=step)
        if isinstance(weights, FromRun):
            self.newest_step = step  # of the newest that can be read
        ready = self._session.model_ready
        self._session.set_model_ready(True)
        if isinstance(weights, FromRun) or not ready:
            self._session.logged.emit(f"Weights of step {step} are ready")
            self._encode()
        self._exploring.refresh()

    def _encode(self) -> None:
        images = self.bringing.wanted(self._past is not None)
        if images is not None:
            self._encoder.ask("map", images)
            self._ask_live()

    def _on_other_points(self) -> None:
        """More of them, or fewer: encoded now, or by the next weights."""
        if self._session.model_ready and not self._session.training.active:
            self._encode()

    def settle(self, step: int) -> None:
        """The training has ended at this step: the map is made once more, and properly, from its last weights."""
        self._mapping.settle(step)
        if not self.bringing.bring() and self._past is None:
            self._encode()

    def _ask_live(self) -> None:
        assert self.bringing.pictures is not None
        self._encoder.ask("live", self.bringing.pictures.live, self._live_seed, self._mixture)

    def resample(self) -> None:
        """Other samples."""
        self._live_seed += 1
        self._show_samples()

    def draw_from(self, mixture: Mixture | None) -> None:
        """Samples come from the mixture, as long as the weights are those it was fitted to; None: from the prior."""
        self._mixture = mixture
        self._show_samples()

    def _show_samples(self) -> None:
        if self.bringing.pictures is not None and self._session.model_ready:
            self._ask_live()

    def _on_surveyed(self, survey: Survey) -> None:
        if self.bringing.images_of(survey) is None:
            return
        self.bringing.take(self._with_errors(survey))
        self._exploring.begin()
        self._exploring.resurvey()
        self.mapped.emit(self._mapping.following)

    def _prepare(self) -> None:
        """Of many points the tree is made in a thread, before the mouse asks for it."""
        chart = self._mapping.chart
        if isinstance(chart, UmapChart) and len(chart.coords) > LIVE_POINTS:
            self._jobs.start("chart", lambda _ticket: chart.prepare(), lambda _nothing: None)

    def _with_errors(self, survey: Survey) -> Survey:
        """Where they were not measured this time, the reconstruction errors of the last time."""
        encoding, last = survey.encoding, self._session.encoding
        if encoding.reconstruction is not None:
            self._measured = time.monotonic()
            return survey
        if last is None or not np.array_equal(last.index, encoding.index):
            return survey
        return replace(survey, encoding=replace(encoding, reconstruction=last.reconstruction))

    def _on_seen(self, live: Live) -> None:
        if self._session.run is not None and live.inputs.shape[1:] == self._session.run.image_shape:
            self._session.set_live(live)

    def _keep(self, survey: Survey, _coords: NDArray[np.float32]) -> None:
        """The layouts of these latents are kept with the run, so that the next opening shows one at once."""
        run = self._session.run
        newest = self._past is None and not self._session.training.active
        if run is None or run.read_only or not newest or survey.encoding.step != run.step:
            return
        images = self.bringing.images_of(survey)
        labels = None if images is None else images.labels
        layouts = [
            StoredLayout(kept.settings, kept.coords, kept.followed)
            for kept in self._mapping.layouts.all_of(survey.encoding)
        ]

        def save(_ticket: Ticket) -> None:
            encoding = survey.encoding
            folder = RunFolder(run.path)
            with folder.lock():
                save_map(folder, encoding.step, encoding.index, encoding.mu, encoding.kl_per_dim, layouts, labels)

        self._jobs.start("keep the map", save, lambda _nothing: None)
