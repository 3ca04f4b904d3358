"""Which weights decoded the picture that is shown, and how old they are."""

import time

from PySide6.QtCore import Signal

from latentlab.gui.states.state import State


class DecodedState(State):
    """step: of the weights that decoded `session.picture`; None while nothing is."""

    changed = Signal()

    step: int | None = None
    _weights: tuple[int, float] | None = None  # step and clock of the training's last snapshot here

    def heard(self, step: int) -> None:
        """A snapshot of the training of this step decodes from now on."""
        self._weights = (step, time.monotonic())

    def set_step(self, step: int) -> None:
        if step != self.step:
            self.step = step
            self.changed.emit()

    @property
    def age(self) -> float | None:
        """Seconds since the snapshot that decoded the picture came; None where the weights are a run's own."""
        known = self._weights is not None and self._weights[0] == self.step
        return time.monotonic() - self._weights[1] if known else None  # type: ignore[index]

    def forget(self) -> None:
        self.step = self._weights = None
        self.changed.emit()
