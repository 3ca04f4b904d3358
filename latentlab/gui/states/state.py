"""What one part of the window is about."""

from PySide6.QtCore import QObject


class State(QObject):
    """A part of the session, made with it as the parent. Another run is opened: `forget` what belonged to the last."""

    def forget(self) -> None:
        raise NotImplementedError  # an abstract method: every subclass forgets its own
