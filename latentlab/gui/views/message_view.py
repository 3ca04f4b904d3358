"""One line at the foot of the window for what the person should know: the newest sentence, until it is read."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from latentlab.gui.session import Session

NOTICE_MS = 8000  # a notice goes by itself; an error stays until it is dismissed


class MessageView(QWidget):
    """Hidden while there is nothing to say."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("message_view")
        self.label = QLabel()
        self.label.setObjectName("message")
        self.label.setAccessibleName("Message")
        self.label.setWordWrap(True)
        self.label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        dismiss = QToolButton()
        dismiss.setText("×")
        dismiss.setObjectName("message_dismiss")
        dismiss.setAccessibleName("Dismiss the message")
        dismiss.setToolTip("Dismiss")
        dismiss.setProperty("look", "quiet")
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 2, 6, 2)
        row.addWidget(self.label, 1)
        row.addWidget(dismiss)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(NOTICE_MS)
        self._timer.timeout.connect(self.hide)
        dismiss.clicked.connect(self.hide)
        session.told.connect(self._on_told)
        self.hide()

    def _on_told(self, sentence: str, error: bool) -> None:
        self.label.setText(sentence)
        self.label.setProperty("role", "bad" if error else "")
        self.label.style().polish(self.label)
        if error:
            self._timer.stop()
        else:
            self._timer.start()
        self.show()
