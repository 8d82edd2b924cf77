"""The residual networks for faces and their captions, thesis tables A.9 and A.11, corrected.

Batch normalisation and dropout make them behave differently while they are trained: call
``model.eval()`` before judging a model, and ``model.train()`` before training it on. In training
mode a batch needs two examples.
"""

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn
from torch.distributions import Distribution

from wslbook.likelihoods import categorical, laplace
from wslbook.networks.gaussian import Decoder, GaussianEncoder
from wslbook.networks.one_hot import OneHot
from wslbook.networks.residual import ResidualBlock

__all__ = ["caption_decoder", "caption_encoder", "face_decoder", "face_encoder"]

FACE_SHAPE = (3, 64, 64)
CAPTION_SHAPE = (256,)

HALVE = DOUBLE = {"kernel_size": 4, "stride": 2, "padding": 1}
FOUR_TO_ONE = {"kernel_size": 4, "stride": 2, "padding": 0}
ONE_TO_FOUR = {"kernel_size": 4, "stride": 1, "padding": 0}


def face_encoder(latent_dim: int = 64, width: int = 128, dropout: float = 0.5) -> GaussianEncoder:
    """Build the image encoder of thesis table A.9: a convolution, four residual blocks, two heads.

    The image shrinks from 64 pixels to 32, 16, 8, 4 and 1. The last block has no padding, as the
    head needs; the table prints padding 1 (E-52).

    Args:
        latent_dim: dimension of z, in the thesis 32 shared and 32 private.
        width: channels of the first layer; the others have 2, 3, 4 and 5 times as many.
        dropout: probability of dropout in the residual blocks; the thesis does not mention any.

    Returns:
        An encoder of images ``[batch, 3, 64, 64]``.

    Example:
        >>> sum(p.numel() for p in face_encoder().parameters())
        21557376

    Derived in: notebooks/13
    """
    block = partial(ResidualBlock, nn.Conv2d, dropout=dropout)
    trunk = nn.Sequential(
        nn.Conv2d(3, width, kernel_size=3, stride=2, padding=1),
        block(width, 2 * width, **HALVE),
        block(2 * width, 3 * width, **HALVE),
        block(3 * width, 4 * width, **HALVE),
        block(4 * width, 5 * width, **FOUR_TO_ONE),
        nn.Flatten(),
    )
    return GaussianEncoder(trunk, FACE_SHAPE, 5 * width, latent_dim)


def face_decoder(
    latent_dim: int = 64,
    width: int = 128,
    dropout: float = 0.5,
    likelihood: Callable[[Tensor], Distribution] = laplace,
) -> Decoder:
    """Build the image decoder of thesis table A.9: linear, four residual blocks, a convolution.

    The image grows from 1 pixel to 4, 8, 16, 32 and 64. Blocks 3 to 5 have stride 2 and the last
    layer output padding 1; as printed, the table yields 13 pixels (E-52). The output is linear.

    Args:
        latent_dim: dimension of z, in the thesis 32 shared and 32 private.
        width: channels of the last block; the others have 2, 3, 4 and 5 times as many.
        dropout: probability of dropout in the residual blocks; the thesis does not mention any.
        likelihood: what the 12 288 outputs mean, see :mod:`wslbook.likelihoods`.

    Returns:
        A decoder whose likelihoods have event shape ``[3, 64, 64]``.

    Example:
        >>> import torch
        >>> face_decoder(width=4).eval()(torch.zeros(1, 64)).event_shape
        torch.Size([3, 64, 64])

    Derived in: notebooks/13
    """
    block = partial(ResidualBlock, nn.ConvTranspose2d, dropout=dropout)
    body = nn.Sequential(
        nn.Linear(latent_dim, 5 * width),
        nn.Unflatten(1, (5 * width, 1, 1)),
        block(5 * width, 4 * width, **ONE_TO_FOUR),
        block(4 * width, 3 * width, **DOUBLE),
        block(3 * width, 2 * width, **DOUBLE),
        block(2 * width, width, **DOUBLE),
        nn.ConvTranspose2d(width, 3, kernel_size=3, stride=2, padding=1, output_padding=1),
    )
    return Decoder(body, FACE_SHAPE, latent_dim, likelihood)


def caption_encoder(
    latent_dim: int = 64, width: int = 128, dropout: float = 0.5, num_characters: int = 71
) -> GaussianEncoder:
    """Build the text encoder of thesis table A.11: a convolution, six residual blocks, two heads.

    The text shrinks from 256 positions to 128, 64, 32, 16, 8, 4 and 1.

    Args:
        latent_dim: dimension of z, in the thesis 32 shared and 32 private.
        width: channels of the first layer; the others have 2, 3, 4 and 5 times as many.
        dropout: probability of dropout in the residual blocks; the thesis does not mention any.
        num_characters: size of the alphabet.

    Returns:
        An encoder of character indices ``[batch, 256]``.

    Example:
        >>> import torch
        >>> encoder = caption_encoder(width=4).eval()
        >>> encoder(torch.zeros(1, 256, dtype=torch.long)).event_shape
        torch.Size([64])

    Derived in: notebooks/13
    """
    block = partial(ResidualBlock, nn.Conv1d, dropout=dropout)
    trunk = nn.Sequential(
        OneHot(num_characters),
        nn.Conv1d(num_characters, width, kernel_size=3, stride=2, padding=1),
        block(width, 2 * width, **HALVE),
        block(2 * width, 3 * width, **HALVE),
        block(3 * width, 4 * width, **HALVE),
        block(4 * width, 5 * width, **HALVE),
        block(5 * width, 5 * width, **HALVE),
        block(5 * width, 5 * width, **FOUR_TO_ONE),
        nn.Flatten(),
    )
    return GaussianEncoder(trunk, CAPTION_SHAPE, 5 * width, latent_dim)


def caption_decoder(
    latent_dim: int = 64, width: int = 128, dropout: float = 0.5, num_characters: int = 71
) -> Decoder:
    """Build the text decoder of thesis table A.11: linear, six residual blocks, a convolution.

    The text grows from 1 position to 4, 8, 16, 32, 64, 128 and 256. The linear layer has 640
    outputs, as the next layer needs, and the last layer output padding 1; the table prints 896
    and yields 255 positions (E-53). The outputs are the logits of a categorical law.

    Args:
        latent_dim: dimension of z, in the thesis 32 shared and 32 private.
        width: channels of the last block; the others have 2, 3, 4 and 5 times as many.
        dropout: probability of dropout in the residual blocks; the thesis does not mention any.
        num_characters: size of the alphabet.

    Returns:
        A decoder whose likelihoods have event shape ``[256]``.

    Example:
        >>> import torch
        >>> caption_decoder(width=4).eval()(torch.zeros(1, 64)).event_shape
        torch.Size([256])

    Derived in: notebooks/13
    """
    block = partial(ResidualBlock, nn.ConvTranspose1d, dropout=dropout)
    body = nn.Sequential(
        nn.Linear(latent_dim, 5 * width),
        nn.Unflatten(1, (5 * width, 1)),
        block(5 * width, 5 * width, **ONE_TO_FOUR),
        block(5 * width, 5 * width, **DOUBLE),
        block(5 * width, 4 * width, **DOUBLE),
        block(4 * width, 3 * width, **DOUBLE),
        block(3 * width, 2 * width, **DOUBLE),
        block(2 * width, width, **DOUBLE),
        nn.ConvTranspose1d(
            width, num_characters, kernel_size=3, stride=2, padding=1, output_padding=1
        ),
    )
    return Decoder(body, CAPTION_SHAPE, latent_dim, categorical)
