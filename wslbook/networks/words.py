"""The convolutional networks for words of 8 characters, thesis table A.5."""

from torch import nn

from wslbook.likelihoods import categorical
from wslbook.networks.gaussian import Decoder, GaussianEncoder
from wslbook.networks.one_hot import OneHot

__all__ = ["word_decoder", "word_encoder"]

WORD_SHAPE = (8,)


def word_encoder(latent_dim: int = 20, num_characters: int = 71) -> GaussianEncoder:
    """Build the text encoder of thesis table A.5: three convolutions, two heads 128-20.

    The text shrinks from 8 positions to 4 and 1.

    Args:
        latent_dim: dimension of z.
        num_characters: size of the alphabet.

    Returns:
        An encoder of character indices ``[batch, 8]``.

    Example:
        >>> sum(p.numel() for p in word_encoder().parameters())
        145704

    Derived in: notebooks/10
    """
    trunk = nn.Sequential(
        OneHot(num_characters),
        nn.Conv1d(num_characters, 128, kernel_size=1),
        nn.ReLU(),
        nn.Conv1d(128, 128, kernel_size=4, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv1d(128, 128, kernel_size=4, stride=2, padding=0),
        nn.ReLU(),
        nn.Flatten(),
    )
    return GaussianEncoder(trunk, WORD_SHAPE, 128, latent_dim)


def word_decoder(latent_dim: int = 20, num_characters: int = 71) -> Decoder:
    """Build the text decoder of thesis table A.5: 20-128, three transposed convolutions.

    The text grows from 1 position to 4 and 8; the outputs are the logits of a categorical law.

    Args:
        latent_dim: dimension of z.
        num_characters: size of the alphabet.

    Returns:
        A decoder whose likelihoods have event shape ``[8]``.

    Example:
        >>> import torch
        >>> _ = torch.manual_seed(0)
        >>> word_decoder()(torch.zeros(2, 20)).sample().shape
        torch.Size([2, 8])

    Derived in: notebooks/10
    """
    body = nn.Sequential(
        nn.Linear(latent_dim, 128),
        nn.ReLU(),
        nn.Unflatten(1, (128, 1)),
        nn.ConvTranspose1d(128, 128, kernel_size=4, stride=1, padding=0),
        nn.ReLU(),
        nn.ConvTranspose1d(128, 128, kernel_size=4, stride=2, padding=1),
        nn.ReLU(),
        nn.ConvTranspose1d(128, num_characters, kernel_size=1),
    )
    return Decoder(body, WORD_SHAPE, latent_dim, categorical)
