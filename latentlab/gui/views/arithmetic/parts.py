"""What several pages of the panel have: the choice of a sample, and the buttons that take a result away."""

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QWidget

from latentlab.gui.session import Session
from latentlab.gui.widgets.named import named
from latentlab.gui.widgets.picture import Pixels, row_of

BASES = {"selected": "selected", "A": "A", "B": "B", "place": "place"}
IN_FULL = {"selected": "Selected sample", "A": "A", "B": "B", "place": "Current place"}
ENDS = (
    ("place", "Go there", "go", "This result becomes the current place"),
    ("A", "→ A", "to_a", "This result becomes A, where the strip begins"),
    ("B", "→ B", "to_b", "This result becomes B, where the strip ends"),
)


class SendButtons(QWidget):
    """Go there, → A, → B. `sent` says which: 'place', 'A' or 'B'."""

    sent = Signal(str)

    def __init__(self, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        for where, text, name, words in ENDS:
            button = named(QPushButton(text), f"{prefix}_{name}", words)
            button.setProperty("size", "narrow")
            button.clicked.connect(partial(self._press, where))
            line.addWidget(button)

    def _press(self, where: str) -> None:
        self.sent.emit(where)


def base_combo(name: str, words: str, tip: str) -> QComboBox:
    """Which sample or place is meant."""
    combo = named(QComboBox(), name, words, tip)
    for key, text in BASES.items():
        combo.addItem(text, key)
        combo.setItemData(combo.count() - 1, IN_FULL[key], Qt.ItemDataRole.ToolTipRole)
    return combo


def picture_of(session: Session, row: int) -> tuple[Pixels | None, str]:
    """The image in the map's row, found by its dataset index, and its name."""
    encoding, images = session.encoding, session.images
    if encoding is None or images is None or not 0 <= row < len(encoding):
        return None, ""
    index = int(encoding.index[row])
    at = row_of(images.index, index, guess=row)
    if at is None:
        return None, ""
    label = session.label_of(at)
    return images.pixels[at], f"#{index} · {label}" if label else f"#{index}"
