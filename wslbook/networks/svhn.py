"""The convolutional networks for house numbers, thesis table A.3."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.distributions import Distribution

from wslbook.likelihoods import laplace
from wslbook.networks.gaussian import Decoder, GaussianEncoder

__all__ = ["svhn_decoder", "svhn_encoder"]

SVHN_SHAPE = (3, 32, 32)


def svhn_encoder(latent_dim: int = 20) -> GaussianEncoder:
    """Build the SVHN encoder of thesis table A.3: four strided convolutions, two heads 128-20.

    The image shrinks from 32 pixels to 16, 8, 4 and 1.

    Args:
        latent_dim: dimension of z.

    Returns:
        An encoder of images ``[batch, 3, 32, 32]``.

    Example:
        >>> sum(p.numel() for p in svhn_encoder().parameters())
        236360

    Derived in: notebooks/10
    """
    trunk = nn.Sequential(
        nn.Conv2d(3, 32, kernel_size=4, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 64, kernel_size=4, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(64, 64, kernel_size=4, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(64, 128, kernel_size=4, stride=2, padding=0),
        nn.ReLU(),
        nn.Flatten(),
    )
    return GaussianEncoder(trunk, SVHN_SHAPE, 128, latent_dim)


def svhn_decoder(
    latent_dim: int = 20, likelihood: Callable[[Tensor], Distribution] = laplace
) -> Decoder:
    """Build the SVHN decoder of thesis table A.3: 20-128, four transposed convolutions.

    The image grows from 1 pixel to 4, 8, 16 and 32. The output is linear, although the table
    asks for a ReLU after every layer (X-21): an output stuck at zero would have no gradient.

    Args:
        latent_dim: dimension of z.
        likelihood: what the 3072 outputs mean, see :mod:`wslbook.likelihoods`.

    Returns:
        A decoder whose likelihoods have event shape ``[3, 32, 32]``.

    Example:
        >>> import torch
        >>> svhn_decoder()(torch.zeros(2, 20)).event_shape
        torch.Size([3, 32, 32])

    Derived in: notebooks/10
    """
    body = nn.Sequential(
        nn.Linear(latent_dim, 128),
        nn.ReLU(),
        nn.Unflatten(1, (128, 1, 1)),
        nn.ConvTranspose2d(128, 64, kernel_size=4, stride=2, padding=0),
        nn.ReLU(),
        nn.ConvTranspose2d(64, 64, kernel_size=4, stride=2, padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(64, 32, kernel_size=4, stride=2, padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(32, 3, kernel_size=4, stride=2, padding=1),
    )
    return Decoder(body, SVHN_SHAPE, latent_dim, likelihood)
