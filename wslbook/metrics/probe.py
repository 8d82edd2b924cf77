"""Linear probes: how much of a label a linear classifier reads from the latent variable."""

from collections.abc import Sequence
from functools import singledispatch

import torch
from torch import Tensor
from torch.distributions import Distribution

from wslbook.datasets.batch import Examples
from wslbook.distributions.concatenated import Concatenated
from wslbook.distributions.subset_mixture import SubsetMixture
from wslbook.metrics.subsets import MultimodalModel, check_modalities, chunks
from wslbook.typing import Float, Int

__all__ = ["encode", "linear_probe"]


@torch.no_grad()
def encode(
    model: MultimodalModel, data: Examples, given: Sequence[str], chunk_size: int = 500
) -> Float[Tensor, "batch latent"]:
    r"""Return the shared part of the mean of one component of the posterior of a subset.

    .. math:: \mu_{k}(X_A), \qquad k \sim w(X_A), \qquad
        q(z \mid X_A) = \sum_k w_k\, \mathcal N(z; \mu_k, \Sigma_k)

    This is what somebody gets who works with one draw of z, up to the noise of its component. A
    product of experts has one component, its mean. A mixture of experts hands out the mean of a
    modality at random: with M and S given, its accuracy in table 3.1 (.88) is the mean of those
    with M (.96) and S (.80). The thesis does not say so, its public code and these numbers do. The
    mean of the whole mixture is another code: ``model.shared(q.mean)``.

    Args:
        model: in evaluation mode.
        data: examples.
        given: names of the modalities that are seen.
        chunk_size: examples that are encoded at once.

    Returns:
        One code per example.

    Raises:
        ValueError: if ``given`` is empty or names an unknown modality.

    References:
        Thesis section 3.3.3.1.

    Derived in: notebooks/04
    """
    check_modalities(model, given)
    means = [
        _component_mean(model.subset_posterior(batch, given))
        for batch in chunks(model, data, chunk_size)
    ]
    return model.shared(torch.cat(means))


@singledispatch
def _component_mean(q: Distribution) -> Tensor:
    return q.mean


@_component_mean.register
def _(q: SubsetMixture) -> Tensor:
    return q.component_means()


@_component_mean.register
def _(q: Concatenated) -> Tensor:
    return torch.cat([_component_mean(factor) for factor in q.factors.values()], -1)


def linear_probe(
    codes: Float[Tensor, "sample latent"],
    labels: Int[Tensor, " sample"],
    test_codes: Float[Tensor, "batch latent"],
    test_labels: Int[Tensor, " batch"],
) -> float:
    r"""Fit a logistic regression on codes and return its accuracy on others.

    .. math:: \min_{W, b}\ \tfrac12 \|W\|^2
        - \sum_n \log \mathrm{softmax}(W z_n + b)_{y_n}

    The codes are not standardised, so the penalty makes directions of small variance, in which a
    posterior has collapsed onto the prior, harder to use.

    Args:
        codes: codes to fit on; the thesis takes 500 of the training set.
        labels: their classes.
        test_codes: codes to score.
        test_labels: their classes.

    Returns:
        The share of right predictions.

    Raises:
        ValueError: if ``labels`` has fewer than two classes.

    References:
        Thesis section 3.3.3.1, "a linear classifier"; its public code uses scikit-learn's logistic
        regression with 1000 iterations, as here.

    Example:
        >>> codes = torch.tensor([[-2.0], [-1.0], [1.0], [2.0]])
        >>> linear_probe(codes, (codes[:, 0] > 0).long(), codes, torch.tensor([0, 0, 1, 0]))
        0.75

    Derived in: notebooks/04
    """
    if len(labels.unique()) < 2:
        raise ValueError(f"labels: expected at least two classes, got {labels.unique().tolist()}")
    from sklearn.linear_model import LogisticRegression

    x, y, test_x, test_y = (
        t.double().numpy(force=True) for t in (codes, labels, test_codes, test_labels)
    )
    return float(LogisticRegression(max_iter=1000).fit(x, y).score(test_x, test_y))
