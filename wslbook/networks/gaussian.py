"""The two joints of every model: an encoder that returns q(z | x), a decoder that returns p(x | z).

A trunk or body is any module; the classes here add the last layer and say what its output means.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal

from wslbook.likelihoods import bernoulli
from wslbook.typing import Float, Int

__all__ = ["Decoder", "GaussianEncoder"]


class GaussianEncoder(nn.Module):
    r"""An amortised Gaussian posterior: a trunk with one linear head for mean and one for variance.

    .. math:: q_\phi(z \mid x) = \mathcal N(z;\, \mu_\phi(x),\, \mathrm{diag}\, \sigma^2_\phi(x))

    The variance head gives its logarithm, so that every real output is a valid variance. Thesis
    equation 2.27; the choice of the logarithm is ours, the thesis leaves it open.

    Args:
        trunk: a module from ``[batch, *data]`` to ``[batch, features]``.
        data_shape: the shape of one observation.
        features: width of the trunk's output.
        latent_dim: dimension of z.

    Raises:
        ValueError: if called on observations of another shape.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> encoder = GaussianEncoder(nn.Flatten(), data_shape=(3,), features=3, latent_dim=2)
        >>> encoder(torch.zeros(5, 3))
        Independent(Normal(loc: torch.Size([5, 2]), scale: torch.Size([5, 2])), 1)

    Derived in: notebooks/03
    """

    def __init__(
        self, trunk: nn.Module, data_shape: Sequence[int], features: int, latent_dim: int
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.data_shape = torch.Size(data_shape)
        self.features = features
        self.latent_dim = latent_dim
        self.loc = nn.Linear(features, latent_dim)
        self.log_variance = nn.Linear(features, latent_dim)

    def forward(self, x: Float[Tensor, "batch *data"] | Int[Tensor, "batch *data"]) -> Independent:
        """Return q(z | x), batch ``[batch]``, event ``[latent]``."""
        if x.shape[1:] != self.data_shape:
            wanted = ", ".join(map(str, self.data_shape))
            raise ValueError(f"x: expected shape [batch, {wanted}], got {list(x.shape)}")
        h = self.trunk(x)
        # σ = exp(½ log σ²)
        return Independent(Normal(self.loc(h), torch.exp(0.5 * self.log_variance(h))), 1)


class Decoder(nn.Module):
    r"""A likelihood whose parameters are computed from z.

    .. math:: p_\theta(x \mid z) = \prod_j p(x_j \mid r_j), \qquad r = \mathrm{body}_\theta(z)

    Args:
        body: a module from ``[n, latent]`` to the raw outputs ``[n, ...]`` of n observations.
        data_shape: the shape of one observation.
        latent_dim: dimension of z.
        likelihood: maps the raw outputs to an elementwise distribution with batch shape
            ``[..., *data]``, see :mod:`wslbook.likelihoods`.

    Raises:
        ValueError: if called on latents of another dimension, or body and likelihood give
            observations of another shape.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> body = nn.Sequential(nn.Linear(2, 12), nn.Unflatten(1, (3, 4)))
        >>> decoder = Decoder(body, data_shape=(3, 4), latent_dim=2)
        >>> p = decoder(torch.zeros(7, 5, 2))
        >>> p.batch_shape, p.event_shape
        (torch.Size([7, 5]), torch.Size([3, 4]))

    Derived in: notebooks/03
    """

    def __init__(
        self,
        body: nn.Module,
        data_shape: Sequence[int],
        latent_dim: int,
        likelihood: Callable[[Tensor], Distribution] = bernoulli,
    ) -> None:
        super().__init__()
        self.body = body
        self.data_shape = torch.Size(data_shape)
        self.latent_dim = latent_dim
        self.likelihood = likelihood

    def forward(self, z: Float[Tensor, "*batch latent"]) -> Independent:
        """Return p(x | z), batch ``[*batch]``, event ``[*data]``."""
        if z.shape[-1] != self.latent_dim:
            raise ValueError(f"z: expected last axis {self.latent_dim}, got shape {list(z.shape)}")
        raw = self.body(z.reshape(-1, self.latent_dim))
        p = self.likelihood(raw.reshape(*z.shape[:-1], *raw.shape[1:]))
        if p.batch_shape != z.shape[:-1] + self.data_shape:
            raise ValueError(
                f"body: expected observations of shape {list(self.data_shape)}, "
                f"got {list(p.batch_shape[z.ndim - 1 :])}"
            )
        return Independent(p, len(self.data_shape))
