"""Measures of many yes-or-no attributes at once."""

import torch
from torch import Tensor

from wslbook.typing import Float, Int

__all__ = ["attribute_probe", "mean_average_precision"]


def mean_average_precision(
    scores: Float[Tensor, "batch class"], labels: Int[Tensor, "batch class"]
) -> float:
    r"""Average over attributes how well a score ranks the examples that have the attribute.

    .. math:: \mathrm{AP} = \sum_n (R_n - R_{n-1})\, P_n

    P_n and R_n are precision and recall among the n highest scores. Scores without information
    reach the share of positives, so the average depends on how common the attributes are.
    Attributes that no example has are left out.

    Args:
        scores: any monotone function of the probability of each attribute.
        labels: 1 where the example has the attribute, 0 elsewhere.

    Returns:
        The mean over the attributes with at least one positive example.

    Raises:
        ValueError: if the shapes differ, or no label is positive.

    References:
        Thesis tables 4.11 and 4.12.

    Example:
        >>> labels = torch.tensor([[1, 0], [0, 1], [0, 1]])
        >>> mean_average_precision(torch.tensor([[0.9, 0.4], [0.2, 0.9], [0.1, 0.3]]), labels)
        0.9167

    Derived in: notebooks/13
    """
    if scores.shape != labels.shape:
        raise ValueError(
            f"scores: expected shape {list(labels.shape)} like labels, got {list(scores.shape)}"
        )
    known = labels.any(0)
    if not known.any():
        raise ValueError("labels: expected at least one positive label, got none")
    from sklearn.metrics import average_precision_score

    truth, score = (t[:, known].numpy(force=True) for t in (labels, scores))
    return float(average_precision_score(truth, score, average="macro"))


def attribute_probe(
    codes: Float[Tensor, "sample latent"],
    labels: Int[Tensor, "sample class"],
    test_codes: Float[Tensor, "batch latent"],
    test_labels: Int[Tensor, "batch class"],
) -> float:
    """Fit one logistic regression per attribute and return the mean average precision on others.

    An attribute that all or none of the fitted examples have gets the same score everywhere. The
    thesis' public code ranks by the hard predictions, which lowers the value; this ranks by their
    log-odds.

    Args:
        codes: codes to fit on.
        labels: their attributes, 0 or 1.
        test_codes: codes to score.
        test_labels: their attributes, 0 or 1.

    Returns:
        The mean average precision.

    Raises:
        ValueError: if no test label is positive.

    References:
        Thesis table 4.11.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> codes = torch.randn(200, 2)
        >>> labels = (codes > 0).long()
        >>> attribute_probe(codes[:100], labels[:100], codes[100:], labels[100:]) > 0.99
        True

    Derived in: notebooks/13
    """
    x, test_x = (t.double().numpy(force=True) for t in (codes, test_codes))
    scores = torch.zeros(test_labels.shape, dtype=torch.double)
    from sklearn.linear_model import LogisticRegression

    for k, y in enumerate(labels.T):
        if y.any() and not y.all():
            fitted = LogisticRegression(max_iter=1000).fit(x, y.numpy(force=True))
            scores[:, k] = torch.from_numpy(fitted.decision_function(test_x))
    return mean_average_precision(scores, test_labels)
