"""What a measure of a multimodal model needs to know of it."""

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from torch import Tensor
from torch.distributions import Distribution

from wslbook.datasets.batch import Batch, Examples, check_choice
from wslbook.objectives import LatentVariableModel
from wslbook.typing import Float

__all__ = ["MultimodalModel", "chunks"]


@runtime_checkable
class MultimodalModel(LatentVariableModel, Protocol):
    """A model that infers its latent variable from any subset of the modalities."""

    @property
    def modalities(self) -> tuple[str, ...]:
        """The names of the modalities."""

    def subset_posterior(self, batch: Batch, given: Sequence[str]) -> Distribution:
        """Return q(z | X_A), batch ``[batch]``, event ``[latent]``."""

    def shared(self, z: Float[Tensor, "*batch latent"]) -> Float[Tensor, "*batch _"]:
        """Return the part of z that all modalities share."""


def chunks(model: LatentVariableModel, data: Examples, size: int) -> Iterator[Batch]:
    """Yield the examples a few at a time, in order, on the model's device.

    Args:
        model: its prior tells the device.
        data: examples; only those of one chunk are asked for at once.
        size: examples per chunk, at least 1.

    Raises:
        ValueError: if ``size`` is below 1 or there are no examples.
    """
    check_at_least_one(chunk_size=size, examples=len(data))
    for start in range(0, len(data), size):
        yield data[start : start + size].to(model.prior.mean.device)


def check_at_least_one(**arguments: int) -> None:
    """Raise a ValueError that names the first argument below one."""
    for name, value in arguments.items():
        if not value >= 1:
            raise ValueError(f"{name}: expected at least 1, got {value!r}")


def check_modalities(model: MultimodalModel, given: Sequence[str]) -> None:
    """Raise a ValueError if there is no modality, or one that the model does not have."""
    if not given:
        raise ValueError(f"given: expected at least one of {', '.join(model.modalities)}")
    for modality in given:
        check_choice("given", modality, model.modalities)
