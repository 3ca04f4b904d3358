"""The rate-distortion picture of a sweep: what each run pays in KL, and what is left to be paid for the pixels.

A run on a line from upper left to lower right has the same negative ELBO as all others on it; lower left is better.
(Alemi et al. 2018, Fixing a broken ELBO.) Runs that differ in the seed alone share a colour and a label.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from latentlab.explore.grids import Rgb
from latentlab.explore.palettes import CLASSES_ON_LIGHT as COLOURS
from latentlab.sweep.grid import Plan, label
from latentlab.sweep.results import Row

WIDTH, HEIGHT = 1000, 700  # pixels
LEFT, RIGHT, TOP, BOTTOM = 92, 40, 56, 74  # of the frame, in pixels
SMOOTHING = 2  # drawn so many times larger, then reduced
INK, MUTED, LINE, ISO = "#1b1f24", "#565f6b", "#d5dae1", "#9aa3af"
SEED = ("training", "seed")
ROOM = 0.12  # of the range, on each side


@dataclass(frozen=True)
class _Scale:
    """Values of an axis onto pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, most: int) -> list[float]:
        """Round numbers (1, 2 or 5 times a power of ten apart) within the axis."""
        return round_steps(self.low, self.high, most)


@dataclass(frozen=True)
class _Group:
    """Runs that differ in the seed alone: their places (n, 2) as rate and distortion, and what tells them apart."""

    words: str
    line: str  # groups of one line are joined in their order
    places: np.ndarray

    @property
    def centre(self) -> tuple[float, float]:
        x, y = self.places.mean(axis=0)
        return float(x), float(y)


def draw(plan: Plan, found: list[Row]) -> Rgb:
    """uint8 (HEIGHT, WIDTH, 3). At least one of the rows is done."""
    groups = _groups(plan, found)
    places = np.concatenate([group.places for group in groups])
    picture = Image.new("RGB", (WIDTH * SMOOTHING, HEIGHT * SMOOTHING), "white")
    canvas = _Canvas(picture, *_scales(places))
    canvas.axes()
    canvas.iso_lines(places.sum(axis=1))
    lines = list(dict.fromkeys(group.line for group in groups))
    for number, name in enumerate(lines):
        canvas.line([group for group in groups if group.line == name], COLOURS[number % len(COLOURS)])
    canvas.labels(groups)
    canvas.title(plan, lines if len(lines) > 1 else [], found)
    return np.asarray(picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS))


def round_steps(low: float, high: float, most: int) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten from low to high, at most `most` of them."""
    rough = (high - low) / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(
        power * factor for factor in (1, 2, 5, 10, 20) if (high - low) / (power * factor) <= most - 1 or factor == 20
    )
    return [step * number for number in range(math.ceil(low / step), math.floor(high / step + 1e-9) + 1)]


def _groups(plan: Plan, found: list[Row]) -> list[_Group]:
    """Labelled by the axes but the seed; joined along the first of them."""
    axes = [axis for axis in plan.axes if axis.path != SEED] or list(plan.axes)
    places: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in found:
        if row.figures:
            words = [f"{axis.name} {label(row.point.choices[axis.name])}" for axis in axes]
            key = words[0], ", ".join(words[1:])
            places.setdefault(key, []).append((row.figures["rate"], row.figures["distortion"]))
    return [_Group(words, line, np.array(where)) for (words, line), where in places.items()]


def _scales(places: np.ndarray) -> tuple[_Scale, _Scale]:
    low, high = places.min(axis=0), places.max(axis=0)
    span = np.maximum(high - low, np.maximum(np.abs(high) * 0.02, 1e-3))
    middle = (low + high) / 2
    low, high = middle - span * (0.5 + ROOM), middle + span * (0.5 + ROOM)
    right, bottom = (WIDTH - RIGHT) * SMOOTHING, (HEIGHT - BOTTOM) * SMOOTHING
    return (
        _Scale(max(float(low[0]), 0.0) if low[0] < 0 <= places[:, 0].min() else float(low[0]), float(high[0]),
               LEFT * SMOOTHING, right),
        _Scale(float(low[1]), float(high[1]), bottom, TOP * SMOOTHING),
    )  # fmt: skip


class _Canvas:
    def __init__(self, picture: Image.Image, x: _Scale, y: _Scale) -> None:
        self._draw = ImageDraw.Draw(picture)
        self._x, self._y = x, y
        self._taken: list[tuple[float, float, float, float]] = []  # boxes where a label would lie on something

    def axes(self) -> None:
        draw, x, y = self._draw, self._x, self._y
        draw.rectangle((x.start, y.end, x.end, y.start), outline=LINE, width=SMOOTHING)
        for tick in x.ticks(9):
            draw.line((x(tick), y.start, x(tick), y.start + 6 * SMOOTHING), fill=MUTED, width=SMOOTHING)
            self._text((x(tick), y.start + 10 * SMOOTHING), f"{tick:g}", 14, MUTED, "ma")
        for tick in y.ticks(8):
            draw.line((x.start - 6 * SMOOTHING, y(tick), x.start, y(tick)), fill=MUTED, width=SMOOTHING)
            self._text((x.start - 10 * SMOOTHING, y(tick)), f"{tick:g}", 14, MUTED, "rm")
        middle = (x.start + x.end) / 2
        self._text((middle, y.start + 38 * SMOOTHING), "rate: KL(q(z|x) || p(z)), nats per image", 15, INK, "ma")
        self._text((16 * SMOOTHING, (TOP - 16) * SMOOTHING), "distortion: -log p(x|z), nats per image", 15, INK, "lm")

    def iso_lines(self, sums: np.ndarray) -> None:
        """Dashed lines of equal negative ELBO, as far as they lie within the frame; each named at its lower end."""
        x, y = self._x, self._y
        low, high = min(float(sums.min()), x.low + y.low), max(float(sums.max()), x.high + y.high)
        for total in round_steps(low, high, 9):
            ends = sorted({
                (at, total - at) for at in (x.low, x.high, total - y.low, total - y.high)
                if x.low <= at <= x.high and y.low <= total - at <= y.high
            })  # fmt: skip
            if len(ends) < 2:
                continue
            start, end = ((x(at), y(rest)) for at, rest in (ends[0], ends[-1]))
            for one, other in _dashes(start, end):
                self._draw.line((*one, *other), fill=LINE, width=SMOOTHING)
            self._name_line(total, start, end)

    def _name_line(self, total: float, start: tuple[float, float], end: tuple[float, float]) -> None:
        words, size = f"-ELBO {total:g}", 13
        width = self._font(size).getlength(words)
        if math.dist(start, end) < 2 * width:
            return
        x, y = (start[0] * 0.06 + end[0] * 0.94, start[1] * 0.06 + end[1] * 0.94)
        box = (x - width - 4, y - 9 * SMOOTHING, x + 4, y + 9 * SMOOTHING)
        if not self._within(box) or any(_overlap(box, other) for other in self._taken):
            return
        self._draw.rectangle(box, fill="white")
        self._text((x, y), words, size, ISO, "rm")
        self._taken.append(box)

    def line(self, groups: list[_Group], colour: str) -> None:
        """Dots for all runs, and a line through the means of those with equal settings."""
        centres = [(self._x(group.centre[0]), self._y(group.centre[1])) for group in groups]
        if len(centres) > 1:
            self._draw.line(centres, fill=colour, width=2 * SMOOTHING, joint="curve")
        radius = 6 * SMOOTHING
        for group, centre in zip(groups, centres, strict=True):
            for rate, distortion in group.places:
                at, down = self._x(float(rate)), self._y(float(distortion))
                self._draw.line((*centre, at, down), fill=colour, width=SMOOTHING)
                box = (at - radius, down - radius, at + radius, down + radius)
                self._draw.ellipse(box, fill=colour, outline="white", width=SMOOTHING)
                self._taken.append(box)

    def labels(self, groups: list[_Group]) -> None:
        """Each beside its dots, on the side where nothing lies yet."""
        size = 15
        for group in groups:
            x, y = self._x(group.centre[0]), self._y(group.centre[1])
            width, height, gap = self._font(size).getlength(group.words), size * SMOOTHING, 12 * SMOOTHING
            sides = [(x + gap, y - gap), (x + gap, y + gap), (x - gap - width, y - gap), (x - gap - width, y + gap),
                     (x - width / 2, y - 2 * gap), (x - width / 2, y + 2 * gap)]  # fmt: skip
            boxes = [(left, down - height / 2, left + width, down + height / 2) for left, down in sides]
            inside = [box for box in boxes if self._within(box)] or boxes[:1]
            free = [box for box in inside if not any(_overlap(box, other) for other in self._taken)]
            box = (free or inside)[0]
            self._text((box[0], (box[1] + box[3]) / 2), group.words, size, INK, "lm", halo=True)
            self._taken.append(box)

    def title(self, plan: Plan, lines: list[str], found: list[Row]) -> None:
        """The sweep's name and what was measured, at the upper right; below, which colour is which."""
        done = next(row.figures for row in found if row.figures)
        words = f"{plan.name}: {done['n']:,} {done['split']} images"
        self._text((self._x.end, (TOP - 16) * SMOOTHING), words, 15, MUTED, "rm")
        for number, line in enumerate(lines):
            down = self._y.end + (16 + 22 * number) * SMOOTHING
            at = self._x.end - 14 * SMOOTHING
            radius = 5 * SMOOTHING
            box = (at - radius, down - radius, at + radius, down + radius)
            self._draw.ellipse(box, fill=COLOURS[number % len(COLOURS)])
            self._text((at - 12 * SMOOTHING, down), line, 14, INK, "rm", halo=True)

    def _within(self, box: tuple[float, float, float, float]) -> bool:
        return box[0] > self._x.start and box[2] < self._x.end and box[1] > self._y.end and box[3] < self._y.start

    def _text(
        self, at: tuple[float, float], words: str, size: int, colour: str, anchor: str, halo: bool = False
    ) -> None:
        width = 3 * SMOOTHING if halo else 0
        self._draw.text(
            at, words, fill=colour, font=self._font(size), anchor=anchor, stroke_width=width, stroke_fill="white"
        )

    @staticmethod
    def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        return ImageFont.load_default(size=size * SMOOTHING)


def _dashes(start: tuple[float, float], end: tuple[float, float]) -> Iterator[tuple[tuple[float, float], ...]]:
    """The line in pieces of 6 pixels with gaps of 5."""
    length, first, second = math.dist(start, end), np.array(start), np.array(end)
    for place in np.arange(0, length, 11 * SMOOTHING):
        one, other = place / length, min((place + 6 * SMOOTHING) / length, 1.0)
        yield tuple(first + (second - first) * one), tuple(first + (second - first) * other)


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
