"""Relaxations of discrete draws: Gumbel noise, the straight-through estimator, annealing."""

import math

import torch
from torch import Tensor

from wslbook.typing import Float

__all__ = ["exponential_schedule", "gumbel_noise", "straight_through"]


def gumbel_noise(
    like: Float[Tensor, "*batch"], generator: torch.Generator | None = None
) -> Float[Tensor, "*batch"]:
    r"""Draw independent standard Gumbel noise with the shape, type and device of a tensor.

    .. math::
        g = -\log E, \quad E \sim \mathrm{Exp}(1), \qquad
        P(g \le x) = \exp(-e^{-x}), \qquad p(x) = e^{-x} \exp(-e^{-x})

    It is the inverse-transform draw -log(-log u) with E in place of -log u: in single precision
    a uniform u rounds to 1 and would give an infinite draw. Mean 0.5772, variance pi^2 / 6.

    Args:
        like: any tensor of floats; only its shape, type and device are read.
        generator: source of the randomness; by default torch's global one.

    Returns:
        Noise shaped like ``like``, always finite.

    References:
        Gumbel, Statistical theory of extreme values, 1954. Thesis equations 2.39 to 2.43; the
        sign inside the printed density is wrong.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> gumbel_noise(torch.zeros(100_000)).mean()
        tensor(0.58)

    Derived in: notebooks/05
    """
    exponential = torch.empty_like(like).exponential_(generator=generator)
    # The sampler may round to 0 or to infinity; both have probability zero.
    tiny = torch.finfo(like.dtype).tiny
    return -exponential.clamp(tiny, -math.log(tiny)).log()


def straight_through(
    hard: Float[Tensor, "*batch"], soft: Float[Tensor, "*batch"]
) -> Float[Tensor, "*batch"]:
    r"""Return the hard value, with the gradient of the soft one.

    .. math:: y = h, \qquad \frac{\partial y}{\partial \theta} := \frac{\partial s}{\partial \theta}

    The value is exactly ``hard``, not merely up to rounding.

    Args:
        hard: a discrete draw; no gradient flows into it.
        soft: its relaxation, finite and of the same shape.

    Returns:
        A tensor shaped like both.

    Raises:
        ValueError: if the shapes differ.

    References:
        Bengio, Léonard and Courville, Estimating or propagating gradients through stochastic
        neurons for conditional computation, 2013, arXiv:1308.3432. Thesis section 2.4.1.

    Example:
        >>> soft = torch.tensor([0.3, 0.7], requires_grad=True)
        >>> y = straight_through(torch.tensor([0.0, 1.0]), soft)
        >>> (y * torch.tensor([2.0, 5.0])).sum().backward()
        >>> y.detach(), soft.grad
        (tensor([0., 1.]), tensor([2., 5.]))

    Derived in: notebooks/05
    """
    if hard.shape != soft.shape:
        raise ValueError(
            f"soft: expected the shape of hard {list(hard.shape)}, got {list(soft.shape)}"
        )
    # s - s is exactly 0, so the order of the terms keeps the value of hard.
    return hard.detach() + (soft - soft.detach())


def exponential_schedule(
    step: int, num_steps: int = 100_000, initial: float = 1.0, final: float = 0.5
) -> float:
    r"""Anneal a positive quantity geometrically from ``initial`` to ``final``, then hold it.

    .. math::
        \tau_t = \tau_{\text{init}}\, e^{r \min(t, T)}, \qquad
        r = \frac{\log \tau_{\text{final}} - \log \tau_{\text{init}}}{T}

    For a temperature that falls this is max(tau_final, tau_init exp(r t)); for a weight that
    rises it is the same with min. The thesis prints exp(-r t), which grows, because r < 0. The
    defaults are the thesis' configuration.

    Args:
        step: the current step t, at least 0.
        num_steps: the step T at which ``final`` is reached, at least 1.
        initial: the value at step 0, positive and finite.
        final: the value from step T on, positive and finite.

    Returns:
        The value at this step, between ``initial`` and ``final``.

    Raises:
        ValueError: if an argument is out of range.

    References:
        Jang, Gu and Poole, Categorical reparameterization with Gumbel-softmax, 2017,
        arXiv:1611.01144. Thesis equations 5.72 to 5.75, with the sign corrected.

    Example:
        >>> [round(exponential_schedule(t), 3) for t in (0, 50_000, 100_000, 200_000)]
        [1.0, 0.707, 0.5, 0.5]

    Derived in: notebooks/05
    """
    if not step >= 0:
        raise ValueError(f"step: expected at least 0, got {step!r}")
    if not num_steps >= 1:
        raise ValueError(f"num_steps: expected at least 1, got {num_steps!r}")
    for name, value in (("initial", initial), ("final", final)):
        if not 0 < value < math.inf:
            raise ValueError(f"{name}: expected a positive, finite number, got {value!r}")
    if step >= num_steps:
        return final
    rate = (math.log(final) - math.log(initial)) / num_steps
    return initial * math.exp(rate * step)
