r"""Fisher's noncentral multivariate hypergeometric law, exactly.

Three ideas make it exact and fast. The normaliser is a coefficient of a product of polynomials, so
convolutions give it. Multiplying all weights by one factor changes nothing, so the factor is chosen
to make the given number of draws the expected one: every polynomial becomes a binomial law, the
wanted coefficient is near the largest, and plain products are safe in either precision for weights
of any size. And the normalisers of the *last* classes are the conditionals of the first, so
sampling is exact too.
"""

import math

import torch
from torch import Tensor
from torch.distributions.utils import lazy_property

from wslbook.distributions.convolution import convolve, log_convolve, running_products
from wslbook.distributions.urn import Urn, lookup
from wslbook.typing import Float

__all__ = ["MultivariateHypergeometric"]


class MultivariateHypergeometric(Urn):
    r"""Counts of each class when balls of unequal weight are drawn without replacement.

    .. math::
        p(n) = \exp\Big(\sum_k a_k(n_k) - L_1(n)\Big), \qquad
        a_k(y) = \log\binom{m_k}{y} + y \log w_k

    Fisher's noncentral law: independent binomial counts of class k with odds w_k, given that they
    add to the number of draws. With equal weights it is the ordinary (central) law. The suffix
    normalisers come from a backward convolution, and the conditionals from them:

    .. math::
        L_k(r) = \log \sum_{y_k + \dots + y_K = r} \exp \sum_{j \ge k} a_j(y_j), \qquad
        p(N_k = y \mid r) = \exp\big(a_k(y) + L_{k+1}(r - y) - L_k(r)\big)

    The work grows as K n^2 for every distinct vector of weights; ``expand`` adds none. What
    depends on the weights alone is computed once and kept with its graph, as the logits of torch's
    own laws are: build a new law for every backward pass.

    Args:
        class_sizes: the number m_k of balls in each class, ``[class]``; zero is allowed.
        num_draws: the number n of balls drawn, between 0 and the sum of the sizes.
        log_weights: log w_k, finite, ``[*batch, class]``. A common shift changes nothing.
        validate_args: whether to check parameters and samples, as in torch.

    Raises:
        ValueError: if an argument is out of its range.

    References:
        Fog, Calculation methods for Wallenius' and Fisher's noncentral hypergeometric
        distributions, 2008. Sutter et al., Learning group importance using the differentiable
        hypergeometric distribution, 2023, arXiv:2203.01629. Thesis section 2.6 and equation 2.80.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> law = MultivariateHypergeometric([6, 6, 6], 8, torch.tensor([0.0, 1.0, 2.0]))
        >>> law.sample()
        tensor([1., 3., 4.])
        >>> law.mean
        tensor([1.2584, 2.6008, 4.1407])
        >>> law.log_prob(torch.tensor([1.0, 2.0, 5.0]))
        tensor(-1.8977)

    Derived in: notebooks/08
    """

    def log_prob(self, value: Tensor) -> Float[Tensor, "..."]:
        if self._validate_args:
            self._validate_sample(value)
        index = value.long().unsqueeze(-1).unbind(-2)
        log_choices = torch.cat(
            [lookup(c, n, -torch.inf) for c, n in zip(self._log_choices, index, strict=True)], -1
        )
        # Σ_k log b_k(n_k) - log P(Σ_k N_k = n), where the tilt θ has cancelled
        log_powers = value.type_as(self._log_odds) * self._log_odds
        log_binomials = log_choices + log_powers - self._log_scales
        log_p = log_binomials.sum(-1) - self._total.log()
        return log_p.expand(torch.broadcast_shapes(log_p.shape, self.batch_shape))

    @property
    def log_normalizer(self) -> Float[Tensor, "*batch"]:
        r"""The logarithm of the sum of all unnormalised probabilities, ``[*batch]``.

        .. math:: L_1(n) = \log \sum_{n_1 + \dots + n_K = n} \prod_k \binom{m_k}{n_k} w_k^{n_k}

        Its gradient in the log-weights is the mean and its Hessian the covariance.

        Derived in: notebooks/08
        """
        untilted = self._log_scales.sum(-1) - self.num_draws * self._tilt.squeeze(-1)
        return (self._total.log() + untilted).expand(self.batch_shape)

    @property
    def mean(self) -> Float[Tensor, "*batch class"]:
        # E[N] = c + E[N - c]: about the mean, the gradient's rounding errors are small
        centre = self._expectations(self._marginals).detach()
        terms = [
            (p * (self._outcomes(k) - c)).sum(-1)
            for k, (p, c) in enumerate(
                zip(self._marginals, centre.unsqueeze(-1).unbind(-2), strict=True)
            )
        ]
        return (centre + torch.stack(terms, -1)).expand(self._extended_shape())

    @property
    def variance(self) -> Float[Tensor, "*batch class"]:
        means = self._expectations(self._marginals).unsqueeze(-1).unbind(-2)
        terms = [
            (p * (self._outcomes(k) - mean).square()).sum(-1)
            for k, (p, mean) in enumerate(zip(self._marginals, means, strict=True))
        ]
        return torch.stack(terms, -1).expand(self._extended_shape())

    @property
    def covariance_matrix(self) -> Float[Tensor, "*batch class class"]:
        r"""The covariances of the counts, ``[*batch, class, class]``; every row sums to zero.

        .. math:: \mathrm{Cov}(N_j, N_k) = \mathbb E[(N_j - \mathbb E N_j)\, N_k]

        Derived in: notebooks/08
        """
        means = self._expectations(self._marginals).unsqueeze(-1).unbind(-2)
        row = torch.arange(len(self._sizes), device=self.class_sizes.device).unsqueeze(-1)
        # in row j, factor j is weighted by y - μ_j, so that sums over counts are covariances
        factors = [
            torch.where(row == k, ((self._outcomes(k) - mean) * b).unsqueeze(-2), b.unsqueeze(-2))
            for k, (b, mean) in enumerate(zip(self._binomials, means, strict=True))
        ]
        covariance = self._expectations(self._joint(factors)) / self._total[..., None, None]
        return covariance.expand(self._extended_shape() + self.event_shape)

    def entropy(self) -> Float[Tensor, "*batch"]:
        # H = log P(Σ_k N_k = n) - Σ_k Σ_y p(N_k = y) log p_k(y)
        entropy = self._total.log()
        for p, log_binomial in zip(self._marginals, self._log_terms, strict=True):
            entropy = entropy - (p * log_binomial).sum(-1)
        return entropy.expand(self.batch_shape)

    def marginal_probs(self, k: int) -> Float[Tensor, "*batch _"]:
        r"""Return the probabilities of every count of one class.

        .. math:: p(N_k = y) = \exp\big(a_k(y) + L_{-k}(n - y) - L_1(n)\big)

        Args:
            k: the class, from 0.

        Returns:
            Probabilities of the counts 0, ..., min(m_k, n), ``[*batch, min(m_k, n) + 1]``.

        Example:
            >>> law = MultivariateHypergeometric([1, 2], 2, torch.zeros(2))
            >>> law.marginal_probs(0)
            tensor([0.3333, 0.6667])

        Derived in: notebooks/08
        """
        return self._marginals[k].expand(*self.batch_shape, -1)

    def conditional_logits(self, k: int, remaining: Tensor) -> Float[Tensor, "... _"]:
        r"""Return the log-probabilities of the count of class k, given what is left to draw.

        .. math:: \log p(N_k = y \mid r) = a_k(y) + L_{k+1}(r - y) - L_k(r)

        These are computed in the log domain, so that they are accurate for every number of
        remaining draws, however improbable. That takes some ten times as long as plain products.

        Args:
            k: the class, from 0; those before it have been drawn.
            remaining: the number r of balls to draw from class k and those after it,
                ``[..., *batch]``.

        Returns:
            Logarithms that sum to one in probability, ``[..., *batch, min(m_k, n) + 1]``. Counts
            that the urn does not allow have minus infinity.

        Raises:
            ValueError: if there is no such class, or fewer balls than remain to be drawn.

        References:
            The exact form of thesis algorithm 2, line 6.

        Example:
            >>> law = MultivariateHypergeometric([1, 2], 2, torch.zeros(2))
            >>> law.conditional_logits(0, torch.tensor(2)).exp()
            tensor([0.3333, 0.6667])

        Derived in: notebooks/08
        """
        self._check_conditional(k, remaining)
        rest = remaining.long().unsqueeze(-1) - self._outcomes(k)
        logits = self._log_terms[k] + lookup(self._log_suffixes[k], rest, -torch.inf)
        return self._broadcast(logits.log_softmax(-1))

    def _conditional_weights(self, k: int, remaining: Tensor) -> Tensor:
        # A number of remaining draws that occurs has P(r) no smaller than its own probability.
        rest = remaining.unsqueeze(-1) - self._outcomes(k)
        return self._binomials[k] * lookup(self._suffixes[k], rest, 0.0)

    @lazy_property
    def _tilt(self) -> Float[Tensor, "*batch 1"]:
        r"""The shift θ of the log-weights at which Σ_k m_k σ(log w_k + θ) = n, by bisection."""
        with torch.no_grad():
            margin = math.log(2 * sum(self._sizes) + 2)
            low = -self._unexpanded.amax(-1, keepdim=True) - margin
            high = -self._unexpanded.amin(-1, keepdim=True) + margin
            for _ in range(32):  # leaves less than 1e-6 of a width of some hundreds
                middle = (low + high) / 2
                expected = (self.class_sizes * (self._unexpanded + middle).sigmoid()).sum(-1, True)
                low = torch.where(expected < self.num_draws, middle, low)
                high = torch.where(expected < self.num_draws, high, middle)
            return middle

    @lazy_property
    def _log_odds(self) -> Float[Tensor, "*batch class"]:
        return self._unexpanded + self._tilt

    @lazy_property
    def _log_choices(self) -> list[Tensor]:
        return [self._log_binomials(m) for m in self._sizes]

    @lazy_property
    def _raw_terms(self) -> list[Tensor]:
        """log C(m_k, y) + y (log w_k + θ) for every class and count that can be drawn."""
        return [
            c + self._outcomes(k) * self._log_odds[..., k : k + 1]
            for k, c in enumerate(self._log_choices)
        ]

    @lazy_property
    def _log_scales(self) -> Float[Tensor, "*batch class"]:
        """What makes the largest sums one; constants, for they cancel in every result."""
        return torch.stack([a.detach().logsumexp(-1) for a in self._raw_terms], -1)

    @lazy_property
    def _log_terms(self) -> list[Tensor]:
        scales = self._log_scales.unsqueeze(-1).unbind(-2)
        return [a - scale for a, scale in zip(self._raw_terms, scales, strict=True)]

    @lazy_property
    def _binomials(self) -> list[Tensor]:
        r"""The laws b_k(y) of independent counts with odds w_k e^θ."""
        return [log_term.exp() for log_term in self._log_terms]

    @lazy_property
    def _suffixes(self) -> list[Tensor]:
        """P(N_{k+1} + ... + N_K = r) of the independent counts, for every k and r up to n."""
        return running_products(reversed(self._binomials), self.num_draws + 1)[::-1]

    @lazy_property
    def _total(self) -> Float[Tensor, "*batch"]:
        """P(N_1 + ... + N_K = n) of the independent counts, about one over their spread."""
        rest = self.num_draws - self._outcomes(0)
        return (self._binomials[0] * lookup(self._suffixes[0], rest, 0.0)).sum(-1)

    @lazy_property
    def _marginals(self) -> list[Tensor]:
        return [p / p.sum(-1, keepdim=True) for p in self._joint(self._binomials)]

    def _joint(self, factors: list[Tensor]) -> list[Tensor]:
        """Multiply every factor by what the product of the others leaves for n draws."""
        length = self.num_draws + 1
        before = running_products(factors, length)
        after = running_products(reversed(factors), length)[::-1]
        joint = []
        for k, factor in enumerate(factors):
            others = convolve(before[k], after[k], length)
            joint.append(factor * lookup(others, self.num_draws - self._outcomes(k), 0.0))
        return joint

    def _expectations(self, terms: list[Tensor]) -> Float[Tensor, "*batch class"]:
        return torch.stack([(p * self._outcomes(k)).sum(-1) for k, p in enumerate(terms)], -1)

    @lazy_property
    def _log_suffixes(self) -> list[Tensor]:
        suffixes = [torch.zeros_like(self._log_terms[-1][..., :1])]
        for terms in reversed(self._log_terms[1:]):
            suffixes.append(log_convolve(suffixes[-1], terms, self.num_draws + 1))
        return suffixes[::-1]
