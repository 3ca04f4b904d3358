"""What is asked about the points because their colours are to show it: computed when it is chosen, not before."""

from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import QObject

from latentlab.gui.records import Encoding, PointFacts
from latentlab.gui.session import Session
from latentlab.gui.threads.encoding import Encoder
from latentlab.gui.threads.judging import JUDGED, Judged
from latentlab.images import Images


class Judging(QObject):
    """Asks for the wanted fact, one at a time, and again when the weights have moved on."""

    def __init__(self, session: Session, encoder: Encoder, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._encoder = session, encoder
        self._wanted = ""
        self._asked = ""  # what is under way
        self._known: dict[str, Encoding] = {}  # the encoding that each fact was asked for
        encoder.judged.connect(self._on_judged)
        encoder.failed.connect(lambda _sentence: self._forget())
        session.history_changed.connect(self._forget)  # of other weights: what was asked before is dropped
        session.model_ready_changed.connect(self._on_model)
        for signal in (session.encoding_changed, session.images_changed, session.training_changed):
            signal.connect(self._ask)

    def want(self, fact: str) -> None:
        """'density' or 'anomaly' from now on; anything else: neither."""
        self._wanted = fact if fact in JUDGED else ""
        self._ask()

    def _forget(self) -> None:
        self._asked = ""

    def _on_model(self) -> None:
        self._forget()  # what was asked of another run is not answered any more
        self._ask()

    def _ask(self) -> None:
        session, fact = self._session, self._wanted
        encoding, facts = session.encoding, session.facts
        if not fact or encoding is None or not session.model_ready:
            return
        if fact == self._asked and (session.training.active or self._known.get(fact) is encoding):
            return  # it is under way; while training, of points that were there when it was begun
        known = facts is not None and getattr(facts, fact) is not None
        if facts is not None and known and (facts.step == encoding.step or self._known.get(fact) is encoding):
            return
        images = self._images()
        if fact == "anomaly" and (images is None or not np.array_equal(images.index, encoding.index)):
            return
        self._asked, self._known[fact] = fact, encoding
        self._encoder.ask(fact, encoding, images)

    def _images(self) -> Images | None:
        images, run = self._session.images, self._session.run
        if images is None or run is None:
            return None
        return Images(images.pixels, images.index, images.labels, run.class_names)

    def _on_judged(self, judged: Judged) -> None:
        if judged.fact == self._asked:
            self._forget()
        encoding, facts = self._session.encoding, self._session.facts
        if encoding is None or not np.array_equal(encoding.index, judged.index):
            return
        known = facts if facts is not None and facts.step == judged.step else PointFacts(judged.step)
        more: dict[str, Any] = {judged.fact: judged.values}
        self._session.set_facts(replace(known, **more))
        if not self._session.training.active:  # while training, the next survey asks: the points have their own pace
            self._ask()
