"""Sums over figures that arrive a few at a time: memory does not grow with how many there are."""

import math

import torch
from torch import Tensor


class LogMeanExp:
    """log mean_k exp(log w_k), per image, over weights that arrive a few at a time: memory does not grow with k."""

    def __init__(self, count: int) -> None:
        self.highest = torch.full((count,), -math.inf, dtype=torch.float64)
        self.total = torch.zeros(count, dtype=torch.float64)  # of exp(log w - highest)
        self.samples = 0

    def add(self, log_weights: Tensor) -> None:
        """log_weights: (k, B), in nats."""
        log_weights = log_weights.cpu().double()
        highest = torch.maximum(self.highest, log_weights.amax(0))  # (B,)
        self.total = self.total * torch.exp(self.highest - highest) + torch.exp(log_weights - highest).sum(0)
        self.highest = highest
        self.samples += len(log_weights)

    def value(self) -> Tensor:
        """(B,) in nats, float64."""
        return self.highest + torch.log(self.total) - math.log(self.samples)
