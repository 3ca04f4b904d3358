"""The buttons for the kinds of map, at the header: which is shown, and which can be."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from latentlab.explore.projection_settings import TSNE_MISSING, Kind, tsne_is_there
from latentlab.gui.session import Session
from latentlab.gui.widgets.named import named, wrapped

KINDS: tuple[tuple[Kind, str, str], ...] = (
    ("umap", "UMAP", "Neighbours stay together; distances between groups mean little"),
    ("pca", "PCA", "The plane of largest variance; every place is decoded exactly"),
    ("axes", "z 0 × z 1", "Two latent dimensions, those with the most KL unless chosen otherwise; decoded exactly"),
    (
        "tsne",
        "t-SNE",
        "Neighbours stay together, more sharply than by UMAP; sizes and distances of groups mean nothing",
    ),
)


class KindButtons(QObject):
    """One is down: the kind of the layout that is shown."""

    chosen = Signal(str)  # a Kind

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.row = QWidget()
        row = QHBoxLayout(self.row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        self.buttons = [
            named(QPushButton(text), f"map_{kind}", f"Show the map as {text}", tip) for kind, text, tip in KINDS
        ]
        for button, (kind, _, _) in zip(self.buttons, KINDS, strict=True):
            button.setProperty("look", "segment")
            button.setCheckable(True)
            button.setAutoExclusive(True)
            button.clicked.connect(lambda _=False, kind=kind: self._press(kind))
            button.setProperty("size", "narrow")
            row.addWidget(button)
        session.layout_changed.connect(self.refresh)
        session.run_changed.connect(self.refresh)
        session.projection_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        layout, run, order = self._session.layout, self._session.run, self._session.order()
        dims = (layout.dims if layout is not None else None) or self._session.projection.dims
        if dims is None or run is None or max(dims) >= run.latent_dim:
            dims = (int(order[0]), int(order[1])) if len(order) > 1 else None
        for button, (kind, _, _) in zip(self.buttons, KINDS, strict=True):
            button.setEnabled(run is not None)
            if kind == "axes":
                button.setText("z" if dims is None else f"z {dims[0]} × z {dims[1]}")
                button.setEnabled(run is None or dims is not None)
            elif kind == "tsne" and not tsne_is_there():
                button.setEnabled(False)
                button.setToolTip(wrapped(TSNE_MISSING))
            button.setChecked(layout is not None and kind == layout.kind)

    def _press(self, kind: Kind) -> None:
        self.refresh()  # what is down is what is shown, also while another is on its way
        self.chosen.emit(kind)
