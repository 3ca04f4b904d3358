"""What happened, line by line, with the time of day."""

from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from latentlab.gui.session import Session
from latentlab.gui.widgets import theme
from latentlab.gui.widgets.named import named

LINES = 5000  # older ones are dropped


class LogView(QWidget):
    """The log: read-only, to be selected and copied; it follows its end unless one has scrolled up."""

    fact_changed = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("log_view")
        self._text = named(QPlainTextEdit(self), "log", "Log", "What happened, newest last")
        self._text.setReadOnly(True)
        self._text.setMaximumBlockCount(LINES)
        self._text.setFont(theme.mono(theme.SMALL))
        self._text.setPlaceholderText("Nothing yet: what training, loading and saving have to say will stand here.")
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self._text.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._text.document().setDocumentMargin(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._text)
        session.logged.connect(self._append)

    def _append(self, line: str) -> None:
        self._text.appendPlainText(f"{datetime.now():%H:%M:%S}  {line}")
        count = self._text.blockCount()
        self.fact_changed.emit(f"{count:,} line{'s' if count > 1 else ''}")
