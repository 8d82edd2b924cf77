"""The two-stage law of random partitions: sizes from an urn, places from a ranking."""

import itertools
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor
from torch.distributions import Distribution

from wslbook.constraints import assignment, finite_vector, permutation
from wslbook.distributions.assignment import fill_groups, one_hot_columns
from wslbook.distributions.hypergeometric import MultivariateHypergeometric
from wslbook.distributions.partition_mode import most_probable_borders
from wslbook.distributions.plackett_luce import PlackettLuce
from wslbook.distributions.race import log_prob_of_groups
from wslbook.typing import Float, Int

__all__ = ["RandomPartition"]

LARGEST_SUPPORT = 100_000


class RandomPartition(Distribution):
    r"""An assignment of n items to K ordered groups: first the sizes, then who fills them.

    .. math::
        p(Y; w, s) = p(n_1, \ldots, n_K; w) \sum_{\pi \in \Pi_Y} p(\pi; s)
        = p(n; w) \prod_{k=1}^K I_k

    The sizes are counts of :class:`.MultivariateHypergeometric` with weights w, where n items are
    drawn and every class has n of them, so that no group is refused any size; the thesis leaves
    the class sizes open. A ranking of :class:`.PlackettLuce` then fills group 1 with its first n_1
    items, group 2 with the next n_2, and so on. An event is the matrix Y with a one at [k, i] where
    item i is in group k; groups may be empty. The sum over the n_1! ... n_K! rankings that give Y
    is exact, a product of integrals, see :func:`.log_prob_of_groups`.

    Args:
        log_weights: log w_k, finite, ``[*batch, group]``. A common shift changes nothing.
        logits: log-scores log s_i, finite, ``[*batch, item]``. A common shift changes nothing.
        validate_args: whether to check parameters and samples, as in torch.

    Raises:
        ValueError: if an argument is out of its range.

    References:
        Sutter, Ryser, Liebeskind and Vogt, Differentiable random partition models, 2023,
        arXiv:2305.16841. Thesis definition 5.2.1 and equations 5.41 to 5.54; errata E-33 to E-38.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> law = RandomPartition(torch.zeros(2), torch.tensor([0.0, 1.0, 2.0]))
        >>> law.sample()
        tensor([[0., 1., 1.],
                [1., 0., 0.]])
        >>> law.log_prob(torch.tensor([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])).exp()
        tensor(0.3158)

    Derived in: notebooks/16
    """

    arg_constraints: ClassVar = {"log_weights": finite_vector, "logits": finite_vector}
    support = assignment
    has_enumerate_support = True

    def __init__(
        self,
        log_weights: Float[Tensor, "... group"],
        logits: Float[Tensor, "... item"],
        validate_args: bool | None = None,
    ) -> None:
        self._assemble(log_weights, logits, torch.Size(), validate_args)

    def _assemble(
        self, log_weights: Tensor, logits: Tensor, shape: torch.Size, validate_args: bool | None
    ) -> None:
        """Build the two stages; the batch is that of both parameters and of the given shape."""
        self.ranking_law = PlackettLuce(logits, validate_args=False)
        n = logits.shape[-1]
        sizes = [n] * (log_weights.shape[-1] if log_weights.dim() else 0)
        self.size_law = MultivariateHypergeometric(sizes, n, log_weights, validate_args=False)
        batch_shape = torch.broadcast_shapes(shape, log_weights.shape[:-1], logits.shape[:-1])
        self._expand_parts(batch_shape)
        event_shape = log_weights.shape[-1:] + logits.shape[-1:]
        super().__init__(batch_shape, event_shape, validate_args=validate_args)

    def expand(
        self, batch_shape: Sequence[int], _instance: Distribution | None = None
    ) -> "RandomPartition":
        new = self._get_checked_instance(RandomPartition, _instance)
        batch_shape = torch.Size(batch_shape)
        new.ranking_law, new.size_law = self.ranking_law, self.size_law
        new._expand_parts(batch_shape)
        super(RandomPartition, new).__init__(batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def _expand_parts(self, batch_shape: torch.Size) -> None:
        self.ranking_law = self.ranking_law.expand(batch_shape)
        self.size_law = self.size_law.expand(batch_shape)

    @property
    def log_weights(self) -> Float[Tensor, "*batch group"]:
        """The log-weights of the groups, ``[*batch, group]``."""
        return self.size_law.log_weights

    @property
    def logits(self) -> Float[Tensor, "*batch item"]:
        """The log-scores of the items, ``[*batch, item]``."""
        return self.ranking_law.logits

    @property
    def mode(self) -> Float[Tensor, "*batch group item"]:
        r"""The most probable assignment, ``[*batch, group, item]``.

        .. math:: \arg\max_Y p(Y) = \mathrm{fill}\big(n^*, \mathrm{sort}(s)\big), \qquad
            n^* = \arg\max_n\, p(n)\, p(\text{sorted groups of sizes } n)

        Whatever the sizes, no filling is more probable than that in order of the scores: swapping
        an item for one of a larger score and a later group raises the probability. The sizes come
        from a dynamic program. The time grows as n^2.5: seconds for a batch at n = 256.

        Derived in: notebooks/16
        """
        ranking = self.ranking_law.mode
        with torch.no_grad():
            ordered = self.logits.gather(-1, ranking)
            borders = most_probable_borders(self.log_weights, ordered)
        sizes = borders.diff(dim=-1, prepend=torch.zeros_like(borders[..., :1]))
        return fill_groups(sizes.type_as(self.log_weights), ranking)

    def sample(self, sample_shape: Sequence[int] = ()) -> Float[Tensor, "... group item"]:
        sizes = self.size_law.sample(sample_shape)
        return fill_groups(sizes, self.ranking_law.sample(sample_shape))

    def log_prob(self, value: Float[Tensor, "... group item"]) -> Float[Tensor, "..."]:
        sizes, groups = self._read(value)
        logits, groups = torch.broadcast_tensors(self.logits, groups)
        log_places = log_prob_of_groups(logits, groups, self.event_shape[0])
        return self.size_law.log_prob(sizes) + log_places

    def log_prob_lower_bound(
        self,
        value: Float[Tensor, "... group item"],
        ranking: Int[Tensor, "... item"] | None = None,
    ) -> Float[Tensor, "..."]:
        r"""Bound the log-probability from below by a single one of the rankings that give Y.

        .. math:: \log p(Y) \ge \log p(n; w) + \log p(\pi; s), \qquad \pi \in \Pi_Y

        Args:
            value: the assignment Y.
            ranking: a ranking that lists the items of group 1 first, then those of group 2, and so
                on; by default the best one, which sorts each group in decreasing order of score.

        Returns:
            The bound.

        Raises:
            ValueError: if the ranking does not give the assignment.

        References:
            Thesis lemma 5.2.3, equation 5.55.

        Example:
            >>> law, y = RandomPartition(torch.zeros(2), torch.zeros(2)), torch.ones(2, 2)
            >>> y[1] = 0
            >>> law.log_prob(y).exp(), law.log_prob_lower_bound(y).exp()
            (tensor(0.1667), tensor(0.0833))

        Derived in: notebooks/16
        """
        sizes, groups = self._read(value)
        ranking = self._best_ranking(groups) if ranking is None else ranking
        self._check_ranking(ranking, groups)
        return self.size_law.log_prob(sizes) + self.ranking_law.log_prob(ranking)

    def log_prob_upper_bound(self, value: Float[Tensor, "... group item"]) -> Float[Tensor, "..."]:
        r"""Bound the log-probability from above by the best of the rankings that give Y.

        .. math::
            \log p(Y) \le \log p(n; w) + \sum_k \log n_k! + \max_{\pi \in \Pi_Y} \log p(\pi; s)

        The best ranking sorts each group in decreasing order of score, so this costs no more than
        the thesis' bound and is never above it.

        Args:
            value: the assignment Y.

        Returns:
            The bound.

        References:
            Errata E-37.

        Example:
            >>> law, y = RandomPartition(torch.zeros(2), torch.arange(3.0)), torch.eye(2, 3)
            >>> y[0, 2] = 1
            >>> law.log_prob(y).exp(), law.log_prob_upper_bound(y).exp()
            (tensor(0.1101), tensor(0.1610))

        Derived in: notebooks/16
        """
        sizes, groups = self._read(value)
        log_best = self.ranking_law.log_prob(self._best_ranking(groups))
        return self.size_law.log_prob(sizes) + _log_orders(sizes) + log_best

    def log_prob_thesis_upper_bound(
        self, value: Float[Tensor, "... group item"]
    ) -> Float[Tensor, "..."]:
        r"""Bound the log-probability from above by the best of all rankings, as the thesis does.

        .. math:: \log p(Y) \le \log p(n; w) + \sum_k \log n_k! + \max_\pi \log p(\pi; s)

        Args:
            value: the assignment Y; only its sizes are read.

        Returns:
            The bound, which may be above 0.

        References:
            Thesis lemma 5.2.3, equation 5.56; errata E-37.

        Example:
            >>> law, y = RandomPartition(torch.zeros(2), torch.arange(3.0)), torch.eye(2, 3)
            >>> y[0, 2] = 1
            >>> law.log_prob_thesis_upper_bound(y).exp()
            tensor(0.4376)

        Derived in: notebooks/16
        """
        sizes, _ = self._read(value)
        log_best = self.ranking_law.log_prob(self.ranking_law.mode)
        return self.size_law.log_prob(sizes) + _log_orders(sizes) + log_best

    def enumerate_support(self, expand: bool = True) -> Float[Tensor, "... group item"]:
        r"""List all K^n assignments, in lexicographic order of the groups of the items.

        .. math:: \{Y \in \{0, 1\}^{K \times n} : \textstyle\sum_k Y_{ki} = 1\}

        Args:
            expand: whether to repeat the list over the batch.

        Returns:
            ``[support, *batch, group, item]``, or with batch axes of size 1 without expansion.

        Raises:
            ValueError: if there are more than 100,000 of them.

        Derived in: notebooks/16
        """
        num_groups, n = self.event_shape
        if (size := num_groups**n) > LARGEST_SUPPORT:
            raise ValueError(
                f"enumerate_support: expected a support of at most {LARGEST_SUPPORT} "
                f"assignments, got {size}"
            )
        groups = list(itertools.product(range(num_groups), repeat=n))
        values = one_hot_columns(self.logits.new_tensor(groups, dtype=torch.long), num_groups)
        values = values.reshape(-1, *[1] * len(self.batch_shape), *self.event_shape)
        values = values.type_as(self.logits)
        return values.expand(-1, *self.batch_shape, -1, -1) if expand else values

    def _read(self, value: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sizes of the groups and the group of every item; no gradient goes back."""
        if self._validate_args:
            self._validate_sample(value)
        value = value.detach()
        return value.sum(-1), value.argmax(-2)

    def _best_ranking(self, groups: Tensor) -> Tensor:
        """Sort the items by group, and in decreasing order of score within each."""
        ranking, groups = torch.broadcast_tensors(self.ranking_law.mode, groups)
        return ranking.gather(-1, groups.gather(-1, ranking).argsort(dim=-1, stable=True))

    def _check_ranking(self, ranking: Tensor, groups: Tensor) -> None:
        if self._validate_args:
            ranking, groups = torch.broadcast_tensors(ranking, groups)
            if not (
                permutation.check(ranking).all()
                and (groups.gather(-1, ranking).diff(dim=-1) >= 0).all()
            ):
                raise ValueError(
                    "ranking: expected the items of the first group of value, then those of the "
                    f"second, and so on, got {ranking}"
                )


def _log_orders(sizes: Tensor) -> Tensor:
    """Return log Π_k n_k!, the number of rankings that give an assignment."""
    return (sizes + 1).lgamma().sum(-1)
