r"""The thesis' sequential scheme, which merges classes and so draws from another law than Fisher's.

It is kept to be taught and compared. Merging is exact when the weights inside every merged class
are equal, when there are two classes, and when one ball or all balls are drawn; otherwise the law
is biased and depends on the order of the classes.
"""

import math

import torch
from torch import Tensor

from wslbook.distributions.urn import Urn, lookup
from wslbook.typing import Float

__all__ = ["MergedMultivariateHypergeometric"]


class MergedMultivariateHypergeometric(Urn):
    r"""Counts drawn class by class, with the classes still to come merged into one.

    .. math::
        p(N_k = y \mid r) \propto \binom{m_k}{y} \binom{m_R}{r - y}\, w_k^y\, w_R^{r-y}, \qquad
        m_R = \sum_{l>k} m_l, \quad w_R = \frac{1}{m_R} \sum_{l>k} m_l w_l

    This is NOT Fisher's law but a normalised law of its own, for the given order of the classes.
    With sizes (200, 200, 200), 180 draws and weights (1, 10, 1), the Kolmogorov-Smirnov distance of
    its first marginal from Fisher's is 0.58. Use :class:`.MultivariateHypergeometric` for data.

    Args:
        class_sizes: the number m_k of balls in each class, ``[class]``; zero is allowed.
        num_draws: the number n of balls drawn, between 0 and the sum of the sizes.
        log_weights: log w_k, finite, ``[*batch, class]``. A common shift changes nothing.
        validate_args: whether to check parameters and samples, as in torch.

    Raises:
        ValueError: if an argument is out of its range.

    References:
        Sutter et al., Learning group importance using the differentiable hypergeometric
        distribution, 2023, arXiv:2203.01629. Thesis algorithms 1 to 4 and equations 5.2 to 5.5,
        with the corrections of our errata E-21 to E-25.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> log_weights = torch.tensor([1.0, 10.0, 1.0]).log()
        >>> law = MergedMultivariateHypergeometric([200, 200, 200], 180, log_weights)
        >>> law.sample()
        tensor([ 22., 127.,  31.])
        >>> law.mean
        tensor([ 21.31, 128.41,  30.28])

    Derived in: notebooks/08
    """

    def log_prob(self, value: Tensor) -> Float[Tensor, "..."]:
        if self._validate_args:
            self._validate_sample(value)
        value = value.long()
        remaining = self.num_draws - value.cumsum(-1) + value
        terms = [
            lookup(self.conditional_logits(k, remaining[..., k]), value[..., k, None], -torch.inf)
            for k in range(len(self._sizes))
        ]
        return torch.cat(terms, -1).sum(-1)

    @property
    def mean(self) -> Float[Tensor, "*batch class"]:
        return torch.stack(
            [(p * self._outcomes(k)).sum(-1) for k, p in enumerate(self._marginals())], -1
        )

    @property
    def variance(self) -> Float[Tensor, "*batch class"]:
        terms = zip(self._marginals(), self.mean.unsqueeze(-1).unbind(-2), strict=True)
        return torch.stack(
            [(p * (self._outcomes(k) - m).square()).sum(-1) for k, (p, m) in enumerate(terms)], -1
        )

    def marginal_probs(self, k: int) -> Float[Tensor, "*batch _"]:
        r"""Return the probabilities of every count of one class.

        .. math:: p(N_k = y) = \sum_r p(r_k = r)\, p(N_k = y \mid r)

        Args:
            k: the class, from 0.

        Returns:
            Probabilities of the counts 0, ..., min(m_k, n), ``[*batch, min(m_k, n) + 1]``.

        Example:
            >>> law = MergedMultivariateHypergeometric([1, 2], 2, torch.zeros(2))
            >>> law.marginal_probs(0)
            tensor([0.3333, 0.6667])

        Derived in: notebooks/08
        """
        return self._marginals()[k]

    def conditional_logits(self, k: int, remaining: Tensor) -> Float[Tensor, "... _"]:
        self._check_conditional(k, remaining)
        rest = remaining.long().unsqueeze(-1) - self._outcomes(k)
        odds = self._unexpanded[..., k : k + 1] - self._log_merged_weight(k)
        ways = lookup(self._log_binomials(sum(self._sizes[k + 1 :])), rest, -torch.inf)
        logits = self._log_binomials(self._sizes[k]) + self._outcomes(k) * odds + ways
        return self._broadcast(logits.log_softmax(-1))

    def _log_merged_weight(self, k: int) -> Float[Tensor, "*batch 1"]:
        """Return log w_R of the classes after k, or 0 where they hold no balls."""
        log_masses = [
            self._unexpanded[..., j] + math.log(m)
            for j, m in enumerate(self._sizes[k + 1 :], k + 1)
            if m > 0
        ]
        if not log_masses:
            return torch.zeros_like(self._unexpanded[..., :1])
        log_mass = torch.stack(log_masses, -1).logsumexp(-1, keepdim=True)
        return log_mass - math.log(sum(self._sizes[k + 1 :]))

    def _marginals(self) -> list[Float[Tensor, "*batch _"]]:
        """Return every marginal, from the law of what is left to draw before each class."""
        states = torch.arange(self.num_draws + 1, device=self.class_sizes.device)
        left = self.log_weights.new_ones(1, *self.batch_shape)
        remaining, marginals = states[-1:], []
        for k in range(len(self._sizes)):
            each = remaining.reshape(-1, *[1] * len(self.batch_shape))
            joint = left.unsqueeze(-1) * self.conditional_logits(k, each).exp()
            marginals.append(joint.sum(0))
            # p(r_{k+1} = s) = Σ_{r - y = s} p(r_k = r) p(y | r); what the urn forbids adds zero
            after = (remaining.unsqueeze(-1) - self._outcomes(k)).clamp(0).flatten()
            left = joint.new_zeros(len(states), *self.batch_shape)
            left = left.index_add(0, after, joint.movedim(-1, 1).flatten(0, 1))
            remaining = states[: sum(self._sizes[k + 1 :]) + 1]
            left = left[: len(remaining)]
        return marginals
