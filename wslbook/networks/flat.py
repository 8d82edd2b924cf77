"""Networks with one hidden layer that flatten what they see: table A.1, and small images."""

import math
from collections.abc import Callable, Sequence

from torch import Tensor, nn
from torch.distributions import Distribution

from wslbook.likelihoods import bernoulli, laplace
from wslbook.networks.gaussian import Decoder, GaussianEncoder

__all__ = ["flat_decoder", "flat_encoder", "mnist_decoder", "mnist_encoder"]

MNIST_SHAPE = (1, 28, 28)


def flat_encoder(
    data_shape: Sequence[int], hidden: int = 256, latent_dim: int = 32
) -> GaussianEncoder:
    """Build an encoder that flattens, with one hidden layer and a ReLU.

    The ``cpu`` preset of PolyMNIST uses it for images of 14 x 14 pixels: 588-256, two heads.

    Args:
        data_shape: the shape of one observation.
        hidden: width of the hidden layer.
        latent_dim: dimension of z.

    Returns:
        An encoder of observations ``[batch, *data]``.

    Example:
        >>> import torch
        >>> flat_encoder((3, 14, 14))(torch.zeros(2, 3, 14, 14)).event_shape
        torch.Size([32])

    Derived in: notebooks/11
    """
    trunk = nn.Sequential(nn.Flatten(), nn.Linear(math.prod(data_shape), hidden), nn.ReLU())
    return GaussianEncoder(trunk, data_shape, hidden, latent_dim)


def flat_decoder(
    data_shape: Sequence[int],
    hidden: int = 256,
    latent_dim: int = 32,
    likelihood: Callable[[Tensor], Distribution] = laplace,
) -> Decoder:
    """Build a decoder with one hidden layer and a ReLU, the mirror image of ``flat_encoder``.

    Args:
        data_shape: the shape of one observation.
        hidden: width of the hidden layer.
        latent_dim: dimension of z.
        likelihood: what the outputs mean, see :mod:`wslbook.likelihoods`.

    Returns:
        A decoder whose likelihoods have event shape ``[*data]``.

    Example:
        >>> import torch
        >>> flat_decoder((3, 14, 14))(torch.zeros(2, 32)).event_shape
        torch.Size([3, 14, 14])

    Derived in: notebooks/11
    """
    body = nn.Sequential(
        nn.Linear(latent_dim, hidden),
        nn.ReLU(),
        nn.Linear(hidden, math.prod(data_shape)),
        nn.Unflatten(1, tuple(data_shape)),
    )
    return Decoder(body, data_shape, latent_dim, likelihood)


def mnist_encoder(latent_dim: int = 20, hidden: int = 400) -> GaussianEncoder:
    """Build the MNIST encoder of thesis table A.1: 784-400, ReLU, two heads 400-20.

    Args:
        latent_dim: dimension of z.
        hidden: width of the hidden layer.

    Returns:
        An encoder of images ``[batch, 1, 28, 28]``.

    Example:
        >>> sum(p.numel() for p in mnist_encoder().parameters())
        330040

    Derived in: notebooks/03
    """
    return flat_encoder(MNIST_SHAPE, hidden, latent_dim)


def mnist_decoder(
    latent_dim: int = 20,
    hidden: int = 400,
    likelihood: Callable[[Tensor], Distribution] = bernoulli,
) -> Decoder:
    """Build the MNIST decoder of thesis table A.1: 20-400, ReLU, 400-784.

    Args:
        latent_dim: dimension of z.
        hidden: width of the hidden layer.
        likelihood: what the 784 outputs mean, see :mod:`wslbook.likelihoods`.

    Returns:
        A decoder whose likelihoods have event shape ``[1, 28, 28]``.

    Example:
        >>> import torch
        >>> mnist_decoder()(torch.zeros(2, 20)).event_shape
        torch.Size([1, 28, 28])

    Derived in: notebooks/03
    """
    return flat_decoder(MNIST_SHAPE, hidden, latent_dim, likelihood)
