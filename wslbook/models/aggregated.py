"""What models of several modalities have in common: experts that are aggregated over subsets."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal

from wslbook.aggregators import aggregate
from wslbook.datasets.batch import Batch, check_choice
from wslbook.distributions.subset_mixture import SubsetMixture
from wslbook.networks import Decoder, GaussianEncoder
from wslbook.typing import Bool

__all__ = ["AggregatedModel", "Subsets"]

Subsets = Tensor | Callable[[], Tensor]
"""Subsets of modalities as rows, or a function that draws them anew for every posterior."""


class AggregatedModel(nn.Module):
    """A model with an encoder and a decoder for each modality, and subsets to aggregate over.

    Args:
        encoders: by modality.
        decoders: by modality, with the same names.
        subsets: rows over the modalities in the order of ``encoders``, or a function of none.
        prior_expert: whether the prior takes part in every product.

    Raises:
        ValueError: if names or subsets do not fit.

    Derived in: notebooks/09
    """

    def __init__(
        self,
        encoders: Mapping[str, GaussianEncoder],
        decoders: Mapping[str, Decoder],
        subsets: Subsets,
        prior_expert: bool = False,
    ) -> None:
        super().__init__()
        _check_networks(encoders, decoders, subsets)
        self.modalities = tuple(encoders)
        self.encoders = nn.ModuleDict(encoders)
        self.decoders = nn.ModuleDict(decoders)
        self.subsets = subsets
        self.prior_expert = prior_expert

    def posterior(self, batch: Batch) -> Distribution:
        """Return q(z | X), batch ``[batch]``; modalities that are not observed play no part."""
        return self._infer(
            batch, self.subsets if isinstance(self.subsets, Tensor) else self.subsets()
        )

    def subset_posterior(self, batch: Batch, given: Sequence[str]) -> Distribution:
        """Return q(z | X_A) for the modalities ``given``, whatever else the batch holds.

        The experts' product if A is one of the model's subsets, else the mixture of the subsets
        restricted to A: a product for PoE and MoPoE, a mixture for MoE. Subsets that are drawn at
        random stand for all subsets.
        """
        rows = self._rows(given)
        return self._infer(batch.select(given), rows)

    def _infer(self, batch: Batch, rows: Tensor) -> Distribution:
        """Return the posterior of a batch with these subsets of all modalities."""
        raise NotImplementedError

    def _heads(self, batch: Batch) -> dict[str, Normal]:
        """Return what the encoders say, for the modalities in the batch."""
        names = [name for name in self.modalities if name in batch.x]
        return {name: self.encoders[name](batch.x[name]).base_dist for name in names}

    def _aggregate(
        self, batch: Batch, experts: Mapping[str, Normal], rows: Tensor, prior: Independent
    ) -> SubsetMixture:
        """Aggregate the experts of the modalities in the batch."""
        loc = torch.stack([expert.loc for expert in experts.values()])
        scale = torch.stack([expert.scale for expert in experts.values()])
        stacked = Independent(Normal(loc, scale, validate_args=False), 1, validate_args=False)
        columns = [self.modalities.index(name) for name in experts]
        present = batch.select(list(experts)).present
        return aggregate(
            stacked, rows.to(loc.device)[:, columns], present, prior if self.prior_expert else None
        )

    def _rows(self, given: Sequence[str]) -> Bool[Tensor, "subset modality"]:
        """Return the row of the given modalities if it is a subset of the model, else all rows."""
        if not given:
            raise ValueError(f"given: expected some of {', '.join(self.modalities)}, got none")
        for name in given:
            check_choice("given", name, self.modalities)
        row = torch.tensor([[name in given for name in self.modalities]])
        if not isinstance(self.subsets, Tensor) or (self.subsets == row).all(-1).any():
            return row
        return self.subsets


def _check_networks(
    encoders: Mapping[str, GaussianEncoder], decoders: Mapping[str, Decoder], subsets: Subsets
) -> None:
    """Raise a ValueError unless names agree and the subsets are non-empty rows over them."""
    if not encoders or set(encoders) != set(decoders):
        raise ValueError(
            f"decoders: expected the modalities {sorted(encoders)}, got {sorted(decoders)}"
        )
    rows = subsets if isinstance(subsets, Tensor) else subsets()
    if rows.dtype != torch.bool or rows.shape[1:] != (len(encoders),) or not rows.any(-1).all():
        raise ValueError(
            f"subsets: expected non-empty boolean rows over {len(encoders)} modalities, got {rows}"
        )
