"""The test log-likelihood, estimated through the posterior of a subset."""

from collections.abc import Sequence

import torch

from wslbook.datasets.batch import Examples
from wslbook.metrics.subsets import MultimodalModel, check_modalities, chunks
from wslbook.objectives import iwae

__all__ = ["subset_log_likelihood"]


@torch.no_grad()
def subset_log_likelihood(
    model: MultimodalModel,
    data: Examples,
    given: Sequence[str],
    num_samples: int = 12,
    chunk_size: int = 100,
) -> float:
    r"""Estimate the mean log-likelihood of all modalities with draws from a subset's posterior.

    .. math:: \frac1N \sum_n \log \frac1K \sum_{k=1}^K
        \frac{p(X^{(n)} \mid z_k)\, p(z_k)}{q(z_k \mid X_A^{(n)})}, \qquad
        z_k \sim q(z \mid X_A^{(n)})

    In expectation a lower bound of the mean log p(X) for every subset, and with the same limit for
    all of them as K grows. At a finite K it says how near q(z | X_A) is to the posterior of all
    modalities; only then do subsets differ. The density of a mixture is that of the whole mixture,
    whichever component a draw comes from.

    Args:
        model: in evaluation mode.
        data: examples.
        given: names of the modalities that are seen.
        num_samples: the number K of draws per example; the thesis does not say, its public code
            takes 12.
        chunk_size: examples that are treated at once; memory grows with K times this number.

    Returns:
        The mean over the examples, in nats.

    Raises:
        ValueError: if a modality is unknown or a number is below 1.

    References:
        Thesis section 3.3.3.3, tables 3.6 and 4.7. Burda, Grosse and Salakhutdinov, Importance
        weighted autoencoders, 2016, arXiv:1509.00519.

    Derived in: notebooks/04
    """
    check_modalities(model, given)
    total = 0.0
    for batch in chunks(model, data, chunk_size):
        q = model.subset_posterior(batch, given)
        total += float(iwae(model, batch, num_samples, posterior=q).double().sum())
    return total / len(data)
