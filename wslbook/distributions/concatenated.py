"""Independent parts of one latent vector."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints

from wslbook.distributions.mixture_divergence import kl_convexity_bound, rsample_stratified
from wslbook.typing import Float

__all__ = ["Concatenated", "split_kl"]


class Concatenated(Distribution):
    r"""The law of a vector whose named parts are independent.

    .. math:: q(z) = \prod_f q_f(z_f), \qquad z = [z_1, \dots, z_F]

    Args:
        factors: the law of each part, by name, with equal batch shapes and one event axis, which
            may have length zero.
        validate_args: check the shapes here and the values in ``log_prob``.

    Raises:
        ValueError: if there is no factor, or the shapes do not fit.

    References:
        Thesis lemma 4.1.1.

    Example:
        >>> from torch.distributions import Independent, Normal
        >>> normal = lambda size: Independent(Normal(torch.zeros(size), torch.ones(size)), 1)
        >>> q = Concatenated({"shared": normal(2), "private": normal(3)})
        >>> q.log_prob(torch.zeros(5)), q.part("private", torch.arange(5.0))
        (tensor(-4.5947), tensor([2., 3., 4.]))

    Derived in: notebooks/12
    """

    arg_constraints = {}  # noqa: RUF012
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self, factors: Mapping[str, Distribution], validate_args: bool | None = None
    ) -> None:
        if not factors:
            raise ValueError("factors: expected at least one law, got none")
        self.factors = dict(factors)
        first = next(iter(self.factors.values()))
        for name, law in self.factors.items():
            if law.batch_shape != first.batch_shape or len(law.event_shape) != 1:
                raise ValueError(
                    f"factors[{name!r}]: expected batch {list(first.batch_shape)} like the first "
                    f"and one event axis, got batch {list(law.batch_shape)}, "
                    f"event {list(law.event_shape)}"
                )
        self.sizes = [law.event_shape[0] for law in self.factors.values()]
        super().__init__(
            first.batch_shape, torch.Size([sum(self.sizes)]), validate_args=validate_args
        )

    def expand(
        self, batch_shape: torch.Size | tuple[int, ...], _instance: Distribution | None = None
    ) -> "Concatenated":
        """Return the same law with a larger batch shape; nothing is copied."""
        new = self._get_checked_instance(Concatenated, _instance)
        factors = {name: law.expand(batch_shape) for name, law in self.factors.items()}
        Concatenated.__init__(new, factors, validate_args=self._validate_args)
        return new

    def part(self, name: str, value: Float[Tensor, "*batch latent"]) -> Float[Tensor, "..."]:
        """Return the part of a vector that belongs to the named factor."""
        return dict(zip(self.factors, value.split(self.sizes, -1), strict=True))[name]

    def log_prob(self, value: Float[Tensor, "*batch latent"]) -> Float[Tensor, "*batch"]:
        """Return the sum of the log-densities of the parts."""
        if self._validate_args:
            self._validate_sample(value)
        parts = zip(self.factors.values(), value.split(self.sizes, -1), strict=True)
        return torch.stack([law.log_prob(part) for law, part in parts]).sum(0)

    def rsample(self, sample_shape: torch.Size | tuple[int, ...] = ()) -> Float[Tensor, "..."]:
        """Draw every part, ``[*sample_shape, *batch, latent]``."""
        return torch.cat([law.rsample(sample_shape) for law in self.factors.values()], -1)

    @property
    def mean(self) -> Float[Tensor, "*batch latent"]:
        """The means of the parts."""
        return torch.cat([law.mean for law in self.factors.values()], -1)

    @property
    def variance(self) -> Float[Tensor, "*batch latent"]:
        """The variances of the parts."""
        return torch.cat([law.variance for law in self.factors.values()], -1)


def split_kl(
    q: Concatenated, p: Concatenated, weights: Mapping[str, float] | None = None
) -> Float[Tensor, "*batch"]:
    r"""Bound the divergence of two factorised laws, with a weight for each part.

    .. math:: \sum_f \beta_f\, \mathrm{KL}(q_f \,\|\, p_f)

    With all weights 1 it is the divergence of the joint laws when every factor's is exact, an upper
    bound where a factor is a mixture (:func:`.kl_convexity_bound`).

    Args:
        q: the law under which the expectation is taken.
        p: the other law, with the same names.
        weights: the factors beta_f by name, 1 where missing.

    Returns:
        The weighted sum, in nats.

    Raises:
        ValueError: if the names of the laws differ, or a weight has a name that no factor has.

    References:
        Thesis equation 4.3 and section 4.2.2; how its weights nest is open there.

    Derived in: notebooks/12
    """
    weights = weights or {}
    if list(q.factors) != list(p.factors):
        raise ValueError(f"p: expected factors {list(q.factors)}, got {list(p.factors)}")
    unknown = set(weights) - set(q.factors)
    if unknown:
        raise ValueError(f"weights: expected names among {list(q.factors)}, got {sorted(unknown)}")
    terms = [
        weights.get(name, 1.0) * kl_convexity_bound(law, p.factors[name])
        for name, law in q.factors.items()
    ]
    return torch.stack(terms).sum(0)


@kl_convexity_bound.register
def _(q: Concatenated, p: Distribution) -> Tensor:
    return split_kl(q, p)


@rsample_stratified.register
def _(q: Concatenated, num_samples: int) -> Tensor:
    return torch.cat([rsample_stratified(law, num_samples) for law in q.factors.values()], -1)
