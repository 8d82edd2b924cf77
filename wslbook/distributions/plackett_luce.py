"""The Plackett-Luce law of rankings, its relaxation and its straight-through estimator."""

from collections.abc import Sequence
from itertools import permutations
from typing import ClassVar

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints

from wslbook.constraints import finite_vector, permutation, permutation_matrix
from wslbook.relax import gumbel_noise, straight_through
from wslbook.sorting import neural_sort_logits
from wslbook.typing import Float, Int

__all__ = ["PlackettLuce", "PlackettLuceStraightThrough", "RelaxedPlackettLuce"]

MAX_ENUMERATED_ITEMS = 9  # 9! = 362,880 rankings


class PlackettLuce(Distribution):
    r"""A ranking of n items drawn one by one without replacement, in proportion to scores.

    .. math::
        p(\pi; s) = \prod_{k=1}^n \frac{s_{\pi_k}}{\sum_{l \ge k} s_{\pi_l}}, \qquad
        \log s = \texttt{logits}

    An event is the list of the items, the item ranked first at its head. Adding a constant to
    all log-scores changes nothing. Sorting log s + g with independent standard Gumbel noise g in
    decreasing order draws from this law.

    Args:
        logits: log-scores ``[*batch, item]``, finite.

    Raises:
        ValueError: if ``logits`` has no item or a log-score is not finite.

    References:
        Luce, Individual choice behavior, 1959. Plackett, The analysis of permutations, 1975.
        Yellott, The relationship between Luce's choice axiom, Thurstone's theory of comparative
        judgment, and the double exponential distribution, 1977. Thesis definition 2.4.2 (there
        with s_k for s_{pi_k}) and corollary 2.4.1.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> law = PlackettLuce(torch.tensor([1.0, 2.0, 6.0]).log())
        >>> law.sample((2,))
        tensor([[2, 1, 0],
                [2, 1, 0]])
        >>> law.log_prob(torch.tensor([2, 0, 1])).exp()  # 6/9 * 1/3 * 2/2
        tensor(0.2222)

    Derived in: notebooks/06
    """

    arg_constraints: ClassVar = {"logits": finite_vector}
    support = permutation
    has_enumerate_support = True

    def __init__(
        self, logits: Float[Tensor, "*batch item"], validate_args: bool | None = None
    ) -> None:
        self.logits = _with_items(logits)
        super().__init__(logits.shape[:-1], logits.shape[-1:], validate_args=validate_args)

    def expand(
        self, batch_shape: Sequence[int], _instance: Distribution | None = None
    ) -> "PlackettLuce":
        new = self._get_checked_instance(PlackettLuce, _instance)
        new.logits = self.logits.expand(*batch_shape, -1)
        super(PlackettLuce, new).__init__(
            torch.Size(batch_shape), self.event_shape, validate_args=False
        )
        new._validate_args = self._validate_args
        return new

    @property
    def mode(self) -> Int[Tensor, "*batch item"]:
        """The most probable ranking ``[*batch, item]``: decreasing scores, ties by number."""
        return self.logits.argsort(dim=-1, descending=True, stable=True)

    def sample(self, sample_shape: Sequence[int] = ()) -> Int[Tensor, "... item"]:
        return _perturbed(self.logits.detach(), self._extended_shape(sample_shape)).argsort(
            -1, descending=True
        )

    def log_prob(self, value: Int[Tensor, "... item"]) -> Float[Tensor, "..."]:
        if self._validate_args:
            self._validate_sample(value)
        logits, value = torch.broadcast_tensors(self.logits, value)
        ranked = logits.gather(-1, value)
        # log sum_{l >= k} s_{pi_l}
        log_remaining = ranked.flip(-1).logcumsumexp(-1).flip(-1)
        return (ranked - log_remaining).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Int[Tensor, "... item"]:
        r"""List all n! rankings, in lexicographic order.

        .. math:: \Pi_n = \{\pi : \{\pi_1, \ldots, \pi_n\} = \{0, \ldots, n - 1\}\}

        Args:
            expand: whether to repeat the list over the batch axes.

        Returns:
            Rankings ``[n!, *batch, item]``; the batch axes have size 1 without ``expand``.

        Raises:
            ValueError: if n is above 9.

        Derived in: notebooks/06
        """
        n = self.event_shape[0]
        if n > MAX_ENUMERATED_ITEMS:
            raise ValueError(f"item: expected at most {MAX_ENUMERATED_ITEMS} to enumerate, got {n}")
        values = self.logits.new_tensor(list(permutations(range(n))), dtype=torch.long)
        values = values.reshape(-1, *[1] * len(self.batch_shape), n)
        return values.expand(-1, *self.batch_shape, n) if expand else values


class RelaxedPlackettLuce(Distribution):
    r"""Relaxed permutation matrices: NeuralSort of log-scores with Gumbel noise.

    .. math:: \pi = \mathrm{NeuralSort}_\tau(\log s + g), \qquad g_i \sim \mathrm{Gumbel}(0, 1)

    Rows sum to one; as the temperature goes to 0 a draw tends to the matrix of a ranking drawn
    from :class:`PlackettLuce`, with the gradient of the relaxation. The law has a density, but
    not in closed form, so there is no ``log_prob``.

    Args:
        temperature: positive; a tensor is broadcast with the batch axes of ``logits``.
        logits: log-scores ``[*batch, item]``, finite.

    Raises:
        ValueError: if an argument is out of range.

    References:
        Grover, Wang, Zweig and Ermon, Stochastic optimization of sorting networks via continuous
        relaxations, 2019, arXiv:1903.08850. Thesis section 2.4.2.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> logits = torch.tensor([1.0, 2.0, 6.0]).log()
        >>> RelaxedPlackettLuce(5.0, logits).rsample()
        tensor([[0.1264, 0.3593, 0.5142],
                [0.2936, 0.4158, 0.2906],
                [0.5136, 0.3626, 0.1237]])

    Derived in: notebooks/06
    """

    arg_constraints: ClassVar = {"temperature": constraints.positive, "logits": finite_vector}
    support = constraints.independent(constraints.simplex, 1)
    has_rsample = True

    def __init__(
        self,
        temperature: float | Float[Tensor, "..."],
        logits: Float[Tensor, "*batch item"],
        validate_args: bool | None = None,
    ) -> None:
        temperature = torch.as_tensor(temperature, dtype=logits.dtype, device=logits.device)
        batch_shape = torch.broadcast_shapes(temperature.shape, logits.shape[:-1])
        self.temperature = temperature.expand(batch_shape)
        self.logits = _with_items(logits).expand(*batch_shape, -1)
        event_shape = logits.shape[-1:] + logits.shape[-1:]
        super().__init__(batch_shape, event_shape, validate_args=validate_args)

    def expand(
        self, batch_shape: Sequence[int], _instance: Distribution | None = None
    ) -> "RelaxedPlackettLuce":
        new = self._get_checked_instance(RelaxedPlackettLuce, _instance)
        new.temperature = self.temperature.expand(batch_shape)
        new.logits = self.logits.expand(*batch_shape, -1)
        super(RelaxedPlackettLuce, new).__init__(
            torch.Size(batch_shape), self.event_shape, validate_args=False
        )
        new._validate_args = self._validate_args
        return new

    def rsample(self, sample_shape: Sequence[int] = ()) -> Float[Tensor, "... item item"]:
        return self._relax(self._perturbed_scores(sample_shape))

    def _perturbed_scores(self, sample_shape: Sequence[int]) -> Tensor:
        """Draw log s + g ``[*sample, *batch, item]``; sorted, it is a Plackett-Luce ranking."""
        return _perturbed(self.logits, self._extended_shape(sample_shape)[:-1])

    def _relax(self, scores: Tensor) -> Tensor:
        # The temperature was checked with the parameters.
        return (neural_sort_logits(scores) / self.temperature[..., None, None]).softmax(-1)


class PlackettLuceStraightThrough(RelaxedPlackettLuce):
    r"""Permutation matrices of Plackett-Luce rankings, with the gradient of their relaxation.

    .. math::
        \pi = \mathrm{sort}(\log s + g), \qquad
        \frac{\partial \pi}{\partial \log s} :=
        \frac{\partial}{\partial \log s} \mathrm{NeuralSort}_\tau(\log s + g)

    The value is an exact draw at every temperature; only the gradient is biased. Its
    log-probability is ``PlackettLuce(logits).log_prob(matrix_to_ranking(value))``.

    Args:
        temperature: positive; a tensor is broadcast with the batch axes of ``logits``.
        logits: log-scores ``[*batch, item]``, finite.

    Raises:
        ValueError: if an argument is out of range.

    References:
        Grover, Wang, Zweig and Ermon, Stochastic optimization of sorting networks via continuous
        relaxations, 2019, arXiv:1903.08850. Thesis section 2.4.2.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> logits = torch.tensor([1.0, 2.0, 6.0]).log()
        >>> PlackettLuceStraightThrough(0.5, logits).rsample()
        tensor([[0., 0., 1.],
                [0., 1., 0.],
                [1., 0., 0.]])

    Derived in: notebooks/06
    """

    support = permutation_matrix

    def rsample(self, sample_shape: Sequence[int] = ()) -> Float[Tensor, "... item item"]:
        scores = self._perturbed_scores(sample_shape)
        soft = self._relax(scores)
        ranking = scores.argsort(-1, descending=True)
        hard = torch.zeros_like(soft).scatter(-1, ranking.unsqueeze(-1), 1.0)
        return straight_through(hard, soft)


def _perturbed(logits: Tensor, shape: Sequence[int]) -> Tensor:
    """Add independent Gumbel noise to every draw of the log-scores."""
    logits = logits.expand(shape)
    return logits + gumbel_noise(logits)


def _with_items(logits: Tensor) -> Tensor:
    if logits.dim() == 0 or logits.shape[-1] == 0:
        raise ValueError(f"logits: expected shape [*batch, item], got {list(logits.shape)}")
    return logits
