"""Where training runs: CUDA, Apple's MPS, or the processor."""

import torch

from latentlab.config import DeviceKind


def choose_device(kind: DeviceKind) -> torch.device:
    """The device of this kind; auto takes CUDA, else a trustworthy MPS, else the processor.

    Raises ValueError when a device is asked for by name and is not there, or computes wrongly.
    """
    if kind == "auto":
        kind = "cuda" if torch.cuda.is_available() else "mps" if _mps_is_sound() else "cpu"
    if kind == "cuda" and not torch.cuda.is_available():
        raise ValueError("there is no CUDA device here; choose the device auto or cpu")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise ValueError("there is no MPS device here (it needs an Apple processor); choose the device auto or cpu")
    if kind == "mps" and not _mps_is_sound():
        raise ValueError("this Mac's MPS device gives results that differ from the processor's; choose the device cpu")
    if kind == "cuda":
        torch.backends.cudnn.allow_tf32 = False  # which torch allows convolutions: steps of training ask for it
    return torch.device(kind)


def describe(device: torch.device) -> str:
    """The device in words, for a person: 'cuda (NVIDIA H200)', 'cpu (2 threads)'."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    if device.type == "cpu":
        threads = torch.get_num_threads()
        return f"cpu ({threads} thread{'' if threads == 1 else 's'})"
    return device.type


def _mps_is_sound() -> bool:
    """Whether MPS is there and agrees with the processor on a strided convolution and its gradient.

    It has given silently wrong results on tensors that are not contiguous.
    """
    if not torch.backends.mps.is_available():
        return False
    cpu, mps = (_convolve(torch.device(kind)) for kind in ("cpu", "mps"))
    return all(torch.allclose(here, there.cpu(), rtol=1e-3, atol=1e-4) for here, there in zip(cpu, mps, strict=True))


def _convolve(device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """A fixed convolution's output (2, 4, 7, 7) and its weights' gradient (4, 3, 4, 4)."""
    pixels = torch.linspace(-1, 1, 2 * 3 * 14 * 14, device=device).reshape(2, 3, 14, 14).transpose(2, 3)
    weights = torch.linspace(-0.5, 0.5, 4 * 3 * 4 * 4, device=device).reshape(4, 3, 4, 4).requires_grad_()
    output = torch.nn.functional.conv2d(pixels, weights, stride=2, padding=1)
    output.square().sum().backward()
    assert weights.grad is not None
    return output.detach(), weights.grad
