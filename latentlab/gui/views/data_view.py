"""The data to learn from: a named source or a folder of one's own pictures, some of its images, and its facts."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QFileDialog, QSizePolicy, QVBoxLayout, QWidget

from latentlab.config import FOLDER
from latentlab.gui.session import Preview, Session
from latentlab.gui.widgets import labels
from latentlab.gui.widgets.named import named

SOURCE_NAMES = {
    "digits": "Digits",
    "shapes": "Shapes",
    "mnist": "MNIST",
    "fashion-mnist": "Fashion-MNIST",
    "cifar10": "CIFAR-10",
    "celeba": "CelebA",
    FOLDER: "Folder of pictures…",
}
THUMBNAIL = 28  # pixels of a side, or the nearest whole multiple or fraction of the images' own


class Thumbnails(QWidget):
    """As many of the images, side by side, as there is room for; at whole multiples, never smoothed."""

    GAP = 2

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._images: list[QImage] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_pixels(self, pixels: NDArray[np.uint8] | None) -> None:
        """uint8 (n, C, H, W), or None for nothing."""
        self._images = [] if pixels is None else [_picture(image) for image in pixels]
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(0, max((image.height() for image in self._images), default=THUMBNAIL))

    minimumSizeHint = sizeHint

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, left = QPainter(self), 0
        for image in self._images:
            if left + image.width() > self.width():
                break
            painter.drawImage(left, 0, image)
            left += image.width() + self.GAP


def _picture(pixels: NDArray[np.uint8]) -> QImage:
    """(C, H, W) as an image of about THUMBNAIL pixels, each pixel repeated or every k-th taken."""
    side = max(pixels.shape[1:])
    scale, step = max(THUMBNAIL // side, 1), max(round(side / THUMBNAIL), 1)
    small = pixels[:, ::step, ::step].repeat(scale, axis=1).repeat(scale, axis=2)
    rgb = np.ascontiguousarray(np.broadcast_to(small, (3, *small.shape[1:])).transpose(1, 2, 0))
    height, width, _ = rgb.shape
    return QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


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
