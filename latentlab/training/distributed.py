"""Several processes that train one model together, as torchrun starts them: which one this is, and what they exchange.

Each takes its rows of every batch, and the gradients are added up: so the global batch, the shuffling and the noise are
those of one process. Batch normalisation alone looks at each one's own rows. Only the first of them writes.

The sum is one call on one flat tensor, weighted by the rows that each process had. DistributedDataParallel takes the
plain mean over processes, which is wrong where a last batch does not divide evenly.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, distributed

ENVIRONMENT = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")  # what torchrun sets


class Share(NamedTuple):
    """One process's rows of a batch of `total`: from `first` to before `stop`, of which `counts` count.

    A process takes one row at least, so that it has something to compute; where that belongs to another one, none of
    its own counts.
    """

    first: int
    stop: int
    total: int
    counts: int


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process's number among `world` that train together; alone, 0 of 1."""

    rank: int = 0
    world: int = 1

    @property
    def alone(self) -> bool:
        return self.world == 1

    @property
    def writes(self) -> bool:
        """This process writes the run folder and speaks for all."""
        return self.rank == 0

    def share(self, count: int) -> Share:
        """This process's rows of a batch of so many."""
        first, stop = count * self.rank // self.world, count * (self.rank + 1) // self.world
        if first == stop:
            return Share(0, 1, count, 0)
        return Share(first, stop, count, stop - first)

    def add(self, tensors: Sequence[Tensor]) -> None:
        """Replace each by its sum over all processes, which then hold the same bits."""
        if self.alone:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        distributed.all_reduce(flat)
        for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))

    def any(self, flag: bool, device: torch.device) -> bool:
        """Whether the flag is up in any process. All of them must ask."""
        if self.alone:
            return flag
        raised = torch.tensor(float(flag), device=device)
        distributed.all_reduce(raised, op=distributed.ReduceOp.MAX)
        return bool(raised)

    def tell(self, text: str) -> str:
        """The first process's text, in all of them."""
        if self.alone:
            return text
        told = text.encode()
        length = torch.tensor(len(told))
        distributed.broadcast(length, 0)
        data = torch.frombuffer(bytearray(told.ljust(int(length), b" ")[: int(length)] or b" "), dtype=torch.uint8)
        distributed.broadcast(data, 0)
        return bytes(data.tolist())[: int(length)].decode()

    def wait(self) -> None:
        """Wait until all processes have come here."""
        if not self.alone:
            distributed.barrier()


ALONE = Ranks()


@contextmanager
def joined() -> Iterator[Ranks]:
    """The processes that torchrun started, met for as long as the block runs; alone where it started none.

    Where there is CUDA each process takes the GPU of its local number. Raises ValueError with one sentence where the
    environment is torchrun's only in part.
    """
    found = [name for name in ENVIRONMENT if name in os.environ]
    if "RANK" not in found and "WORLD_SIZE" not in found:
        yield ALONE
        return
    if len(found) < len(ENVIRONMENT):
        missing = ", ".join(name for name in ENVIRONMENT if name not in found)
        raise ValueError(f"{missing} is not set: start several processes with torchrun")
    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("cpu:gloo,cuda:nccl" if cuda else "gloo")
    try:
        yield Ranks(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()
