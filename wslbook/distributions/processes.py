"""Random set partitions: Chinese restaurant, Pitman-Yor and product partition laws.

Labels number the subsets in the order of their first items, see
:mod:`wslbook.distributions.gibbs_partition`.
"""

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, constraints
from torch.distributions.utils import broadcast_all, lazy_property

from wslbook.distributions.gibbs_partition import GibbsPartition, canonical_labels, log_sum
from wslbook.relax import gumbel_noise
from wslbook.typing import Float, Int

__all__ = ["ChineseRestaurantProcess", "PitmanYorProcess", "ProductPartition"]


class PitmanYorProcess(GibbsPartition):
    r"""The partition of n items seated one by one at tables, with a discount.

    .. math::
        P(\text{table } k) = \frac{n_k - d}{\theta + i}, \qquad
        P(\text{new table}) = \frac{\theta + d K}{\theta + i}

    for the item that comes after i others, of which n_k sit at table k. Hence

    .. math::
        p(\{S_1, \ldots, S_K\}) = \frac{\prod_{k=1}^{K-1} (\theta + k d)}
        {\prod_{i=1}^{n-1} (\theta + i)} \prod_{k=1}^K \prod_{j=1}^{|S_k| - 1} (j - d)

    whatever the order of the items. A larger discount gives more and smaller subsets; their
    number grows as a power of n.

    Args:
        discount: d, in [0, 1).
        concentration: theta, above minus the discount.
        num_items: the number n of items, at least 1.

    Raises:
        ValueError: if an argument is out of range.

    References:
        Pitman and Yor, The two-parameter Poisson-Dirichlet distribution derived from a stable
        subordinator, 1997. Pitman, Combinatorial stochastic processes, 2006, section 3.2.
        Thesis section 2.5.

    Example:
        >>> _ = torch.manual_seed(1)
        >>> law = PitmanYorProcess(0.5, 1.0, num_items=5)
        >>> law.sample()
        tensor([0, 0, 1, 0, 2])
        >>> law.log_prob_num_groups().exp()
        tensor([0.0547, 0.1641, 0.2812, 0.3125, 0.1875])

    Derived in: notebooks/07
    """

    def __init__(
        self,
        discount: float | Float[Tensor, "..."],
        concentration: float | Float[Tensor, "..."],
        num_items: int,
        validate_args: bool | None = None,
    ) -> None:
        self.discount, self.concentration = broadcast_all(discount, concentration)
        super().__init__(self.concentration.shape, num_items, validate_args=validate_args)
        if self._validate_args and self.concentration.isinf().any():
            raise ValueError(f"concentration: expected finite numbers, got {self.concentration}")

    @property
    def arg_constraints(self) -> dict[str, constraints.Constraint]:
        """The sets in which the parameters lie."""
        return {
            "discount": constraints.half_open_interval(0.0, 1.0),
            "concentration": constraints.greater_than(-self.discount),
        }

    def expand(
        self, batch_shape: Sequence[int], _instance: Distribution | None = None
    ) -> "PitmanYorProcess":
        new = self._get_checked_instance(PitmanYorProcess, _instance)
        new.discount = self.discount.expand(batch_shape)
        new.concentration = self.concentration.expand(batch_shape)
        super(PitmanYorProcess, new).__init__(batch_shape, self.num_items, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @property
    def log_group_weights(self) -> Float[Tensor, "*batch item"]:
        """The table of log (θ + d)···(θ + (K-1) d) - log (θ + 1)···(θ + n-1), for each K."""
        seats = self._log_products(self.concentration, torch.ones_like(self.concentration))
        return self._log_products(self.concentration, self.discount) - seats[..., -1:]

    @property
    def log_subset_weights(self) -> Float[Tensor, "*batch item"]:
        """The table of log (1 - d)(2 - d)···(j-1 - d), for subset sizes j = 1, ..., n."""
        return self._log_products(-self.discount, torch.ones_like(self.discount))

    def sample(self, sample_shape: Sequence[int] = ()) -> Int[Tensor, "... item"]:
        with torch.no_grad():
            shape = self._extended_shape(sample_shape)
            sizes = self.concentration.new_zeros(shape)
            sizes[..., 0] = 1  # the first item sits alone
            labels = [torch.zeros_like(sizes[..., :1], dtype=torch.long)]
            for i in range(1, self.num_items):
                weights = self._seating_weights(sizes[..., : i + 1])
                # Rounding makes torch's check of a long vector of probabilities fail.
                label = Categorical(weights, validate_args=False).sample()
                labels.append(label.unsqueeze(-1))
                sizes.scatter_add_(-1, labels[-1], torch.ones_like(sizes[..., :1]))
            return torch.cat(labels, -1)

    def _seating_weights(self, sizes: Tensor) -> Tensor:
        """Weigh the tables for the next item; the first empty one stands for a new table."""
        discount, concentration = self.discount.unsqueeze(-1), self.concentration.unsqueeze(-1)
        num_groups = (sizes > 0).sum(-1, keepdim=True)
        # n_k - d at occupied tables, θ + d K at the first empty one, 0 beyond
        occupied = (sizes - discount).clamp_min(0)
        return occupied.scatter(-1, num_groups, concentration + discount * num_groups)

    def _log_products(self, start: Tensor, step: Tensor) -> Tensor:
        """Return log of the product of start + i step over i = 1, ..., k-1, for each k <= n."""
        i = torch.arange(1, self.num_items, dtype=start.dtype, device=start.device)
        factors = start.unsqueeze(-1) + i * step.unsqueeze(-1)
        return torch.nn.functional.pad(factors.log().cumsum(-1), (1, 0))


class ChineseRestaurantProcess(PitmanYorProcess):
    r"""The partition of n draws from a Dirichlet process: items seated at tables by size.

    .. math::
        p(\{S_1, \ldots, S_K\}) = \frac{\alpha^K}{\alpha (\alpha + 1) \cdots (\alpha + n - 1)}
        \prod_{k=1}^K (|S_k| - 1)!

    An item after i others joins a subset of size n_k with probability n_k / (alpha + i) and
    begins a new one with probability alpha / (alpha + i): a Pitman-Yor process without discount.
    The mean number of subsets is the sum of alpha / (alpha + i) over i = 0, ..., n - 1.

    Args:
        concentration: alpha, positive and finite.
        num_items: the number n of items, at least 1.

    Raises:
        ValueError: if an argument is out of range.

    References:
        Aldous, Exchangeability and related topics, 1985. Antoniak, Mixtures of Dirichlet
        processes, 1974. Thesis section 2.5.1 and equation 2.72.

    Example:
        >>> law = ChineseRestaurantProcess(1.0, num_items=3)
        >>> law.enumerate_support().tolist()
        [[0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 1], [0, 1, 2]]
        >>> law.log_prob(law.enumerate_support()).exp()
        tensor([0.3333, 0.1667, 0.1667, 0.1667, 0.1667])

    Derived in: notebooks/07
    """

    arg_constraints: ClassVar = {"concentration": constraints.positive}

    def __init__(
        self,
        concentration: float | Float[Tensor, "..."],
        num_items: int,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(0.0, concentration, num_items, validate_args=validate_args)

    def expand(
        self, batch_shape: Sequence[int], _instance: Distribution | None = None
    ) -> "ChineseRestaurantProcess":
        new = self._get_checked_instance(ChineseRestaurantProcess, _instance)
        return super().expand(batch_shape, new)


class ProductPartition(GibbsPartition):
    r"""A partition with probability in proportion to the product of the cohesions of its subsets.

    .. math::
        p(\{S_1, \ldots, S_K\}) = \frac{1}{Z_n} \prod_{k=1}^K c(|S_k|), \qquad
        Z_m = \sum_{j=1}^m \binom{m-1}{j-1} c(j)\, Z_{m-j}, \quad Z_0 = 1

    The recursion splits off the subset of one given item, so the normaliser is exact in a time
    that grows as n squared, although the partitions are as many as a Bell number. Sampling is
    exact too: it runs the recursion backwards. Cohesion 1 is the uniform law; c(j) = alpha
    (j-1)! is the Chinese restaurant process. A cohesion of zero forbids a size.

    Args:
        log_cohesion: log c(j) of the subset sizes j = 1, ..., n, ``[*batch, item]``; minus
            infinity forbids a size. Its last axis sets the number of items.

    Raises:
        ValueError: if a log-cohesion is NaN or plus infinity, or no partition is allowed.

    References:
        Hartigan, Partition models, 1990. Barry and Hartigan, Product partition models for change
        point problems, 1992. Thesis section 2.5.2 and equation 2.74.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> law = ProductPartition(torch.zeros(4))  # uniform on 15 partitions
        >>> law.log_prob(torch.tensor([0, 1, 0, 2])).exp()
        tensor(0.0667)
        >>> size = torch.arange(1.0, 7.0)
        >>> ProductPartition(-((size - 3.0) ** 2)).sample()  # subsets of about three items
        tensor([0, 0, 1, 0, 1, 1])

    Derived in: notebooks/07
    """

    arg_constraints: ClassVar = {"log_cohesion": constraints.real_vector}

    def __init__(
        self, log_cohesion: Float[Tensor, "*batch item"], validate_args: bool | None = None
    ) -> None:
        if log_cohesion.dim() == 0:
            raise ValueError(f"log_cohesion: expected shape [*batch, item], got {log_cohesion}")
        self.log_cohesion = log_cohesion
        *batch_shape, num_items = log_cohesion.shape
        super().__init__(batch_shape, num_items, validate_args=validate_args)
        if self._validate_args and not self.log_normalizer.isfinite().all():
            raise ValueError(
                "log_cohesion: expected numbers below infinity that allow a partition, "
                f"got {log_cohesion}"
            )

    def expand(
        self, batch_shape: Sequence[int], _instance: Distribution | None = None
    ) -> "ProductPartition":
        new = self._get_checked_instance(ProductPartition, _instance)
        new.log_cohesion = self.log_cohesion.expand(*batch_shape, -1)
        super(ProductPartition, new).__init__(batch_shape, self.num_items, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @property
    def log_subset_weights(self) -> Float[Tensor, "*batch item"]:
        """The table log c(j), for subset sizes j = 1, ..., n."""
        return self.log_cohesion

    @property
    def log_group_weights(self) -> Float[Tensor, "*batch item"]:
        """The table -log Z, the same for each number of subsets."""
        return -self.log_normalizer.unsqueeze(-1).expand(self.log_cohesion.shape)

    @property
    def log_normalizer(self) -> Float[Tensor, "*batch"]:
        """The sum log Z of the products of cohesions over all partitions."""
        return self._log_normalizers[..., -1] + self._log_factorial

    @lazy_property
    def _log_normalizers(self) -> Tensor:
        """The table log Z_m / m!, for m = 0, ..., n."""
        log_totals = [self.log_cohesion.new_zeros(self.batch_shape)]
        for m in range(1, self.num_items + 1):
            log_rest = torch.stack(log_totals[::-1], -1)
            log_total = log_sum(self._log_tagged_weights[..., :m] + log_rest)
            log_totals.append(log_total - math.log(m))
        return torch.stack(log_totals, -1)

    def sample(self, sample_shape: Sequence[int] = ()) -> Int[Tensor, "... item"]:
        with torch.no_grad():
            n = self.num_items
            # P(size of one item's subset = j, m items left) is in proportion to log_splits [m, j].
            log_splits = self._log_splits(self._log_normalizers)
            first = log_splits.new_zeros(self._extended_shape(sample_shape)[:-1]).long()
            is_first = []
            # Cut a row of items into subsets: if one begins at place i, the next is size places on.
            for i in range(n):
                logits = log_splits[..., n - i - 1, : n - i].expand(*first.shape, n - i)
                size = 1 + (logits + gumbel_noise(logits)).argmax(-1)
                is_first.append(first == i)
                first = torch.where(is_first[i], i + size, first)
            in_a_row = torch.stack(is_first, -1).cumsum(-1)
            # The law is exchangeable, so every order of the items is as good.
            order = torch.rand_like(in_a_row, dtype=self.log_cohesion.dtype).argsort(-1)
            return canonical_labels(in_a_row.gather(-1, order))
