"""The residual block of the networks for faces and captions."""

from typing import Any

from torch import Tensor, nn

from wslbook.typing import Float

__all__ = ["ResidualBlock"]

# Normalisation and dropout that fit a convolution; images lose whole channels, texts single values.
COMPANIONS = {
    nn.Conv1d: (nn.BatchNorm1d, nn.Dropout),
    nn.ConvTranspose1d: (nn.BatchNorm1d, nn.Dropout),
    nn.Conv2d: (nn.BatchNorm2d, nn.Dropout2d),
    nn.ConvTranspose2d: (nn.BatchNorm2d, nn.Dropout2d),
}


class ResidualBlock(nn.Module):
    r"""A change of resolution with a linear path and a nonlinear correction.

    .. math:: y = a\, \mathrm{BN}(C_1 x) + b\, D\, C_2\, \rho\, D\, C_0\, \rho(x),
        \qquad \rho(x) = \mathrm{ReLU}(\mathrm{BN}(x))

    :math:`C_1` and :math:`C_2` are strided convolutions of the same shape, :math:`C_0` has kernel
    size 1 and D is dropout. The thesis only says "residual block"; order, dropout and the weights
    a = 2, b = 0.3 are those of its public code. No convolution has a bias, because a batch
    normalisation or a linear layer with a bias follows.

    Args:
        convolution: one of ``nn.Conv1d``, ``nn.Conv2d``, ``nn.ConvTranspose1d``,
            ``nn.ConvTranspose2d``.
        channels_in: channels of x.
        channels_out: channels of y.
        dropout: the probability that D drops a value (text) or a channel (image).
        skip_weight: the weight a.
        branch_weight: the weight b.
        **shape: ``kernel_size``, ``stride`` and ``padding`` of :math:`C_1` and :math:`C_2`.

    Raises:
        ValueError: if ``convolution`` is another class, or ``dropout`` is not between 0 and 1.

    References:
        He, Zhang, Ren and Sun, Identity mappings in deep residual networks, 2016,
        arXiv:1603.05027.

    Example:
        >>> import torch
        >>> block = ResidualBlock(nn.Conv1d, 3, 5, dropout=0.5, kernel_size=4, stride=2, padding=1)
        >>> block(torch.zeros(2, 3, 8)).shape
        torch.Size([2, 5, 4])

    Derived in: notebooks/13
    """

    def __init__(
        self,
        convolution: type[nn.Module],
        channels_in: int,
        channels_out: int,
        *,
        dropout: float,
        skip_weight: float = 2.0,
        branch_weight: float = 0.3,
        **shape: Any,
    ) -> None:
        super().__init__()
        if convolution not in COMPANIONS:
            allowed = ", ".join(c.__name__ for c in COMPANIONS)
            raise ValueError(f"convolution: expected one of {allowed}, got {convolution!r}")
        normalise, drop = COMPANIONS[convolution]
        self.skip_weight = skip_weight
        self.branch_weight = branch_weight
        self.skip = nn.Sequential(
            convolution(channels_in, channels_out, bias=False, **shape), normalise(channels_out)
        )
        self.branch = nn.Sequential(
            normalise(channels_in),
            nn.ReLU(),
            convolution(channels_in, channels_in, kernel_size=1, bias=False),
            drop(dropout),
            normalise(channels_in),
            nn.ReLU(),
            convolution(channels_in, channels_out, bias=False, **shape),
            drop(dropout),
        )

    def forward(self, x: Float[Tensor, "batch *data"]) -> Float[Tensor, "batch *_"]:
        """Return the weighted sum of the two paths."""
        return self.skip_weight * self.skip(x) + self.branch_weight * self.branch(x)
