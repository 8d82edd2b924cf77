"""Coherence: whether generated modalities show the same thing.

A generated datum is judged by a classifier trained on real data of its modality: a network from
data to ``Categorical`` or, for attributes, to ``Independent(Bernoulli)``, or a
:class:`~wslbook.metrics.templates.TemplateClassifier`, which judges the law of a string.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, Independent

from wslbook.datasets.batch import Examples
from wslbook.metrics.attributes import mean_average_precision
from wslbook.metrics.subsets import (
    MultimodalModel,
    check_at_least_one,
    check_modalities,
    chunks,
)
from wslbook.metrics.templates import TemplateClassifier

__all__ = ["conditional_coherence", "random_coherence", "representative"]

Classifiers = Mapping[str, Callable[..., Distribution]]


def representative(p: Independent) -> Tensor:
    """Return the datum that stands for a likelihood p(x | z): its mean, or most probable items.

    The mean of pixels, also of those that are 0 or 1: it is what figures show. Characters have no
    mean, so each is its most probable value. Noise of the likelihood is not added: classifiers have
    not seen it.

    Args:
        p: the law of elementwise independent data.

    Returns:
        One datum per entry of the batch, ``[*batch, *data]``.

    Example:
        >>> representative(Independent(Categorical(probs=torch.tensor([[0.2, 0.8]])), 1))
        tensor([1])

    Derived in: notebooks/04
    """
    return p.mode if isinstance(p.base_dist, Categorical) else p.mean


@torch.no_grad()
def conditional_coherence(
    model: MultimodalModel,
    data: Examples,
    given: Sequence[str],
    classifiers: Classifiers,
    chunk_size: int = 500,
) -> dict[str, float]:
    r"""Generate the other modalities from a subset and compare what they show with the labels.

    .. math:: \frac1N \sum_n \mathbb 1[c_m(x_m^{(n)}) = y^{(n)}], \qquad
        x_m^{(n)} = \mathbb E[x_m \mid z^{(n)}], \quad z^{(n)} \sim q(z \mid X_A^{(n)})

    One draw per example. The thesis defines coherence as agreement of all modalities, but its
    tables list each generated modality by itself, as here.

    Args:
        model: in evaluation mode.
        data: labelled examples: one class each, or a row of attributes.
        given: names of the modalities that are seen.
        classifiers: by modality, see above; one for every modality that is not in ``given``.
        chunk_size: examples that are generated at once.

    Returns:
        For every modality that is not in ``given``, by name: the share of examples whose class is
        right, or the mean average precision over attributes.

    Raises:
        ValueError: if a modality is unknown, a classifier missing, or the labels do not fit them.

    References:
        Thesis sections 2.3.5.2 and 3.3.3.2, tables 3.3, 4.4 and 4.12.

    Derived in: notebooks/04
    """
    check_modalities(model, given)
    targets = [name for name in model.modalities if name not in given]
    _check_classifiers(classifiers, targets)
    laws, labels = {name: [] for name in targets}, []
    for batch in chunks(model, data, chunk_size):
        generated = model.likelihoods(model.subset_posterior(batch, given).sample())
        labels.append(batch.labels)
        for name in targets:
            laws[name].append(_judge(classifiers[name], generated[name]))
    return {name: _agreement(laws[name], torch.cat(labels)) for name in targets}


@torch.no_grad()
def random_coherence(
    model: MultimodalModel, classifiers: Classifiers, num_samples: int, chunk_size: int = 500
) -> float:
    r"""Generate all modalities from the prior and return how often all show the same.

    .. math:: \frac1N \sum_n \mathbb 1[c_1(x_1^{(n)}) = \dots = c_M(x_M^{(n)})], \qquad
        z^{(n)} \sim p(z)

    A model that generates one class only has coherence 1: read it beside a measure of diversity.

    Args:
        model: in evaluation mode.
        classifiers: one for every modality.
        num_samples: draws from the prior.
        chunk_size: draws that are generated at once.

    Returns:
        The share of draws on which all classifiers agree; with attributes, the share of pairs of a
        draw and an attribute.

    Raises:
        ValueError: if a classifier is missing or a number is below 1.

    References:
        Thesis section 3.3.3.2, tables 3.5 and 4.6.

    Derived in: notebooks/04
    """
    check_at_least_one(num_samples=num_samples, chunk_size=chunk_size)
    _check_classifiers(classifiers, model.modalities)
    agree = []
    for size in _sizes(num_samples, chunk_size):
        generated = model.likelihoods(model.prior.sample((size,)))
        verdicts = torch.stack(
            [_judge(classifiers[name], generated[name]).mode for name in model.modalities]
        )
        agree.append((verdicts == verdicts[0]).all(0))
    return float(torch.cat(agree).double().mean())


def _sizes(total: int, size: int) -> Iterator[int]:
    for start in range(0, total, size):
        yield min(size, total - start)


def _judge(classifier: Callable[..., Distribution], p: Independent) -> Distribution:
    return classifier(p if isinstance(classifier, TemplateClassifier) else representative(p))


def _agreement(laws: list[Distribution], labels: Tensor) -> float:
    """Return the accuracy of classes, or the mean average precision of attributes."""
    if isinstance(laws[0], Categorical):
        verdicts = torch.cat([law.mode for law in laws])
        _check_labels(labels, verdicts)
        return float((verdicts == labels).double().mean())
    scores = torch.cat([law.mean for law in laws])
    _check_labels(labels, scores)
    return mean_average_precision(scores, labels)


def _check_labels(labels: Tensor, verdicts: Tensor) -> None:
    if labels.shape != verdicts.shape:
        raise ValueError(
            f"data: expected labels {list(verdicts.shape)} like the classifiers' verdicts, "
            f"got {list(labels.shape)}"
        )


def _check_classifiers(classifiers: Classifiers, needed: Sequence[str]) -> None:
    missing = [name for name in needed if name not in classifiers]
    if missing:
        raise ValueError(
            f"classifiers: expected one for each of {', '.join(needed)}, "
            f"got none for {', '.join(missing)}"
        )
