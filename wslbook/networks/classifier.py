"""Classifiers: a trunk with one linear head, which return the law of the label.

They judge generated samples. The thesis gives a classifier "the same architecture as the encoder"
of its modality, so build one from the trunk of a fresh encoder.
"""

from torch import Tensor, nn
from torch.distributions import Bernoulli, Categorical, Independent

from wslbook.typing import Float, Int

__all__ = ["AttributeClassifier", "Classifier"]


class Classifier(nn.Module):
    r"""A law of one label out of several.

    .. math:: p(y = c \mid x) \propto \exp(w_c^\top h(x) + b_c)

    Args:
        trunk: the module h, from ``[batch, *data]`` to ``[batch, features]``.
        features: width of the trunk's output.
        num_classes: number of labels.

    Example:
        >>> import torch
        >>> from wslbook.networks import svhn_encoder
        >>> encoder = svhn_encoder()
        >>> classifier = Classifier(encoder.trunk, encoder.features, num_classes=10)
        >>> classifier(torch.zeros(5, 3, 32, 32))
        Categorical(logits: torch.Size([5, 10]))

    Derived in: notebooks/04
    """

    def __init__(self, trunk: nn.Module, features: int, num_classes: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = nn.Linear(features, num_classes)

    def forward(self, x: Float[Tensor, "batch *data"] | Int[Tensor, "batch *data"]) -> Categorical:
        """Return p(y | x), batch ``[batch]``."""
        return Categorical(logits=self.head(self.trunk(x)))


class AttributeClassifier(nn.Module):
    r"""A law of several attributes, each absent (0) or present (1), independent given x.

    .. math:: p(y \mid x) = \prod_a \sigma(s_a)^{y_a} (1 - \sigma(s_a))^{1 - y_a},
        \qquad s = W h(x) + b

    Args:
        trunk: the module h, from ``[batch, *data]`` to ``[batch, features]``.
        features: width of the trunk's output.
        num_attributes: number of attributes.

    Example:
        >>> import torch
        >>> from wslbook.networks import face_encoder
        >>> encoder = face_encoder(width=4).eval()
        >>> classifier = AttributeClassifier(encoder.trunk, encoder.features, num_attributes=40)
        >>> classifier(torch.zeros(5, 3, 64, 64)).event_shape
        torch.Size([40])

    Derived in: notebooks/13
    """

    def __init__(self, trunk: nn.Module, features: int, num_attributes: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = nn.Linear(features, num_attributes)

    def forward(self, x: Float[Tensor, "batch *data"] | Int[Tensor, "batch *data"]) -> Independent:
        """Return p(y | x), batch ``[batch]``, event: the attributes."""
        return Independent(Bernoulli(logits=self.head(self.trunk(x))), 1)
