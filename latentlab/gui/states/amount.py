"""How many points the map has: what the person chose, what the open run has, and what there is to choose from."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, QSettings, Signal

from latentlab.gui.states.state import State

SETTING = "map_points"  # its name among the settings that outlive the window
ALL = 0  # as a choice: as many as there are
USUAL = 5000  # where nothing was chosen
STEPS = (500, 2000, 5000, 20_000)
MOST_BYTES = 1 << 30  # of pixels: every picture of the map is held in memory, so that its card is there at once


class AmountState(State):
    """`wanted` points on the map of the open run, out of `total` pictures; both 0 where no run is open.

    While a run trains, and while a past epoch is shown, fewer may be shown: those that follow quickly.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.wanted = self.total = self.image_bytes = 0

    def forget(self) -> None:
        self.set(0, 0, 0)

    def set(self, wanted: int, total: int, image_bytes: int) -> None:
        """image_bytes: of one picture."""
        if (wanted, total, image_bytes) != (self.wanted, self.total, self.image_bytes):
            self.wanted, self.total, self.image_bytes = wanted, total, image_bytes
            self.changed.emit()

    def want(self, points: int) -> None:
        self.set(points, self.total, self.image_bytes)

    def offered(self) -> list[int]:
        """Numbers of points that make sense for the open data, ascending; the one in force is among them."""
        if not self.total:
            return []
        most = most_of(self.total, self.image_bytes)
        return sorted({*(step for step in STEPS if step < most), most, *([self.wanted] if self.wanted else [])})


def most_of(total: int, image_bytes: int) -> int:
    """As many of `total` pictures as may be held in memory."""
    return min(total, max(MOST_BYTES // max(image_bytes, 1), 1))


def points_for(choice: int, total: int, image_bytes: int) -> int:
    """How many points that choice means for so many pictures."""
    most = most_of(total, image_bytes)
    return most if choice == ALL else min(choice, most)


def preferred() -> int:
    """What the person chose last, for whatever data: a number of points, or ALL."""
    kept = QSettings().value(SETTING)
    try:
        choice = int(str(kept))
    except ValueError:
        return USUAL
    return choice if choice == ALL or choice >= min(STEPS) else USUAL


def prefer(points: int, offered: Sequence[int]) -> None:
    """From now on, this time and the next. The largest that is offered is meant as all, of any data; but all of a small
    set does not ask for all of a large one."""
    everything = bool(offered) and points == max(offered)
    QSettings().setValue(SETTING, points if not everything else ALL if points > USUAL else USUAL)
