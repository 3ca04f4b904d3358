"""Where chance comes from: torch's own generator, one that is given, or the part of one that belongs to some rows.

Processes that train together draw the noise of the whole batch, each from a generator in the same state, and use their
rows of it: so the noise is that of one process, and a checkpoint holds the state of one generator.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows from `first` to before `stop` of a batch of `total`, all of which `generator` draws for."""

    generator: torch.Generator
    first: int
    stop: int
    total: int

    @property
    def device(self) -> torch.device:
        return self.generator.device


Chance = torch.Generator | Rows | None


def drawn(count: int, chance: Chance, draw: Callable[[int, torch.Generator | None], Tensor]) -> Tensor:
    """`count` rows of what `draw(rows, generator)` gives, (count, ...).

    Of `Rows`, `count` is a multiple of their number: so many draws of the whole batch, one after the other.
    """
    if not isinstance(chance, Rows):
        return draw(count, chance)
    samples = count // (chance.stop - chance.first)
    whole = draw(samples * chance.total, chance.generator)  # (samples * total, ...)
    parts = whole.view(samples, chance.total, *whole.shape[1:])[:, chance.first : chance.stop]
    return parts.flatten(0, 1)


def normal(like: Tensor, chance: Chance) -> Tensor:
    """Independent N(0, 1), of the shape (B, ...), type and device of `like`."""

    def draw(rows: int, source: torch.Generator | None) -> Tensor:
        return torch.randn((rows, *like.shape[1:]), generator=source, device=like.device, dtype=like.dtype)

    return drawn(len(like), chance, draw)


def coins(p: Tensor, chance: Chance) -> Tensor:
    """1 with the probability p, else 0, each by itself; (B, ...) as p."""

    def draw(rows: int, source: torch.Generator | None) -> Tensor:
        return torch.rand((rows, *p.shape[1:]), generator=source, device=p.device, dtype=p.dtype)

    return (drawn(len(p), chance, draw) < p).to(p.dtype)
