"""One entry of a legend: a coloured dot, a name, how many there are; pressed, what it stands for is hidden or shown."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFont, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from latentlab.gui.widgets import theme
from latentlab.gui.widgets.legend_scale import HEIGHT, paint_part
from latentlab.gui.widgets.named import wrapped

DOT, GAP, INSET = 8, 6, 3  # pixels
WAYS = "Click to hide or show; double click or Enter: only this; right click: select"


class LegendEntry(QAbstractButton):
    """name and colour '#RRGGBB'; count: how many there are, and how many of them are shown; None: not known."""

    only_asked = Signal(bool)  # True: by a double click, so after one click
    menu_asked = Signal(object)  # where on the screen
    step_asked = Signal(int)  # the focus goes on by so many entries

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.name, self.colour = "", "#000000"
        self.count: tuple[int, int] | None = None
        self.shades: tuple[str, ...] = ()  # of a part of a scale, which is painted instead of a dot and a name
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def set_entry(self, name: str, colour: str, count: tuple[int, int] | None) -> None:
        if (name, colour, count) == (self.name, self.colour, self.count):
            return
        self.name, self.colour, self.count = name, colour, count
        self.setObjectName(f"legend_{name}")
        self.setAccessibleName(self._spoken())
        self.setToolTip(wrapped(f"{self._spoken()}\n{WAYS}") if count else "")
        self.setEnabled(count is not None)
        self.setCursor(Qt.CursorShape.PointingHandCursor if count else Qt.CursorShape.ArrowCursor)
        self.setText(name)
        self.updateGeometry()
        self.update()

    @property
    def hidden(self) -> bool:
        """There are some, and none of them is shown."""
        return self.count is not None and self.count[0] > 0 and self.count[1] == 0

    def counted(self) -> str:
        """'1,203', or '312 of 1,203' where only some are shown."""
        if self.count is None:
            return ""
        total, shown = self.count
        return f"{total:,}" if shown in (0, total) else f"{shown:,} of {total:,}"

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(theme.sans(theme.SMALL))
        count = GAP + metrics.horizontalAdvance(self.counted()) if self.count else 0
        return QSize(2 * INSET + DOT + GAP + metrics.horizontalAdvance(self.name) + count, HEIGHT)

    def set_shades(self, shades: tuple[str, ...]) -> None:
        if shades != self.shades:
            self.shades = shades
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours, painter = theme.current(), QPainter(self)
        if self.shades:
            self._paint_part(painter)
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.hasFocus() or (self.underMouse() and self.count):
            painter.setPen(QPen(theme.qcolor(colours.accent if self.hasFocus() else colours.line), 1))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        middle = QPointF(INSET + DOT / 2, HEIGHT / 2)
        painter.setPen(QPen(theme.qcolor(self.colour), 1) if self.hidden else Qt.PenStyle.NoPen)
        painter.setBrush(Qt.BrushStyle.NoBrush if self.hidden else theme.qcolor(self.colour))
        painter.drawEllipse(middle, (DOT - self.hidden) / 2, (DOT - self.hidden) / 2)
        self._write(painter)
        painter.end()

    def _paint_part(self, painter: QPainter) -> None:
        paint_part(painter, self.rect(), self.shades, self.hidden)
        if self.hasFocus() or (self.underMouse() and self.count):
            painter.setPen(QPen(theme.qcolor(theme.current().accent if self.hasFocus() else theme.current().text), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 1, -1, -2))

    def _write(self, painter: QPainter) -> None:
        colours, font = theme.current(), QFont(theme.sans(theme.SMALL))
        font.setStrikeOut(self.hidden)
        painter.setFont(font)
        painter.setPen(theme.qcolor(colours.muted if self.hidden or self.count is None else colours.text))
        left, base = INSET + DOT + GAP, HEIGHT // 2 + 4
        painter.drawText(left, base, self.name)
        font.setStrikeOut(False)
        painter.setFont(font)
        painter.setPen(theme.qcolor(colours.muted))
        painter.drawText(left + QFontMetrics(font).horizontalAdvance(self.name) + GAP, base, self.counted())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.AltModifier and self.rect().contains(event.position().toPoint()):
            self.setDown(False)
            self.only_asked.emit(False)
        else:
            super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.only_asked.emit(True)
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_asked.emit(event.globalPos())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Right, Qt.Key.Key_Down):
            self.step_asked.emit(-1 if key in (Qt.Key.Key_Left, Qt.Key.Key_Up) else 1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.only_asked.emit(False)
        else:
            super().keyPressEvent(event)

    def _spoken(self) -> str:
        if self.count is None:
            return self.name
        total, shown = self.count
        state = "hidden" if self.hidden else "shown" if shown == total else f"{shown:,} shown"
        return f"{self.name}: {total:,} points, {state}"
