"""The map gets other points of the same data: what is kept by a row of it goes where its picture is now."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from latentlab.gui.records import Encoding, MapImages, Place
from latentlab.gui.session import Session

Rows = NDArray[np.int64]


@contextmanager
def renumber(session: Session, images: MapImages, encoding: Encoding) -> Iterator[None]:
    """Puts both into the session together; whoever is told within of the new points finds their pictures there.

    What is selected stays so as far as it is on the new map. What was hidden is shown, and the facts that were computed
    are to be computed anew: neither says anything of points that were not there.
    """
    was = session.images.index if session.images is not None else np.empty(0, np.int64)
    if session.encoding is not None:
        was = session.encoding.index
    group = rows_of(images.index, was[session.group[session.group < len(was)]])
    selected, (a, b) = _row_now(session.selected, was, images.index), session.ends
    session.images, session.encoding = images, encoding
    session.group, session.visible, session.facts = np.sort(group[group >= 0]), None, None
    session.reconstruction = None if selected is None else session.reconstruction
    session.selected = selected
    session.place = _there(session.place, was, images.index)
    session.ends = _there(a, was, images.index), _there(b, was, images.index)
    yield
    for signal in (
        session.images_changed, session.selection_changed, session.group_changed, session.visible_changed,
        session.facts_changed, session.place_changed, session.ends_changed,
    ):  # fmt: skip
        signal.emit()


def rows_of(index: Rows, wanted: Rows) -> Rows:
    """Where these dataset indices (n,) stand in index (N,): (n,), -1 for one that does not."""
    if not len(index):
        return np.full(len(wanted), -1, np.int64)
    order = None if (np.diff(index) > 0).all() else np.argsort(index, kind="stable")
    known = index if order is None else index[order]
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    rows = at if order is None else order[at]
    return np.where(known[at] == wanted, rows, -1).astype(np.int64)


def _row_now(row: int | None, was: Rows, index: Rows) -> int | None:
    if row is None or row >= len(was):
        return None
    now = int(rows_of(index, was[row : row + 1])[0])
    return now if now >= 0 else None


def _there(place: Place | None, was: Rows, index: Rows) -> Place | None:
    """The same z, on the row that its sample has now. What it was blended from had rows of the map before."""
    return None if place is None else replace(place, sample=_row_now(place.sample, was, index), rows=None, weights=None)
