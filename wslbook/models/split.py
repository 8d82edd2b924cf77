"""The multimodal variational autoencoder with shared and modality-specific latent spaces."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal

from wslbook.datasets.batch import Batch
from wslbook.distributions.concatenated import Concatenated
from wslbook.models.aggregated import AggregatedModel, Subsets
from wslbook.networks import Decoder, GaussianEncoder
from wslbook.typing import Float

__all__ = ["SplitVAE"]

SHARED = "shared"  # the name of the first factor of prior and posterior


class SplitVAE(AggregatedModel):
    r"""A multimodal model whose latent vector has a shared part and one part per modality.

    .. math::
        z = [z_s, z_1, \dots, z_M], \qquad
        q(z \mid X) = q(z_s \mid X) \prod_m q_m(z_m \mid x_m), \qquad
        p(X \mid z) = \prod_m p(x_m \mid z_s, z_m)

    Each encoder has one trunk and four heads: means and variances of its expert on z_s and of its
    own z_m, that is, slices of the two heads of a :class:`.GaussianEncoder`. The shared experts are
    aggregated as in :class:`.MultimodalVAE`. Where a modality is absent its own part follows the
    prior, so that conditional generation draws it there. The decoders read [z_s, z_m]; the order is
    open in the thesis.

    Args:
        encoders: by modality, with ``latent_dim`` the shared plus the private dimensions.
        decoders: by modality, with the same ``latent_dim``.
        subsets: rows over the modalities, see :class:`.MultimodalVAE`.
        shared_dim: dimension of z_s, from 0 to the smallest ``latent_dim``.
        prior_expert: whether p(z_s) takes part in every product.

    Raises:
        ValueError: if names, dimensions or subsets do not fit.

    References:
        Thesis section 4.1, lemma 4.1.1, errata E-20.

    Example:
        >>> from wslbook.aggregators import mopoe
        >>> from wslbook.networks import mnist_decoder, mnist_encoder
        >>> from wslbook.objectives import elbo
        >>> _ = torch.manual_seed(0)
        >>> names = ("left", "right")
        >>> encoders = {name: mnist_encoder(5) for name in names}
        >>> decoders = {name: mnist_decoder(5) for name in names}
        >>> model = SplitVAE(encoders, decoders, mopoe(2), shared_dim=3)
        >>> batch = Batch({name: torch.zeros(4, 1, 28, 28) for name in names})
        >>> elbo(model, batch).shape, model.prior.event_shape
        (torch.Size([4]), torch.Size([7]))

    Derived in: notebooks/12
    """

    def __init__(
        self,
        encoders: Mapping[str, GaussianEncoder],
        decoders: Mapping[str, Decoder],
        subsets: Subsets,
        shared_dim: int,
        prior_expert: bool = False,
    ) -> None:
        super().__init__(encoders, decoders, subsets, prior_expert)
        if SHARED in encoders:
            raise ValueError(f"encoders: the name {SHARED!r} is taken by the shared part")
        for name, encoder in encoders.items():
            if not 0 <= shared_dim <= encoder.latent_dim == decoders[name].latent_dim:
                raise ValueError(
                    f"shared_dim: expected 0 to the latent_dim of encoder and decoder of {name!r} "
                    f"({encoder.latent_dim}, {decoders[name].latent_dim}), got {shared_dim}"
                )
        private = {name: e.latent_dim - shared_dim for name, e in encoders.items()}
        self.dimensions = {SHARED: shared_dim, **private}
        self.register_buffer("zeros", torch.zeros(sum(self.dimensions.values())), persistent=False)

    @property
    def prior(self) -> Concatenated:
        """The standard normal p(z_s) p(z_1) ... p(z_M), one factor a part."""
        return Concatenated({name: self._standard_normal(name) for name in self.dimensions})

    def likelihoods(self, z: Float[Tensor, "*batch latent"]) -> dict[str, Distribution]:
        """Return p(x_m | z_s, z_m) by modality, batch ``[*batch]``."""
        parts = self._parts(z)
        return {
            name: decoder(torch.cat([parts[SHARED], parts[name]], -1))
            for name, decoder in self.decoders.items()
        }

    def shared(self, z: Float[Tensor, "*batch latent"]) -> Float[Tensor, "*batch latent"]:
        """Return the part z_s that all modalities share."""
        return self._parts(z)[SHARED]

    def _parts(self, z: Tensor) -> dict[str, Tensor]:
        split = z.split(list(self.dimensions.values()), -1)
        return dict(zip(self.dimensions, split, strict=True))

    def _standard_normal(self, name: str) -> Independent:
        loc = self.zeros[: self.dimensions[name]]
        return Independent(Normal(loc, torch.ones_like(loc)), 1)

    def _infer(self, batch: Batch, rows: Tensor) -> Concatenated:
        """Slice the heads of every encoder into its shared expert and its private law."""
        heads, size = self._heads(batch), self.dimensions[SHARED]
        experts = {
            name: Normal(head.loc[:, :size], head.scale[:, :size], validate_args=False)
            for name, head in heads.items()
        }
        prior = self._standard_normal(SHARED)
        factors: dict[str, Distribution] = {SHARED: self._aggregate(batch, experts, rows, prior)}
        for name in self.modalities:
            prior = self._standard_normal(name).expand((len(batch),))
            factors[name] = (
                self._private(batch, heads[name], prior, name) if name in heads else prior
            )
        return Concatenated(factors)

    def _private(self, batch: Batch, head: Normal, prior: Independent, name: str) -> Independent:
        """Return q_m(z_m | x_m) where the modality is present and p(z_m) elsewhere."""
        size, there = self.dimensions[SHARED], batch.is_present(name).unsqueeze(-1)
        loc = torch.where(there, head.loc[:, size:], prior.base_dist.loc)
        scale = torch.where(there, head.scale[:, size:], prior.base_dist.scale)
        return Independent(Normal(loc, scale, validate_args=False), 1, validate_args=False)
