"""The convolutions of networks give what torch's own give, forwards and backwards, in both precisions."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from latentlab.models.convolutions import Up, down, same

KINDS = ("down", "same", "up")
ROUNDED = 0.01  # relative difference that bfloat16 may make: it has 8 bits


def pair(kind: str, inputs: int, outputs: int, odd: tuple[int, int]) -> tuple[nn.Module, nn.Module]:
    """Ours and torch's, with the same weights."""
    ours: nn.Module
    theirs: nn.Module
    if kind == "up":
        ours, theirs = Up(inputs, outputs, odd), nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, output_padding=odd)
    elif kind == "down":
        ours, theirs = down(inputs, outputs), nn.Conv2d(inputs, outputs, 4, 2, 1)
    else:
        ours, theirs = same(inputs, outputs), nn.Conv2d(inputs, outputs, 3, 1, 1)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def results(layer: nn.Module, x: Tensor, bfloat16: bool) -> list[Tensor]:
    """The output in float32 and the gradients of input, weight and bias, of a fixed sum of the output's squares."""
    layer.zero_grad()
    x = x.clone().contiguous(memory_format=torch.channels_last).requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
        output = layer(x).float()
    (output.square() * torch.linspace(0.5, 1.5, output.numel()).view(output.shape)).sum().backward()
    found = [output.detach(), x.grad, *(parameter.grad for parameter in layer.parameters())]
    return [value for value in found if value is not None]


def difference(one: Tensor, other: Tensor) -> float:
    return ((one - other).norm() / other.norm()).item()


@given(
    kind=st.sampled_from(KINDS),
    inputs=st.sampled_from([1, 3, 5, 8]),
    outputs=st.sampled_from([1, 3, 5, 8]),
    height=st.integers(4, 11),
    width=st.integers(4, 11),
    count=st.integers(1, 3),
)
@settings(deadline=None, max_examples=15)
def test_they_agree_with_torch_at_every_size(
    kind: str, inputs: int, outputs: int, height: int, width: int, count: int
) -> None:
    torch.manual_seed(height * 100 + width)
    ours, theirs = pair(kind, inputs, outputs, (height % 2, width % 2))
    x = torch.randn(count, inputs, height, width)
    exact = results(theirs, x, bfloat16=False)
    assert ours(x).shape == theirs(x).shape
    assert len(exact) == 4
    for mine, torchs in zip(results(ours, x, bfloat16=False), exact, strict=True):
        torch.testing.assert_close(mine, torchs, rtol=1e-4, atol=1e-4)
    for mine, torchs in zip(results(ours, x, bfloat16=True), exact, strict=True):
        assert difference(mine, torchs) < 3 * ROUNDED


@pytest.mark.parametrize("kind", KINDS)
def test_sums_over_many_images_are_not_rounded_away(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The weights' gradient is summed part by part: here of 64 images, one at a time."""
    monkeypatch.setattr("latentlab.models.convolutions.WINDOWS_AT_ONCE", 1)
    torch.manual_seed(0)
    ours, theirs = pair(kind, 6, 6, (0, 0))
    x = torch.rand(64, 6, 8, 8)
    for mine, exact in zip(results(ours, x, bfloat16=True), results(theirs, x, bfloat16=False), strict=True):
        assert difference(mine, exact) < ROUNDED


@pytest.mark.parametrize("bfloat16", [False, True])
@pytest.mark.parametrize(("inputs", "outputs"), [(1, 8), (8, 16), (16, 1)])
def test_what_comes_out_is_laid_out_channels_last(inputs: int, outputs: int, bfloat16: bool) -> None:
    """A layer that gave the other layout would have each one after it convert."""
    x = torch.rand(4, inputs, 8, 8).contiguous(memory_format=torch.channels_last)
    for kind in KINDS if inputs > 1 else KINDS[:2]:  # no network grows from one channel
        ours, _ = pair(kind, inputs, outputs, (0, 0))
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
            assert ours(x).is_contiguous(memory_format=torch.channels_last), kind


def test_double_precision_stays_double() -> None:
    for kind in KINDS:
        for inputs, outputs in ((1, 5), (5, 1)):
            ours, theirs = (layer.double() for layer in pair(kind, inputs, outputs, (0, 0)))
            x = torch.randn(2, inputs, 6, 6, dtype=torch.float64)
            torch.testing.assert_close(ours(x), theirs(x), rtol=1e-12, atol=1e-12)


def test_the_names_of_weights_are_torchs() -> None:
    kinds: dict[str, Any] = {kind: pair(kind, 2, 3, (0, 0)) for kind in KINDS}
    for ours, theirs in kinds.values():
        assert {name: value.shape for name, value in ours.state_dict().items()} == {
            name: value.shape for name, value in theirs.state_dict().items()
        }
