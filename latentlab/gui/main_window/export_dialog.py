"""The dialog that asks what is exported as pictures, and how: an animation, a sheet or a folder."""

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from latentlab.export.moving_formats import LEAST_FPS, MOVING, VIDEO_MISSING, Show, video_is_there
from latentlab.gui.main_window.export_sources import Source
from latentlab.gui.widgets.labels import muted
from latentlab.gui.widgets.named import named

FORMATS = {
    ".gif": "GIF: shown everywhere; grey exactly, colours from one palette of 255",
    ".webp": "WebP: every colour exactly, in small files; shown by browsers",
    ".apng": "APNG: every colour exactly; shown by browsers",
    ".mp4": "MP4: a film; shown by players, and nearly exact",
    ".png": "PNG: one sheet with all of them",
    "": "Folder: a PNG of each",
}
MOST_FRAMES, LARGEST_SIDE = 480, 4096
KEPT = "export/"  # before the names of what is remembered
Size = tuple[int, int]  # (H, W) pixels


@dataclass(frozen=True)
class Wanted:
    """What was chosen. count: of frames or pictures; overshoot: a share of the way."""

    source: Source
    suffix: str
    count: int
    show: Show
    overshoot: float


class ExportDialog(QDialog):
    """Remembers what was chosen last. `changed` asks for `set_facts`.

    size: of the pictures; overshoot: what the strip itself goes on by, as a share, or 0.
    """

    chosen = Signal(object)  # Wanted
    changed = Signal()

    def __init__(
        self, sources: list[Source], first: str, size: Size, overshoot: float, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("export_dialog")
        self.setWindowTitle("Export pictures")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._sources, self._size = sources, size
        self._kind, self._sides = "", {"": 256, "tile_": 64}  # pixels of a picture that moves, and of one on a sheet
        self._build()
        for source in sources:
            self._what.addItem(source.words, source.key)
        self._what.setCurrentIndex(max(self._what.findData(first), 0))
        self._recall()
        if overshoot:
            self._beyond.setValue(round(100 * overshoot))
        self._on_source()
        self._what.currentIndexChanged.connect(self._on_source)
        for signal in (
            self._format.currentIndexChanged, self._count.valueChanged, self._fps.valueChanged,
            self._scale.valueChanged, self._there.toggled, self._loop.toggled, self._beyond.valueChanged,
        ):  # fmt: skip
            signal.connect(self._on_change)

    @property
    def wanted(self) -> Wanted:
        """What is chosen now."""
        source, suffix = self._sources[self._what.currentIndex()], self._format.currentData()
        show = Show(self._fps.value(), self._scale.value(), self._there.isChecked(), self._loop.isChecked())
        overshoot = self._beyond.value() / 100 if source.ends else 0.0
        return Wanted(source, suffix or "", self._count.value(), show, overshoot)

    def set_facts(self, facts: str) -> None:
        """What it comes to: frames, seconds, pixels, bytes."""
        self._facts.setText(facts)

    # -- building

    def _build(self) -> None:
        self._what = named(QComboBox(), "export_what", "What is exported")
        self._format = named(QComboBox(), "export_format", "Format")
        self._count = named(QSpinBox(), "export_frames", "Number of frames", "Frames from end to end, both included")
        self._count.setRange(1, MOST_FRAMES)
        self._fps = named(QDoubleSpinBox(), "export_fps", "Frames per second")
        self._fps.setDecimals(1)
        self._fps.setRange(LEAST_FPS, 100)
        self._fps.setSuffix(" per second")
        self._scale = named(
            QSpinBox(), "export_scale", "Magnification", "Each pixel is so many wide, without smoothing"
        )
        self._scale.setRange(1, max(LARGEST_SIDE // max(self._size), 1))
        self._scale.setPrefix("× ")
        self._there = named(QCheckBox("There and back"), "export_ping_pong", "There and back again")
        self._loop = named(
            QCheckBox("Begins again"), "export_loop", "Begins again for ever", "For ever; else it plays once"
        )
        self._beyond = named(
            QSpinBox(), "export_overshoot", "Overshoot", "Goes on beyond both ends, by this share of the way"
        )
        self._beyond.setRange(0, 200)
        self._beyond.setSuffix(" %")
        for spin in (self._count, self._fps, self._scale, self._beyond):
            spin.lineEdit().setTextMargins(6, 0, 0, 0)  # Qt leaves the style sheet's padding out here
        self._facts = QLabel()
        self._facts.setObjectName("export_facts")
        self._facts.setAccessibleName("What it comes to")
        self._facts.setMinimumHeight(2 * self._facts.fontMetrics().lineSpacing() + 2)
        self._note = muted("", wrap=True)
        self._note.setMinimumHeight(2 * self._note.fontMetrics().lineSpacing())
        self._lay_out()

    def _lay_out(self) -> None:
        self._form = form = QFormLayout()
        form.setSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._counted = QLabel("Frames")
        for label, control in (
            ("What", self._what), ("As", self._format), (self._counted, self._count), ("Rate", self._fps),
            ("Size", self._scale), ("Overshoot", self._beyond), ("", self._there), ("", self._loop),
        ):  # fmt: skip
            form.addRow(label, control)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._go = buttons.addButton("Export…", QDialogButtonBox.ButtonRole.AcceptRole)
        named(self._go, "export_go", "Choose the file and export", "Choose the file and export")
        self._go.setProperty("look", "primary")
        self._go.setDefault(True)
        buttons.accepted.connect(self._on_accepted)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addLayout(form)
        column.addWidget(self._note)
        column.addWidget(self._facts)
        column.addWidget(buttons)
        self.setMinimumWidth(400)

    # -- what is chosen

    def _on_source(self) -> None:
        """Other formats, and another count."""
        source = self._sources[self._what.currentIndex()]
        before, blocked = self._format.currentData(), self._format.blockSignals(True)
        self._format.clear()
        for suffix in source.suffixes:
            self._format.addItem(FORMATS[suffix].partition(":")[0], suffix)
            self._format.setItemData(self._format.count() - 1, FORMATS[suffix], Qt.ItemDataRole.ToolTipRole)
        self._format.setCurrentIndex(max(self._format.findData(self._wished if before is None else before), 0))
        self._format.blockSignals(blocked)
        self._counted.setText(source.counts.capitalize())
        self._count.setValue(source.count)
        self._on_change()

    def _on_change(self) -> None:
        """What the format cannot do is not asked for."""
        wanted = self.wanted
        moving = wanted.suffix in MOVING
        missing = wanted.suffix == ".mp4" and not video_is_there()
        for control, fits in (
            (self._fps, moving),
            (self._there, moving),
            (self._loop, moving and MOVING[wanted.suffix].loops),
            (self._beyond, wanted.source.ends),
        ):
            self._form.setRowVisible(control, fits)
        if moving:
            self._fps.setMaximum(MOVING[wanted.suffix].most_fps)
        words = FORMATS[wanted.suffix].partition(": ")[2]
        self._note.setText(VIDEO_MISSING if missing else f"{words[0].upper()}{words[1:]}")
        self._go.setEnabled(not missing)
        self._magnify("" if moving else "tile_")
        self.adjustSize()
        self.changed.emit()

    def _magnify(self, kind: str) -> None:
        """A sheet's pictures are smaller than those of an animation: each kind has what was chosen last for it."""
        if kind != self._kind:
            self._sides[self._kind] = self._scale.value() * max(self._size)
            self._kind, blocked = kind, self._scale.blockSignals(True)
            self._scale.setValue(max(self._sides[kind] // max(self._size), 1))
            self._scale.blockSignals(blocked)

    def _on_accepted(self) -> None:
        self._remember()
        self.chosen.emit(self.wanted)
        self.accept()

    # -- what was chosen last

    def _recall(self) -> None:
        held = QSettings()

        def kept(name: str, kind: type, otherwise: Any) -> Any:
            return held.value(KEPT + name, otherwise, kind)

        self._wished = str(kept("format", str, ".gif"))
        self._fps.setValue(kept("fps", float, 24.0))
        self._sides = {
            "": int(kept("side", int, self._sides[""])),
            "tile_": int(kept("tile_side", int, self._sides["tile_"])),
        }
        self._scale.setValue(max(self._sides[""] // max(self._size), 1))
        self._there.setChecked(kept("ping_pong", bool, True))
        self._loop.setChecked(kept("loop", bool, True))
        self._beyond.setValue(kept("overshoot", int, 0))

    def _remember(self) -> None:
        held, wanted = QSettings(), self.wanted
        for name, value in (
            ("format", wanted.suffix), ("fps", wanted.show.fps), ("ping_pong", wanted.show.ping_pong),
            ("loop", wanted.show.loop), ("overshoot", self._beyond.value()),
            (f"{self._kind}side", wanted.show.scale * max(self._size)),
        ):  # fmt: skip
            held.setValue(KEPT + name, value)
