"""Hard counts with the gradient of their exact mean, which needs no temperature."""

from collections.abc import Sequence

from torch import Tensor

from wslbook.distributions.hypergeometric import MultivariateHypergeometric
from wslbook.relax import straight_through
from wslbook.typing import Float

__all__ = ["MultivariateHypergeometricStraightThrough"]


class MultivariateHypergeometricStraightThrough(MultivariateHypergeometric):
    r"""Fisher's law, whose draws carry the gradient of their mean.

    .. math::
        N \sim p_w, \qquad
        \frac{\partial N}{\partial \log w} := \frac{\partial\, \mathbb E[N]}{\partial \log w}
        = \mathrm{Cov}(N)

    The gradient of E[f(N)] is exact for linear f, without any noise. For the squared distance of N
    from a target its bias is minus the third central moment, whatever the target:

    .. math:: -\mathbb E\big[\lVert N - \mathbb E N \rVert^2\, (N - \mathbb E N)\big]

    There is no temperature to choose.

    Args:
        class_sizes: the number m_k of balls in each class, ``[class]``; zero is allowed.
        num_draws: the number n of balls drawn, between 0 and the sum of the sizes.
        log_weights: log w_k, finite, ``[*batch, class]``. A common shift changes nothing.
        validate_args: whether to check parameters and samples, as in torch.

    Raises:
        ValueError: if an argument is out of its range.

    References:
        Bengio, Léonard and Courville, Estimating or propagating gradients through stochastic
        neurons for conditional computation, 2013, arXiv:1308.3432.

    Example:
        >>> import torch
        >>> _ = torch.manual_seed(0)
        >>> log_weights = torch.zeros(2, requires_grad=True)
        >>> n = MultivariateHypergeometricStraightThrough([2, 2], 2, log_weights).rsample()
        >>> n[0].backward()
        >>> n.detach(), log_weights.grad  # Var(N_1) = 1/3
        (tensor([1., 1.]), tensor([ 0.3333, -0.3333]))

    Derived in: notebooks/14
    """

    has_rsample = True

    def rsample(self, sample_shape: Sequence[int] = ()) -> Float[Tensor, "... class"]:
        n = self.sample(sample_shape)
        return straight_through(n, self.mean.expand_as(n))
