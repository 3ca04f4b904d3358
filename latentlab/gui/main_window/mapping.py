"""Keeps the map: PCA at once, UMAP when its process has it, refitted from the last layout as the weights move on."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from latentlab.explore.charts import AxesChart, Chart, PcaChart, UmapChart
from latentlab.gui.records import Encoding, Layout
from latentlab.gui.session import Session
from latentlab.gui.threads.encoding import Survey
from latentlab.gui.threads.projection import Projector

REFIT_EPOCHS = 30  # from the last layout: 0.2 s at 5,000 points, against seconds from nothing
WAITING = "UMAP is on its way (it compiles first, 10 to 20 s); PCA meanwhile"


class Mapping(QObject):
    """Turns surveys into layouts of the kind that is wanted. `laid_out` comes with each UMAP that may be kept."""

    laid_out = Signal(object, object)  # Survey, coords (N, 2)

    def __init__(self, session: Session, projector: Projector, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._projector = session, projector
        self.wanted = "umap"
        self.survey: Survey | None = None
        self.chart: Chart | None = None
        self._umap: NDArray[np.float32] | None = None  # the last layout, and
        self._umap_index: NDArray[np.int64] | None = None  # the images that it is of, by
        self._umap_step = -1  # the weights of this step
        self._fitting: Survey | None = None
        self._behind = False  # the points moved on while a fit was under way
        self._final = -1  # the training ended at this step: its layout is to be a thorough one
        projector.laid_out.connect(self._on_laid_out)
        projector.failed.connect(self._on_failed)
        projector.progressed.connect(self._on_progress)

    def forget(self) -> None:
        """Another run is opened: nothing of this one stays."""
        if self._projector.busy:
            self._projector.cancel()
        self.survey = self.chart = self._fitting = None
        self._umap = self._umap_index = None
        self._umap_step = self._final = -1
        self._behind = False

    def show_kept(self, encoding: Encoding, umap: NDArray[np.float32]) -> None:
        """The map that was kept with a run: it is seen at once, and can be walked on once its points were surveyed."""
        self._umap, self._umap_index, self._umap_step = umap, encoding.index, encoding.step
        self._session.set_encoding(encoding)
        if self.wanted == "umap":
            self._session.set_layout(Layout("umap", umap))

    def take(self, survey: Survey) -> None:
        """Points were encoded."""
        self.survey = survey
        self._session.set_map_note("")
        fits = self._umap_step == survey.encoding.step  # the layout in hand is already of these very weights
        self._session.set_encoding(survey.encoding)
        self._show()
        if survey.encoding.step == self._final:
            self._final = -1
            self._fit(thorough=True)
        elif not fits or self._known() is None:
            self._fit()

    def choose(self, kind: str) -> None:
        """'umap', 'pca' or 'axes' from now on."""
        self.wanted = kind
        if self.survey is not None:
            self._show()
            if kind == "umap" and (self._known() is None or self._umap_step != self.survey.encoding.step):
                self._fit()
            elif kind != "umap":
                self._session.set_map_note("")

    def settle(self, step: int) -> None:
        """The weights come to rest at this step: lay it out properly, not only a few epochs from the last layout."""
        self._final = step

    def _known(self) -> NDArray[np.float32] | None:
        """The last UMAP layout, if it is of the images in hand."""
        if self.survey is None or self._umap is None or self._umap_index is None:
            return None
        return self._umap if np.array_equal(self._umap_index, self.survey.encoding.index) else None

    def _show(self) -> None:
        assert self.survey is not None
        mu, known = self.survey.encoding.mu, self._known()
        order = self._session.order()
        if self.wanted == "umap" and known is not None:
            self._set(Layout("umap", known), UmapChart(known, mu))
        elif self.wanted == "axes" and len(order) > 1:
            axes = AxesChart(mu, (int(order[0]), int(order[1])))
            self._set(Layout("axes", axes.coords.astype(np.float32), axes.dims), axes)
        else:
            plane = PcaChart(mu, self.survey.pca)
            self._set(Layout("pca", plane.coords.astype(np.float32)), plane)

    def _set(self, layout: Layout, chart: Chart) -> None:
        self.chart = chart
        self._session.set_layout(layout)

    def _fit(self, thorough: bool = False) -> None:
        if self.wanted != "umap" or self.survey is None:
            return
        if self._projector.busy and self._fitting is not None and not thorough:
            # one fit at a time: the next begins where this one ends
            self._behind = self._fitting.encoding.step != self.survey.encoding.step
            return
        self._behind = False
        known = self._known()
        self._fitting = self.survey
        if known is None:
            self._session.set_map_note(WAITING)
        self._projector.fit(self.survey.encoding.mu, known, None if known is None or thorough else REFIT_EPOCHS)

    def _on_laid_out(self, _job: int, coords: NDArray[np.float32]) -> None:
        fitted, self._fitting = self._fitting, None
        if fitted is None:
            return
        self._umap, self._umap_index = np.asarray(coords, np.float32), fitted.encoding.index
        self._umap_step = fitted.encoding.step
        self._session.set_map_note("")
        if self.wanted == "umap":
            self._show()
        self.laid_out.emit(fitted, self._umap)
        if self._behind:
            self._behind = False
            self._fit()

    def _on_progress(self, _job: int, share: float) -> None:
        if self._known() is None and self.wanted == "umap":
            self._session.set_map_note(f"UMAP {share:.0%}; PCA meanwhile")

    def _on_failed(self, _job: int, sentence: str) -> None:
        self._fitting = None
        self._session.set_map_note(sentence)
