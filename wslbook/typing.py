"""Shape annotations such as ``Float[Tensor, "batch latent"]`` and the axis names they use.

The annotations are checked at every call while the tests run (jaxtyping with beartype).
Elsewhere they are documentation, so jaxtyping need not be installed there.
"""

from collections.abc import Sequence
from typing import Any

AXES = {
    "batch": "independent examples, or any number of batch axes when starred",
    "sample": "Monte Carlo draws",
    "modality": "senses through which an example is seen",
    "subset": "sets of modalities",
    "latent": "dimensions of the latent variable z",
    "item": "elements that are ranked or partitioned",
    "group": "subsets of a partition",
    "class": "classes of an urn or of a classifier",
    "data": "axes of one observation: channel, height, width, characters",
}
"""Every axis name that may occur in a shape annotation, with its meaning."""

try:
    from jaxtyping import Bool, Float, Int, UInt8
except ModuleNotFoundError:

    class _Unchecked:
        """Where jaxtyping is missing, ``Float[Tensor, "batch"]`` is Tensor."""

        def __class_getitem__(cls, array_and_shape: Sequence[Any]) -> Any:
            return array_and_shape[0]

    Bool = Float = Int = UInt8 = _Unchecked

__all__ = ["AXES", "Bool", "Float", "Int", "UInt8"]
