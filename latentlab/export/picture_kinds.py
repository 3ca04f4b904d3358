"""Pictures of a run: samples, reconstructions, interpolations and traversals."""

import numpy as np
from numpy.typing import NDArray

from latentlab.explore.grids import grid
from latentlab.explore.mixture_prior import sample_mixture
from latentlab.explore.overshoot import overshot
from latentlab.explore.path_file import PathFile
from latentlab.explore.traverse import order_by_kl, ranges
from latentlab.explore.traverse import traversal as along
from latentlab.explore.ways import way_through
from latentlab.export.frames import save_frames
from latentlab.export.work import FRAME, TILE, Work
from latentlab.images import Dataset, Images, Pixels, balanced

TRAVERSED = 32  # dimensions at most, those with the largest KL
ENCODED = 10_000  # images that say how far a dimension reaches
CODES = 4000  # images by which a geodesic finds its way


def samples(work: Work) -> bool:
    """From the prior, or a mixture; of a conditional model and without a label, a column per class."""
    run, options = work.run, work.options
    count = options.count or 64
    per_row = run.model.num_classes if run.model.num_classes and options.label is None else round(np.sqrt(count))
    label = work.label()
    labels = np.arange(count) % run.model.num_classes if label is None and run.model.num_classes else label
    if options.mixture is None:
        z = run.sample(count, labels, options.seed)
    else:
        z = sample_mixture(run.model, options.mixture, count, labels, options.seed)
    return _pictures(work, run.decode(z, labels), int(per_row))


def reconstructions(work: Work) -> bool:
    """Images of the test part above what the model makes of them; in blocks of two rows."""
    run, options = work.run, work.options
    part = work.dataset.test if len(work.dataset.test) else work.dataset.train
    images = part.take(balanced(part.labels, len(part), options.count or 20, options.seed))
    again = run.decode(run.encode(images), images.labels)
    columns = min(10, len(images))
    originals = images.pixels[np.arange(len(images))]
    rows: list[Pixels] = []
    for start in range(0, len(images), columns):
        for half in (originals[start : start + columns], again[start : start + columns]):
            filler = np.full((columns - len(half), *run.image_shape), 255, np.uint8)
            rows += [half, filler]
    return _pictures(work, np.concatenate(rows), columns)


def interpolation(work: Work) -> bool:
    """From one image's place to another's, decoded on the way; with the class of the first, unless told otherwise."""
    if work.options.path is not None:
        return _path(work, work.options.path)
    ends = _ends(work)
    z = work.run.encode(ends)
    label = work.label()
    if label is None and ends.labels is not None:
        label = int(ends.labels[0])
    return _way(work, z, max(work.frames, 2), label)


def _path(work: Work, path: PathFile) -> bool:
    """Evenly along the path, through all of its waypoints."""
    path.check_fits(work.run.model.latent_dim, "this model")
    label = work.label()
    if label is None and work.run.model.num_classes:
        label = 0 if path.label is None else min(path.label, work.run.model.num_classes - 1)
    frames = work.options.frames or max(work.frames, len(path.z))
    return _way(work, path.z, max(frames, 2), label)


def _way(work: Work, waypoints: NDArray[np.floating], frames: int, label: int | None) -> bool:
    """From the first to the last of the waypoints (W, d). A geodesic is sought among codes of the data, where those
    were read; along a path from a file they are not, and it is the straight one drawn tight."""
    options, mu = work.options, None
    if options.method == "geodesic" and work.data is not None:
        encoded = work.encoded(CODES)
        if encoded is None:
            return False
        mu = encoded.mu
    reached = overshot(waypoints, options.overshoot)
    z = way_through(work.run.model, reached, frames, options.method, label, mu, work.cancelled)
    return z is not None and _pictures(work, work.run.decode(z, label), len(z))


def traversal(work: Work) -> bool:
    """A row per dimension, the one with the largest KL first, or of one dimension alone: along it over the range of the
    data, all else held."""
    run, options = work.run, work.options
    if options.dim is not None and not 0 <= options.dim < run.model.latent_dim:
        raise ValueError(f"there is no latent dimension {options.dim}; they go from 0 to {run.model.latent_dim - 1}")
    encoded = work.encoded(ENCODED)
    if encoded is None:
        return False
    base, label = _base(work)
    reach = stretched(ranges(encoded.mu), options.overshoot)
    dims = order_by_kl(encoded.kl_per_dim)[:TRAVERSED].tolist() if options.dim is None else [options.dim]
    z = np.stack(
        [along(base, dim, np.linspace(reach[dim, 0], reach[dim, 1], work.frames)) for dim in dims]
    )  # (D, F, d)
    pixels = run.decode(z.reshape(-1, z.shape[-1]), label)
    if not work.moving or len(dims) == 1:
        return _pictures(work, pixels, work.frames)
    scale = work.scale(TILE)
    sheets = as_sheets(pixels.reshape(len(dims), work.frames, *run.image_shape), scale)
    return save_frames(work.out, sheets, 1, work.show(1), work.progress, work.cancelled)


def as_sheets(pixels: Pixels, scale: int) -> Pixels:
    """Rows of images (D, F, C, H, W) that change together, as F pictures (F, 3, H', W') of D images each."""
    columns = int(np.ceil(np.sqrt(len(pixels))))
    return np.stack([grid(frame, columns, scale=scale).transpose(2, 0, 1) for frame in pixels.swapaxes(0, 1)])


def stretched(reach: NDArray[np.floating], overshoot: float) -> NDArray[np.floating]:
    """Ranges (d, 2) that go on beyond both ends by this share of their width. Raises ValueError for less than 0."""
    return np.stack([overshot(each[:, None], overshoot)[[0, -1], 0] for each in reach])


def _base(work: Work) -> tuple[NDArray[np.float32], int | None]:
    """What is held (d,), and the class: of the image that is asked for, else the origin and the first class."""
    run, label = work.run, work.label()
    base = np.zeros(run.model.latent_dim, np.float32)
    if work.options.start is not None:
        image = _at(work.dataset, [work.options.start])
        base = run.encode(image)[0]
        label = int(image.labels[0]) if label is None and image.labels is not None else label
    return base, 0 if label is None and run.model.num_classes else label


def _pictures(work: Work, pixels: Pixels, columns: int) -> bool:
    """Images (N, C, H, W) as one picture with so many columns, one after another, or each in a file."""
    show = work.show(work.scale(FRAME if work.moving else TILE) if work.out.suffix else work.options.scale or 1)
    return save_frames(work.out, pixels, columns, show, work.progress, work.cancelled)


def _ends(work: Work) -> Images:
    """The two images to go between: those asked for, or two of the test part, of different classes where there are."""
    dataset, options = work.dataset, work.options
    part = dataset.test if len(dataset.test) > 1 else dataset.train
    if len(part) < 2:
        raise ValueError(f"{dataset.name} has fewer than two images: there is nothing to interpolate between")
    chosen = part.index[balanced(part.labels, len(part), 2, options.seed)]
    start = int(chosen[0]) if options.start is None else options.start
    end = int(chosen[1]) if options.end is None else options.end
    return _at(dataset, [start, end])


def _at(dataset: Dataset, index: list[int]) -> Images:
    known = np.concatenate([dataset.train.index, dataset.test.index])
    for wanted in index:
        if wanted not in known:
            nearest = min(known.tolist(), key=lambda index: abs(index - wanted))
            raise ValueError(f"{dataset.name} has no image {wanted}; the nearest is {nearest}")
    return dataset.at(np.asarray(index))
