"""What the person should know, over the top of the map: the newest sentence, until it is read."""

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from latentlab.gui.session import Session

NOTICE_MS = 8000  # a notice goes by itself; an error stays until it is dismissed
MARGIN = 8  # pixels to the edges of what it lies over
WIDEST = 520  # pixels


class MessageView(QFrame):
    """A small card over the top of `over`, a part of the window. Hidden while there is nothing to say."""

    def __init__(self, session: Session, parent: QWidget, over: QWidget) -> None:
        super().__init__(parent)
        self._over = over
        self.setObjectName("message_view")
        self.setProperty("card", "floating")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.label = QLabel()
        self.label.setObjectName("message")
        self.label.setAccessibleName("Message")
        self.label.setWordWrap(True)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        dismiss = QToolButton()
        dismiss.setText("×")
        dismiss.setObjectName("message_dismiss")
        dismiss.setAccessibleName("Dismiss the message")
        dismiss.setToolTip("Dismiss")
        dismiss.setProperty("look", "quiet")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        row.addWidget(self.label, 1)
        row.addWidget(dismiss)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(NOTICE_MS)
        self._timer.timeout.connect(self.hide)
        dismiss.clicked.connect(self.hide)
        session.told.connect(self._on_told)
        over.installEventFilter(self)
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move) and self.isVisible():
            self._place()
        return False

    def _on_told(self, sentence: str, error: bool) -> None:
        self.label.setText(sentence)
        self.label.setProperty("role", "bad" if error else "")
        self.label.style().polish(self.label)
        if error:
            self._timer.stop()
        else:
            self._timer.start()
        self.show()
        self._place()
        self.raise_()

    def _place(self) -> None:
        parent = self.parentWidget()
        assert parent is not None, "it lies over something"
        corner, room = self._over.mapTo(parent, QPoint(0, 0)), self._over.width()
        natural = self.label.fontMetrics().horizontalAdvance(self.label.text()) + 72
        width = min(WIDEST, room - 2 * MARGIN, natural)
        self.resize(width, max(self.heightForWidth(width), 40))
        self.move(corner.x() + (room - width) // 2, corner.y() + MARGIN)
