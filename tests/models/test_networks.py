"""Any size from 8 to 128, one channel or three: every network fits, and every parameter learns."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from latentlab.config import ModelConfig
from latentlab.models.build import build, count_parameters
from latentlab.models.conv_network import conv_channels
from latentlab.models.latent_model import LatentModel
from latentlab.models.layers import ACTIVATIONS, ResidualBlock, Style, halvings
from latentlab.models.objectives import beta_objective

sides = st.integers(8, 48) | st.sampled_from([63, 64, 127, 128])
NETWORKS = ["mlp", "conv", "residual"]
NORMS = ["none", "batch", "group", "layer"]
LIKELIHOODS = ["bernoulli", "continuous-bernoulli", "gaussian", "discretized-logistic"]


def tiny(**fields: object) -> ModelConfig:
    hidden = (6, 5) if fields.get("network") == "mlp" else (4, 5)
    return ModelConfig.model_validate({"latent_dim": 3, "hidden": hidden, **fields})


@settings(deadline=None, max_examples=40)
@given(
    channels=st.sampled_from([1, 3]),
    height=sides,
    width=sides,
    layers=st.integers(1, 5),
    network=st.sampled_from(NETWORKS),
    upsample=st.booleans(),
    kind=st.sampled_from(["vae", "cvae"]),
    norm=st.sampled_from(NORMS),
    activation=st.sampled_from(list(ACTIVATIONS)),
)
def test_any_size_comes_back_at_its_own_size(
    channels: int,
    height: int,
    width: int,
    layers: int,
    network: str,
    upsample: bool,
    kind: str,
    norm: str,
    activation: str,
) -> None:
    shape = (channels, height, width)
    decoder = "upsample" if upsample and network != "mlp" else "transposed"
    config = tiny(kind=kind, network=network, norm=norm, activation=activation, decoder=decoder, hidden=(3,) * layers)
    model = build(config, shape, num_classes=4, seed=0)
    labels = torch.tensor([0, 3])
    terms = model.terms(torch.rand(2, *shape), labels)
    assert model.decode(terms.z, labels).shape == (2, *shape)
    assert model.encode(torch.rand(2, *shape), labels).mu.shape == (2, 3)
    assert terms.reconstruction.shape == terms.log_q.shape == terms.log_p.shape == (2,)
    assert [kl.shape for kl in terms.kls] == [(2, 3)]
    assert all(torch.isfinite(value).all() for value in (terms.reconstruction, terms.kls[0], terms.log_q))


def lacking(config: ModelConfig, shape: tuple[int, int, int]) -> list[str]:
    """Parameters without a gradient on 16 pictures of noise."""
    model = build(config, shape, 3, seed=1)
    x = torch.rand(16, *shape, generator=torch.Generator().manual_seed(0))
    terms = model.terms(x, torch.arange(16) % 3, torch.Generator().manual_seed(0))
    loss, _ = beta_objective(terms, beta=1.0)
    loss.backward()
    without = [name for name, each in model.named_parameters() if each.grad is None or not each.grad.abs().max() > 0]
    # a bias right before a batch norm is taken away with the mean, and its gradient is rounding, if anything
    return [name for name in without if not (config.norm == "batch" and name.endswith(".bias"))]


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("network", NETWORKS)
def test_every_parameter_has_a_gradient(network: str, norm: str, likelihood: str) -> None:
    config = tiny(kind="cvae", prior="conditional", network=network, likelihood=likelihood, norm=norm)
    assert lacking(config, (1, 8, 8)) == []
    if network != "mlp":
        assert lacking(config.model_copy(update={"decoder": "upsample"}), (3, 33, 17)) == []


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("network", NETWORKS)
def test_every_parameter_has_a_gradient_through_every_activation(network: str, activation: str) -> None:
    assert lacking(tiny(network=network, activation=activation, hidden=(8, 8)), (3, 9, 11)) == []


def layers_of(model: LatentModel, kind: type[nn.Module]) -> int:
    return sum(isinstance(layer, kind) for layer in model.modules())


@pytest.mark.parametrize("network", NETWORKS)
def test_names_in_the_configuration_are_what_is_built(network: str) -> None:
    for activation, make in ACTIVATIONS.items():
        model = build(tiny(network=network, activation=activation), (1, 8, 8), 0, seed=0)
        assert layers_of(model, type(make())) >= 4
        others = {type(other()) for other in ACTIVATIONS.values()} - {type(make())}
        assert not any(layers_of(model, other) for other in others)
    norms: dict[str, tuple[type[nn.Module], ...]] = {
        "none": (),
        "batch": (nn.BatchNorm1d, nn.BatchNorm2d),
        "group": (nn.GroupNorm,),
        "layer": (nn.LayerNorm, nn.GroupNorm),
    }
    every = set(itertools.chain(*norms.values()))
    for norm, kinds in norms.items():
        model = build(tiny(network=network, norm=norm), (1, 8, 8), 0, seed=0)
        assert sum(layers_of(model, kind) for kind in kinds) >= (4 if kinds else 0)
        assert not any(layers_of(model, kind) for kind in every - set(kinds))
    if network != "mlp":
        upsampled = build(tiny(network=network, decoder="upsample"), (1, 8, 8), 0, seed=0)
        assert (layers_of(upsampled, nn.ConvTranspose2d), layers_of(upsampled, nn.Upsample)) == (0, 2)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("norm", ["none", "group", "layer"])
def test_only_a_batch_norm_knows_the_other_images(network: str, norm: str) -> None:
    """In training. In evaluation mode, which is what a snapshot shows, not even that: it has its running means."""
    x = torch.rand(8, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    model = build(tiny(network=network, norm=norm, hidden=(8, 8)), (1, 8, 8), 0, seed=0).train()
    torch.testing.assert_close(model.encode(x).mu[:1], model.encode(x[:1]).mu)
    known = build(tiny(network=network, norm="batch", hidden=(8, 8)), (1, 8, 8), 0, seed=0).train()
    assert not torch.allclose(known.encode(x).mu[:4], known.encode(x[:4]).mu, atol=1e-3)
    known.eval()
    torch.testing.assert_close(known.encode(x).mu[:1], known.encode(x[:1]).mu)
    torch.testing.assert_close(known.decode(torch.ones(3, 3))[:1], known.decode(torch.ones(1, 3)))


@pytest.mark.parametrize("width", [1, 2, 3, 4, 6, 8, 12, 32, 100])
@pytest.mark.parametrize("norm", ["group", "layer"])
def test_a_norm_leaves_something_of_any_width(width: int, norm: str) -> None:
    """A group of one number would be nothing but its bias."""
    layer = Style(norm=norm).dense(5, width)  # type: ignore[arg-type]
    x = torch.randn(7, 5, generator=torch.Generator().manual_seed(0))
    assert (layer(x).std(0) > 0).all()


def test_group_norm_has_eight_groups_where_four_channels_are_in_each() -> None:
    groups = {}
    for width in (4, 5, 8, 16, 32, 256):
        norm = Style(norm="group").stage(width, 1)[0]  # type: ignore[index]
        groups[width] = norm.num_groups
    assert groups == {4: 1, 5: 1, 8: 2, 16: 4, 32: 8, 256: 8}


def test_a_gate_lets_through_as_much_as_its_other_half_says() -> None:
    layer = Style(activation="gated").dense(3, 4)
    x = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    linear: nn.Linear = layer[0]  # type: ignore[index]
    a, b = linear(x)[:, :4], linear(x)[:, 4:]
    torch.testing.assert_close(layer(x), a * torch.sigmoid(b))


@pytest.mark.parametrize("activation", ["leaky-relu", "gated"])
def test_a_residual_block_adds_to_what_it_is_given(activation: str) -> None:
    block = ResidualBlock(6, Style(activation=activation), blocks=4)  # type: ignore[arg-type]
    h = torch.randn(2, 6, 5, 7, generator=torch.Generator().manual_seed(0))
    convolutions = [layer for layer in block.layers if isinstance(layer, nn.Conv2d)]
    assert len(convolutions) == 2
    assert not torch.allclose(block(h), h)
    bound = (6 * 9) ** -0.5
    assert bound * 0.4 < float(convolutions[1].weight.detach().abs().max()) < bound * 0.51
    with torch.no_grad():
        for parameter in convolutions[1].parameters():
            parameter.zero_()
    torch.testing.assert_close(block(h), h)


def test_a_linear_model_is_an_mlp_without_hidden_layers() -> None:
    model = build(ModelConfig(network="mlp", hidden=(), latent_dim=2), (1, 8, 8), 0, seed=0)
    assert count_parameters(model) == 2 * (64 * 2 + 2) + (2 * 64 + 64)


@pytest.mark.parametrize(("side", "layers"), [(8, 2), (28, 2), (33, 2), (64, 3), (128, 4)])
def test_larger_pictures_get_more_convolutions_by_default(side: int, layers: int) -> None:
    assert len(conv_channels((1, side, side))) == layers


def test_a_side_of_three_is_not_halved() -> None:
    assert halvings((9, 13), 3) == [(9, 13), (4, 6), (2, 3), (2, 3)]
