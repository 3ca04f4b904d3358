"""Tables of a run: its map, which is a picture too, and its latents."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from latentlab.explore.encode import Encoded
from latentlab.explore.pca import Pca
from latentlab.explore.projection_process import fit_apart
from latentlab.export.map_picture import draw_map
from latentlab.export.pictures import save_png
from latentlab.export.tables import Latents, Rows, save_latents, save_table
from latentlab.export.watching import FramesDone, Watch
from latentlab.export.work import Work
from latentlab.images import Dataset

MAP_POINTS = 10_000  # as many as a map shows and UMAP lays out in seconds


def map_(work: Work) -> bool:
    """A dot per image, or its place."""
    encoded = work.encoded(work.options.count or MAP_POINTS)
    layout = None if encoded is None else _layout(work, encoded)
    if encoded is None or layout is None:
        return False
    if work.out.suffix.lower() == ".png":
        save_png(work.out, draw_map(layout, encoded.labels, work.dataset.class_names))
        return True
    return save_table(work.out, rows_of(work.dataset, encoded), ("x", "y"), layout, _watch(work, encoded))


def latents(work: Work) -> bool:
    """All images, or so many; with coordinates where a projection is chosen."""
    encoded = work.encoded(work.options.count)
    if encoded is None:
        return False
    coords = None
    if work.options.projection is not None:
        coords = _layout(work, encoded)
        if coords is None:
            return False
    where = Latents(encoded.mu, encoded.log_var, coords)
    return save_latents(work.out, rows_of(work.dataset, encoded), where, _watch(work, encoded))


def rows_of(dataset: Dataset, encoded: Encoded) -> Rows:
    """Index, split and label of each encoded image."""
    training = np.isin(encoded.index, dataset.train.index)
    split = ["train" if is_training else "test" for is_training in training]
    return Rows(encoded.index, split, encoded.labels, dataset.class_names)


def _layout(work: Work, encoded: Encoded) -> NDArray[np.float32] | None:
    """Places (N, 2) by the projection that is chosen, PCA where none is; None when cancelled."""
    if work.options.projection == "umap":
        return fit_apart(encoded.mu, _as_steps(work.progress), work.cancelled)
    return Pca.fit(encoded.mu).project(encoded.mu).astype(np.float32)


def _watch(work: Work, encoded: Encoded) -> Watch:
    return Watch(len(encoded.index), work.progress, work.cancelled)


def _as_steps(progress: FramesDone | None) -> Callable[[float], None] | None:
    return None if progress is None else lambda share: progress(round(share * 100), 100)
