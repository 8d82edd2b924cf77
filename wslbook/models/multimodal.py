"""The multimodal variational autoencoder with one latent space."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal

from wslbook.aggregators import aggregate
from wslbook.datasets.batch import Batch, check_choice
from wslbook.distributions.subset_mixture import SubsetMixture
from wslbook.networks import Decoder, GaussianEncoder
from wslbook.typing import Bool, Float

__all__ = ["MultimodalVAE", "Subsets", "check_networks", "subset_rows"]

Subsets = Tensor | Callable[[], Tensor]
"""Subsets of modalities as rows, or a function that draws them anew for every posterior."""


class MultimodalVAE(nn.Module):
    r"""A latent Gaussian model of several modalities whose unimodal posteriors are aggregated.

    .. math::
        p(X, z) = \mathcal N(z; 0, I) \prod_m p_{\theta_m}(x_m \mid z), \qquad
        q(z \mid X) = \frac{1}{|\mathcal A|} \sum_{A \in \mathcal A} q_A(z \mid X_A)

    The number of networks is linear in the number of modalities. Which model it is depends on
    ``subsets`` alone: :func:`.poe`, :func:`.moe`, :func:`.mopoe`, or any other rows.

    Args:
        encoders: the expert of each modality, by name.
        decoders: the likelihood of each modality, with the same names.
        subsets: rows over the modalities in the order of ``encoders``; a function, such as
            ``partial(random_subsets, 20, 8)``, is called for every posterior.
        prior_expert: whether p(z) takes part in every product, which keeps the products of few
            experts close to where decoders were trained. The thesis' equations have none, its
            public code has one in products of experts.

    Raises:
        ValueError: if names, dimensions or subsets do not fit.

    References:
        Thesis section 3.2. Sutter, Daunhawer and Vogt, Generalized multimodal ELBO, 2021,
        arXiv:2105.02470.

    Example:
        >>> from wslbook.aggregators import mopoe
        >>> from wslbook.networks import mnist_decoder, mnist_encoder
        >>> from wslbook.objectives import elbo
        >>> _ = torch.manual_seed(0)
        >>> names = ("left", "right")
        >>> encoders = {name: mnist_encoder(2) for name in names}
        >>> model = MultimodalVAE(encoders, {name: mnist_decoder(2) for name in names}, mopoe(2))
        >>> batch = Batch({name: torch.zeros(3, 1, 28, 28) for name in names})
        >>> elbo(model, batch).shape, model.subset_posterior(batch, ["left"]).mean.shape
        (torch.Size([3]), torch.Size([3, 2]))

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
        check_networks(encoders, decoders, subsets)
        latent_dim = next(iter(encoders.values())).latent_dim
        for kind, networks in (("encoders", encoders), ("decoders", decoders)):
            for name, network in networks.items():
                if network.latent_dim != latent_dim:
                    raise ValueError(
                        f"{kind}[{name!r}]: expected latent_dim {latent_dim} like the first, "
                        f"got {network.latent_dim}"
                    )
        self.modalities = tuple(encoders)
        self.encoders = nn.ModuleDict(encoders)
        self.decoders = nn.ModuleDict(decoders)
        self.subsets = subsets
        self.prior_expert = prior_expert
        self.register_buffer("prior_loc", torch.zeros(latent_dim), persistent=False)

    @property
    def prior(self) -> Independent:
        """The standard normal p(z), event ``[latent]``."""
        return Independent(Normal(self.prior_loc, torch.ones_like(self.prior_loc)), 1)

    def posterior(self, batch: Batch) -> SubsetMixture:
        """Return q(z | X), batch ``[batch]``; modalities that are not observed play no part."""
        rows = self.subsets if isinstance(self.subsets, Tensor) else self.subsets()
        return self._aggregate(batch, rows)

    def subset_posterior(self, batch: Batch, given: Sequence[str]) -> SubsetMixture:
        """Return q(z | X_A) for the modalities ``given``, whatever else the batch holds.

        The product of the given experts if A is one of the model's subsets, else the mixture of
        the subsets restricted to A: a product for PoE and MoPoE, a mixture for MoE.
        """
        rows = subset_rows(self, given)
        return self._aggregate(batch.select(given), rows)

    def likelihoods(self, z: Float[Tensor, "*batch latent"]) -> dict[str, Distribution]:
        """Return p(x_m | z) by modality, batch ``[*batch]``."""
        return {name: decoder(z) for name, decoder in self.decoders.items()}

    def shared(self, z: Float[Tensor, "*batch latent"]) -> Float[Tensor, "*batch latent"]:
        """Return the part of z that all modalities share: all of it."""
        return z

    def _aggregate(self, batch: Batch, rows: Tensor) -> SubsetMixture:
        """Aggregate the experts of the modalities in the batch; columns follow ``modalities``."""
        names = [name for name in self.modalities if name in batch.x]
        experts = [self.encoders[name](batch.x[name]).base_dist for name in names]
        stacked = Normal(
            torch.stack([e.loc for e in experts]),
            torch.stack([e.scale for e in experts]),
            validate_args=False,
        )
        columns = [self.modalities.index(name) for name in names]
        return aggregate(
            Independent(stacked, 1, validate_args=False),
            rows.to(self.prior_loc.device)[:, columns],
            batch.select(names).present,
            self.prior if self.prior_expert else None,
        )


def subset_rows(model: nn.Module, given: Sequence[str]) -> Bool[Tensor, "subset modality"]:
    """Return the one row of the given modalities if it is a subset of the model, else all rows.

    Subsets that are drawn at random stand for all subsets.

    Args:
        model: has ``modalities`` and ``subsets``.
        given: names of modalities.

    Returns:
        Rows over all modalities of the model.

    Raises:
        ValueError: if a name is unknown or none is given.

    Derived in: notebooks/09
    """
    if not given:
        raise ValueError(f"given: expected some of {', '.join(model.modalities)}, got none")
    for name in given:
        check_choice("given", name, model.modalities)
    row = torch.tensor([[name in given for name in model.modalities]])
    if not isinstance(model.subsets, Tensor) or (model.subsets == row).all(-1).any():
        return row
    return model.subsets


def check_networks(
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
