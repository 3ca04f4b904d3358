"""Several ways between the same places, one under the other: what each looks like, how long it is and how smooth."""

from functools import partial

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from latentlab.gui.records import Strip
from latentlab.gui.session import Session
from latentlab.gui.states.strip import COMPARED
from latentlab.gui.views.strip.frames import frames_of
from latentlab.gui.views.strip.words import LENGTH, SMOOTHNESS, in_words
from latentlab.gui.widgets.film import Film
from latentlab.gui.widgets.labels import figure
from latentlab.gui.widgets.named import wrapped
from latentlab.gui.widgets.picture import PictureView

PLAYER, WORDS = 34, 118  # pixels


class ComparedRows(QWidget):
    """A thin row for each of COMPARED. The shortest and the smoothest have their figures in bold."""

    chosen = Signal(int, int)  # a row and a frame of it
    menu_asked = Signal(int, int, QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.films: list[Film] = []
        self._names, self._figures, self._players = [], [], []
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(2, 1)
        for row, way in enumerate(COMPARED):
            player = PictureView(PLAYER, f"strip_player_{way}", f"The {way} way as an animation")
            name, figures = QLabel(way), figure("")
            film = Film(f"strip_film_{way}", f"Frames of the {way} way", below=False)
            film.chosen.connect(partial(self.chosen.emit, row))
            film.menu_asked.connect(partial(self.menu_asked.emit, row))
            words = QWidget()
            words.setFixedWidth(WORDS)
            column = QVBoxLayout(words)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(0)
            column.addWidget(name)
            column.addWidget(figures)
            column.addStretch(1)
            grid.addWidget(player, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(words, row, 1)
            grid.addWidget(film, row, 2)
            grid.setRowStretch(row, 1)
            self.films.append(film)
            self._names.append(name)
            self._figures.append(figures)
            self._players.append(player)

    def show_strips(self, session: Session, strips: tuple[Strip, ...]) -> None:
        """One for each row, in the order of COMPARED."""
        lengths = [strip.length for strip in strips if strip.length is not None]
        for row, strip in enumerate(strips):
            self.films[row].set_frames(frames_of(session, strip))
            waits = strip.method != COMPARED[row]
            self._names[row].setText(f"{COMPARED[row]}{' …' if waits else ''}")
            short = strip.length is not None and strip.length <= min(lengths) and not waits
            length = "…" if strip.length is None or waits else f"{strip.length:.2f}"
            self._figures[row].setText(f"{length:>5} {'▾' if short else ' '} {strip.smoothness:.4f}")
            told = f"{in_words(strip, session.run)}\n{LENGTH}\n{SMOOTHNESS}\n▾ marks the shortest."
            for label in (self._names[row], self._figures[row]):
                label.setToolTip(wrapped(told))
            self._players[row].set_pixels(strip.pixels[0])

    def mark(self, place: int | None, only: int | None = None) -> None:
        """The frame that is shown, in all rows or in one of them alone."""
        for row, film in enumerate(self.films):
            film.mark(place if only in (None, row) else None)

    def play(self, strips: tuple[Strip, ...], place: int) -> None:
        """Every row at this frame."""
        self.mark(place)
        for player, strip in zip(self._players, strips, strict=False):
            player.set_pixels(strip.pixels[min(place, len(strip.pixels) - 1)])
