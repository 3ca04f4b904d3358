"""What can be taken away from a run: six kinds, each in the formats that its file's suffix may name."""

from collections.abc import Callable
from pathlib import Path

from latentlab.explore.loaded import Loaded
from latentlab.export import picture_kinds, table_kinds
from latentlab.export.animations import check_video
from latentlab.export.frames import AS_PICTURES, FOLDER, SHEET
from latentlab.export.moving_formats import MOVING
from latentlab.export.watching import Cancelled, FramesDone
from latentlab.export.work import Options, Work
from latentlab.images import Dataset

FORMATS: dict[str, tuple[str, ...]] = {
    "samples": AS_PICTURES,
    "reconstructions": (SHEET,),
    "interpolation": AS_PICTURES,
    "traversal": (SHEET, *MOVING),
    "map": (".png", ".csv", ".npy"),
    "latents": (".csv", ".npy"),
}
WITHOUT_DATA = ("samples",)

KINDS: dict[str, Callable[[Work], bool]] = {
    "samples": picture_kinds.samples,
    "reconstructions": picture_kinds.reconstructions,
    "interpolation": picture_kinds.interpolation,
    "traversal": picture_kinds.traversal,
    "map": table_kinds.map_,
    "latents": table_kinds.latents,
}
"""By name what each of FORMATS does."""


def check(what: str, out: Path) -> None:
    """Raises ValueError where this kind is unknown, cannot be written as this file's suffix says, or has no folder."""
    if what not in FORMATS:
        raise ValueError(f"unknown export '{what}'; there are: {', '.join(FORMATS)}")
    suffix = out.suffix.lower()
    if suffix not in FORMATS[what]:
        named = f"'{out.suffix}'" if out.suffix else "no suffix"
        raise ValueError(f"{what} can be written as {in_words(FORMATS[what])}, and {out.name} has {named}")
    if not out.parent.is_dir():
        raise ValueError(f"the folder {out.parent} does not exist: make it, or choose another for --out")
    check_video(suffix)


def in_words(suffixes: tuple[str, ...]) -> str:
    """'.png, .gif or a folder (no suffix)'."""
    named = ["a folder (no suffix)" if suffix == FOLDER else suffix for suffix in suffixes]
    return " or ".join(filter(None, [", ".join(named[:-1]), named[-1]]))


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
    return KINDS[what](Work(run, dataset, out, options or Options(), progress, cancelled))
