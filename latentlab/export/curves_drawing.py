"""The curves of a training as an SVG: lines and text that can be magnified at will, and edited."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from latentlab.runs.files import write_whole

WIDTH, HEIGHT, GAP = 460, 260, 24  # pixels of a plot, and between two of them
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 30, 34  # around what is plotted
TICKS = 5  # about so many on an axis
LARGEST_SHARE = 0.98  # of the values is within the axis: the steep beginning would flatten all the rest
INK, QUIET = "#1b1f24", "#d5dae1"


@dataclass(frozen=True)
class _Curve:
    """A column of the records, its words, its colour."""

    column: str
    words: str
    colour: str


PLOTS = (
    (_Curve("neg_elbo", "−ELBO", "#1a5fcc"), _Curve("reconstruction", "reconstruction", "#0f6f5d")),
    (_Curve("kl", "KL", "#945600"),),
)


def save_curves(path: Path, records: Iterable[dict[str, Any]], title: str) -> None:
    """Write −ELBO with its reconstruction, and KL, in nats over steps: lines for training, dots for validation.

    Raises ValueError where there are no records yet, OSError where it cannot be written.
    """
    write_whole(path, drawn(list(records), title).encode("utf-8"))


def drawn(records: Sequence[dict[str, Any]], title: str) -> str:
    """The SVG's text."""
    if not records:
        raise ValueError("there are no curves yet: train the run first")
    width, height = len(PLOTS) * WIDTH + (len(PLOTS) - 1) * GAP, HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="11">',
        f"<title>{escape(title)}: nats per image over steps; lines: training, dots: validation</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for number, curves in enumerate(PLOTS):
        parts += [f'<g transform="translate({number * (WIDTH + GAP)} 0)">', *_plot(records, curves), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def round_ticks(low: float, high: float, count: int = TICKS) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten from `low` to `high`, about `count` of them."""
    rough = max(high - low, 1e-12) / count
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough * 0.999)
    return [
        float(each * step) for each in range(int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9)) + 1)
    ]


def _plot(records: Sequence[dict[str, Any]], curves: Sequence[_Curve]) -> list[str]:
    series = {(c.column, split): _series(records, c.column, split) for c in curves for split in ("train", "validation")}
    values = np.concatenate([values for _, values in series.values()])
    values = values[np.isfinite(values)]
    last = max(float(record["step"]) for record in records) or 1.0
    low, high = (0.0, 1.0) if not len(values) else (float(values.min()), float(np.quantile(values, LARGEST_SHARE)))
    margin = 0.06 * (high - low) or 0.5
    low, high = low - margin, high + margin
    across, along = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def stretches(at: NDArray[np.float64], y: NDArray[np.float64]) -> list[list[tuple[float, float]]]:
        """Places of the values within the axis, in lines that are whole: not all programs know of clipping."""
        inside = np.flatnonzero((y >= low) & (y <= high))
        xs, ys = LEFT + at / last * across, TOP + (high - y) / (high - low) * along
        runs = np.split(inside, np.flatnonzero(np.diff(inside) > 1) + 1)
        return [list(zip(xs[run].tolist(), ys[run].tolist(), strict=True)) for run in runs if len(run)]

    parts = []
    for tick in round_ticks(low, high):
        y = TOP + (high - tick) / (high - low) * along
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{QUIET}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="{INK}">{tick:.4g}</text>')
    for tick in round_ticks(0, last):
        x = LEFT + tick / last * across
        words = f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle" fill="{INK}">{tick:,.0f}</text>'
        parts.append(words)
    middle = LEFT + across / 2
    parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - 4}" text-anchor="middle" fill="{INK}">step</text>')
    for curve in curves:
        for stretch in stretches(*series[curve.column, "train"]):
            line = " ".join(f"{x:.1f},{y:.1f}" for x, y in stretch)
            parts.append(f'<polyline points="{line}" fill="none" stroke="{curve.colour}" stroke-width="1.2"/>')
        dots = [place for stretch in stretches(*series[curve.column, "validation"]) for place in stretch]
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="{curve.colour}"/>' for x, y in dots]
    return [*parts, *_legend(curves)]


def _legend(curves: Sequence[_Curve]) -> list[str]:
    parts, x = [], LEFT
    for curve in curves:
        parts.append(f'<path d="M{x} 15h16" stroke="{curve.colour}" stroke-width="2"/>')
        parts.append(f'<text x="{x + 21}" y="19" fill="{INK}">{escape(curve.words)} (nats)</text>')
        x += 110
    return parts


def _series(
    records: Sequence[dict[str, Any]], column: str, split: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Steps and values of one quantity in one split."""
    of_split = [r for r in records if (r.get("split") == "validation") == (split == "validation")]
    values = [np.nan if r.get(column) is None else r[column] for r in of_split]
    return np.array([r["step"] for r in of_split], np.float64), np.array(values, np.float64)
