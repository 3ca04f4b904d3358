"""The slider through a run's epochs, under the map: only there where the run has a history."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QSlider, QWidget

from latentlab.gui.records import epoch_words
from latentlab.gui.session import Session
from latentlab.gui.widgets import labels, theme
from latentlab.gui.widgets.named import named

RADIUS = 6.0
INSET = RADIUS + 2.0  # pixels from the edges to the track's ends: the thumb there is whole, with its ring of the focus
TICKS_APART = 4.0  # pixels, at least: more epochs than that are drawn as every second, fifth, tenth ...
STEPS = (1, 2, 5)
TIP = "Go back through the epochs: the map, the pictures and the curves' line follow ( [ and ] )"


class Scrubber(QWidget):
    """Shows `session.history`; `epoch_chosen` says which epoch is asked for, None: the newest weights."""

    epoch_chosen = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("scrubber")
        self._session = session
        self.slider = named(EpochSlider(), "epoch_slider", "Epoch shown", TIP)
        self.words = labels.figure()
        self.words.setObjectName("epoch_words")
        self.words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        tip = "Show the newest weights again (End)"
        self.newest = named(QPushButton("Newest"), "epoch_newest", "Newest weights", tip)
        self.newest.setProperty("look", "segment")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(labels.muted("Epoch"))
        row.addWidget(self.slider, 1)
        row.addWidget(self.words)
        row.addWidget(self.newest)
        self.slider.valueChanged.connect(self._on_moved)
        self.newest.clicked.connect(lambda: self.epoch_chosen.emit(None))
        for signal in (session.history_changed, session.training_changed, session.run_changed):
            signal.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        history = self._session.history
        self.setVisible(len(history.places) > 1)
        if not history.places:
            return
        self.slider.show_places(len(history.places), history.at)
        self.newest.setEnabled(history.shown is not None)
        words = self._say()
        self.words.setText(words)
        self.words.setMinimumWidth(max(self.words.minimumWidth(), self.words.sizeHint().width()))
        self.slider.setAccessibleDescription(words)

    def _say(self) -> str:
        """As the run bar and the list of runs do, but for the word 'epoch', which stands at the other end."""
        history, training, run = self._session.history, self._session.training, self._session.run
        if run is None:
            return ""
        done = history.shown
        if done is None:
            done = run.epoch if history.newest_epoch is None else history.newest_epoch
        words = epoch_words(done, run.config.training.epochs).removeprefix("epoch ")
        if history.shown is not None:
            return words + " · training goes on" * (training.phase == "training")
        return words + " · newest" * history.between

    def _on_moved(self, place: int) -> None:
        places = self._session.history.places
        if place < len(places):
            self.epoch_chosen.emit(places[place])


class EpochSlider(QSlider):
    """A thin track with a tick for each epoch; the thumb is hollow where it follows the newest weights."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._places = 0
        self.setPageStep(5)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_places(self, count: int, place: int) -> None:
        """So many places has the track, and the thumb is at this one; nothing is reported as moved."""
        blocked = self.blockSignals(True)
        self._places = count
        self.setRange(0, max(count - 1, 0))
        if not self.isSliderDown():
            self.setValue(place)
        self.blockSignals(blocked)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self.setValue(self._nearest(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self.setValue(self._nearest(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(False)

    def sizeHint(self) -> QSize:
        return QSize(160, 22)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, 22)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.current()
        painter = QPainter(self)
        middle = self.height() / 2
        painter.fillRect(QRectF(INSET, middle - 0.5, self._length(), 1), theme.qcolor(colours.muted))
        for place in self._ticks():
            painter.fillRect(QRectF(round(self._x(place)), middle - 4, 1, 9), theme.qcolor(colours.muted))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.qcolor(colours.accent))
        centre = QPointF(self._x(self.value()), middle)
        painter.drawEllipse(centre, RADIUS, RADIUS)
        if self.hasFocus():
            painter.setPen(QPen(theme.qcolor(colours.text), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(centre, RADIUS + 1.25, RADIUS + 1.25)
        painter.end()

    def _ticks(self) -> list[int]:
        """The places that are marked: all of them, or those of every so-manieth epoch where they would touch."""
        apart = self._length() / max(self._places - 1, 1)
        if apart >= TICKS_APART:
            return list(range(self._places))
        every = next(
            step * 10**power for power in range(9) for step in STEPS if step * 10**power * apart >= TICKS_APART
        )
        return list(range(0, self._places, every))

    def _length(self) -> float:
        return max(self.width() - 2 * INSET, 1.0)

    def _x(self, place: int) -> float:
        return INSET + place / max(self.maximum(), 1) * self._length()

    def _nearest(self, x: float) -> int:
        return round(min(max((x - INSET) / self._length(), 0.0), 1.0) * self.maximum())
