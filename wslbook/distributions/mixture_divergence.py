"""The divergence of a mixture from the prior: a bound in closed form, and an estimate.

No closed form is known for the divergence of a mixture, so neither function is registered with
``torch.distributions.kl_divergence``.
"""

from functools import singledispatch

from torch import Tensor
from torch.distributions import Distribution, kl_divergence

from wslbook.distributions.subset_mixture import SubsetMixture
from wslbook.typing import Float

__all__ = ["kl_convexity_bound", "kl_pathwise_estimate", "rsample_stratified"]


@singledispatch
def kl_convexity_bound(q: Distribution, p: Distribution) -> Float[Tensor, "*batch"]:
    r"""Bound the divergence of a mixture by the mean divergence of its components.

    .. math::
        \mathrm{KL}\Big(\sum_k w_k q_k \,\Big\|\, p\Big) \le \sum_k w_k\, \mathrm{KL}(q_k \,\|\, p)

    The gap is the mutual information of z and the component, at most the logarithm of the number of
    components. For one component, and for any other law, it is the exact divergence.

    Args:
        q: a :class:`.SubsetMixture`, or any law with a registered divergence from ``p``.
        p: the other law, with the event shape of ``q``.

    Returns:
        The bound, in nats, ``[*batch]``.

    References:
        Thesis equations 3.15 and 3.23.

    Example:
        >>> import torch
        >>> from torch.distributions import Independent, Normal
        >>> q = Independent(Normal(torch.tensor([[-3.0], [3.0]]), torch.ones(2, 1)), 1)
        >>> prior = Independent(Normal(torch.zeros(1), torch.ones(1)), 1)
        >>> kl_convexity_bound(SubsetMixture(torch.tensor([0.5, 0.5]), q), prior)
        tensor(4.5000)

    Derived in: notebooks/09
    """
    return kl_divergence(q, p)


@kl_convexity_bound.register
def _(q: SubsetMixture, p: Distribution) -> Tensor:
    return (q.weights * kl_divergence(q.components, p)).sum(0)


@singledispatch
def rsample_stratified(q: Distribution, num_samples: int) -> Float[Tensor, "sample *batch latent"]:
    """Draw from a law so that the mean over the draws is unbiased and varies little.

    Mixtures share out their components, see :meth:`.SubsetMixture.rsample_stratified`; other laws
    draw independently.

    Args:
        q: a law with pathwise gradients.
        num_samples: the number of draws, at least 1.

    Returns:
        The draws.

    Derived in: notebooks/09
    """
    return q.rsample((num_samples,))


@rsample_stratified.register
def _(q: SubsetMixture, num_samples: int) -> Tensor:
    return q.rsample_stratified(num_samples)


def kl_pathwise_estimate(
    q: Distribution, p: Distribution, num_samples: int = 1
) -> Float[Tensor, "*batch"]:
    r"""Estimate a divergence from stratified draws and exact log-densities.

    .. math:: \mathrm{KL}(q \,\|\, p) \approx \frac1L \sum_{l=1}^L \log q(z_l) - \log p(z_l)

    Unbiased, with a pathwise gradient that is unbiased too.

    Args:
        q: the law under which the expectation is taken.
        p: the other law.
        num_samples: the number L of draws, at least 1.

    Returns:
        The estimate, in nats, ``[*batch]``. It may be negative.

    References:
        Thesis equation 3.14.

    Example:
        >>> import torch
        >>> from torch.distributions import Independent, Normal
        >>> _ = torch.manual_seed(0)
        >>> q = Independent(Normal(torch.tensor([[-3.0], [3.0]]), torch.ones(2, 1)), 1)
        >>> prior = Independent(Normal(torch.zeros(1), torch.ones(1)), 1)
        >>> mixture = SubsetMixture(torch.tensor([0.5, 0.5]), q)
        >>> round(float(kl_pathwise_estimate(mixture, prior, 100_000)), 1)  # 4.5 - log 2, nearly
        3.8

    Derived in: notebooks/09
    """
    z = rsample_stratified(q, num_samples)
    return (q.log_prob(z) - p.log_prob(z)).mean(0)
