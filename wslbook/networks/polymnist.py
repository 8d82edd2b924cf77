"""The convolutional networks for PolyMNIST, thesis table A.7 in a version that runs."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.distributions import Distribution

from wslbook.likelihoods import laplace
from wslbook.networks.gaussian import Decoder, GaussianEncoder

__all__ = ["polymnist_decoder", "polymnist_encoder"]

POLYMNIST_SHAPE = (3, 28, 28)


def polymnist_encoder(latent_dim: int = 512, hidden: int = 512) -> GaussianEncoder:
    """Build the PolyMNIST encoder: three strided convolutions, 2048-512, two heads 512-512.

    Table A.7 as printed cannot run on images of 28 pixels (E-51). This is the network of the
    thesis' public code; the image shrinks from 28 pixels to 14, 7 and 4.

    Args:
        latent_dim: dimension of z.
        hidden: width of the layer before the heads.

    Returns:
        An encoder of images ``[batch, 3, 28, 28]``.

    Example:
        >>> sum(p.numel() for p in polymnist_encoder().parameters())
        1667648

    Derived in: notebooks/11
    """
    trunk = nn.Sequential(
        nn.Conv2d(3, 32, kernel_size=3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 64, kernel_size=3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(64, 128, kernel_size=3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(2048, hidden),
        nn.ReLU(),
    )
    return GaussianEncoder(trunk, POLYMNIST_SHAPE, hidden, latent_dim)


def polymnist_decoder(
    latent_dim: int = 512, likelihood: Callable[[Tensor], Distribution] = laplace
) -> Decoder:
    """Build the PolyMNIST decoder: 512-2048, three transposed convolutions.

    Table A.7 as printed yields images of 80 pixels (E-51). This is the network of the thesis'
    public code; the image grows from 4 pixels to 7, 14 and 28. The output is linear.

    Args:
        latent_dim: dimension of z.
        likelihood: what the 2352 outputs mean, see :mod:`wslbook.likelihoods`.

    Returns:
        A decoder whose likelihoods have event shape ``[3, 28, 28]``.

    Example:
        >>> import torch
        >>> polymnist_decoder()(torch.zeros(2, 512)).event_shape
        torch.Size([3, 28, 28])

    Derived in: notebooks/11
    """
    body = nn.Sequential(
        nn.Linear(latent_dim, 2048),
        nn.ReLU(),
        nn.Unflatten(1, (128, 4, 4)),
        nn.ConvTranspose2d(128, 64, kernel_size=3, stride=2, padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(64, 32, kernel_size=3, stride=2, padding=1, output_padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(32, 3, kernel_size=3, stride=2, padding=1, output_padding=1),
    )
    return Decoder(body, POLYMNIST_SHAPE, latent_dim, likelihood)
