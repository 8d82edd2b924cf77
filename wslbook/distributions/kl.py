r"""Divergences with an exact closed form, registered with torch.distributions.kl_divergence.

Only exact divergences are registered, so that no bound or estimate is ever mistaken for one. Two
Plackett-Luce laws have none for general n: the expectation of their log-ratio runs over n!
rankings. Such a pair raises NotImplementedError, and a Monte Carlo mean of
``q.log_prob(x) - p.log_prob(x)`` is the honest way.
"""

from torch import Tensor
from torch.distributions.kl import register_kl

from wslbook.distributions.hypergeometric import MultivariateHypergeometric
from wslbook.typing import Float


@register_kl(MultivariateHypergeometric, MultivariateHypergeometric)
def kl_hypergeometric(
    q: MultivariateHypergeometric, p: MultivariateHypergeometric
) -> Float[Tensor, "*batch"]:
    r"""Divergence of two laws on the same urn, an exponential family in its log-weights.

    .. math:: \mathrm{KL}(q \,\|\, p) = \mathbb E_q[N]^\top (\log w_q - \log w_p) - L_q + L_p

    Args:
        q: the law under which the expectation is taken.
        p: the other law, with the same class sizes and number of draws.

    Returns:
        The divergence, in nats, for every entry of the broadcast batch.

    Raises:
        NotImplementedError: if the urns differ, since the supports and base measures then do too.

    Example:
        >>> import torch
        >>> q = MultivariateHypergeometric([3, 3], 3, torch.zeros(2))
        >>> p = MultivariateHypergeometric([3, 3], 3, torch.tensor([0.0, 1.0]))
        >>> torch.distributions.kl_divergence(q, p)
        tensor(0.2232)

    Derived in: notebooks/08
    """
    if q.num_draws != p.num_draws or q.class_sizes.tolist() != p.class_sizes.tolist():
        raise NotImplementedError(
            "KL divergence: expected equal class_sizes and num_draws, got "
            f"{q.class_sizes.tolist()} with {q.num_draws} and "
            f"{p.class_sizes.tolist()} with {p.num_draws}"
        )
    difference = q.log_weights - p.log_weights
    return (q.mean * difference).sum(-1) - q.log_normalizer + p.log_normalizer
