"""The data to learn from: a named source or a folder of one's own pictures, some of its images, and its facts."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QFileDialog, QSizePolicy, QVBoxLayout, QWidget

from latentlab.config import FOLDER
from latentlab.gui.records import Preview
from latentlab.gui.session import Session
from latentlab.gui.widgets import labels
from latentlab.gui.widgets.named import named
from latentlab.gui.widgets.picture import fitted, whole_multiple

SOURCE_NAMES = {
    "digits": "Digits",
    "shapes": "Shapes",
    "mnist": "MNIST",
    "fashion-mnist": "Fashion-MNIST",
    "cifar10": "CIFAR-10",
    "celeba": "CelebA",
    FOLDER: "Folder of pictures…",
}
THUMBNAIL = 32  # pixels of a side at most


class Thumbnails(QWidget):
    """As many of the images, side by side, as there is room for; at whole multiples, never smoothed."""

    GAP = 2

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pixels: NDArray[np.uint8] = np.empty((0, 1, THUMBNAIL, THUMBNAIL), np.uint8)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_pixels(self, pixels: NDArray[np.uint8] | None) -> None:
        """uint8 (n, C, H, W), or None for nothing."""
        self._pixels = self._pixels[:0] if pixels is None else pixels
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        height, width = self._pixels.shape[2:]
        return QSize(0, round(height * whole_multiple((height, width), THUMBNAIL, THUMBNAIL)))

    minimumSizeHint = sizeHint

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, left, ratio = QPainter(self), 0.0, self.devicePixelRatioF()
        for pixels in self._pixels:
            picture = fitted(pixels, THUMBNAIL, THUMBNAIL, ratio)
            if left + picture.width() / ratio > self.width():
                break
            painter.drawPixmap(QPointF(left, 0), picture)
            left += picture.width() / ratio + self.GAP


class DataView(QWidget):
    """Chooses the data. A folder can also be dropped here."""

    source_chosen = Signal(str)
    folder_chosen = Signal(str)
    fact_changed = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("data_view")
        self._session = session
        self._source = named(QComboBox(self), "source", "Data set", "The images to learn from")
        for source, name in SOURCE_NAMES.items():
            self._source.addItem(name, source)
        self._thumbnails = Thumbnails(self)
        self._facts = labels.muted(wrap=True)
        self._problem = labels.bad()
        column = QVBoxLayout(self)
        column.setSpacing(4)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self._source, self._thumbnails, self._facts, self._problem):
            column.addWidget(part)
        column.addStretch(1)
        self.setAcceptDrops(True)
        self._source.activated.connect(self._on_chosen)
        session.config_changed.connect(self._refresh)
        session.preview_changed.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        data, preview = self._session.config.data, self._session.preview
        self._source.setCurrentIndex(self._source.findData(data.source))
        if preview is None or preview.source != data.source:
            preview = Preview(data.source, facts=f"Reading {data.path or SOURCE_NAMES.get(data.source, data.source)}…")
        self._thumbnails.set_pixels(preview.pixels)
        self._facts.setText(preview.facts)
        self._problem.setText(preview.problem)
        self._facts.setVisible(not preview.problem)
        self._problem.setVisible(bool(preview.problem))
        self._thumbnails.setVisible(not preview.problem)
        self.fact_changed.emit(preview.counts)

    def _on_chosen(self, index: int) -> None:
        source = self._source.itemData(index)
        if source != FOLDER:
            self.source_chosen.emit(source)
            return
        folder = QFileDialog.getExistingDirectory(self, "Folder of pictures", self._session.config.data.path or "")
        if folder:
            self.folder_chosen.emit(folder)
        else:
            self._refresh()

    # -- dropping a folder

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped_folder(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        folder = _dropped_folder(event)
        if folder is not None:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.folder_chosen.emit(folder)


def _dropped_folder(event: QDropEvent) -> str | None:
    for url in event.mimeData().urls():
        if url.isLocalFile() and Path(url.toLocalFile()).is_dir():
            return url.toLocalFile()
    return None
