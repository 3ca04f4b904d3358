"""The options of the map's layout: its kind, and the parameters that this kind has."""

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from latentlab.explore.projection_settings import NAMES, TSNE_MISSING, Kind, tsne_is_there
from latentlab.gui.session import Session
from latentlab.gui.widgets import labels
from latentlab.gui.widgets.named import SPIN_MARGINS, named

SETTLES_MS = 500  # after the last step of a number, so that not each of them begins a layout
LABEL_WIDTH = 84
ORDER: tuple[Kind, ...] = ("umap", "tsne", "pca", "axes")
WAYS = (("the same each time", True), ("fast, each time another", False))
FIELDS = {
    "n_neighbors": (
        "Neighbours",
        "How many neighbours of each point are kept together: few show detail, many the whole",
    ),
    "min_dist": ("Min. distance", "How close points may lie: small packs groups, large spreads them"),
    "perplexity": ("Perplexity", "About how many neighbours each point has; at most a third of the points"),
    "exact": ("Computed", "The same each time: exact, on one core. Fast: on all cores, and never twice the same"),
    "across": ("Across", "The latent dimension that runs to the right; those with the most KL first"),
    "up": ("Up", "The latent dimension that runs upwards; those with the most KL first"),
}
FOLLOWED = (
    "It went on from the layout that was here before, so that points stayed near their places; "
    "Lay out anew begins from nothing"
)
OF_KIND = {"umap": ("n_neighbors", "min_dist", "exact"), "tsne": ("perplexity", "exact"), "axes": ("across", "up")}


class ProjectionPanel(QWidget):
    """Shows `session.projection`; an edit leaves as whole settings, and comes back through the session."""

    changed = Signal(object)  # ProjectionSettings
    anew_pressed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._filling = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SETTLES_MS)
        self._soon.timeout.connect(self._emit)
        self._build()
        for signal in (session.projection_changed, session.layout_changed, session.trust_changed):
            signal.connect(self._show)
        session.run_changed.connect(self._fill_dims)
        session.encoding_changed.connect(self._fill_dims)
        self._fill_dims()

    # -- parts

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.setColumnMinimumWidth(0, LABEL_WIDTH)
        grid.setColumnStretch(1, 1)
        self.kind = named(QComboBox(), "projection_kind", "How the map is laid out")
        for kind in ORDER:
            self.kind.addItem(NAMES[kind][0].upper() + NAMES[kind][1:] if kind == "axes" else NAMES[kind], kind)
        self.kind.activated.connect(self._emit)
        self._rows: dict[str, tuple[QLabel, QWidget]] = {}
        self._put(grid, "Kind", self.kind)
        self.controls = self._make_controls()
        for name, control in self.controls.items():
            words, tip = FIELDS[name]
            self._rows[name] = (self._put(grid, words, control), control)
            named(control, f"projection_{name}", words, tip)
        column.addLayout(grid)
        self.missing = labels.muted(TSNE_MISSING, wrap=True)
        self.missing.setVisible(not tsne_is_there())
        self._disable_missing()
        self.made_by = labels.muted(wrap=True)
        self.made_by.setObjectName("projection_made_by")
        self.anew = named(
            QPushButton("Lay out anew"), "projection_anew", "Lay out anew", "Once more from the PCA plane, from nothing"
        )
        self.anew.clicked.connect(self.anew_pressed)
        for widget in (self.missing, self.made_by, self.anew):
            column.addWidget(widget)

    def _put(self, grid: QGridLayout, words: str, control: QWidget) -> QLabel:
        label = labels.muted(words)
        label.setBuddy(control)
        row = grid.rowCount()
        grid.addWidget(label, row, 0)
        grid.addWidget(control, row, 1)
        return label

    def _make_controls(self) -> dict[str, QWidget]:
        neighbours, distance, perplexity = QSpinBox(), QDoubleSpinBox(), QDoubleSpinBox()
        neighbours.setRange(2, 200)
        distance.setRange(0.0, 0.99)
        distance.setSingleStep(0.05)
        perplexity.setRange(2.0, 500.0)
        perplexity.setSingleStep(5.0)
        perplexity.setDecimals(0)
        for spin in (neighbours, distance, perplexity):
            spin.setKeyboardTracking(False)
            spin.lineEdit().setTextMargins(*SPIN_MARGINS)
            spin.valueChanged.connect(self._emit_soon)
        exact, across, up = QComboBox(), QComboBox(), QComboBox()
        for words, value in WAYS:
            exact.addItem(words, value)
        for combo in (exact, across, up):
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            combo.activated.connect(self._emit)
        return {
            "n_neighbors": neighbours, "min_dist": distance, "perplexity": perplexity, "exact": exact,
            "across": across, "up": up,
        }  # fmt: skip

    def _disable_missing(self) -> None:
        model = self.kind.model()
        assert isinstance(model, QStandardItemModel)
        item = model.item(ORDER.index("tsne"))
        item.setEnabled(tsne_is_there())
        item.setToolTip("" if tsne_is_there() else TSNE_MISSING)

    # -- what is shown

    def _fill_dims(self) -> None:
        """Latent dimensions by KL, with what they carry."""
        order, kl = self._session.order(), self._session.kl_per_dim()
        words = [f"z {dim}" + ("" if kl is None else f"  ·  {kl[dim]:.2f} nats") for dim in order]
        for combo in (self.controls["across"], self.controls["up"]):
            assert isinstance(combo, QComboBox)
            if [combo.itemText(row) for row in range(combo.count())] != words:
                combo.clear()
                for dim, text in zip(order, words, strict=True):
                    combo.addItem(text, int(dim))
        self._show()

    def _show(self) -> None:
        settings, layout = self._session.projection, self._session.layout
        self._filling = True
        self.kind.setCurrentIndex(ORDER.index(settings.kind))
        order = self._session.order()
        dims = settings.dims or (layout.dims if layout is not None else None)
        if dims is None or not set(dims) <= set(order.tolist()):  # those chosen may be of a run that had more
            dims = (int(order[0]), int(order[1])) if len(order) > 1 else None
        values: dict[str, Any] = {**vars(settings), "across": dims and dims[0], "up": dims and dims[1]}
        for name, (label, control) in self._rows.items():
            for widget in (label, control):
                widget.setVisible(name in OF_KIND.get(settings.kind, ()))
            if isinstance(control, QComboBox):
                control.setCurrentIndex(control.findData(values[name]))
            elif not self._soon.isActive():  # else a number is being changed
                control.setValue(values[name])  # type: ignore[attr-defined]
        self._filling = False
        self.setEnabled(self._session.run is not None)
        self.anew.setVisible(settings.fitted)
        self.made_by.setText(made_by(self._session))
        self.made_by.setVisible(bool(self.made_by.text()))

    # -- what is chosen

    def _emit_soon(self) -> None:
        if not self._filling:
            self._soon.start()

    def _emit(self) -> None:
        if self._filling:
            return
        self._soon.stop()
        of = {name: control for name, (_, control) in self._rows.items()}
        settings = replace(
            self._session.projection,
            kind=self.kind.currentData(),
            **{name: of[name].value() for name in ("n_neighbors", "min_dist", "perplexity")},  # type: ignore[attr-defined]
            exact=of["exact"].currentData(),  # type: ignore[attr-defined]
        )
        if settings.kind == "axes" and self._session.projection.kind == "axes":
            settings = replace(settings, dims=self._chosen_dims())
        self.changed.emit(settings)

    def _chosen_dims(self) -> tuple[int, int] | None:
        """The two that are chosen; where one is chosen twice the other takes its place."""
        across, up = (self.controls[name].currentData() for name in ("across", "up"))  # type: ignore[attr-defined]
        layout = self._session.layout
        before = layout.dims if layout is not None else None
        if across is None or up is None:
            return None
        if across != up:
            return across, up
        return None if before is None else (before[1], before[0])


def made_by(session: Session) -> str:
    """What made the layout that is shown, and how far it can be trusted, in words."""
    layout, trust = session.layout, session.trust
    if layout is None or layout.settings is None:
        return ""
    followed = layout.settings.fitted and layout.followed
    words = layout.settings.words
    lines = [f"Shown: {words.partition(';')[0]}", FOLLOWED] if followed else [f"Shown: {words}"]
    if trust is not None:
        lines.append(
            f"Trustworthiness {trust.value:.2f}: 1 where each point's {trust.k} nearest on the map are its nearest in "
            "latent space too, about 0.5 by chance"
        )
    return ".\n".join(lines)
