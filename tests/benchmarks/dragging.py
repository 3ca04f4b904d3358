"""Dragging on a UMAP map: how smoothly the decoded picture follows, and whether the off-data cue rises over gaps.

    python tests/benchmarks/dragging.py [--run RUN] [--data-dir DIR] [--points N] [--lines N] [--picture FILE]

Straight lines between two random samples are dragged along, with as many places on each as a mouse reports. A step is
the mean squared difference of two consecutive pictures, pixels from 0 to 1: of what is decoded under the cursor, which
is blended from the nearest samples, against the decoded picture of the nearest sample alone. Then the cue, from 0 (on
the data) to 100: at places inside clusters, and on those lines that lead over a gap, at their ends and in the gap's
middle, which is where the line is farthest from every point. The run is the bundled one on the digits unless another
is named.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from latentlab import load
from latentlab.data.sources import load as load_data
from latentlab.explore.charts import UmapChart
from latentlab.explore.encode import encode
from latentlab.explore.grids import grid
from latentlab.explore.loaded import Loaded
from latentlab.explore.map_cache import load_map
from latentlab.explore.neighbours import EDGE, FAR, Neighbours, Usual
from latentlab.explore.projection_process import fit_apart
from latentlab.export.pictures import save_png
from latentlab.images import Dataset, Pixels, balanced
from latentlab.runs.folder import open_run
from latentlab.runs.places import default_checkpoints

PLACES = 64  # on a line
GAP = 5.0  # times the spacing that 98.75 % of the points keep within: a line that leads so far from all crosses a gap
SHOWN_LINES, SHOWN = 4, 16  # in the picture: lines, and pictures on each


@dataclass(frozen=True, eq=False)
class Map:
    """The run with its points: coords (N, 2), mu (N, d), and what is asked of them."""

    run: Loaded
    chart: UmapChart
    usual: Usual
    label: int | None  # for a conditional model


def made(name: str, data_dir: Path | None, points: int) -> Map:
    """The run's own map where it was kept, else as many points laid out now."""
    folder = open_run(name, default_checkpoints())
    run = load(folder)
    dataset = load_data(run.config.data, data_dir=data_dir or Path(tempfile.gettempdir()))
    kept = load_map(folder)
    layouts = [each.coords for each in kept.layouts if each.settings.kind == "umap"] if kept is not None else []
    if kept is not None and kept.step == run.step and layouts:
        index, coords = kept.index, layouts[-1]
    else:
        index, coords = some(dataset, points), None
    encoded = encode(run.model, dataset.at(index), run.device)
    assert encoded is not None, "nobody cancels"
    if coords is None:
        coords = fit_apart(encoded.mu)
        assert coords is not None, "nobody cancels"
    return Map(
        run, UmapChart(coords, encoded.mu), Usual(encoded.mu, encoded.log_var), 0 if run.model.num_classes else None
    )


def some(dataset: Dataset, points: int) -> NDArray[np.int64]:
    index = np.concatenate([dataset.train.index, dataset.test.index])
    labels = [part.labels for part in (dataset.train, dataset.test)]
    known = None if any(part is None for part in labels) else np.concatenate(labels)
    return index[balanced(known, len(index), min(points, len(index)), 0)]


@dataclass(frozen=True, eq=False)
class Drag:
    """Along one line: pictures under the cursor and of the nearest sample (T, C, H, W), and cues (T,)."""

    pixels: Pixels
    snapped: Pixels
    usual: NDArray[np.float64]  # in latent space
    gap: NDArray[np.float64]  # on the map
    away: NDArray[np.float64]  # distance to the nearest point of the map

    @property
    def cue(self) -> NDArray[np.float64]:
        return np.maximum(self.usual, self.gap)


def drag(on: Map, start: NDArray[np.floating], end: NDArray[np.floating]) -> Drag:
    places = start + np.linspace(0, 1, PLACES)[:, None] * (end - start)
    held = np.zeros(on.chart.mu.shape[1], np.float32)
    readings = [on.chart.read((float(x), float(y)), held) for x, y in places]
    away, rows = Neighbours(on.chart.coords).nearest(places, 1)
    z = np.stack([reading.z for reading in readings])
    return Drag(
        on.run.decode(z, on.label),
        on.run.decode(on.chart.mu[rows[:, 0]], on.label),
        on.usual.percentile(z),
        np.array([reading.gap for reading in readings]),
        away[:, 0],
    )


def steps(pixels: Pixels) -> NDArray[np.float64]:
    """(T - 1,)"""
    return np.square(np.diff(pixels.astype(np.float64) / 255, axis=0)).mean(axis=(1, 2, 3))


def inside(on: Map, count: int, chance: np.random.Generator) -> NDArray[np.float64]:
    """Cues half-way between samples and one of their nearest neighbours on the map: (count,)."""
    near = Neighbours(on.chart.coords)
    rows = chance.integers(0, len(on.chart.coords), count)
    _, others = near.nearest(on.chart.coords[rows], 6)
    held, cues = np.zeros(on.chart.mu.shape[1], np.float32), []
    for row, other in zip(rows, others[np.arange(count), chance.integers(1, 6, count)], strict=True):
        reading = on.chart.read(tuple((0.5 * (on.chart.coords[row] + on.chart.coords[other])).tolist()), held)
        cues.append(max(float(on.usual.percentile(reading.z[None])[0]), reading.gap or 0.0))
    return np.array(cues)


def report(on: Map, drags: list[Drag], within: NDArray[np.float64]) -> None:
    blended = np.concatenate([steps(each.pixels) for each in drags])
    snapped = np.concatenate([steps(each.snapped) for each in drags])
    print(f"{len(on.chart.coords):,} points, {len(drags)} lines of {PLACES} places")
    print(f"step, mean       under the cursor {blended.mean():.5f}   nearest sample {snapped.mean():.5f}")
    print(f"                 ratio {blended.mean() / snapped.mean():.3f}")
    print(f"step, largest    under the cursor {blended.max():.4f}    nearest sample {snapped.max():.4f}")
    print(f"cue inside       median {np.median(within):.0f}, beyond the edge {(within > EDGE).mean():.1%}, "
          f"far {(within > FAR).mean():.1%}")  # fmt: skip
    over = crossing(on, drags)
    if not over:
        print("no line leads over a gap")
        return
    ends = np.concatenate([each.cue[[0, 1, -2, -1]] for each in over])
    middle = np.array([each.cue[each.away.argmax()] for each in over])
    latent = np.array([each.usual[each.away.argmax()] for each in over])
    print(f"cue over gaps    {len(over)} lines: at the ends {np.median(ends):.0f}, in the gap's middle "
          f"{np.median(middle):.0f} (least {middle.min():.0f})")  # fmt: skip
    print(f"                 by latent space alone {np.median(latent):.0f} in the gap's middle")


def crossing(on: Map, drags: list[Drag]) -> list[Drag]:
    """The lines that lead over a gap of the map."""
    spacing, _ = Neighbours(on.chart.coords).nearest(on.chart.coords, 2)
    wide = GAP * np.quantile(spacing[:, 1], FAR / 100)
    return [each for each in drags if each.away.max() > wide]


def draw(path: Path, drags: list[Drag]) -> None:
    """Two rows for each line: what is decoded under the cursor, fainter where the cue says so, and nearest samples."""
    from latentlab.gui.widgets.usual import opacity

    at = np.linspace(0, PLACES - 1, SHOWN).round().astype(int)
    rows: list[Pixels] = []
    for each in drags[:SHOWN_LINES]:
        seen = np.array([opacity(cue) for cue in each.cue[at]])[:, None, None, None]
        rows += [np.rint(seen * each.pixels[at] + (1 - seen) * 255).astype(np.uint8), each.snapped[at]]
    save_png(path, grid(np.concatenate(rows), SHOWN, scale=max(48 // rows[0].shape[-1], 1)))
    print(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default="digits-demo", help="a name or a path")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--points", type=int, default=5000, help="of a map that is not kept with the run")
    parser.add_argument("--lines", type=int, default=100)
    parser.add_argument("--picture", type=Path, metavar="FILE", help="a .png of some of the drags")
    args = parser.parse_args()
    on, chance = made(args.run, args.data_dir, args.points), np.random.default_rng(0)
    pairs = chance.integers(0, len(on.chart.coords), (args.lines, 2))
    drags = [drag(on, on.chart.coords[a], on.chart.coords[b]) for a, b in pairs]
    report(on, drags, inside(on, 1000, chance))
    if args.picture is not None:
        draw(args.picture, drags)


if __name__ == "__main__":
    main()
