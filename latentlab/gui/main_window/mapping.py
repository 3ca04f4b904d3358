"""Keeps the map: PCA at once, UMAP or t-SNE when their process has it, refitted as the weights move on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from latentlab.explore.charts import AxesChart, Chart, PcaChart, UmapChart
from latentlab.explore.map_cache import StoredLayout
from latentlab.explore.neighbours import Neighbours
from latentlab.explore.pca import Pca
from latentlab.explore.projection_settings import NAMES, TSNE_MISSING, Kind, ProjectionSettings, tsne_is_there
from latentlab.gui.main_window.layouts import Kept, Layouts, same_images
from latentlab.gui.records import Encoding, Floats, Layout
from latentlab.gui.session import Session
from latentlab.gui.threads.encoding import Survey
from latentlab.gui.threads.projection import Projector

KIN_EPOCHS = 60  # of one that begins from that of other points: as trustworthy then as one from nothing
THOROUGH_EPOCHS = 200  # of the layout that is kept, from the last one; while training goes on, far fewer
COMPILES = " (it compiles first, 10 to 20 s)"
WAITING = f"UMAP is on its way{COMPILES}; PCA meanwhile"


@dataclass(frozen=True, eq=False)
class _Fit:
    """What the process is at."""

    survey: Survey
    settings: ProjectionSettings
    followed: bool  # it begins from the last layout
    asked: bool  # somebody waits for it, and is told how far it is
    thorough: bool  # many epochs, or from nothing


class Mapping(QObject):
    """Turns surveys into layouts by `session.projection`. `laid_out` comes with each one that may be kept.

    After a failure, or once cancelled, nothing is fitted until `retry`, or until the settings change.
    """

    laid_out = Signal(object, object)  # Survey, coords (N, 2)
    rested = Signal()  # no fit is under way any more

    def __init__(self, session: Session, projector: Projector, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._projector = session, projector
        self.survey: Survey | None = None
        self.chart: Chart | None = None
        self.layouts = Layouts()
        self._fitting: _Fit | None = None
        self._held = False  # cancelled, or failed
        self._final = -1  # the training ended at this step: each of its layouts is to be a thorough one
        projector.laid_out.connect(self._on_laid_out)
        projector.failed.connect(self._on_failed)
        projector.progressed.connect(self._on_progress)
        session.projection_changed.connect(self._on_settings)
        session.training_changed.connect(self._on_training)

    @property
    def following(self) -> bool:
        """A layout is on its way from the last one, and soon there; one from nothing takes seconds."""
        return self._fitting is not None and self._fitting.followed

    @property
    def _settings(self) -> ProjectionSettings:
        return self._session.projection

    def forget(self) -> None:
        """Another run is opened: nothing of this one stays."""
        if self._projector.busy:
            self._projector.cancel()
        self.survey = self.chart = self._fitting = None
        self.layouts.clear()
        self._final = -1
        self._held = False

    def show_kept(self, encoding: Encoding, kept: Sequence[StoredLayout]) -> None:
        """The map that was kept with a run: it is seen at once, and can be walked on once its points were surveyed."""
        for each in kept:
            self.layouts.put(Kept(encoding, each.coords, each.settings, each.followed))
        self._session.set_encoding(encoding)
        self._show()

    def take(self, survey: Survey) -> None:
        """Points were encoded."""
        self.survey = survey
        if not self._held:
            self._session.set_map_note("")
        self._session.set_encoding(survey.encoding)
        self._show()
        if self._missing():
            self._fit()

    def choose(self, kind: Kind) -> None:
        """A map of this kind from now on, with the parameters in hand."""
        if kind == "tsne" and not tsne_is_there():
            self._session.told.emit(TSNE_MISSING, True)
            return
        if kind == self._settings.kind and self._held:
            self.retry()
        self._session.set_projection(replace(self._settings, kind=kind))

    def cancel(self) -> None:
        """Ends the fit under way; what is shown stays."""
        if self._fitting is not None:
            self._projector.cancel()
            self._hold(f"{NAMES[self._fitting.settings.kind]} was cancelled")

    def retry(self) -> None:
        self._held = False
        self._session.set_map_note("")
        self._fit(asked=True)

    def rest(self) -> None:
        """Other points are on their way: the fit under way would be of none of them."""
        if self._fitting is not None:
            self._projector.cancel()
            self._fitting = None
            self.rested.emit()

    def resume(self) -> None:
        """They do not come after all: the layout of those that are shown, where it is missing."""
        if self._missing():
            self._fit(asked=True)

    def anew(self) -> None:
        """The layout in force once more from the PCA plane, whatever it has been through."""
        if self.survey is not None and self._settings.fitted:
            self._held = False
            self.layouts.drop(self._settings)
            self._fit(anew=True, asked=True)

    def settle(self, step: int) -> None:
        """The weights come to rest at this step: lay it out properly, not only a few epochs from the last layout, in
        whatever way it is looked at until they move on."""
        self._final = step

    def _on_training(self) -> None:
        if self._session.training.phase == "training":
            self._final = -1

    def _on_settings(self) -> None:
        self._held = False
        self._show()
        if self.survey is None:
            return
        self._session.set_map_note("")
        if self._missing():
            self._fit(asked=True)

    # -- what is shown

    def _missing(self) -> bool:
        """Of the points in hand there is no layout of these settings; or a rough one, where they have come to rest."""
        if self.survey is None or not self._settings.fitted:
            return False
        encoding = self.survey.encoding
        kept = self.layouts.of(self._settings, encoding)
        return kept is None or (kept.rough and encoding.step == self._final)

    def _known(self) -> Kept | None:
        """The last layout of these settings, if it is of the images in hand."""
        return None if self.survey is None else self.layouts.last(self._settings, self.survey.encoding)

    def _show(self) -> None:
        """The layout that is wanted; until it is there, the last of its kind, else PCA."""
        encoding, settings = self._session.encoding, self._settings
        if encoding is None:
            return
        mu, dims = encoding.mu, self._dims()
        kept = self.layouts.of(settings, encoding)
        if kept is not None:
            self.layouts.put(kept)  # what is laid out next begins from what is shown
        kept = kept or self.layouts.last(settings, encoding)
        kept = kept or self.layouts.last_of_kind(settings, encoding)
        if kept is not None:
            layout = Layout(settings.kind, kept.coords, None, kept.settings, kept.followed)
            survey = self.survey
            neighbours = survey.neighbours if survey is not None and survey.encoding.mu is mu else None
            self._set(layout, self._chart(kept.coords, mu, neighbours))
        elif settings.kind == "axes" and dims is not None:
            axes = AxesChart(mu, dims)
            self._set(Layout("axes", axes.coords.astype(np.float32), dims, settings), axes)
        else:
            plane = self._plane(mu)
            places = plane.coords.astype(np.float32, copy=False)
            self._set(Layout("pca", places, settings=replace(settings, kind="pca")), plane)

    def _chart(self, coords: Floats, mu: Floats, neighbours: Neighbours | None) -> UmapChart:
        """The one in hand where it is the same: its trees are made already."""
        had = self.chart
        if isinstance(had, UmapChart) and had.coords is coords and had.mu is mu and had.neighbours is neighbours:
            return had
        return UmapChart(coords, mu, neighbours)

    def _plane(self, mu: Floats) -> PcaChart:
        """That of the survey, which was made in its thread."""
        if self.survey is None:
            return PcaChart(mu, Pca.fit(mu))
        return self.survey.plane if self.survey.encoding.mu is mu else PcaChart(mu, self.survey.pca)

    def _dims(self) -> tuple[int, int] | None:
        """The two dimensions to be shown: those chosen, where the run has them."""
        order = [int(dim) for dim in self._session.order()]
        chosen = self._settings.dims
        if chosen is not None and all(dim in order for dim in chosen):
            return chosen
        return (order[0], order[1]) if len(order) > 1 else None

    def _set(self, layout: Layout, chart: Chart) -> None:
        self.chart = None if self.survey is None else chart  # it is walked on once its points were surveyed
        self._session.set_layout(layout)

    # -- what is laid out

    def _fit(self, anew: bool = False, asked: bool = False) -> None:
        settings = self._settings
        if not settings.fitted or self.survey is None or self._held:
            return
        encoding, known, under_way = self.survey.encoding, self._known(), self._fitting
        thorough = known is None or encoding.step == self._final
        if under_way is not None and not anew and self._still_meant(under_way, thorough):
            # one fit at a time: where the points move on meanwhile, the next begins where this one ends
            self._fitting = replace(under_way, asked=under_way.asked or asked)
            self._tell(None)
            return
        # of other points of the data the map goes on from where those lie that were on it, and so is there sooner, too
        kin = self.layouts.beginning(settings, encoding) if known is None and settings.kind == "umap" else None
        followed = known is not None or kin is not None
        self._fitting = _Fit(self.survey, settings, followed, asked or known is None, thorough)
        self._tell(None)
        if known is None:
            self._projector.fit(encoding.mu, kin, None if kin is None else KIN_EPOCHS, settings)
        else:
            epochs = THOROUGH_EPOCHS if thorough else None
            self._projector.fit(encoding.mu, known.coords, epochs, settings, known.encoding.mu)

    def _still_meant(self, fit: _Fit, thorough: bool) -> bool:
        """What it is at is wanted: these settings, and a layout of the points in hand or of where they were before; not
        a rough one where they have come to rest."""
        assert self.survey is not None, "points were encoded"
        same = same_images(fit.survey.encoding, self.survey.encoding)
        fine = fit.thorough or not thorough
        return self._projector.busy and same and fine and fit.settings.key == self._settings.key

    def _on_laid_out(self, _job: int, coords: NDArray[np.float32]) -> None:
        fit, self._fitting = self._fitting, None
        if fit is None:
            return
        rough = not fit.thorough
        kept = Kept(fit.survey.encoding, np.asarray(coords, np.float32), fit.settings, fit.followed, rough)
        self.layouts.put(kept)
        if self._settings.key == fit.settings.key:
            self._session.set_map_note("")
            self._show()
        self.laid_out.emit(fit.survey, kept.coords)
        if self._missing():
            self._fit()
        else:
            self.rested.emit()

    def _on_progress(self, _job: int, share: float) -> None:
        self._tell(share)

    def _tell(self, share: float | None) -> None:
        """How far it is, where somebody waits for it."""
        fit, layout = self._fitting, self._session.layout
        if fit is None or not fit.asked or self._settings.key != fit.settings.key:
            return
        name, meanwhile = NAMES[fit.settings.kind], "the last layout" if layout is None else NAMES[layout.kind]
        if layout is not None and layout.kind == fit.settings.kind:
            meanwhile = "the last layout"
        if share is None:
            first = COMPILES if fit.settings.kind == "umap" else ""
            note = f"{name} is on its way{first}; {meanwhile} meanwhile"
        else:
            note = f"{name} {share:.0%}; {meanwhile} meanwhile"
        self._session.set_map_note(note, "cancel")

    def _on_failed(self, _job: int, sentence: str) -> None:
        self._hold(sentence)

    def _hold(self, sentence: str) -> None:
        """Nothing more is fitted until it is asked for."""
        self._fitting, self._held = None, True
        self.rested.emit()
        self._session.set_map_note(sentence, "retry")
