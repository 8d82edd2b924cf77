"""Likelihoods p(x | z): what a decoder's raw output means.

Each function maps the raw output of a network to an elementwise distribution of the data. A
decoder takes one of them as an argument; :func:`functools.partial` fixes a scale.
"""

import math
from collections.abc import Mapping, Sequence

from torch import Tensor
from torch.distributions import Bernoulli, Categorical, Laplace, Normal

from wslbook.typing import Float

__all__ = ["bernoulli", "categorical", "dimension_weights", "gaussian", "laplace"]


def bernoulli(raw: Float[Tensor, "*batch"]) -> Bernoulli:
    r"""Read the raw output as log-odds of a pixel that is either 0 or 1.

    .. math:: p(x \mid r) = \sigma(r)^x (1 - \sigma(r))^{1-x}, \qquad x \in \{0, 1\}

    Grey values between 0 and 1 are outside its support: binarise them, or choose another
    likelihood. Calling the cross entropy of grey values a likelihood drops a normaliser that
    depends on r (Loaiza-Ganem and Cunningham, The continuous Bernoulli, 2019).

    Args:
        raw: log-odds, any shape.

    Returns:
        The law of each pixel, with batch shape ``raw.shape``.

    Example:
        >>> import torch
        >>> bernoulli(torch.tensor([0.0, 2.0])).mean
        tensor([0.5000, 0.8808])

    Derived in: notebooks/03
    """
    return Bernoulli(logits=raw)


def gaussian(raw: Float[Tensor, "*batch"], scale: float = 1.0) -> Normal:
    r"""Read the raw output as the mean of a real value with Gaussian noise.

    .. math:: \log p(x \mid r) = -\frac{(x - r)^2}{2\sigma^2} - \log\sigma - \tfrac12\log 2\pi

    Args:
        raw: means, any shape.
        scale: the standard deviation sigma, positive, in the units of the data.

    Returns:
        The law of each value, with batch shape ``raw.shape``.

    Raises:
        ValueError: if ``scale`` is not positive.

    Example:
        >>> import torch
        >>> gaussian(torch.zeros(2), scale=0.5).stddev
        tensor([0.5000, 0.5000])

    Derived in: notebooks/03
    """
    return Normal(raw, _positive(scale))


def laplace(raw: Float[Tensor, "*batch"], scale: float = 0.75) -> Laplace:
    r"""Read the raw output as the median of a real value with Laplace noise.

    .. math:: \log p(x \mid r) = -\frac{|x - r|}{b} - \log 2b

    The thesis uses it for images without stating b; 0.75 is the value in its public code.

    Args:
        raw: medians, any shape.
        scale: the scale b, positive, in the units of the data.

    Returns:
        The law of each value, with batch shape ``raw.shape``.

    Raises:
        ValueError: if ``scale`` is not positive.

    Example:
        >>> import torch
        >>> laplace(torch.zeros(1)).log_prob(torch.zeros(1))
        tensor([-0.4055])

    Derived in: notebooks/03
    """
    return Laplace(raw, _positive(scale))


def categorical(raw: Float[Tensor, "*batch class item"]) -> Categorical:
    r"""Read the raw output as logits of characters, one column for each position of a text.

    .. math:: p(x_k = c \mid r) = \frac{\exp r_{ck}}{\sum_{c'} \exp r_{c'k}}

    Args:
        raw: logits, characters before positions as convolutions give them.

    Returns:
        The law of each character, with batch shape ``[*batch, item]``.

    Example:
        >>> import torch
        >>> categorical(torch.zeros(5, 71, 8)).batch_shape
        torch.Size([5, 8])

    Derived in: notebooks/10
    """
    return Categorical(logits=raw.mT)


def dimension_weights(shapes: Mapping[str, Sequence[int]]) -> dict[str, float]:
    r"""Return weights that let modalities of different size count alike (thesis equation 3.41).

    .. math:: \alpha_m = \frac{\max_k \dim(x_k)}{\dim(x_m)}

    A text has as many dimensions as it has characters (equation 3.44). Beware: with a weight above
    1 the weighted objective is no longer a bound on log p(X) (E-54).

    Args:
        shapes: the shape of one observation of each modality.

    Returns:
        One weight for each modality, at least 1.

    Raises:
        ValueError: if there is no modality, or one without a dimension.

    Example:
        >>> dimension_weights({"mnist": (1, 28, 28), "svhn": (3, 32, 32), "text": (8,)})
        {'mnist': 3.918, 'svhn': 1.0, 'text': 384.0}

    Derived in: notebooks/10
    """
    dims = {name: math.prod(shape) for name, shape in shapes.items()}
    if not dims or min(dims.values()) < 1:
        raise ValueError(f"shapes: expected at least one number in each modality, got {shapes}")
    return {name: max(dims.values()) / dim for name, dim in dims.items()}


def _positive(scale: float) -> float:
    if not scale > 0:  # also catches NaN
        raise ValueError(f"scale: expected a positive number, got {scale!r}")
    return scale
