"""How much each latent dimension carries: bars of KL, largest first, and in words what that means."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from latentlab.gui.session import Session
from latentlab.gui.widgets import labels


class DimensionsView(QWidget):
    """KL per latent dimension."""

    fact_changed = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dimensions_view")
        column = QVBoxLayout(self)
        column.addWidget(labels.empty("No KL yet: open a run, or press Train"))
