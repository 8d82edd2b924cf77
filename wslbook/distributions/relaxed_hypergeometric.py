r"""Differentiable draws from an urn: Gumbel-softmax, class by class.

A class is drawn after those before it, so its count depends on the weights in two ways: through its
own conditional, and through the number of balls that the earlier classes have left to draw. Both
ways carry gradient here. The second needs counts at numbers r that are not whole: they are
interpolated between the whole numbers next to r, under the same noise.
"""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor
from torch.distributions import Distribution
from torch.distributions.constraints import (
    Constraint,
    dependent_property,
    independent,
    nonnegative_integer,
    positive,
)

from wslbook.constraints import counts, finite_vector, relaxed_counts
from wslbook.distributions.hypergeometric import MultivariateHypergeometric
from wslbook.distributions.urn import Urn
from wslbook.relax import gumbel_noise, straight_through
from wslbook.typing import Float, Int

__all__ = [
    "RelaxedMultivariateHypergeometric",
    "RelaxedMultivariateHypergeometricStraightThrough",
]


class RelaxedMultivariateHypergeometric(Distribution):
    r"""Real-valued counts: sequential Gumbel-softmax on the conditionals of an urn.

    .. math::
        y_k(r) = \sum_j j\, \mathrm{softmax}_j\!\Big(\frac{\log p(N_k = j \mid r) + g_{kj}}{\tau}
        \Big), \qquad n_k = (1 - f)\, y_k(\lfloor r_k \rfloor) + f\, y_k(\lfloor r_k \rfloor + 1)

    Here r_k = n - n_1 - ... - n_{k-1} balls remain to be drawn and f is the fractional part of
    r_k. The last class takes what is left. Interpolation keeps every count between 0 and its class
    size, and what is left within what the later classes hold, at every temperature. As the
    temperature goes to 0, a draw tends to one from the urn. The law has no density in closed form,
    so there is no ``log_prob``; that of the urn is ``base_dist.log_prob``.

    Args:
        temperature: positive; a tensor is broadcast with the batch axes of ``log_weights``.
        class_sizes: the number m_k of balls in each class, ``[class]``; zero is allowed.
        num_draws: the number n of balls drawn, between 0 and the sum of the sizes.
        log_weights: log w_k, finite, ``[*batch, class]``. A common shift changes nothing.
        law: the class of urns whose conditionals are relaxed; Fisher's exact ones by default. With
            :class:`.MergedMultivariateHypergeometric` this is the thesis' scheme.
        validate_args: whether to check parameters and samples, as in torch.

    Raises:
        ValueError: if an argument is out of its range.

    References:
        Jang, Gu and Poole, Categorical reparameterization with Gumbel-softmax, 2017,
        arXiv:1611.01144. Sutter et al., Learning group importance using the differentiable
        hypergeometric distribution, 2023, arXiv:2203.01629. Thesis lemma 5.1.2 and algorithms 1
        to 4, with the corrections of our errata E-21 to E-25, E-31 and E-32.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> log_weights = torch.tensor([0.0, 1.0, 2.0])
        >>> RelaxedMultivariateHypergeometric(0.5, [6, 6, 6], 8, log_weights).rsample()
        tensor([1.6232, 2.4189, 3.9579])

    Derived in: notebooks/14
    """

    arg_constraints: ClassVar = {
        "temperature": positive,
        "class_sizes": independent(nonnegative_integer, 1),
        "log_weights": finite_vector,
    }
    has_rsample = True

    def __init__(
        self,
        temperature: float | Float[Tensor, "*batch"],
        class_sizes: Int[Tensor, " class"] | Sequence[int],
        num_draws: int,
        log_weights: Float[Tensor, "... class"],
        law: type[Urn] = MultivariateHypergeometric,
        validate_args: bool | None = None,
    ) -> None:
        if not (isinstance(law, type) and issubclass(law, Urn)):
            raise ValueError(f"law: expected a subclass of Urn, got {law!r}")
        base = law(class_sizes, num_draws, log_weights, validate_args=validate_args)
        temperature = torch.as_tensor(
            temperature, dtype=log_weights.dtype, device=log_weights.device
        )
        batch_shape = torch.broadcast_shapes(temperature.shape, base.batch_shape)
        self.temperature = temperature.expand(batch_shape)
        self.base_dist = base.expand(batch_shape)
        super().__init__(batch_shape, base.event_shape, validate_args=validate_args)

    def expand(
        self, batch_shape: Sequence[int], _instance: Distribution | None = None
    ) -> "RelaxedMultivariateHypergeometric":
        new = self._get_checked_instance(type(self), _instance)
        batch_shape = torch.Size(batch_shape)
        new.temperature = self.temperature.expand(batch_shape)
        new.base_dist = self.base_dist.expand(batch_shape)
        super(RelaxedMultivariateHypergeometric, new).__init__(
            batch_shape, self.event_shape, validate_args=False
        )
        new._validate_args = self._validate_args
        return new

    @property
    def class_sizes(self) -> Int[Tensor, " class"]:
        return self.base_dist.class_sizes

    @property
    def num_draws(self) -> int:
        return self.base_dist.num_draws

    @property
    def log_weights(self) -> Float[Tensor, "*batch class"]:
        return self.base_dist.log_weights

    @dependent_property(is_discrete=False, event_dim=1)
    def support(self) -> Constraint:
        return relaxed_counts(self.class_sizes, self.num_draws)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Float[Tensor, "... class"]:
        shape = self._extended_shape(torch.Size(sample_shape))
        remaining = self.log_weights.new_full(shape[:-1], self.num_draws)
        drawn = []
        for k in range(shape[-1] - 1):
            count = self._draw(k, remaining)
            drawn.append(count)
            remaining = remaining - count
        return torch.stack([*drawn, remaining], -1)

    def _draw(self, k: int, remaining: Tensor) -> Tensor:
        """Draw the count of class k; differentiable in the number that remains to be drawn."""
        below, logits = self._neighbours(k, remaining)
        soft = self._soft_counts(logits + gumbel_noise(logits[0]))
        return torch.lerp(soft[0], soft[1], remaining - below)

    def _neighbours(self, k: int, remaining: Tensor) -> tuple[Tensor, Tensor]:
        """Return a whole number next to r, and the conditionals ``[2, ...]`` there and at one more.

        They enclose r. Where classes k and later hold no ball, both are 0, and so is r.
        """
        most = self.class_sizes[k:].sum().clamp(max=self.num_draws)
        below = remaining.detach().floor().minimum(most - 1).clamp(0)
        both = torch.stack([below, (below + 1).minimum(most)]).long()
        return below, self._logits(k, both)

    def _logits(self, k: int, remaining: Tensor) -> Tensor:
        """Return the log-conditionals, from plain products where nothing that matters is lost."""
        if (self.temperature <= 1).all():
            weights = self.base_dist._conditional_weights(k, remaining)
            # What underflows is then less than ε² of the sum, and below τ = 1 still less.
            limits = torch.finfo(weights.dtype)
            if (weights.sum(-1) * limits.eps**2 > limits.tiny).all():
                lost = weights == 0
                logits = weights.masked_fill(lost, 1.0).log().masked_fill(lost, -torch.inf)
                # It is the gradient that needs it: rounded, it would not sum to zero, times counts.
                return logits.log_softmax(-1)
        return self.base_dist.conditional_logits(k, remaining)

    def _soft_counts(self, scores: Tensor) -> Tensor:
        impossible = scores == -torch.inf
        # 0 keeps the gradient in the temperature finite
        tempered = scores.masked_fill(impossible, 0.0) / self.temperature.unsqueeze(-1)
        p = tempered.masked_fill(impossible, -torch.inf).softmax(-1)
        return p @ _outcomes(p)


class RelaxedMultivariateHypergeometricStraightThrough(RelaxedMultivariateHypergeometric):
    r"""Counts drawn from an urn, with the gradient of their relaxation, class by class.

    .. math::
        n_k = \arg\max_j \big(\log p(N_k = j \mid r_k) + g_{kj}\big), \qquad
        \mathrm{d} n_k := \frac{\partial y_k(r_k)}{\partial \log w} \cdot \mathrm{d} \log w
        + \big(\mathbb E[N_k \mid r + 1] - \mathbb E[N_k \mid r]\big)\, \mathrm{d} r_k

    with y_k as in :class:`RelaxedMultivariateHypergeometric`, and r = r_k, or one less where r_k
    is all that can be drawn. The value is a draw from the urn at every temperature; only the
    gradient is biased. The slope in r_k is that of the mean, which the noise does not reach: it has
    less bias and less variance than the slope of y_k.

    Args:
        temperature: positive; a tensor is broadcast with the batch axes of ``log_weights``.
        class_sizes: the number m_k of balls in each class, ``[class]``; zero is allowed.
        num_draws: the number n of balls drawn, between 0 and the sum of the sizes.
        log_weights: log w_k, finite, ``[*batch, class]``. A common shift changes nothing.
        law: the class of urns that is drawn from, as in the relaxation.
        validate_args: whether to check parameters and samples, as in torch.

    Raises:
        ValueError: if an argument is out of its range.

    References:
        Bengio, Léonard and Courville, Estimating or propagating gradients through stochastic
        neurons for conditional computation, 2013, arXiv:1308.3432. Thesis algorithms 1 to 4.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> weights = torch.tensor([0.0, 1.0, 2.0])
        >>> RelaxedMultivariateHypergeometricStraightThrough(0.5, [6, 6, 6], 8, weights).rsample()
        tensor([2., 2., 4.])

    Derived in: notebooks/14
    """

    @dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> Constraint:
        return counts(self.class_sizes, self.num_draws)

    def _draw(self, k: int, remaining: Tensor) -> Tensor:
        below, logits = self._neighbours(k, remaining)
        all_that_can_be = (remaining.detach() > below).unsqueeze(-1)
        scores = torch.where(all_that_can_be, logits[1], logits[0])
        scores = scores + gumbel_noise(scores)
        p = logits.detach().exp()
        mean = p @ _outcomes(p)
        flow = (mean[1] - mean[0]) * (remaining - remaining.detach())
        return straight_through(scores.argmax(-1).type_as(p), self._soft_counts(scores) + flow)


def _outcomes(p: Tensor) -> Float[Tensor, "_"]:
    return torch.arange(p.shape[-1], device=p.device).type_as(p)
