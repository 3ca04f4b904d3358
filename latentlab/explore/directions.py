"""Directions in latent space from two groups of images, and arithmetic with places: z + amount x direction, a - b + c.

What a group's images have in common, and the other's have not, is where their encodings differ: the mean of the one
less the mean of the other (attribute vectors: Larsen et al. 2016, Autoencoding beyond pixels, section 5.2; White 2016,
Sampling generative networks, section 3.3). Where other things go with it in the data, as hair with sex in portraits,
the difference of means has them in it too; the normal of the plane that tells the groups apart best has less of them.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from latentlab.runs.directions import Direction, Method
from latentlab.runs.groups import Group, checked_name

Floats = NDArray[np.float32]

FOLDS = 5
MOST = 5000  # images of a group that a classifier is fitted to: more move its normal by less than they take seconds
LEAST = 2  # images of a group, from which on it can be held out


def difference_of_means(start: NDArray[np.floating], end: NDArray[np.floating]) -> Floats:
    """The mean of end (M, d) less the mean of start (N, d), taken in float64: float32 (d,)."""
    return np.asarray(end.mean(axis=0, dtype=np.float64) - start.mean(axis=0, dtype=np.float64), np.float32)


def classifier_normal(start: NDArray[np.floating], end: NDArray[np.floating]) -> Floats:
    """The normal of the plane by which logistic regression tells end (M, d) from start (N, d), towards end: (d,).

    As long as the groups' means lie apart along it, so that amount 1 goes from the one's mean to where the other's is.
    Both groups count the same, however many images they have. Raises ValueError where it finds nothing to tell by.
    """
    x, y = _standing(start, end)
    fitted, spread = _fitted(x, y)
    normal = fitted.coef_[0] / spread
    length = float(np.linalg.norm(normal))
    if length == 0.0:
        raise ValueError("a linear classifier finds nothing by which to tell the two groups apart")
    unit = normal / length
    apart = end.mean(axis=0, dtype=np.float64) - start.mean(axis=0, dtype=np.float64)
    return np.asarray(unit * float(unit @ apart), np.float32)


def told_apart(start: NDArray[np.floating], end: NDArray[np.floating], method: Method) -> float | None:
    """How well held-out images of the groups are told apart along the direction: balanced accuracy, 0.5 is chance.

    Five-fold cross-validation, each fold's direction made without it. For "means", by which of the two means is nearer
    along their difference; for "classifier", by its plane. None where a group has fewer than two images.
    """
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import StratifiedKFold

    x, y = _standing(start, end)
    folds = min(FOLDS, int(y.sum()), int((~y).sum()))
    if folds < LEAST:
        return None
    said = np.zeros(len(y), np.bool_)
    for kept, held in StratifiedKFold(folds, shuffle=True, random_state=0).split(x, y):
        said[held] = _said(x[kept], y[kept], x[held], method)
    return float(balanced_accuracy_score(y, said))


def _said(x: NDArray[np.float64], y: NDArray[np.bool_], held: NDArray[np.float64], method: Method) -> Any:
    """Which of `held` (H, d) lie on the side of the second group: (H,) bool."""
    if method == "means":
        first, second = x[~y].mean(axis=0), x[y].mean(axis=0)
        return (held - (first + second) / 2) @ (second - first) > 0
    fitted, spread = _fitted(x, y)
    return fitted.predict(held / spread)


def _fitted(x: NDArray[np.float64], y: NDArray[np.bool_]) -> tuple[Any, NDArray[np.float64]]:
    """The classifier of x / spread, and the spread (d,): what is held down by the penalty is then of one size."""
    from sklearn.linear_model import LogisticRegression

    spread = np.sqrt((x[y].var(axis=0) + x[~y].var(axis=0)) / 2)
    spread = np.maximum(spread, max(1e-3 * float(spread.max()), 1e-12))  # a dimension that stands still says nothing
    return LogisticRegression(class_weight="balanced", max_iter=1000).fit(x / spread, y), spread


def _standing(start: NDArray[np.floating], end: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Both groups one after the other, of each evenly spread rows where there are very many; True: of `end`."""
    parts = [
        np.asarray(part[np.linspace(0, len(part) - 1, min(len(part), MOST)).astype(np.int64)], np.float64)
        for part in (start, end)
    ]
    return np.concatenate(parts), np.repeat([False, True], [len(part) for part in parts])


def make(
    name: str,
    start: Group,
    end: Group,
    method: Method,
    mu: Floats,
    index: NDArray[np.int64],
    labels: NDArray[np.int64] | None,
    step: int,
    run: str,
) -> Direction:
    """The direction from the one group's images to the other's, of these encoded images: mu (N, d), index (N,).

    Raises ValueError with one sentence: a group without images here, or two that are the same.
    """
    name = checked_name(name)
    first, second = rows_of(start, end, index, labels)
    for group, rows in ((start, first), (end, second)):
        if not rows.any():
            raise ValueError(f"none of the images here belong to the group '{group.name}'")
    if np.array_equal(first, second):
        raise ValueError(f"'{start.name}' and '{end.name}' are the same images: there is no direction between them")
    a, b = mu[first], mu[second]
    vector = difference_of_means(a, b) if method == "means" else classifier_normal(a, b)
    if not np.isfinite(vector).all() or not vector.any():
        raise ValueError(f"the means of '{start.name}' and '{end.name}' are the same: there is no direction")
    accuracy = told_apart(a, b, method)
    return Direction(name, vector, method, start, end, step, run, accuracy, (int(first.sum()), int(second.sum())))


def make_anew(
    old: Direction,
    mu: Floats,
    index: NDArray[np.int64],
    labels: NDArray[np.int64] | None,
    step: int,
    run: str,
) -> Direction:
    """The same from other weights' encodings. Raises ValueError as `make` does, and where its groups are unknown."""
    if old.start is None or old.end is None:
        raise ValueError(f"the groups of '{old.name}' are of other images: it cannot be made anew here")
    return make(old.name, old.start, old.end, old.method, mu, index, labels, step, run)


def rows_of(
    start: Group, end: Group, index: NDArray[np.int64], labels: NDArray[np.int64] | None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of the images (N,) belong to each. Raises ValueError where each is the rest of the other."""
    if start.rest and end.rest:
        raise ValueError("choose a group: 'all others' means all that are not in it")
    if start.rest:
        second = end.members(index, labels)
        return ~second, second
    first = start.members(index, labels)
    return first, ~first if end.rest else end.members(index, labels)


def moved(z: ArrayLike, vector: Floats, amounts: ArrayLike) -> Floats:
    """z (d,) with each of the amounts (T,) of the direction added: (T, d)."""
    steps = np.asarray(amounts, np.float32)[:, None] * vector
    return np.asarray(np.asarray(z, np.float32) + steps, np.float32)


def analogy(a: ArrayLike, b: ArrayLike, c: ArrayLike) -> Floats:
    """a - b + c, each (d,): what a has and b has not, added to c (White 2016, J-diagrams)."""
    return np.asarray(np.asarray(a, np.float32) - np.asarray(b, np.float32) + np.asarray(c, np.float32), np.float32)
