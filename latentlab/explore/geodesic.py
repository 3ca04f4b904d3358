"""Shortest paths in the decoder's own terms: as short as possible in pictures, not in latent space.

The length of a path z(t) is that of its decoded picture, the integral of |d g(z(t)) / dt| with g the likelihood's mean:
the metric J^T J that the decoder g pulls back into latent space (Arvanitidis, Hansen and Hauberg 2018; Shao, Kumar and
Fletcher 2018; Chen et al. 2018). A first path is the shortest over a graph of encoded means, whose edges are as long as
their decoded ways (Chen et al. 2019), and of the straight line's own points, so that it is never worse than that. It is
then drawn tight: the discrete energy T * sum |g(z_{i+1}) - g(z_i)|^2, whose smallest curve is a shortest one and is
walked at an even pace, is followed downhill with both ends held (Shao et al. 2018, algorithm 1).

Only the mean is followed, as in those works' deterministic case: where no data were, nothing keeps a path away but
that the graph is of data (Hauberg 2018, "Only Bayes should learn a manifold").

What takes long is a generator that yields (done, total) between steps; nothing of torch's modes is held over a yield.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from torch import Tensor

from latentlab.explore.curve import Curve, Floats
from latentlab.explore.decode import classes
from latentlab.models.latent_model import LatentModel

Decode = Callable[[Tensor], Tensor]  # float z (n, d) to float pictures (n, D), differentiable
Steps = Generator[tuple[int, int], None, "Found"]
Found = TypeVar("Found")

NODES, NEIGHBOURS = 1000, 8  # of the graph: encoded means (2,000 shortened no path further by a thousandth, MNIST), and
# to how many of the nearest each has an edge
PICTURES = 24_000_000  # numbers that the nodes' pictures may have together: of large pictures there are fewer nodes
PIECES = 24  # straight ones that a curve is made of
FINE = 4  # parts of each, by which it is measured
STEPS = 60  # downhill, at most
TIGHT = 2e-4  # of the energy: a step that gains less is the last
AT_ONCE = 64  # pictures decoded between two looks at whoever waits
REACH = 0.25  # of a piece: how far the first step moves its points
SHORTER = 1e-3  # of the length: what is not shorter by so much is the straight line


def decoder_of(model: LatentModel, label: int | tuple[int, int] | None = None) -> Decode:
    """The likelihood's mean as rows (n, D) of a model in evaluation mode; label: the condition of a conditional one.

    Of two labels it is mixed: z (n, d + 1) has in its last column how much of the second one there is, from 0 to 1.
    Raises ValueError, when it decodes, where a conditional model has no such class.
    """
    device = next(model.parameters()).device

    def decode(z: Tensor) -> Tensor:
        given = classes(model, label, len(z))
        return model.decode(z.to(device), None if given is None else given.to(device)).flatten(1).cpu()

    if not isinstance(label, tuple):
        return decode
    first, last = label

    def decode_mixed(z: Tensor) -> Tensor:
        ends = (classes(model, each, len(z)) for each in (first, last))
        a, b = (model.condition(None if each is None else each.to(device), len(z)) for each in ends)  # (n, K)
        share = z[:, -1:].clamp(0.0, 1.0).to(device)
        output = model.decoder(z[:, :-1].to(device), a + share * (b - a))  # (n, C, H, W)
        return model.likelihood.mean(output).flatten(1).cpu()

    return decode_mixed


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes z (N, d) with their pictures (N, D), and edges (a, b) (E, 2), a < b, with their decoded lengths (E,)."""

    z: Floats
    pictures: Floats
    edges: NDArray[np.int64]
    lengths: Floats


def grow(decode: Decode, mu: Floats, seed: int = 0) -> "Steps[Graph]":
    """The graph of some of the means mu (N, d), each with edges to its nearest. Takes a second; keep it."""
    size = _run(decode, mu[:1]).shape[1]
    most = max(min(NODES, PICTURES // size), 2)
    rows = np.arange(len(mu))
    if len(mu) > most:
        rows = np.sort(np.random.default_rng(seed).choice(len(mu), most, replace=False))
    z = np.unique(mu[rows].astype(np.float32), axis=0)
    edges = _nearest_pairs(z, z)
    total = len(z) + len(edges)
    pictures = np.empty((len(z), size), np.float32)
    for start in range(0, len(z), AT_ONCE):
        pictures[start : start + AT_ONCE] = _run(decode, z[start : start + AT_ONCE])
        yield start, total
    lengths = np.empty(len(edges), np.float32)
    for start in range(0, len(edges), AT_ONCE):
        a, b = edges[start : start + AT_ONCE].T
        lengths[start : start + AT_ONCE] = _bent(decode, z[a], z[b], pictures[a], pictures[b])
        yield len(z) + start, total
    return Graph(z, pictures, edges, lengths)


def find(decode: Decode, graph: Graph | None, waypoints: Floats) -> "Steps[Curve]":
    """The shortest way found from each of the waypoints (W, d) to the next, as one curve, W >= 2.

    Where none was found that is shorter than the straight one, it is the straight one, and the curve says how often.
    Raises ValueError for fewer than two waypoints.
    """
    if waypoints.ndim != 2 or len(waypoints) < 2:
        raise ValueError(f"a path needs at least 2 waypoints of one dimension each, not an array of {waypoints.shape}")
    legs, straight_lengths, as_straight = [], 0.0, 0
    total = (len(waypoints) - 1) * STEPS
    for number in range(len(waypoints) - 1):
        a, b = waypoints[number].astype(np.float32), waypoints[number + 1].astype(np.float32)
        straight = _measured(decode, _line(a, b))
        best = straight
        if straight.length > 0:
            starts = [_line(a, b)]
            if graph is not None:
                starts.append(_measured(decode, _first(decode, graph, a, b)).frames(PIECES + 1))
            for step, curves in enumerate(_tighten(decode, np.stack(starts))):
                starts = list(curves)
                yield number * STEPS + step, total
            found = min((_measured(decode, each) for each in starts), key=lambda each: each.length)
            if found.length < (1.0 - SHORTER) * straight.length:
                best = found
        as_straight += best is straight
        straight_lengths += straight.length
        legs.append(best)
        yield (number + 1) * STEPS, total
    whole = Curve.joined(legs)
    return Curve(whole.z, whole.lengths, straight_lengths, as_straight)


def finish(steps: "Steps[Found]", tell: Callable[[int, int], bool] | None = None) -> "Found | None":
    """All steps in one go; `tell(done, total)` says whether to go on. None where it said no."""
    try:
        while True:
            done, total = next(steps)
            if tell is not None and not tell(done, total):
                return None
    except StopIteration as end:
        found: Found = end.value
        return found


def decoded_lengths(decode: Decode, path: Floats) -> NDArray[np.float64]:
    """How far the picture has come at each of the points z (n, d), ascending from 0: (n,), root of summed squares."""
    pictures = np.concatenate([_run(decode, path[at : at + AT_ONCE]) for at in range(0, len(path), AT_ONCE)])
    return np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(pictures, axis=0), axis=1), dtype=np.float64)]


# -- the parts of it


def _first(decode: Decode, graph: Graph, a: Floats, b: Floats) -> Floats:
    """The shortest path over the graph and the straight line's points: (n, d)."""
    chain = _line(a, b)
    pictures = _run(decode, chain)
    count, links = len(graph.z), _nearest_pairs(chain, graph.z)
    own = _bent(decode, chain[:-1], chain[1:], pictures[:-1], pictures[1:])
    to, row = links.T
    across = _bent(decode, chain[to], graph.z[row], pictures[to], graph.pictures[row])
    along = count + np.arange(len(chain) - 1)
    begins = np.r_[graph.edges[:, 0], along, count + to]
    ends = np.r_[graph.edges[:, 1], along + 1, row]
    lengths = np.maximum(np.r_[graph.lengths, own, across], 1e-12)  # an edge of no length would be none
    whole = csr_matrix((lengths, (begins, ends)), shape=(count + len(chain),) * 2)
    last = count + len(chain) - 1
    _, before = dijkstra(whole, directed=False, indices=last, return_predecessors=True)
    nodes, at = [count], count
    while at != last:
        at = int(before[at])
        nodes.append(at)
    return np.concatenate([graph.z, chain])[nodes]


def _tighten(decode: Decode, curves: Floats) -> Generator[Floats, None, None]:
    """The curves (C, T + 1, d) with less and less energy, after each step.

    The gradient is smoothed along the curve by the inverse of the second difference: the energy is |second
    difference| in pictures, so that all wave lengths come down at once, not the shortest first. A step is taken where
    it lessens the curve's energy; else it is half as long the next time.
    """
    count, points, _ = curves.shape
    smooth = np.linalg.inv(2 * np.eye(points - 2) - np.eye(points - 2, k=1) - np.eye(points - 2, k=-1))
    smooth = smooth.astype(np.float32)
    reach = np.full(count, REACH, np.float32)
    energy, slope = _energy(decode, curves)
    for _ in range(STEPS):
        way = np.einsum("ij,cjd->cid", smooth, slope[:, 1:-1])
        size = np.sqrt(np.square(way).sum(axis=2).mean(axis=1))
        piece = np.linalg.norm(np.diff(curves, axis=1), axis=2).mean(axis=1)
        share = reach * piece / np.maximum(size, 1e-30)
        tried = curves.copy()
        tried[:, 1:-1] -= share[:, None, None] * way
        new_energy, new_slope = _energy(decode, tried)
        better = new_energy < energy
        gained = np.where(better, 1 - new_energy / np.maximum(energy, 1e-30), 0.0)
        curves, slope = (
            np.where(better[:, None, None], new, old) for new, old in ((tried, curves), (new_slope, slope))
        )
        energy = np.where(better, new_energy, energy)
        yield curves
        settled = np.where(better, gained < TIGHT, reach < 1e-3)
        if settled.all():
            return
        reach = np.where(better, reach * 1.5, reach * 0.4).astype(np.float32)


def _energy(decode: Decode, curves: Floats) -> tuple[Floats, Floats]:
    """T * sum |g(z_{i+1}) - g(z_i)|^2 of each curve (C, T + 1, d), and its slope, of the curves' shape."""
    count, points, dims = curves.shape
    with torch.inference_mode(False), torch.enable_grad():
        z = torch.tensor(curves.reshape(-1, dims), requires_grad=True)
        pictures = decode(z).float().reshape(count, points, -1)
        energy = (points - 1) * (pictures[:, 1:] - pictures[:, :-1]).square().sum(dim=(1, 2))
        (slope,) = torch.autograd.grad(energy.sum(), z)
    return energy.detach().numpy(), slope.numpy().reshape(curves.shape)


def _measured(decode: Decode, points: Floats) -> Curve:
    """The curve of straight pieces through these points (n, d), each measured in FINE parts."""
    t = np.arange(FINE, dtype=np.float32)[None, :, None] / FINE
    z = (points[:-1, None] + t * (points[1:] - points[:-1])[:, None]).reshape(-1, points.shape[1])
    z = np.concatenate([z, points[-1:]])
    return Curve(z, decoded_lengths(decode, z))


def _bent(decode: Decode, a: Floats, b: Floats, of_a: Floats, of_b: Floats) -> Floats:
    """Decoded lengths of the ways from a to b (E, d), by way of their middles: (E,)."""
    middle = np.concatenate([_run(decode, (a[at : at + AT_ONCE] + b[at : at + AT_ONCE]) / 2)
                             for at in range(0, len(a), AT_ONCE)])  # fmt: skip
    return np.linalg.norm(middle - of_a, axis=1) + np.linalg.norm(of_b - middle, axis=1)


def _nearest_pairs(z: Floats, others: Floats) -> NDArray[np.int64]:
    """(row of z, row of others) of each z with its nearest others: (E, 2); where both are the same, each pair once."""
    same, pairs = z is others, []
    square = np.square(others).sum(axis=1)
    count = min(NEIGHBOURS, len(others) - same)
    for start in range(0, len(z), 256):
        rows = np.arange(start, min(start + 256, len(z)))
        far = square - 2 * z[rows] @ others.T  # (B, N), squares of distances, less those of z
        if same:
            far[np.arange(len(rows)), rows] = np.inf
        near = np.argpartition(far, count - 1, axis=1)[:, :count] if count else np.empty((len(rows), 0), np.int64)
        pairs.append(np.stack([np.repeat(rows, count), near.reshape(-1)], axis=1))
    found = np.concatenate(pairs)
    return np.unique(np.sort(found, axis=1), axis=0) if same else found


def _line(a: Floats, b: Floats) -> Floats:
    t = np.linspace(0, 1, PIECES + 1, dtype=np.float32)[:, None]
    line = a + t * (b - a)  # which stays where it is where both are one place
    line[0], line[-1] = a, b
    return line


def _run(decode: Decode, z: Floats) -> Floats:
    """Pictures (n, D) of z (n, d)."""
    with torch.no_grad():
        pictures: Floats = decode(torch.as_tensor(np.ascontiguousarray(z, np.float32))).float().numpy()
    return pictures
