"""Where the newest sentence stands: over the map, and on nothing that one reads or presses."""

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from latentlab.gui.session import Session
from latentlab.gui.views.message_view import MessageView


def test_it_lies_within_what_it_is_over_and_goes_along_with_it(qtbot: QtBot):
    window, session = QWidget(), Session()
    qtbot.addWidget(window)
    window.resize(1200, 700)
    over = QWidget(window)
    over.setGeometry(300, 100, 600, 400)
    message = MessageView(session, window, over)
    window.show()
    qtbot.waitExposed(window)
    for sentence in ("Kept", "A sentence that needs two lines at least, " * 4):
        session.told.emit(sentence, False)
        assert message.isVisible()
        assert over.geometry().contains(message.geometry())
        assert message.geometry().bottom() < over.geometry().center().y()
        assert message.label.height() >= message.label.heightForWidth(message.label.width())
    over.setGeometry(20, 200, 400, 400)
    assert over.geometry().contains(message.geometry())
    assert abs(message.geometry().center().x() - over.geometry().center().x()) <= 1
    assert message.mapTo(window, QPoint(0, 0)) == message.pos()
