"""Precision and recall of a generative model: fidelity and diversity, told apart.

Precision is lost by generating what does not exist, recall by failing to generate what does.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from wslbook.metrics.subsets import check_at_least_one
from wslbook.typing import Float

__all__ = [
    "PrecisionRecall",
    "average_precision",
    "histogram_precision_recall",
    "precision_recall",
]


class PrecisionRecall(NamedTuple):
    """The frontier of precision and recall, at angles evenly spread over the right angle."""

    precision: Float[Tensor, " _"]
    """How much of the generated law the real law can account for, rising."""
    recall: Float[Tensor, " _"]
    """How much of the real law the generated law can account for, falling."""

    @property
    def mean(self) -> float:
        """The mean of all precisions and recalls, at most 1/2 + log 2 / π = 0.7206."""
        return float(torch.cat([self.precision, self.recall]).double().mean())

    @property
    def area(self) -> float:
        """The area under the frontier, the mean precision over recall, at most 1."""
        p, r = self.precision.double(), self.recall.double()
        # the frontier goes on at its last precision to recall 0
        return float(p[-1] * r[-1] - torch.trapezoid(p, r))

    def f_score(self, beta: float) -> float:
        r"""Return the largest F score on the frontier.

        .. math:: F_\beta = \max (1 + \beta^2) \frac{P R}{\beta^2 P + R}

        Args:
            beta: positive; above 1 weighs recall higher, below 1 precision. 8 and 1/8 are usual.

        Returns:
            A number from 0 to 1.
        """
        p, r = self.precision.double(), self.recall.double()
        scores = (1 + beta**2) * p * r / (beta**2 * p + r)
        # 0/0 where real and generated have nothing in common
        return float(scores.nan_to_num(0).max())


def histogram_precision_recall(
    real: Float[Tensor, " class"], generated: Float[Tensor, " class"], num_angles: int = 1001
) -> PrecisionRecall:
    r"""Return the frontier of two discrete laws.

    .. math:: P(\theta) = \sum_c \min(\lambda p_c, q_c), \qquad
        R(\theta) = \sum_c \min(p_c, q_c / \lambda), \qquad \lambda = \tan\theta

    Args:
        real: probabilities p of the real law.
        generated: probabilities q of the generated law.
        num_angles: angles theta, the middles of as many equal parts of the right angle.

    Returns:
        Precision P and recall R, each ``[num_angles]``.

    References:
        Sajjadi et al., Assessing generative models via precision and recall, 2018,
        arXiv:1806.00035.

    Example:
        >>> p, q = torch.tensor([0.5, 0.5, 0.0]), torch.tensor([0.5, 0.0, 0.5])
        >>> frontier = histogram_precision_recall(p, q)
        >>> frontier.precision.max(), frontier.recall.max()
        (tensor(0.5000), tensor(0.5000))

    Derived in: notebooks/04
    """
    check_at_least_one(num_angles=num_angles)
    middles = torch.arange(num_angles, dtype=torch.double) + 0.5
    slopes = torch.tan(math.pi / 2 * middles / num_angles).to(real)
    precision = torch.minimum(slopes[:, None] * real, generated).sum(-1)
    return PrecisionRecall(precision, precision / slopes)


def precision_recall(
    real: Float[Tensor, "sample _"],
    generated: Float[Tensor, "sample _"],
    num_clusters: int = 20,
    num_angles: int = 1001,
    num_runs: int = 10,
) -> PrecisionRecall:
    r"""Compare two sets of features by the clusters into which they fall.

    The union of both sets is clustered by k-means, so that each set becomes a histogram over the
    clusters, see :func:`histogram_precision_recall`. The frontiers of several clusterings are
    averaged. Even two sets from one law differ in their histograms, by about
    sqrt(num_clusters / samples): compare values at equal numbers of samples only.

    Args:
        real: features of real data, such as those of a classifier before its last layer.
        generated: features of as many generated data.
        num_clusters: classes of each clustering.
        num_angles: points of the frontier.
        num_runs: clusterings to average over, each with its own random start. The authors cluster
            in mini-batches, from the best of ten starts: no closer to the optimum, and slower.

    Returns:
        The mean frontier.

    Raises:
        ValueError: if the two sets differ in size, or there are fewer points than clusters.

    References:
        Sajjadi et al., Assessing generative models via precision and recall, 2018,
        arXiv:1806.00035. Thesis section 3.3.3.4.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> real, generated = torch.randn(2, 400, 2)
        >>> generated[200:] += 20
        >>> precision_recall(real, generated).f_score(8) > 0.9  # every real point has its like
        True
        >>> precision_recall(real, generated).f_score(1 / 8) < 0.6  # half of the others has none
        True

    Derived in: notebooks/04
    """
    check_at_least_one(num_clusters=num_clusters, num_runs=num_runs)
    if real.shape != generated.shape:
        raise ValueError(
            f"generated: expected shape {list(real.shape)} like real, got {list(generated.shape)}"
        )
    if 2 * len(real) < num_clusters:
        raise ValueError(
            f"num_clusters: expected at most the {2 * len(real)} points, got {num_clusters}"
        )
    runs = [
        histogram_precision_recall(*_histograms(real, generated, num_clusters), num_angles)
        for _ in range(num_runs)
    ]
    return PrecisionRecall(*(torch.stack(curves).mean(0) for curves in zip(*runs, strict=True)))


def average_precision(
    real: Float[Tensor, "sample _"],
    generated: Float[Tensor, "sample _"],
    num_clusters: int = 20,
    num_runs: int = 10,
) -> float:
    """Return the number that tables 3.8 and 4.9 of the thesis call average precision.

    The mean of all precisions and recalls on the frontier, as in the thesis' public code; the
    thesis does not define it. It does not tell precision from recall, and its largest value, for
    two equal laws, is 1/2 + log 2 / pi = 0.7206, not 1: the .64 of table 4.9 is near the top. The
    area under the frontier has the maximum 1: ``precision_recall(...).area``.

    Args:
        real: features of real data.
        generated: features of as many generated data.
        num_clusters: classes of each clustering.
        num_runs: clusterings to average over.

    Returns:
        A number from 0 to 0.7206.

    Raises:
        ValueError: as :func:`precision_recall`.

    References:
        Thesis section 3.3.3.4, tables 3.8 and 4.9.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> features = torch.randn(200, 2)
        >>> average_precision(features, features)
        0.7206

    Derived in: notebooks/04
    """
    return precision_recall(real, generated, num_clusters, num_runs=num_runs).mean


def _histograms(real: Tensor, generated: Tensor, num_clusters: int) -> Tensor:
    """Return the shares of both sets in the clusters of their union, ``[2, class]``."""
    from sklearn.cluster import KMeans

    union = torch.cat([real, generated]).float().numpy(force=True)
    means = KMeans(num_clusters, n_init=1, random_state=int(torch.randint(2**31, ())))
    cluster = torch.from_numpy(means.fit_predict(union)).long()
    counts = [part.bincount(minlength=num_clusters) for part in cluster.split(len(real))]
    return torch.stack(counts).to(real) / len(real)
