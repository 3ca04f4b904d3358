"""Reconstructions of the points that the map shows as pictures."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from latentlab.gui.records import Encoding, PointPictures
from latentlab.gui.session import Session
from latentlab.gui.threads.decoding import Decoder

CHANNEL = "thumbnails"


class Picturing(QObject):
    """Asks the decoder for what is wanted last; what comes for points that are encoded otherwise by now is dropped."""

    def __init__(self, session: Session, decoder: Decoder, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._decoder = session, decoder
        decoder.decoded.connect(self._on_decoded)

    def want(self, rows: NDArray[np.int64]) -> None:
        """These rows of the map, n of them."""
        session, encoding = self._session, self._session.encoding
        if encoding is None or session.run is None or not session.model_ready or not len(rows):
            return
        labels = None
        if session.run.conditional:
            if session.images is None or session.images.labels is None:
                return
            labels = session.images.labels[rows]
        self._decoder.ask(CHANNEL, encoding.mu[rows], labels, (encoding, rows))

    def _on_decoded(self, channel: str, _number: int, pixels: NDArray[np.uint8], tag: Any, step: int) -> None:
        if channel != CHANNEL:
            return
        encoding: Encoding = tag[0]
        if encoding is self._session.encoding:
            self._session.set_point_pictures(PointPictures(encoding.index[tag[1]], pixels, step))
