"""Hard partitions with a gradient for both of their parameters: the thesis' DRPM."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints

from wslbook.constraints import finite_vector
from wslbook.distributions.contour import contour_mean
from wslbook.distributions.partition import RandomPartition
from wslbook.distributions.partition_mode import most_probable_sizes
from wslbook.distributions.plackett_luce import PlackettLuceStraightThrough
from wslbook.relax import straight_through
from wslbook.sorting import neural_sort, ranking_to_matrix
from wslbook.typing import Float

__all__ = ["RandomPartitionStraightThrough"]


class RandomPartitionStraightThrough(RandomPartition):
    r"""The law of random partitions, whose draws carry a gradient to sizes and scores.

    .. math::
        Y_k = \sum_{i=1}^n \alpha_{ki}\, \pi_i, \qquad
        \alpha_{ki} = f_i(\nu_{k+1}) - f_i(\nu_k), \qquad \nu_k = \sum_{j<k} n_j

    Row i of the permutation matrix picks the item of rank i, and the mask of group k keeps the
    ranks between two borders. Forward, everything is hard: n is an exact draw of the sizes, the
    permutation an exact draw of the ranking, f_i(x) = [x >= i], and Y an exact draw of the law.
    Backward, n has the gradient of its exact mean, which needs no temperature, the permutation that
    of NeuralSort, and the step that of f_i(x) = sigmoid((x - i + 1/2) / tau). The estimate is
    biased; ``log_prob`` is that of the exact law and lets no gradient into the draw.

    Args:
        temperature: tau of the sort and of the steps, positive; a tensor is broadcast with the
            batch axes of the other parameters.
        log_weights: log w_k, finite, ``[*batch, group]``.
        logits: log-scores log s_i, finite, ``[*batch, item]``.
        validate_args: whether to check parameters and samples, as in torch.

    Raises:
        ValueError: if an argument is out of its range.

    References:
        Sutter, Ryser, Liebeskind and Vogt, Differentiable random partition models, 2023,
        arXiv:2305.16841. Thesis sections 5.2.1.2 and 5.2.2, equations 5.58 to 5.60, with errata
        E-39 and E-40.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> log_weights = torch.zeros(2, requires_grad=True)
        >>> logits = torch.arange(3.0, requires_grad=True)
        >>> y = RandomPartitionStraightThrough(1.0, log_weights, logits).rsample()
        >>> y.detach()
        tensor([[0., 1., 1.],
                [1., 0., 0.]])
        >>> torch.autograd.grad(y[0, 1], (log_weights, logits))
        (tensor([ 0.1058, -0.1058]), tensor([-0.2176,  0.2412, -0.0236]))

    Derived in: notebooks/16
    """

    arg_constraints: ClassVar = {
        "temperature": constraints.positive,
        "log_weights": finite_vector,
        "logits": finite_vector,
    }
    has_rsample = True

    def __init__(
        self,
        temperature: float | Float[Tensor, "..."],
        log_weights: Float[Tensor, "... group"],
        logits: Float[Tensor, "... item"],
        validate_args: bool | None = None,
    ) -> None:
        temperature = torch.as_tensor(temperature, dtype=logits.dtype, device=logits.device)
        self.temperature = temperature
        self._assemble(log_weights, logits, temperature.shape, validate_args)
        self.temperature = temperature.expand(self.batch_shape)

    def expand(
        self, batch_shape: Sequence[int], _instance: Distribution | None = None
    ) -> "RandomPartitionStraightThrough":
        new = self._get_checked_instance(RandomPartitionStraightThrough, _instance)
        new.temperature = self.temperature.expand(batch_shape)
        return super().expand(batch_shape, _instance=new)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Float[Tensor, "... group item"]:
        return self.rsample_with_sizes(sample_shape)[0]

    def rsample_with_sizes(
        self, sample_shape: Sequence[int] = ()
    ) -> tuple[
        Float[Tensor, "... group item"], Float[Tensor, "... group"], Float[Tensor, "... item item"]
    ]:
        r"""Draw an assignment together with the two stages that made it.

        .. math:: n \sim p(n; w), \qquad \pi \sim p(\pi; s), \qquad Y = \alpha(n)\, \pi

        Args:
            sample_shape: the shape of the draws.

        Returns:
            The assignment ``[*sample, *batch, group, item]``, the sizes
            ``[*sample, *batch, group]`` and the permutation matrix
            ``[*sample, *batch, item, item]``, all hard, with gradients.

        References:
            Thesis equations 5.58 to 5.60.

        Example:
            >>> _ = torch.manual_seed(0)
            >>> law = RandomPartitionStraightThrough(1.0, torch.zeros(2), torch.arange(3.0))
            >>> y, sizes, permutation = law.rsample_with_sizes()
            >>> sizes
            tensor([2., 1.])

        Derived in: notebooks/16
        """
        sizes = self._with_gradient(self.size_law.sample(sample_shape))
        ranking_law = PlackettLuceStraightThrough(
            self.temperature, self.logits, validate_args=False
        )
        permutation = ranking_law.rsample(sample_shape)
        return self._masks(sizes) @ permutation, sizes, permutation

    def noise_free(
        self,
    ) -> tuple[
        Float[Tensor, "*batch group item"],
        Float[Tensor, "*batch group"],
        Float[Tensor, "*batch item item"],
    ]:
        r"""Fill the most probable sizes with the items in decreasing order of score.

        .. math:: n = \arg\max_n p(n; w), \qquad \pi = \arg\max_\pi p(\pi; s), \qquad
            Y = \alpha(n)\, \pi

        The deterministic variant of the thesis, without Gumbel noise. It is cheap, and has the
        gradients of a draw; the sizes of the most probable assignment, ``mode``, may differ.

        Returns:
            The assignment, the sizes and the permutation matrix, as in :meth:`rsample_with_sizes`.

        References:
            Thesis section 5.3.2.

        Example:
            >>> law = RandomPartitionStraightThrough(1.0, torch.zeros(2), torch.arange(4.0))
            >>> law.noise_free()[0]
            tensor([[0., 0., 1., 1.],
                    [1., 1., 0., 0.]])

        Derived in: notebooks/16
        """
        hard = most_probable_sizes(self.log_weights.detach(), self.event_shape[-1])
        sizes = self._with_gradient(hard)
        ranking = ranking_to_matrix(self.ranking_law.mode, self.logits.dtype)
        permutation = straight_through(ranking, neural_sort(self.logits, self.temperature))
        return self._masks(sizes) @ permutation, sizes, permutation

    def _with_gradient(self, sizes: Tensor) -> Tensor:
        """Give hard sizes the gradient of their mean, as MultivariateHypergeometricStraightThrough.

        The mean is that of the sizes' law; at n = 256, K = 10 this way to it is ten times faster.
        """
        law = self.size_law
        mean = contour_mean(law.class_sizes, law.num_draws, law._log_odds)
        return straight_through(sizes, mean.expand_as(sizes))

    def _masks(self, sizes: Tensor) -> Tensor:
        """Return the ranks of every group, ``[..., group, item]``: hard, with a soft gradient."""
        borders = sizes.cumsum(-1).unsqueeze(-1)
        ranks = torch.arange(1, self.event_shape[-1] + 1, device=sizes.device)
        soft = ((borders - ranks + 0.5) / self.temperature[..., None, None]).sigmoid()
        steps = straight_through((borders >= ranks).type_as(soft), soft)
        # f_i(ν_1) = 0, for no rank is below 1
        return steps.diff(dim=-2, prepend=torch.zeros_like(steps[..., :1, :]))
