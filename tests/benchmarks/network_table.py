"""Networks side by side: parameters, and training images per second on one machine, as a table for the README.

    python tests/benchmarks/network_table.py [--seconds 1] [--rounds 5] [--threads 2] [--device cpu] [--precision P]

Each network takes whole training steps (forward, backward, fused Adam) on noise, batches of 128, float32 unless said
otherwise. They take turns, so that what else the machine does strikes all alike; the figure is the median of the turns.
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from contextlib import nullcontext

import torch

from latentlab.config import ModelConfig
from latentlab.models.build import build, count_parameters
from latentlab.models.layers import Shape
from latentlab.models.objectives import beta_objective

BATCH = 128
GREY, COLOUR = (1, 28, 28), (3, 64, 64)
NETWORKS: dict[str, dict[str, object]] = {
    "mlp": {"network": "mlp"},
    "conv": {"network": "conv"},
    "conv, batch norm": {"network": "conv", "norm": "batch"},
    "conv, group norm": {"network": "conv", "norm": "group"},
    "conv, gated": {"network": "conv", "activation": "gated"},
    "conv, upsample": {"network": "conv", "decoder": "upsample"},
    "residual": {"network": "residual"},
    "residual, upsample": {"network": "residual", "decoder": "upsample"},
}


def steps(config: ModelConfig, shape: Shape, device: torch.device, low: bool) -> Iterator[int]:
    """Yields the number of parameters after each step."""
    model = build(config, shape, 0, seed=0).to(device)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=True)
    x = torch.rand(BATCH, *shape, generator=torch.Generator().manual_seed(0)).to(device)
    parameters = count_parameters(model)
    while True:
        with torch.autocast(device.type, torch.bfloat16) if low else nullcontext():
            terms = model.terms(x)
        loss, _ = beta_objective(terms, 1.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        yield parameters


def speed(running: Iterator[int], seconds: float) -> float:
    """Images per second over at least one step."""
    began, count = time.perf_counter(), 0
    while count == 0 or time.perf_counter() - began < seconds:
        next(running)
        count += BATCH
    return count / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1.0, help="of a network's turn")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device, low = torch.device(options.device), options.precision == "bfloat16"
    running = {
        (name, shape): steps(ModelConfig.model_validate(fields), shape, device, low)
        for name, fields in NETWORKS.items()
        for shape in (GREY, COLOUR)
    }
    parameters = {key: next(each) for key, each in running.items()}  # and warmed up
    turns = [{key: speed(each, options.seconds) for key, each in running.items()} for _ in range(options.rounds)]
    print("| network | 28x28 grey: parameters | images/s | 64x64 colour: parameters | images/s |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name in NETWORKS:
        cells = [name]
        for shape in (GREY, COLOUR):
            rate = statistics.median(turn[name, shape] for turn in turns)
            cells += [f"{parameters[name, shape]:,}", f"{rate:,.0f}"]
        print(f"| {' | '.join(cells)} |")
    print(f"{options.rounds} turns of {options.seconds:g} s, {options.threads} threads, {device}, {options.precision}")


if __name__ == "__main__":
    main()
