"""Measures how far the map that is shown can be trusted, once it has settled; not while it follows a training."""

import zlib

from PySide6.QtCore import QObject, QTimer

from latentlab.explore.trust import neighbours_for, trustworthiness
from latentlab.gui.records import Trust
from latentlab.gui.session import Session
from latentlab.gui.threads.jobs import Jobs

SETTLED_MS = 400  # without another layout
TOLD_APART = 2000  # rows
KEPT = 64  # figures that are remembered, of the layouts that are gone back to


class Trusting(QObject):
    """Keeps `session.trust` to the layout in hand: None until it is known."""

    def __init__(self, session: Session, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._jobs = session, jobs
        self._known: dict[tuple[int, int], Trust] = {}
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SETTLED_MS)
        self._soon.timeout.connect(self._measure)
        session.layout_changed.connect(self._renew)
        session.training_changed.connect(self._on_training)

    def close(self) -> None:
        self._soon.stop()

    def _renew(self) -> None:
        """Another layout: what was known was of the one before."""
        self._jobs.cancel("trust")
        key = self._key()
        self._session.set_trust(None if key is None else self._known.get(key))
        self._soon.start()

    def _on_training(self) -> None:
        if self._session.trust is None and not self._follows():
            self._soon.start()

    def _follows(self) -> bool:
        return self._session.training.phase in ("preparing", "training")

    def _key(self) -> tuple[int, int] | None:
        """What tells this layout of these latents from others; None where they do not belong together."""
        layout, encoding = self._session.layout, self._session.encoding
        if layout is None or encoding is None or len(layout.coords) != len(encoding):
            return None
        # a few thousand rows tell layouts apart as well as all
        some = slice(None, None, max(len(encoding) // TOLD_APART, 1))
        return zlib.crc32(layout.coords[some].tobytes()), zlib.crc32(encoding.mu[some].tobytes())

    def _measure(self) -> None:
        layout, encoding, key = self._session.layout, self._session.encoding, self._key()
        if layout is None or encoding is None or key is None or self._follows() or self._session.trust is not None:
            return
        k, mu, coords = neighbours_for(len(encoding)), encoding.mu, layout.coords
        if not k:
            return

        def done(value: float | None) -> None:
            if value is not None and self._key() == key:
                self._known = dict([*self._known.items(), (key, Trust(value, k))][-KEPT:])
                self._session.set_trust(self._known[key])

        self._jobs.start("trust", lambda ticket: trustworthiness(mu, coords, k, ticket.cancelled), done)
