"""The settings of the next run: model and training, each field with its unit and what it means.

A field is one row of `FIELDS`: where it stands in the configuration, its words and its control. The form shows
`session.config`; an edit leaves as the changed fields alone, and comes back through the session if it was accepted.
"""

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from latentlab.config import DEFAULT_BETA, RunConfig, merge
from latentlab.gui.session import Session
from latentlab.gui.widgets import labels
from latentlab.gui.widgets.named import SPIN_MARGINS, named
from latentlab.gui.widgets.whole_rows import WholeRowsArea
from latentlab.presets import PRESETS

CUSTOM = "custom"
GAP = 4  # pixels between two rows


@dataclass(frozen=True)
class Choice:
    """One of a few values, with the words for them."""

    words: dict[str, str]


@dataclass(frozen=True)
class Whole:
    """A whole number. `none`: the words that stand for no value, at the number below the lowest."""

    low: int
    high: int
    step: int = 1
    unit: str = ""
    none: str = ""


@dataclass(frozen=True)
class Real:
    """A real number, shown as short as it can be."""

    low: float
    high: float
    step: float
    decimals: int


@dataclass(frozen=True)
class FieldRow:
    """A row of the form: the field's section in the configuration, its name there, its words and its control.

    The name of a schedule's field has a dot in it: 'beta_schedule.steps'.
    """

    section: str
    name: str
    words: str
    control: Choice | Whole | Real

    @property
    def path(self) -> tuple[str, ...]:
        return self.section, *self.name.split(".")

    @property
    def tip(self) -> str:
        """What the configuration says of the field; of a schedule's, what it says of the schedule first."""
        told, model = [], RunConfig
        for name in self.path:
            field = model.model_fields[name]
            told.append(field.description)
            model = field.annotation  # type: ignore[assignment]
        return ". ".join(text for text in told if text)

    def value(self, values: dict[str, Any]) -> Any:
        for name in self.path:
            values = values[name]
        return values

    def edit(self, value: Any) -> dict[str, dict[str, Any]]:
        """The changed field alone, as values to be merged into a configuration."""
        for name in reversed(self.path):
            value = {name: value}
        edit: dict[str, dict[str, Any]] = value
        return edit


LIKELIHOODS = {
    "bernoulli": "Bernoulli",
    "continuous-bernoulli": "Continuous Bernoulli",
    "gaussian": "Gaussian",
    "discretized-logistic": "Discretised logistic",
}
SHAPES = {"constant": "Constant", "linear": "Linear", "cosine": "Smooth (cosine)", "cyclical": "Cyclical"}


MODEL_FIELDS = (
    FieldRow("model", "kind", "Kind", Choice({"vae": "VAE", "beta-vae": "beta-VAE", "cvae": "CVAE"})),
    FieldRow(
        "model",
        "network",
        "Network",
        Choice({"conv": "Convolutional", "residual": "Residual", "mlp": "Fully connected"}),
    ),
    FieldRow("model", "latent_dim", "Latent", Whole(1, 1024, unit=" dims")),
    FieldRow("objective", "beta", "Beta", Real(0.0, 1000.0, 0.5, 3)),
    FieldRow("objective", "beta_schedule.shape", "β schedule", Choice(SHAPES)),
    FieldRow("objective", "beta_schedule.steps", "β rises over", Whole(1, 10_000_000, 500, " steps", none="all steps")),
    FieldRow("objective", "free_bits", "Free bits", Real(0.0, 1000.0, 0.05, 3)),
    FieldRow("model", "likelihood", "Likelihood", Choice(LIKELIHOODS)),
    FieldRow("model", "norm", "Norm", Choice({"none": "None", "batch": "Batch", "group": "Group", "layer": "Layer"})),
)
TRAINING_FIELDS = (
    FieldRow("training", "epochs", "Epochs", Whole(1, 100_000)),
    FieldRow("training", "batch_size", "Batch size", Whole(1, 65_536, 32, " images")),
    FieldRow("training", "learning_rate", "Learning rate", Real(1e-6, 10.0, 1e-4, 6)),
    FieldRow("training", "learning_rate_schedule.shape", "LR schedule", Choice({**SHAPES, "one-cycle": "One cycle"})),
    FieldRow("training", "ema", "Weight EMA", Real(0.0, 0.9999, 0.001, 4)),
    FieldRow("data", "limit", "Limit", Whole(2, 100_000_000, 1000, " images", none="all images")),
    FieldRow("training", "seed", "Seed", Whole(0, 2**31 - 1)),
    FieldRow("training", "device", "Device", Choice({"auto": "Automatic", "cpu": "CPU", "cuda": "CUDA", "mps": "MPS"})),
)
FIELDS = MODEL_FIELDS + TRAINING_FIELDS


class ShortSpinBox(QDoubleSpinBox):
    """Shows 0.001 and 4, not 0.001000 and 4.000."""

    def textFromValue(self, value: float) -> str:
        return f"{value:.6f}".rstrip("0").rstrip(".") or "0"


class WheelGuard(QObject):
    """Lets the wheel scroll the form when it turns over a control that has not the focus."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def matching_preset(values: dict[str, Any]) -> str:
    """The preset that a configuration agrees with in everything it names; CUSTOM where there is none."""
    for name, preset in PRESETS.items():
        if merge(values, preset) == values:
            return name
    return CUSTOM


class SettingsView(QWidget):
    """The form. It scrolls, and never cuts off a control."""

    config_edited = Signal(dict)
    preset_chosen = Signal(str)
    fact_changed = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("settings_view")
        self._session = session
        self._guard = WheelGuard(self)
        self._preset = self._make_preset()
        self._controls = [(row, self._make(row)) for row in FIELDS]
        self._lay_out()
        session.config_changed.connect(self._refresh)
        session.training_changed.connect(self._refresh_fact)
        self._refresh()

    # -- parts

    def _make_preset(self) -> QComboBox:
        combo = QComboBox()
        for name in PRESETS:
            combo.addItem(name, name)
        combo.addItem("Custom", CUSTOM)
        combo.activated.connect(self._on_preset)
        return self._dress(combo, "preset", "Preset", "A recipe: fills in data, model and training")

    def _make(self, row: FieldRow) -> QComboBox | QSpinBox | QDoubleSpinBox:
        control: QComboBox | QSpinBox | QDoubleSpinBox
        match row.control:
            case Choice(words):
                control = QComboBox()
                for value, text in words.items():
                    control.addItem(text, value)
                control.activated.connect(lambda index: self._edit(row, control.itemData(index)))
            case Whole(low, high, step, unit, none):
                control = QSpinBox()
                control.setRange(low - bool(none), high)
                control.setSingleStep(step)
                control.setSuffix(unit)
                control.setSpecialValueText(none)
                control.valueChanged.connect(lambda value: self._edit(row, None if none and value < low else value))
            case Real(low, high, step, decimals):
                control = ShortSpinBox()
                control.setDecimals(decimals)
                control.setRange(low, high)
                control.setSingleStep(step)
                control.valueChanged.connect(lambda value: self._edit(row, value))
        return self._dress(control, row.name, row.words, row.tip)

    def _dress(self, control: Any, name: str, words: str, tip: str) -> Any:
        named(control, name, words, tip)
        control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        control.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        control.setMinimumWidth(64)  # its own hint has room for the largest number there is
        control.installEventFilter(self._guard)
        if isinstance(control, QAbstractSpinBox):
            control.setKeyboardTracking(False)  # a number counts when it is complete
            control.lineEdit().setTextMargins(*SPIN_MARGINS)
        if isinstance(control, QComboBox):
            control.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            control.setMinimumContentsLength(8)
        return control

    def _lay_out(self) -> None:
        form = QGridLayout()
        form.setHorizontalSpacing(8)
        form.setVerticalSpacing(GAP)
        form.setContentsMargins(0, 0, 2, 0)
        form.setColumnStretch(1, 1)
        rows = [("Preset", self._preset), *((row.words, control) for row, control in self._controls)]
        for number, (words, control) in enumerate(rows):
            label = labels.muted(words)
            label.setBuddy(control)
            form.addWidget(label, number, 0)
            form.addWidget(control, number, 1)
        form.setRowStretch(len(rows), 1)
        content = QWidget()
        content.setProperty("scrolled", "true")
        content.setLayout(form)
        area = WholeRowsArea(self._preset, GAP, self)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(area)

    # -- what it is told

    def _refresh(self) -> None:
        values = self._session.config.to_dict()
        self._preset.setCurrentIndex(self._preset.findData(matching_preset(values)))
        for row, control in self._controls:
            control.blockSignals(True)
            _show(control, row.value(values))
            control.blockSignals(False)
            if row.name == "beta":
                control.setEnabled(values["model"]["kind"] != "vae")
        self._refresh_fact()

    def _refresh_fact(self) -> None:
        self.fact_changed.emit("for the next run" if self._session.training.active else "")

    # -- what the person does

    def _on_preset(self, index: int) -> None:
        name = self._preset.itemData(index)
        if name != CUSTOM:
            self.preset_chosen.emit(name)
        self._refresh()

    def _edit(self, row: FieldRow, value: Any) -> None:
        edit = row.edit(value)
        if row.name == "kind":
            edit["objective"] = {"beta": DEFAULT_BETA[value]}
        self.config_edited.emit(edit)
        self._refresh()  # what was not accepted goes back to what it was


def _show(control: QComboBox | QSpinBox | QDoubleSpinBox, value: Any) -> None:
    if isinstance(control, QComboBox):
        control.setCurrentIndex(control.findData(value))
    elif isinstance(control, QSpinBox):
        control.setValue(control.minimum() if value is None else value)
    else:
        control.setValue(value)
