"""The column of tools over the map's left edge."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QButtonGroup, QFrame, QToolButton, QVBoxLayout

from latentlab.gui.session import Session
from latentlab.gui.views.map.tools import Tool, Tools
from latentlab.gui.widgets import theme
from latentlab.gui.widgets.named import named

WIDTH, HEIGHT, GAP, EDGE = 46, 26, 2, 6  # pixels of a button, between them, and to the map's corner


class ToolBar(QFrame):
    """A button for each tool of the table; the one in hand is pressed. Up and Down go from one to the next."""

    def __init__(self, session: Session, tools: Tools) -> None:
        super().__init__(tools.canvas)
        named(self, "map_tools", "Tools of the map", " ")
        self.setToolTip("")
        self.setProperty("card", "floating")
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self._session, self._tools = session, tools
        self.buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(GAP, GAP, GAP, GAP)
        self._column.setSpacing(GAP)
        self.refresh()
        session.tool_changed.connect(self._on_tool)
        session.run_changed.connect(self._on_run)
        theme.changed.connect(self._dress)
        self._on_run()

    def refresh(self) -> None:
        """Buttons for tools that have come."""
        for tool in self._tools.table.values():
            if tool.name not in self.buttons:
                self._add(tool)
        self._dress()
        self._on_tool()
        self.move(EDGE, EDGE)
        self.adjustSize()

    def _add(self, tool: Tool) -> None:
        words = f"{tool.words} ({tool.key})"
        button = named(QToolButton(self), f"tool_{tool.name}", f"Tool: {words}", f"{words}: {tool.tip}")
        button.setProperty("look", "tool")
        button.setCheckable(True)
        button.setText(tool.key)  # beside its sign: it is the quicker way
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setFixedSize(WIDTH, HEIGHT)
        button.setIconSize(QSize(16, 16))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda _=False, name=tool.name: self._session.set_tool(name))
        self._group.addButton(button)
        self._column.addWidget(button)
        self.buttons[tool.name] = button

    def _on_tool(self) -> None:
        self.buttons[self._session.tool].setChecked(True)

    def _on_run(self) -> None:
        self.setVisible(self._session.run is not None)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:  # on another screen
            self._dress()
        return super().event(event)

    def _dress(self) -> None:
        colours, ratio = theme.current(), self.devicePixelRatioF()
        for name, button in self.buttons.items():
            icon = QIcon()
            for state, colour in ((QIcon.State.Off, colours.text), (QIcon.State.On, colours.on_accent)):
                icon.addPixmap(_drawn(self._tools.table[name], colour, ratio), QIcon.Mode.Normal, state)
            button.setIcon(icon)


def _drawn(tool: Tool, colour: str, ratio: float) -> QPixmap:
    pixmap = QPixmap(round(16 * ratio), round(16 * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(theme.qcolor(colour), 1.4)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.drawPath(tool.icon())
    painter.end()
    return pixmap
