"""The list of runs: what each was trained on, how good it became and how far it came. A click opens one."""

from dataclasses import replace
from typing import cast

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    SignalInstance,
)
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QStackedLayout,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QWidget,
)

from latentlab.gui.records import epoch_words
from latentlab.gui.session import Session
from latentlab.gui.widgets import labels, theme
from latentlab.gui.widgets.named import named
from latentlab.gui.widgets.whole_rows import WholeRowsList
from latentlab.runs.folder import RunSummary, Shown

SUMMARY = int(Qt.ItemDataRole.UserRole)
OPEN = SUMMARY + 1
INITIALS = {"vae": "V", "beta-vae": "β", "cvae": "C"}
ROW_HEIGHT = 40
CLOSE_TIP = "Close the run that is open: it stays in the list, and nothing is deleted (Ctrl+W)"
Index = QModelIndex | QPersistentModelIndex


def second_line(run: RunSummary) -> str:
    """'238.4 · epoch 6 of 20': the best negative ELBO in nats, and how far it came."""
    if run.status == "unreadable":
        return "cannot be read"
    best = [f"{run.best_neg_elbo:,.1f}"] if run.best_neg_elbo is not None else []
    return " · ".join([*best, epoch_words(run.epochs_done, run.epochs_total)])


def status_word(run: RunSummary) -> str:
    """What is worth saying besides: nothing of a run that is complete and one's own."""
    if run.status == "unreadable":
        return ""
    return "read-only" if run.read_only else "" if run.status == "completed" else run.status


def spoken(run: RunSummary) -> str:
    """Everything that is known of the run, for tooltips and screen readers."""
    if run.status == "unreadable":
        return f"{run.name}: {run.note}"
    lines = [run.name, f"{run.kind} on {run.data}, {run.latent_dim} latent dimensions, beta {run.beta:g}"]
    if run.best_neg_elbo is not None:
        lines.append(f"best negative ELBO {run.best_neg_elbo:.2f} nats per image")
    lines.append(f"{run.status}, {epoch_words(run.epochs_done, run.epochs_total)}" + (", read-only" * run.read_only))
    return "\n".join(lines)


def as_open(row: RunSummary, session: Session) -> RunSummary:
    """The row of the run that is open says what the run bar does; what its folder says is behind, while it trains."""
    run, phase = session.run, session.training.phase
    if run is None or row.path != run.path or row.status == "unreadable":
        return row
    status = "paused" if phase in ("pausing", "paused") else "training" if phase == "training" else run.status
    return replace(row, epochs_done=run.epoch, epochs_total=run.config.training.epochs, status=cast(Shown, status))


class Runs(QAbstractListModel):
    """The rows of the list, and which of them is open."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._runs: tuple[RunSummary, ...] = ()
        self._open = ""

    def set_runs(self, runs: tuple[RunSummary, ...]) -> None:
        if [run.path for run in runs] == [run.path for run in self._runs]:  # the list stays where it was scrolled to
            if runs != self._runs:
                self._runs = runs
                self.dataChanged.emit(self.index(0), self.index(len(runs) - 1))
            return
        self.beginResetModel()
        self._runs = runs
        self.endResetModel()

    def set_open(self, path: str) -> None:
        self._open = path
        if self._runs:
            self.dataChanged.emit(self.index(0), self.index(len(self._runs) - 1))

    def row_of(self, path: str) -> int:
        """-1 where it is not in the list."""
        return next((row for row, run in enumerate(self._runs) if str(run.path) == path), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._runs)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        run = self._runs[index.row()]
        if role == SUMMARY:
            return run
        if role == OPEN:
            return str(run.path) == self._open
        if role == Qt.ItemDataRole.DisplayRole:
            return run.name
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return spoken(run)
        return None


class RunPainter(QStyledItemDelegate):
    """A row: a tile with the kind's letter, the name, and a line of figures. The open run carries the accent."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        run: RunSummary = index.data(SUMMARY)
        is_open: bool = index.data(OPEN)
        colours = theme.current()
        state, box = option.state, option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        row = QRectF(box).adjusted(0, 1, 0, -1)
        if is_open or state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(theme.qcolor(colours.control))
            painter.drawRoundedRect(row, 6, 6)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(theme.qcolor(colours.accent))
            painter.drawRoundedRect(row.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        self._paint_tile(painter, QRectF(box.left() + 5, box.top() + 6, 28, 28), run, is_open)
        self._paint_texts(painter, box.adjusted(41, 3, -6, -4), run)
        painter.restore()

    def _paint_tile(self, painter: QPainter, tile: QRectF, run: RunSummary, is_open: bool) -> None:
        colours = theme.current()
        painter.setPen(theme.qcolor(colours.accent if is_open else colours.line))
        painter.setBrush(theme.qcolor(colours.accent if is_open else colours.control))
        painter.drawRoundedRect(tile.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setPen(theme.qcolor(colours.on_accent if is_open else colours.muted))
        painter.setFont(theme.sans(theme.LARGE))
        painter.drawText(tile, Qt.AlignmentFlag.AlignCenter, INITIALS.get(run.kind, "?"))

    def _paint_texts(self, painter: QPainter, room: QRect, run: RunSummary) -> None:
        colours = theme.current()
        quiet = colours.bad if run.status in ("failed", "unreadable") else colours.muted
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        top, bottom = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignBottom
        word = status_word(run)
        taken = QFontMetrics(theme.sans(theme.SMALL)).horizontalAdvance(word)
        figures = QFontMetrics(theme.mono(theme.SMALL)).horizontalAdvance(second_line(run))
        beside = word and figures + taken + 4 <= room.width()
        name = room.adjusted(0, 0, 0 if beside or not word else -taken - 8, 0)
        self._write(painter, name, top | left, theme.sans(theme.LARGE), colours.text, run.name)
        self._write(painter, room, bottom | left, theme.mono(theme.SMALL), quiet, second_line(run))
        self._write(painter, room, (bottom if beside else top) | right, theme.sans(theme.SMALL), quiet, word)

    def _write(
        self, painter: QPainter, room: QRect, where: Qt.AlignmentFlag, font: QFont, colour: str, text: str
    ) -> None:
        painter.setFont(font)
        painter.setPen(theme.qcolor(colour))
        shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, where, shown)


class RunsView(QWidget):
    """The runs there are. Enter or a click opens one; the buttons in the heading close and look again."""

    run_chosen = Signal(str)
    refresh_pressed = Signal()
    close_pressed = Signal()
    fact_changed = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runs_view")
        self._session = session
        self._runs = Runs(self)
        self._list = named(WholeRowsList(ROW_HEIGHT, self), "runs", "Runs", "A click or Enter opens a run")
        self._list.setMouseTracking(True)
        self._list.setUniformItemSizes(True)
        self._list.setModel(self._runs)
        self._list.setItemDelegate(RunPainter(self._list))
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._empty = labels.empty("No run yet: press Train, or drop a folder of pictures on Data")
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._list)
        self._stack.addWidget(self._empty)
        self._refresh_button = self._button("↻", "refresh_runs", "Look for runs again", self.refresh_pressed)
        self._close_button = self._button("Close run", "close_run", CLOSE_TIP, self.close_pressed)
        self.header_controls: list[QWidget] = [self._refresh_button, self._close_button]
        self._list.clicked.connect(self._on_chosen)
        self._list.activated.connect(self._on_chosen)
        session.runs_changed.connect(self._refresh_runs)
        session.run_changed.connect(self._refresh_open)
        for signal in (session.run_changed, session.training_changed):
            signal.connect(self._refresh_figures)
        self._refresh_runs()

    def _button(self, text: str, name: str, tip: str, signal: SignalInstance) -> QToolButton:
        button = named(QToolButton(self), name, tip.partition(":")[0], tip)
        button.setText(text)
        button.setProperty("look", "quiet")
        button.clicked.connect(signal)
        return button

    def _refresh_runs(self) -> None:
        runs = self._session.runs
        self._refresh_figures()
        self._stack.setCurrentWidget(self._list if runs else self._empty)
        self.fact_changed.emit(str(len(runs)) if runs else "")
        self._refresh_open()

    def _refresh_figures(self) -> None:
        self._runs.set_runs(tuple(as_open(row, self._session) for row in self._session.runs))

    def _refresh_open(self) -> None:
        run = self._session.run
        path = "" if run is None else str(run.path)
        self._runs.set_open(path)
        self._close_button.setEnabled(run is not None)
        row = self._runs.row_of(path)
        if row >= 0:
            self._list.setCurrentIndex(self._runs.index(row))

    def _on_chosen(self, index: QModelIndex) -> None:
        if not index.data(OPEN):
            self.run_chosen.emit(str(index.data(SUMMARY).path))
