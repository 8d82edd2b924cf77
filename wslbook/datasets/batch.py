"""The one type that data sets produce and models consume."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from wslbook.typing import Bool, Int

__all__ = ["Batch", "Examples", "check_choice"]


def check_choice(name: str, value: str, allowed: Sequence[str]) -> None:
    """Raise a ValueError that names the argument, its value and what is allowed."""
    if value not in allowed:
        raise ValueError(f"{name}: expected one of {', '.join(allowed)}, got {value!r}")


@dataclass(frozen=True, eq=False)
class Batch:
    """Examples seen through one or more modalities (thesis definition 2.3.1).

    Missing modalities are marked in ``present``; their entries in ``x`` may be any finite
    numbers. Everything is present by default, so no code ever asks whether a mask exists.

    Args:
        x: for each modality, by name, its observations ``[batch, *data]``.
        labels: integers ``[batch, ...]``; none by default, that is shape ``[batch, 0]``.
        present: which modality of which example was observed, ``[modality, batch]``, rows in
            the order of ``x``.
        source: where the data come from, for captions and result files.

    Raises:
        ValueError: if the pieces differ in length, or ``x`` is empty or not finite.

    Example:
        >>> batch = Batch({"image": torch.zeros(3, 1, 28, 28)}, labels=torch.tensor([4, 1, 9]))
        >>> len(batch), batch.present
        (3, tensor([[True, True, True]]))
        >>> batch[1:].labels
        tensor([1, 9])

    Derived in: notebooks/03
    """

    x: dict[str, Tensor]
    labels: Int[Tensor, "batch ..."] | None = None
    present: Bool[Tensor, "modality batch"] | None = None
    source: str = ""

    def __post_init__(self) -> None:
        if not self.x:
            raise ValueError("x: expected at least one modality, got an empty dictionary")
        first = next(iter(self.x.values()))
        if self.labels is None:
            object.__setattr__(self, "labels", first.new_zeros((len(self), 0), dtype=torch.long))
        if self.present is None:
            everything = first.new_ones((len(self.x), len(self)), dtype=torch.bool)
            object.__setattr__(self, "present", everything)
        self._check_lengths()
        self._check_finite()

    def _check_lengths(self) -> None:
        for name, values in self.x.items():
            if len(values) != len(self):
                raise ValueError(
                    f"x[{name!r}]: expected {len(self)} examples like the first modality, "
                    f"got {len(values)}"
                )
        if len(self.labels) != len(self):
            raise ValueError(f"labels: expected {len(self)} rows, got {len(self.labels)}")
        if self.present.shape != (len(self.x), len(self)):
            raise ValueError(
                f"present: expected shape [{len(self.x)}, {len(self)}] (modality, batch), "
                f"got {list(self.present.shape)}"
            )

    def _check_finite(self) -> None:
        for name, values in self.x.items():
            if torch.isfinite(values.sum()):  # then so is every value; twice as fast
                continue
            bad = int((~torch.isfinite(values)).sum())
            if bad:
                raise ValueError(
                    f"x[{name!r}]: {bad} values are NaN or infinite; mark missing observations "
                    "in present and fill them with zeros"
                )

    def __len__(self) -> int:
        return len(next(iter(self.x.values())))

    def __getitem__(self, index: Tensor | slice) -> "Batch":
        """Select examples by a slice, a mask or a tensor of indices."""
        return replace(
            self,
            x={name: values[index] for name, values in self.x.items()},
            labels=self.labels[index],
            present=self.present[:, index],
        )

    def map(self, function: Callable[[Tensor], Tensor]) -> "Batch":
        """Apply a function to the observations of every modality."""
        return replace(self, x={name: function(values) for name, values in self.x.items()})

    def to(self, device: torch.device) -> "Batch":
        """Move all tensors to a device."""
        return replace(
            self.map(lambda values: values.to(device)),
            labels=self.labels.to(device),
            present=self.present.to(device),
        )

    def select(self, names: Sequence[str]) -> "Batch":
        """Keep only the named modalities, in the order given."""
        for name in names:
            check_choice("names", name, list(self.x))
        rows = [list(self.x).index(name) for name in names]
        return replace(self, x={n: self.x[n] for n in names}, present=self.present[rows])

    def is_present(self, name: str) -> Bool[Tensor, " batch"]:
        """Return which examples were observed through the named modality."""
        check_choice("name", name, list(self.x))
        return self.present[list(self.x).index(name)]


@runtime_checkable
class Examples(Protocol):
    """A data set: examples that are selected as a :class:`Batch`, which itself is one.

    Large sets keep bytes and make numbers only for the rows asked for.
    """

    source: str

    def __len__(self) -> int:
        """The number of examples."""

    def __getitem__(self, index: Tensor | slice) -> Batch:
        """Select examples by a slice, a mask or a tensor of indices."""
