"""Mixtures of Gaussian experts, one component a subset of modalities."""

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal, constraints

from wslbook.typing import Float

__all__ = ["SubsetMixture"]


class SubsetMixture(Distribution):
    r"""A mixture of diagonal Gaussians, with components along the first axis.

    .. math:: q(z) = \sum_k w_k\, \mathcal N(z; \mu_k, \mathrm{diag}\,\sigma_k^2)

    The weights are constants: gradients flow through the components alone, so that a draw, which
    picks a component and reparameterises it, has an unbiased pathwise gradient.

    Args:
        weights: probabilities that sum to one over the first axis; zeros are allowed,
            ``[subset, *batch]``.
        components: Gaussians with batch ``[subset, *batch]`` and event ``[latent]``.
        validate_args: check the parameters here and the values in ``log_prob``.

    Raises:
        ValueError: if the weights are no probabilities, or the shapes do not fit.

    References:
        Thesis definition 3.2.1 and equation 3.24.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> loc = torch.tensor([[-1.0], [1.0]])
        >>> q = SubsetMixture(torch.tensor([0.5, 0.5]), Independent(Normal(loc, 0.1), 1))
        >>> q.log_prob(torch.tensor([1.0])), q.mean, q.variance
        (tensor(0.6905), tensor([0.]), tensor([1.0100]))

    Derived in: notebooks/09
    """

    arg_constraints = {"weights": constraints.unit_interval}  # noqa: RUF012
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        weights: Float[Tensor, "subset *batch"],
        components: Independent,
        validate_args: bool | None = None,
    ) -> None:
        if components.batch_shape != weights.shape or len(components.event_shape) != 1:
            raise ValueError(
                f"components: expected batch {list(weights.shape)} like weights and one event "
                f"axis, got batch {list(components.batch_shape)}, "
                f"event {list(components.event_shape)}"
            )
        self.weights = weights
        self.components = components
        super().__init__(weights.shape[1:], components.event_shape, validate_args=validate_args)
        if self._validate_args and not torch.allclose(weights.sum(0), weights.new_ones(())):
            raise ValueError(f"weights: expected sums of one, got {weights.sum(0)}")

    def expand(
        self, batch_shape: torch.Size | tuple[int, ...], _instance: Distribution | None = None
    ) -> "SubsetMixture":
        """Return the same law with a larger batch shape; nothing is copied."""
        new = self._get_checked_instance(SubsetMixture, _instance)
        missing = (1,) * (len(batch_shape) - len(self.batch_shape))
        shape = (len(self.weights), *batch_shape)
        new.weights = self.weights.unflatten(0, (-1, *missing)).expand(shape)
        normal = self.components.base_dist
        loc, scale = (
            x.unflatten(0, (-1, *missing)).expand(shape + self.event_shape)
            for x in (normal.loc, normal.scale)
        )
        new.components = Independent(Normal(loc, scale, validate_args=False), 1)
        super(SubsetMixture, new).__init__(
            torch.Size(batch_shape), self.event_shape, validate_args=False
        )
        new._validate_args = self._validate_args
        return new

    def log_prob(self, value: Float[Tensor, "*batch latent"]) -> Float[Tensor, "*batch"]:
        """Return the exact log-density, summed over all components."""
        if self._validate_args:
            self._validate_sample(value)
        axis = len(self.batch_shape) + 1  # of the components, from the end of a log-density
        terms = self.components.log_prob(value.unsqueeze(-axis - 1))
        return torch.logsumexp(self.weights.log() + terms, -axis)

    def rsample(self, sample_shape: torch.Size | tuple[int, ...] = ()) -> Float[Tensor, "..."]:
        """Draw a component, then a point of it, ``[*sample_shape, *batch, latent]``."""
        return self._reparameterize(self._draw_components(torch.Size(sample_shape)))

    def rsample_stratified(self, num_samples: int) -> Float[Tensor, "sample *batch latent"]:
        r"""Draw points that share out the components evenly among themselves.

        Draw i takes the component whose share of [0, 1) contains (i + u) / L, one uniform u for all
        L draws (systematic sampling). Component k then gives w_k L draws, rounded up or down. The
        mean of f over the draws is unbiased for E[f(z)], though each draw alone is not q's.

        Args:
            num_samples: the number L of draws, at least 1; one is an ordinary draw.

        Returns:
            The draws, with pathwise gradients.

        Raises:
            ValueError: if ``num_samples`` is below 1.

        References:
            Kitagawa, Monte Carlo filter and smoother, 1996 (systematic sampling). The thesis
            leaves open how expectations under mixtures are estimated.

        Derived in: notebooks/09
        """
        if not num_samples >= 1:
            raise ValueError(f"num_samples: expected at least 1, got {num_samples!r}")
        cumulative = self.weights.cumsum(0)
        shape = (num_samples, *(1 for _ in self.batch_shape))
        first = torch.rand(self.batch_shape, dtype=cumulative.dtype, device=cumulative.device)
        strata = torch.arange(num_samples, device=cumulative.device).reshape(shape)
        points = (strata + first) / num_samples * cumulative[-1]
        index = (cumulative.unsqueeze(0) <= points.unsqueeze(1)).sum(1)
        # a point rounded up to one belongs to the last component that has a weight
        last = len(self.weights) - 1 - self.weights.flip(0).gt(0).byte().argmax(0)
        return self._reparameterize(index.minimum(last))

    def component_means(self) -> Float[Tensor, "*batch latent"]:
        """Draw a component for every entry of the batch and return its mean."""
        return self._pick(self._draw_components(torch.Size())).mean

    @property
    def mean(self) -> Float[Tensor, "*batch latent"]:
        """The mean of the mixture."""
        return (self.weights.unsqueeze(-1) * self.components.mean).sum(0)

    @property
    def variance(self) -> Float[Tensor, "*batch latent"]:
        """The variance of each coordinate, within components plus between them."""
        between = (self.components.mean - self.mean).square()
        return (self.weights.unsqueeze(-1) * (self.components.variance + between)).sum(0)

    def _draw_components(self, sample_shape: torch.Size) -> Tensor:
        return torch.distributions.Categorical(
            self.weights.movedim(0, -1), validate_args=False
        ).sample(sample_shape)

    def _reparameterize(self, index: Tensor) -> Tensor:
        """Return loc + scale ε of the components in ``index`` ``[*sample, *batch]``."""
        picked = self._pick(index)
        noise = torch.randn_like(picked.loc, memory_format=torch.contiguous_format)
        return picked.loc + picked.scale * noise

    def _pick(self, index: Tensor) -> Normal:
        """Return one component for every entry of ``index``."""
        lead = index.shape[: index.dim() - len(self.batch_shape)]
        flat = index.reshape(-1, *self.batch_shape, 1)
        normal = self.components.base_dist
        loc, scale = (
            torch.take_along_dim(x, flat, 0).reshape(lead + self.batch_shape + self.event_shape)
            for x in (normal.loc, normal.scale)
        )
        return Normal(loc, scale, validate_args=False)
