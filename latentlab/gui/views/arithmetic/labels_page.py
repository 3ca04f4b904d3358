"""For a conditional model: one z through every label, the style of one sample with the label of another."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from latentlab.gui.session import Session
from latentlab.gui.views.arithmetic.parts import BASES, SendButtons, base_combo
from latentlab.gui.widgets.captioned_row import CaptionedRow
from latentlab.gui.widgets.labels import empty, muted
from latentlab.gui.widgets.named import named


class LabelsPage(QWidget):
    base_chosen = Signal(str)
    label_chosen = Signal(int)
    label_of_chosen = Signal(str)  # the sample whose label it is to be
    sent = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._state = session, session.arithmetic
        self._build()
        for signal in (self._state.styles_changed, self._state.base_changed, session.run_changed):
            signal.connect(self._show)
        self._state.label_changed.connect(self._show_label)
        self._show()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._empty = empty("")
        self._controls = QWidget()
        line = QHBoxLayout(self._controls)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        self._base = base_combo("labels_base", "Whose style", "The sample or place whose z goes through every label")
        self._base.activated.connect(lambda _: self.base_chosen.emit(self._base.currentData()))
        self._label_of = named(QComboBox(), "labels_of", "Whose label", "Mark the picture with this sample's label")
        self._label_of.addItem("choose…", "")
        for key in ("selected", "A", "B"):
            self._label_of.addItem(BASES[key], key)
        self._label_of.activated.connect(self._press_label_of)
        self._send = SendButtons("labels")
        self._send.sent.connect(self.sent)
        for widget in (muted("style of"), self._base, muted("label of"), self._label_of):
            line.addWidget(widget)
        line.addStretch(1)
        line.addWidget(self._send)
        self._row = CaptionedRow("labels_row", "One z through every label")
        self._row.chosen.connect(self.label_chosen)
        column.addWidget(self._controls)
        column.addWidget(self._row, 1)
        column.addWidget(self._empty, 1)

    def _press_label_of(self) -> None:
        key = self._label_of.currentData()
        if key:
            self.label_of_chosen.emit(key)

    def _show(self) -> None:
        run, styles = self._session.run, self._state.styles
        conditional = run is not None and run.conditional
        self._controls.setVisible(conditional)
        self._row.setVisible(conditional and styles is not None)
        self._empty.setVisible(styles is None)
        self._empty.setText(
            "Select a sample on the map: its style is shown here with every label."
            if conditional
            else "Only a conditional VAE is told a label: train one (Model: Conditional VAE), and one style is shown "
            "here with every label."
        )
        self._base.setCurrentIndex(self._base.findData(self._state.base))
        self._send.setEnabled(styles is not None)
        if run is not None and styles is not None:
            self._row.set_pictures(styles.pixels, run.class_names)
        self._show_label()

    def _show_label(self) -> None:
        self._row.mark(self._state.label)
