"""A strip's frames as a film shows them: with the colour of their place and the nearest picture of the data."""

from latentlab.gui.records import Strip
from latentlab.gui.session import Session
from latentlab.gui.widgets import usual
from latentlab.gui.widgets.film import Frame
from latentlab.gui.widgets.picture import Pixels, row_of


def frames_of(session: Session, strip: Strip) -> list[Frame]:
    """All of them. A and B have their letters where frames go on beyond them."""
    return [_frame(session, strip, at) for at in range(len(strip.pixels))]


def name_of(strip: Strip, at: int) -> str:
    """'frame 3 of 9'; of what lies beyond the ends that is said."""
    count, inside = len(strip.pixels), at - strip.beyond
    if 0 <= inside < count - 2 * strip.beyond:
        return f"frame {at + 1} of {count}"
    return f"frame {at + 1} of {count}, beyond {'the first end' if inside < 0 else 'the last end'}"


def _frame(session: Session, strip: Strip, at: int) -> Frame:
    row, percentile = int(strip.nearest[at]), float(strip.usual[at])
    words = f"{name_of(strip, at)}: {usual.in_words(percentile)}"
    below, name = _nearest(session, row)
    words = f"{words}\nnearest picture: {name}" if name else words
    letters = {strip.beyond: "A", len(strip.pixels) - 1 - strip.beyond: "B"} if strip.beyond else {}
    return Frame(strip.pixels[at], usual.colour(percentile), below, words, percentile / 100, letters.get(at, ""))


def _nearest(session: Session, row: int) -> tuple[Pixels | None, str]:
    """The picture of the map's row, found by its dataset index, and its name."""
    encoding, images = session.encoding, session.images
    if encoding is None or images is None or not 0 <= row < len(encoding):
        return None, ""
    index = int(encoding.index[row])
    at = row_of(images.index, index, guess=row)
    if at is None:
        return None, ""
    label = session.label_of(at)
    return images.pixels[at], f"#{index} · {label}" if label else f"#{index}"
