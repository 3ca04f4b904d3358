"""The pictures behind the map: which are in hand, and more or fewer of them when another number of points is chosen."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject, Signal

from latentlab.gui.main_window.library import LIVE_POINTS, Library, Pictures, as_map_images, image_bytes, pictures
from latentlab.gui.main_window.mapping import Mapping
from latentlab.gui.main_window.renumbering import renumber
from latentlab.gui.session import Session
from latentlab.gui.states.amount import points_for, prefer, preferred
from latentlab.gui.threads.encoding import Encoder, Survey
from latentlab.gui.threads.jobs import Jobs, Ticket
from latentlab.images import Images

JOB = "points"  # reads as many pictures as are wanted


class Bringing(QObject):
    """Keeps the map to `session.amount`. Until other points are encoded, those that were shown before stay.

    `changed`: other pictures are in hand, and are to be encoded.
    """

    changed = Signal()

    def __init__(
        self,
        session: Session,
        library: Library,
        jobs: Jobs,
        mapping: Mapping,
        encoder: Encoder,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._library, self._jobs = session, library, jobs
        self._mapping, self._encoder = mapping, encoder
        self.pictures: Pictures | None = None  # of the open run
        self._before: Pictures | None = None  # those that are still shown while others are encoded
        self._under_way = False  # and it is told how far that is
        encoder.surveying.connect(self._on_surveying)
        encoder.failed.connect(self._on_failed)
        jobs.failed.connect(lambda name, _sentence: self.cancel() if name == JOB else None)
        jobs.progressed.connect(self._on_reading)

    def forget(self) -> None:
        """Another run is opened."""
        self.pictures = self._before = None
        self._under_way = False
        self._jobs.cancel(JOB)

    def begin(self, shown: Pictures, wanted: int | None = None) -> None:
        """Of a run that was opened. wanted: so many points its map is to have; None: as many as these."""
        self.pictures = shown
        self._session.amount.set(wanted or len(shown.map), shown.total, image_bytes(shown.map))

    def begin_training(self, shown: Pictures) -> None:
        """Of a new run, as long as it trains; then the map has as many points as the person likes."""
        self.begin(shown, points_for(preferred(), shown.total, image_bytes(shown.map)))

    def go_on(self, shown: Pictures) -> None:
        """The open run is trained further: these stand for those that were shown, from the next map on."""
        self._stop()
        self.pictures, self._before = shown, None

    def choose(self, points: int) -> None:
        """So many on the map, from now on: at once, or when the training ends, or when the past is left."""
        amount = self._session.amount
        prefer(points, amount.offered())
        amount.want(points)
        self.bring()

    def bring(self) -> bool:
        """Reads the pictures that are wanted, in a thread; False where they are in hand. While a run trains no more
        than follow it."""
        run, shown, wanted = self._session.run, self.pictures, self._session.amount.wanted
        if run is None or shown is None:
            return False
        if self._session.training.active:
            wanted = min(wanted, LIVE_POINTS)
        if wanted == len(shown.map):
            if self._jobs.running(JOB):
                self._stop()
            return False
        data, seed = run.config.data, run.config.training.seed

        def read(ticket: Ticket) -> Pictures:
            return pictures(self._library.load(data, seed, ticket), choice=wanted)

        self._stop()
        self._under_way = True
        self._session.set_map_note(f"Reading {wanted:,} pictures…", "cancel")
        self._jobs.start(JOB, read, self._on_read)
        return True

    def cancel(self) -> None:
        """Ends what the map's note tells of: what is shown stays, and what was chosen is that again."""
        if not self._under_way:
            self._mapping.cancel()
            return
        self._stop()
        amount, shown = self._session.amount, self.pictures
        if self._before is not None:
            self.pictures, self._before = self._before, None
        elif shown is not None and self._session.encoding is None:  # there is nothing that could stay
            self.pictures = replace(shown, map=shown.following)
            self.changed.emit()
        if self.pictures is not None:
            amount.want(len(self.pictures.map))
            prefer(amount.wanted, amount.offered())
        self._mapping.resume()

    def wanted(self, of_the_past: bool) -> Images | None:
        """What is to be encoded: all, or those that follow where weights of the past are looked at."""
        if self.pictures is None:
            return None
        images = self.pictures.following if of_the_past else self.pictures.map
        self._under_way = len(images) > LIVE_POINTS
        return images

    def take(self, survey: Survey) -> None:
        """Points were encoded: they are on the map from now on, with their pictures."""
        images, shown = self.images_of(survey), self._session.images
        assert images is not None, "looked at before"
        if self._under_way:
            self._under_way = False
            self._session.set_map_note("")
        self._before = None
        if shown is not None and np.array_equal(shown.index, images.index):
            self._mapping.take(survey)
        else:
            with renumber(self._session, as_map_images(images), survey.encoding):
                self._mapping.take(survey)

    def images_of(self, survey: Survey) -> Images | None:
        """The pictures that were encoded; None where they are not wanted any more."""
        known = () if self.pictures is None else (self.pictures.map, self.pictures.following)
        return next((each for each in known if np.array_equal(each.index, survey.encoding.index)), None)

    def _stop(self) -> None:
        self._jobs.cancel(JOB)
        if self._under_way:
            self._under_way = False
            self._encoder.give_up()
            self._session.set_map_note("")

    def _on_read(self, found: Pictures) -> None:
        self._before, self.pictures = self._before or self.pictures, found
        self.changed.emit()

    def _on_reading(self, name: str, what: str, done: int, total: int) -> None:
        if name == JOB and total:
            self._session.set_map_note(f"{what} {done / total:.0%}", "cancel")

    def _on_surveying(self, done: int, total: int) -> None:
        if self._under_way:
            self._mapping.rest()  # a layout of what is on its way out
            self._session.set_map_note(f"Encoding {total:,} pictures {done / total:.0%}", "cancel")

    def _on_failed(self, _sentence: str) -> None:
        if self._under_way:
            self.cancel()
