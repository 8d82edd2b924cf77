"""Tables A.1 to A.12 of the thesis as rows of numbers, and what a network holds of them.

A row is (features in, features out) of a linear layer, or (in, out, kernel, stride, padding) of a
convolution. Corrections: E-51, E-52, E-53.
"""

import torch
from torch import nn

TABLES = {
    "mnist_encoder": [(784, 400), (400, 20), (400, 20)],
    "mnist_decoder": [(20, 400), (400, 784)],
    "svhn_encoder": [
        (3, 32, 4, 2, 1),
        (32, 64, 4, 2, 1),
        (64, 64, 4, 2, 1),
        (64, 128, 4, 2, 0),
        (128, 20),
        (128, 20),
    ],
    "svhn_decoder": [
        (20, 128),
        (128, 64, 4, 2, 0),
        (64, 64, 4, 2, 1),
        (64, 32, 4, 2, 1),
        (32, 3, 4, 2, 1),
    ],
    "word_encoder": [
        (71, 128, 1, 1, 0),
        (128, 128, 4, 2, 1),
        (128, 128, 4, 2, 0),
        (128, 20),
        (128, 20),
    ],
    "word_decoder": [(20, 128), (128, 128, 4, 1, 0), (128, 128, 4, 2, 1), (128, 71, 1, 1, 0)],
    "polymnist_encoder": [
        (3, 32, 3, 2, 1),
        (32, 64, 3, 2, 1),
        (64, 128, 3, 2, 1),
        (2048, 512),
        (512, 512),
        (512, 512),
    ],
    "polymnist_decoder": [(512, 2048), (128, 64, 3, 2, 1), (64, 32, 3, 2, 1), (32, 3, 3, 2, 1)],
}

# Sizes of the feature maps behind each convolution.
SIZES = {
    "svhn_encoder": [16, 8, 4, 1],
    "svhn_decoder": [4, 8, 16, 32],
    "word_encoder": [8, 4, 1],
    "word_decoder": [4, 8, 8],
    "polymnist_encoder": [14, 7, 4],
    "polymnist_decoder": [7, 14, 28],
    "face_encoder": [32, 16, 8, 4, 1],
    "face_decoder": [4, 8, 16, 32, 64],
    "caption_encoder": [128, 64, 32, 16, 8, 4, 1],
    "caption_decoder": [4, 8, 16, 32, 64, 128, 256],
}

# First or last convolution, residual blocks, linear layers. A stride has no effect on one value:
# both decoders begin with stride 1, where table A.11 prints 2.
RESIDUAL_TABLES = {
    "face_encoder": (
        (3, 128, 3, 2, 1),
        [(128, 256, 4, 2, 1), (256, 384, 4, 2, 1), (384, 512, 4, 2, 1), (512, 640, 4, 2, 0)],
        [(640, 64), (640, 64)],
    ),
    "face_decoder": (
        (128, 3, 3, 2, 1),
        [(640, 512, 4, 1, 0), (512, 384, 4, 2, 1), (384, 256, 4, 2, 1), (256, 128, 4, 2, 1)],
        [(64, 640)],
    ),
    "caption_encoder": (
        (71, 128, 3, 2, 1),
        [
            (128, 256, 4, 2, 1),
            (256, 384, 4, 2, 1),
            (384, 512, 4, 2, 1),
            (512, 640, 4, 2, 1),
            (640, 640, 4, 2, 1),
            (640, 640, 4, 2, 0),
        ],
        [(640, 64), (640, 64)],
    ),
    "caption_decoder": (
        (128, 71, 3, 2, 1),
        [
            (640, 640, 4, 1, 0),
            (640, 640, 4, 2, 1),
            (640, 512, 4, 2, 1),
            (512, 384, 4, 2, 1),
            (384, 256, 4, 2, 1),
            (256, 128, 4, 2, 1),
        ],
        [(64, 640)],
    ),
}

NUM_CHARACTERS = 71
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d)


def argument(network, batch):
    """Return what a network takes: latents for a decoder, images or texts for an encoder."""
    if hasattr(network, "body"):
        return torch.randn(batch, network.latent_dim)
    if len(network.data_shape) == 1:
        return torch.randint(NUM_CHARACTERS, (batch, *network.data_shape))
    return torch.rand(batch, *network.data_shape)


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def row(layer):
    """Return the row of the table that a layer would have."""
    if isinstance(layer, nn.Linear):
        return layer.in_features, layer.out_features
    shape = layer.kernel_size[0], layer.stride[0], layer.padding[0]
    return layer.in_channels, layer.out_channels, *shape


def rows(network):
    return [row(m) for m in network.modules() if isinstance(m, (nn.Linear, *CONVOLUTIONS))]


def count(table_row, axes, bias=True):
    """Count the numbers in a layer: kernel^axes * in * out weights, and out biases."""
    features_in, features_out, *shape = table_row
    kernel = shape[0] if shape else 1
    return kernel**axes * features_in * features_out + bias * features_out


def sizes(network, argument, kinds):
    """Run a network and return the length of the last axis behind each layer of these kinds."""
    seen = []
    hooks = [
        m.register_forward_hook(lambda module, x, y: seen.append(y.shape[-1]))
        for m in network.modules()
        if isinstance(m, kinds)
    ]
    network(argument)
    for hook in hooks:
        hook.remove()
    return seen
