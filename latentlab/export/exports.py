"""What can be taken away from a run: six kinds, each in the formats that its file's suffix may name."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from latentlab.explore.encode import Encoded, encode
from latentlab.explore.grids import grid
from latentlab.explore.loaded import Loaded
from latentlab.explore.mixture import Mixture
from latentlab.explore.mixture_prior import sample_mixture
from latentlab.explore.path_file import PathFile
from latentlab.explore.paths import Method, interpolate, through
from latentlab.explore.pca import Pca
from latentlab.explore.projection_process import fit_apart
from latentlab.explore.traverse import order_by_kl, ranges, traversal
from latentlab.export.map_picture import draw_map
from latentlab.export.pictures import Cancelled, FramesDone, save_gif, save_png
from latentlab.export.tables import Rows, save_table
from latentlab.images import Dataset, Images, Pixels, balanced

FORMATS: dict[str, tuple[str, ...]] = {
    "samples": (".png", ".gif"),
    "reconstructions": (".png",),
    "interpolation": (".png", ".gif"),
    "traversal": (".png", ".gif"),
    "map": (".png", ".csv", ".npy"),
    "latents": (".csv", ".npy"),
}
WITHOUT_DATA = ("samples",)

STILL_FRAMES, MOVING_FRAMES = 10, 60  # of an interpolation or a traversal, where nothing else is asked for
MAP_POINTS = 10_000  # as many as a map shows and UMAP lays out in seconds
TRAVERSED = 32  # dimensions at most, those with the largest KL
TILE, FRAME = 64, 256  # pixels: about the side of an image in a grid, and alone


@dataclass(frozen=True)
class Options:
    """What may be chosen; None takes what suits the kind.

    start, end: indices of images. label: a class's name or number. scale: pixels per pixel. mixture: what samples are
    drawn from instead of the prior that was trained. path: what an interpolation follows instead of going from one
    image to another; of a conditional model with the path's class, unless told otherwise.
    """

    start: int | None = None
    end: int | None = None
    frames: int | None = None
    fps: float = 20.0
    method: Method = "linear"
    count: int | None = None
    label: str | None = None
    scale: int | None = None
    ping_pong: bool = False
    loop: bool = True
    projection: Literal["pca", "umap"] = "pca"
    seed: int = 0
    mixture: Mixture | None = None
    path: PathFile | None = None


@dataclass(frozen=True)
class _Work:
    """One export: what it is of, what is wanted, and whom to tell."""

    run: Loaded
    data: Dataset | None
    out: Path
    options: Options
    progress: FramesDone | None
    cancelled: Cancelled | None

    @property
    def dataset(self) -> Dataset:
        if self.data is None:
            raise ValueError("this export needs the run's data set")
        return self.data

    @property
    def moving(self) -> bool:
        return self.out.suffix.lower() == ".gif"

    @property
    def frames(self) -> int:
        return self.options.frames or (MOVING_FRAMES if self.moving else STILL_FRAMES)

    def scale(self, side: int) -> int:
        return self.options.scale or max(1, round(side / max(self.run.image_shape[1:])))


def check(what: str, out: Path) -> None:
    """Raises ValueError where this kind is unknown, cannot be written as this file's suffix says, or has no folder."""
    if what not in FORMATS:
        raise ValueError(f"unknown export '{what}'; there are: {', '.join(FORMATS)}")
    if out.suffix.lower() not in FORMATS[what]:
        named = f"'{out.suffix}'" if out.suffix else "no suffix"
        raise ValueError(f"{what} can be written as {' or '.join(FORMATS[what])}, and {out.name} has {named}")
    if not out.parent.is_dir():
        raise ValueError(f"the folder {out.parent} does not exist: make it, or choose another for --out")


def export(
    run: Loaded,
    dataset: Dataset | None,
    what: str,
    out: Path,
    options: Options | None = None,
    progress: FramesDone | None = None,
    cancelled: Cancelled | None = None,
) -> bool:
    """Write one of FORMATS to `out`, whole; False, and no file, when cancelled.

    `dataset` may be None for those in WITHOUT_DATA. `progress` is told what is done of how much. Raises ValueError with
    one sentence for what cannot be asked for, OSError where the file cannot be written.
    """
    check(what, out)
    work = _Work(run, dataset, out, options or Options(), progress, cancelled)
    return KINDS[what](work)


def _samples(work: _Work) -> bool:
    """From the prior, or a mixture; of a conditional model and without a label, a column per class."""
    run, options = work.run, work.options
    count = options.count or 64
    per_row = run.model.num_classes if run.model.num_classes and options.label is None else round(np.sqrt(count))
    label = _label(run, options.label)
    labels = np.arange(count) % run.model.num_classes if label is None and run.model.num_classes else label
    if options.mixture is None:
        z = run.sample(count, labels, options.seed)
    else:
        z = sample_mixture(run.model, options.mixture, count, labels, options.seed)
    return _pictures(work, run.decode(z, labels), int(per_row))


def _reconstructions(work: _Work) -> bool:
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


def _interpolation(work: _Work) -> bool:
    """From one image's place to another's, decoded on the way; with the class of the first, unless told otherwise."""
    if work.options.path is not None:
        return _path(work, work.options.path)
    ends = _ends(work)
    z = work.run.encode(ends)
    label = _label(work.run, work.options.label)
    if label is None and ends.labels is not None:
        label = int(ends.labels[0])
    path = interpolate(z[0], z[1], max(work.frames, 2), work.options.method)
    return _pictures(work, work.run.decode(path, label), len(path))


def _path(work: _Work, path: PathFile) -> bool:
    """Evenly along the path, through all of its waypoints."""
    path.check_fits(work.run.model.latent_dim, "this model")
    label = _label(work.run, work.options.label)
    if label is None and work.run.model.num_classes:
        label = 0 if path.label is None else min(path.label, work.run.model.num_classes - 1)
    frames = work.options.frames or max(work.frames, len(path.z))
    z = through(path.z, max(frames, 2), work.options.method)
    return _pictures(work, work.run.decode(z, label), len(z))


def _traversal(work: _Work) -> bool:
    """A row per dimension, the one with the largest KL first: along it over the range of the data, all else held."""
    run, options = work.run, work.options
    encoded = _encoded(work, MAP_POINTS)
    if encoded is None:
        return False
    base, label = np.zeros(run.model.latent_dim, np.float32), _label(run, options.label)
    if options.start is not None:
        image = _at(work.dataset, [options.start])
        base = run.encode(image)[0]
        label = int(image.labels[0]) if label is None and image.labels is not None else label
    if label is None and run.model.num_classes:
        label = 0
    reach = ranges(encoded.mu)
    dims = order_by_kl(encoded.kl_per_dim)[:TRAVERSED]
    z = np.stack(
        [traversal(base, int(dim), np.linspace(reach[dim, 0], reach[dim, 1], work.frames)) for dim in dims]
    )  # (D, F, d)
    pixels = run.decode(z.reshape(-1, z.shape[-1]), label)
    if not work.moving:
        return _pictures(work, pixels, work.frames)
    by_frame = pixels.reshape(len(dims), work.frames, *run.image_shape).swapaxes(0, 1)
    columns = int(np.ceil(np.sqrt(len(dims))))
    sheets = [grid(frame, columns, scale=work.scale(TILE)).transpose(2, 0, 1) for frame in by_frame]
    return _gif(work, np.stack(sheets), 1)


def _map(work: _Work) -> bool:
    encoded = _encoded(work, work.options.count or MAP_POINTS)
    if encoded is None:
        return False
    if work.options.projection == "umap":
        layout = fit_apart(encoded.mu, _as_steps(work.progress), work.cancelled)
        if layout is None:
            return False
    else:
        layout = Pca.fit(encoded.mu).project(encoded.mu).astype(np.float32)
    if work.out.suffix.lower() == ".png":
        save_png(work.out, draw_map(layout, encoded.labels, work.dataset.class_names))
    else:
        save_table(work.out, _rows(work.dataset, encoded), ("x", "y"), layout)
    return True


def _latents(work: _Work) -> bool:
    encoded = _encoded(work, work.options.count)
    if encoded is None:
        return False
    columns = [f"z{dim}" for dim in range(encoded.mu.shape[1])]
    save_table(work.out, _rows(work.dataset, encoded), columns, encoded.mu)
    return True


KINDS: dict[str, Callable[[_Work], bool]] = {
    "samples": _samples,
    "reconstructions": _reconstructions,
    "interpolation": _interpolation,
    "traversal": _traversal,
    "map": _map,
    "latents": _latents,
}
"""By name what each of FORMATS does."""


def _pictures(work: _Work, pixels: Pixels, columns: int) -> bool:
    """Images (N, C, H, W) as one picture with so many columns, or one after another."""
    if work.moving:
        return _gif(work, pixels, work.scale(FRAME))
    save_png(work.out, grid(pixels, columns, scale=work.scale(TILE)))
    return True


def _gif(work: _Work, frames: Pixels, scale: int) -> bool:
    options = work.options
    return save_gif(
        work.out, frames, options.fps, scale, options.loop, options.ping_pong, work.progress, work.cancelled
    )


def _encoded(work: _Work, count: int | None) -> Encoded | None:
    """All images, in the order of their indices, or `count` of them, balanced over the classes; None when cancelled."""
    parts = work.dataset.train, work.dataset.test
    index = np.concatenate([part.index for part in parts])
    labels = [part.labels for part in parts if part.labels is not None]
    known = np.concatenate(labels) if len(labels) == 2 else None
    if count is not None and count < len(index):
        images = work.dataset.at(index[balanced(known, len(index), count, work.options.seed)])
        return encode(work.run.model, images, work.run.device, progress=work.progress, cancelled=work.cancelled)
    first, second = (
        encode(work.run.model, part, work.run.device, progress=work.progress, cancelled=work.cancelled)
        for part in parts
    )
    return None if first is None or second is None else first.followed_by(second)


def _rows(dataset: Dataset, encoded: Encoded) -> Rows:
    training = np.isin(encoded.index, dataset.train.index)
    split = ["train" if is_training else "test" for is_training in training]
    return Rows(encoded.index, split, encoded.labels, dataset.class_names)


def _ends(work: _Work) -> Images:
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


def _label(run: Loaded, label: str | None) -> int | None:
    """The class's number, from its name or its number. Raises ValueError for one that the model does not know."""
    if label is None:
        return None
    if not run.model.num_classes:
        raise ValueError("this model is not conditional: it decodes without a class")
    if label in run.class_names:
        return run.class_names.index(label)
    if label.isdecimal() and int(label) < run.model.num_classes:
        return int(label)
    raise ValueError(f"unknown class '{label}'; there are: {', '.join(run.class_names)}")


def _as_steps(progress: FramesDone | None) -> Callable[[float], None] | None:
    return None if progress is None else lambda share: progress(round(share * 100), 100)
