"""Images of the person's own: from a file, dropped or chosen, or from the clipboard."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QMimeData, QObject, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from latentlab.explore.own_image import OwnImage, from_pixels, read, rim_of
from latentlab.gui.main_window.inspecting import Inspecting
from latentlab.gui.session import Session
from latentlab.gui.states.inspector import Subject
from latentlab.gui.threads.jobs import Jobs

JOB = "own image"
RIMS = 256  # images of the run that say whether it is light on dark
NO_RUN = "Open a run first: it says what an image is encoded into"
NO_IMAGE = "There is no image in the clipboard: copy one, or an image file, and paste again"


class Receiving(QObject):
    """Brings them to the run's shape in a thread, and then into the inspector."""

    def __init__(self, session: Session, jobs: Jobs, inspecting: Inspecting, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._jobs, self._inspecting, self._window = session, jobs, inspecting, window
        self._image: OwnImage | None = None
        session.inspector.own_changed.connect(self._on_own)

    def ask(self) -> None:
        """Which file, asks a dialog."""
        if not self._ready():
            return
        dialog = QFileDialog(self._window, "Encode an image", str(Path.home()))
        dialog.setObjectName("own_image_dialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda file: self.take_file(Path(file)))
        dialog.open()

    def take_file(self, path: Path) -> None:
        if self._ready():
            shape, rim = self._shape(), self._rim()
            self._jobs.start(JOB, lambda _ticket: read(path, shape, rim), self._show)

    def take_picture(self, image: QImage, name: str) -> None:
        """As it was copied or dragged from another program."""
        if self._ready() and not image.isNull():
            shape, rim, rgb = self._shape(), self._rim(), as_rgb(image)
            self._jobs.start(JOB, lambda _ticket: from_pixels(rgb, shape, name, rim), self._show)

    def take_data(self, data: QMimeData, name: str = "the picture dropped") -> bool:
        """A file of an image, or an image itself; false where it is neither."""
        files = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
        if files and not files[0].is_dir():
            self.take_file(files[0])
            return True
        image = data.imageData()
        if isinstance(image, QImage) and not image.isNull():
            self.take_picture(image, name)
            return True
        return False

    def paste(self) -> None:
        """What is in the clipboard: an image, or a file of one."""
        if self._ready() and not self.take_data(QGuiApplication.clipboard().mimeData(), "the clipboard"):
            self._session.told.emit(NO_IMAGE, True)

    def invert(self) -> None:
        """Light for dark and dark for light."""
        if self._image is not None:
            self._show(self._image.exchanged())

    def remove(self) -> None:
        self._inspecting.show_own(None)

    def _show(self, image: OwnImage) -> None:
        run = self._session.run
        if run is not None and image.pixels.shape == run.image_shape:
            self._inspecting.show_own(Subject(image.pixels, image.name, note=image.note, inverted=image.inverted))
            self._image = image
            self._session.told.emit(image.note, False)

    def _on_own(self) -> None:
        if self._session.inspector.own is None:
            self._image = None
            self._jobs.cancel(JOB)  # another run was opened meanwhile, perhaps of another shape

    def _ready(self) -> bool:
        if self._session.run is None:
            self._session.told.emit(NO_RUN, True)
        return self._session.run is not None

    def _shape(self) -> tuple[int, int, int]:
        assert self._session.run is not None
        return self._session.run.image_shape

    def _rim(self) -> float | None:
        images = self._session.images
        return None if images is None or not len(images.index) else rim_of(images.pixels[:RIMS])


def as_rgb(image: QImage) -> NDArray[np.uint8]:
    """Pixels uint8 (height, width, 3); what is transparent becomes white."""
    whole = image.convertToFormat(QImage.Format.Format_RGBA8888)
    rows = np.frombuffer(whole.constBits(), np.uint8).reshape(whole.height(), whole.bytesPerLine())
    rgba = rows[:, : 4 * whole.width()].reshape(whole.height(), whole.width(), 4).astype(np.uint16)
    alpha = rgba[..., 3:]
    return ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
