"""The residual networks of tables A.9 and A.11, with corrections E-52 and E-53."""

import pytest
import torch
from torch import nn

from tests.tables import RESIDUAL_TABLES, SIZES, argument, count, parameters, row, rows, sizes
from wslbook import networks
from wslbook.networks import (
    ResidualBlock,
    caption_decoder,
    caption_encoder,
    face_decoder,
    face_encoder,
)

BUILDERS = [face_encoder, face_decoder, caption_encoder, caption_decoder]


def blocks(network):
    return [m for m in network.modules() if isinstance(m, ResidualBlock)]


def block_count(table_row, axes):
    """Count a block: three convolutions without bias, two numbers a channel to normalise."""
    features_in, features_out, *_ = table_row
    strided = 2 * count(table_row, axes, bias=False)
    return features_in**2 + strided + 2 * (2 * features_in + features_out)


@pytest.mark.parametrize("name", RESIDUAL_TABLES)
def test_counts_are_those_of_the_table(name):
    convolution, residual, linear = RESIDUAL_TABLES[name]
    axes = 1 if "caption" in name else 2
    expected = sum(count(row, axes) for row in [convolution, *linear])
    expected += sum(block_count(row, axes) for row in residual)
    assert parameters(getattr(networks, name)()) == expected


@pytest.mark.parametrize("build", BUILDERS)
def test_layers_are_those_of_the_table(build):
    """A quarter of the width gives a quarter of the channels, and nothing else."""
    convolution, residual, linear = RESIDUAL_TABLES[build.__name__]
    network = build(width=32)
    layers = rows(network)
    ends = layers[-1:] if "decoder" in build.__name__ else layers[:1]
    assert ends == [(*(c // 4 if c == 128 else c for c in convolution[:2]), *convolution[2:])]
    assert [r for r in layers if len(r) == 2] == [
        tuple(f // 4 if f == 640 else f for f in pair) for pair in linear
    ]
    for block, (channels_in, channels_out, *shape) in zip(blocks(network), residual, strict=True):
        assert row(block.skip[0]) == (channels_in // 4, channels_out // 4, *shape)
        assert row(block.branch[6]) == row(block.skip[0])
        assert row(block.branch[2]) == (channels_in // 4, channels_in // 4, 1, 1, 0)


@pytest.mark.parametrize("build", BUILDERS)
def test_feature_maps_have_the_sizes_of_the_table(build):
    network = build(width=2).eval()
    seen = sizes(network, argument(network, 1), ResidualBlock)
    ends = [network.data_shape[-1]] if hasattr(network, "body") else []
    starts = [] if ends else [network.data_shape[-1] // 2]
    assert starts + seen + ends == SIZES[build.__name__]


@pytest.mark.parametrize("build", BUILDERS)
def test_laws_have_the_shape_of_the_data(build):
    network = build(latent_dim=6, width=2).eval()
    law = network(argument(network, 1))  # batch normalisation must accept a single example
    encoder = "encoder" in build.__name__
    assert law.batch_shape == (1,)
    assert law.event_shape == ((6,) if encoder else network.data_shape)
    if not encoder:
        assert network(torch.randn(2, 3, 6)).batch_shape == (2, 3)


@pytest.mark.parametrize("build", BUILDERS)
def test_every_parameter_gets_a_gradient(build):
    network = build(width=2)
    law = network(argument(network, 8))
    law.log_prob(law.sample()).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize("build", BUILDERS)
def test_only_training_is_random_and_mixes_examples(build):
    network = build(width=2)
    x = argument(network, 4)
    value = network(x).sample()
    assert not torch.equal(network(x).log_prob(value), network(x).log_prob(value))
    network.eval()
    whole = network(x).log_prob(value)
    torch.testing.assert_close(whole, network(x).log_prob(value), rtol=0, atol=0)
    torch.testing.assert_close(whole[:1], network(x[:1]).log_prob(value[:1]))


@pytest.mark.parametrize(
    ("convolution", "convolve", "shape"),
    [
        (nn.Conv1d, nn.functional.conv1d, (8,)),
        (nn.Conv2d, nn.functional.conv2d, (8, 8)),
        (nn.ConvTranspose1d, nn.functional.conv_transpose1d, (4,)),
        (nn.ConvTranspose2d, nn.functional.conv_transpose2d, (4, 4)),
    ],
)
def test_a_block_computes_its_formula(convolution, convolve, shape):
    """Without dropout: 2 BN(C1 x) + 0.3 C2 relu BN C0 relu BN x, written out by hand."""
    block = ResidualBlock(convolution, 3, 5, dropout=0.0, kernel_size=4, stride=2, padding=1)
    x = torch.randn(6, 3, *shape)

    def bn(h):
        axes = (0, *range(2, h.ndim))
        mean, variance = h.mean(axes, keepdim=True), h.var(axes, keepdim=True, correction=0)
        return (h - mean) / (variance + 1e-5).sqrt()

    def strided(h, layer):
        return convolve(h, layer.weight, stride=2, padding=1)

    inner = convolve(bn(x).relu(), block.branch[2].weight)
    branch = strided(bn(inner).relu(), block.branch[6])
    expected = 2 * bn(strided(x, block.skip[0])) + 0.3 * branch
    torch.testing.assert_close(block(x), expected)


def test_images_lose_whole_channels():
    block = ResidualBlock(nn.Conv2d, 3, 64, dropout=0.5, kernel_size=4, stride=2, padding=1)
    dropped = (block.branch(torch.randn(2, 3, 8, 8)) == 0).flatten(2)
    torch.testing.assert_close(dropped.any(2), dropped.all(2), rtol=0, atol=0)
    assert dropped.any()
    assert not dropped.all()


@pytest.mark.parametrize("build", [caption_encoder, caption_decoder])
def test_captions_of_another_alphabet(build):
    assert parameters(build(width=2, num_characters=81)) - parameters(build(width=2)) == (
        10 * 3 * 2 + (10 if build is caption_decoder else 0)
    )


@pytest.mark.parametrize(
    ("convolution", "dropout", "message"),
    [
        (nn.Conv3d, 0.5, "convolution: expected one of Conv1d, .*, got .*Conv3d"),
        (nn.Conv1d, 1.5, "dropout probability has to be between 0 and 1, but got 1.5"),
    ],
)
def test_bad_input(convolution, dropout, message):
    with pytest.raises(ValueError, match=message):
        ResidualBlock(convolution, 3, 5, dropout=dropout, kernel_size=4)
