"""Any size from 8 to 128, one channel or three: networks fit, and every parameter learns."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.config import ModelConfig
from latentlab.models.build import build, count_parameters
from latentlab.models.networks import conv_channels, halvings
from latentlab.models.objectives import beta_objective

sides = st.integers(8, 48) | st.sampled_from([63, 64, 127, 128])


def tiny(**fields: object) -> ModelConfig:
    hidden = (4, 5) if fields.get("network", "conv") == "conv" else (6, 5)
    return ModelConfig.model_validate({"latent_dim": 3, "hidden": hidden, **fields})


@settings(deadline=None, max_examples=20)
@given(
    channels=st.sampled_from([1, 3]),
    height=sides,
    width=sides,
    layers=st.integers(1, 5),
    network=st.sampled_from(["mlp", "conv"]),
    kind=st.sampled_from(["vae", "cvae"]),
    norm=st.sampled_from(["none", "batch"]),
)
def test_any_size_comes_back_at_its_own_size(
    channels: int, height: int, width: int, layers: int, network: str, kind: str, norm: str
) -> None:
    shape = (channels, height, width)
    config = tiny(kind=kind, network=network, norm=norm, hidden=(3,) * layers)
    model = build(config, shape, num_classes=4, seed=0)
    labels = torch.tensor([0, 3])
    terms = model.terms(torch.rand(2, *shape), labels)
    assert model.decode(terms.z, labels).shape == (2, *shape)
    assert model.encode(torch.rand(2, *shape), labels).mu.shape == (2, 3)
    assert terms.reconstruction.shape == terms.log_q.shape == terms.log_p.shape == (2,)
    assert [kl.shape for kl in terms.kls] == [(2, 3)]
    assert all(torch.isfinite(value).all() for value in (terms.reconstruction, terms.kls[0], terms.log_q))


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("network", ["mlp", "conv"])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 33, 17)])
def test_every_parameter_has_a_gradient(network: str, likelihood: str, norm: str, shape: tuple[int, int, int]) -> None:
    model = build(tiny(kind="cvae", network=network, likelihood=likelihood, norm=norm), shape, 3, seed=1)
    x = torch.rand(16, *shape, generator=torch.Generator().manual_seed(0))
    loss, _ = beta_objective(model.terms(x, torch.arange(16) % 3), beta=1.0)
    loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        if norm == "batch" and name.endswith(".bias") and parameter.grad.abs().max() < 1e-3:
            continue  # the mean that batch norm takes away takes this bias with it
        assert parameter.grad.abs().max() > 0, name


def test_a_linear_model_is_an_mlp_without_hidden_layers() -> None:
    model = build(ModelConfig(network="mlp", hidden=(), latent_dim=2), (1, 8, 8), 0, seed=0)
    assert count_parameters(model) == 2 * (64 * 2 + 2) + (2 * 64 + 64)


@pytest.mark.parametrize(("side", "layers"), [(8, 2), (28, 2), (33, 2), (64, 3), (128, 4)])
def test_larger_pictures_get_more_convolutions_by_default(side: int, layers: int) -> None:
    assert len(conv_channels((1, side, side))) == layers


def test_a_side_of_three_is_not_halved() -> None:
    assert halvings((9, 13), 3) == [(9, 13), (4, 6), (2, 3), (2, 3)]
